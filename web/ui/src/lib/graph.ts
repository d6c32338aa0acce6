// A graph with coordinates: finding nodes, and writing it for elsewhere. Pure.
import type { Graph, GraphNode } from '../api/shapes'

export function nodeAt(graph: Graph, x: number, y: number): GraphNode | null {
  return graph.nodes.find((node) => x >= node.x && x <= node.x + node.width && y >= node.y && y <= node.y + node.height) ?? null
}

/** The nearest node in a direction, for arrow keys: what lies straight ahead before what lies aside. */
export function neighbour(graph: Graph, from: GraphNode, dx: number, dy: number): GraphNode | null {
  let best: GraphNode | null = null
  let least = Infinity
  const cx = from.x + from.width / 2
  const cy = from.y + from.height / 2
  for (const node of graph.nodes) {
    const x = node.x + node.width / 2 - cx
    const y = node.y + node.height / 2 - cy
    const ahead = x * dx + y * dy
    if (node === from || ahead <= 1) continue
    const cost = ahead + 2.5 * Math.abs(x * dy - y * dx)
    if (cost < least) {
      least = cost
      best = node
    }
  }
  return best
}

/** All that lies before (`up`) or behind a task, itself too. */
export function reach(graph: Graph, taskId: string, up: boolean): Set<string> {
  const next = new Map<string, string[]>()
  for (const edge of graph.edges) {
    const [from, to] = up ? [edge.to, edge.from] : [edge.from, edge.to]
    next.set(from, [...(next.get(from) ?? []), to])
  }
  const found = new Set([taskId])
  const todo = [taskId]
  for (let one = todo.pop(); one !== undefined; one = todo.pop()) {
    for (const other of next.get(one) ?? []) {
      if (found.has(other)) continue
      found.add(other)
      todo.push(other)
    }
  }
  return found
}

const escaped = (text: string) => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)

export function toSvg(graph: Graph): string {
  const lines = graph.edges.map(
    (edge) => `<polyline fill="none" stroke="#888" points="${edge.points.map((p) => p.join(',')).join(' ')}"/>`,
  )
  const boxes = graph.nodes.map(
    (node) =>
      `<rect x="${node.x}" y="${node.y}" width="${node.width}" height="${node.height}" rx="5" fill="#fff" stroke="#444"/>` +
      `<text x="${node.x + 10}" y="${node.y + node.height / 2 + 4}" font-family="sans-serif" font-size="12">${escaped(node.task_display_name)}</text>`,
  )
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${graph.width}" height="${graph.height}" ` +
    `viewBox="0 0 ${graph.width} ${graph.height}">${lines.join('')}${boxes.join('')}</svg>\n`
  )
}

export function toMermaid(graph: Graph): string {
  const place = new Map(graph.nodes.map((node, k) => [node.task_id, `t${k}`]))
  const nodes = graph.nodes.map((node) => `  ${place.get(node.task_id)}["${node.task_display_name.replaceAll('"', '#quot;')}"]`)
  const edges = graph.edges.map((edge) => `  ${place.get(edge.from)} --> ${place.get(edge.to)}`)
  return ['flowchart LR', ...nodes, ...edges, ''].join('\n')
}
