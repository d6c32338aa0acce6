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

/** A folded group stands as one node under this name: no task's id holds a colon. */
export const foldedId = (group: string) => `group:${group}`
const kFoldedWidth = 150
const kFoldedHeight = 34

/** With each group of `folded` as one node in the middle of its place; the rest stays where it is. */
export function foldGraph(graph: Graph, folded: ReadonlySet<string>): Graph {
  // Of groups within one another the outermost counts.
  const boxes = graph.groups.filter((box) => folded.has(box.group) && ![...folded].some((other) => box.group.startsWith(other + '.')))
  if (boxes.length === 0) return graph
  const within = (group: string | null) => (group === null ? undefined : boxes.find((box) => group === box.group || group.startsWith(box.group + '.')))
  const home = new Map(graph.nodes.map((node) => [node.task_id, within(node.group)]))
  const members = new Map(boxes.map((box) => [box.group, graph.nodes.filter((node) => home.get(node.task_id) === box)]))
  const stands: GraphNode[] = boxes.map((box) => {
    const own = members.get(box.group)!
    const states: Record<string, number> = {}
    for (const node of own) {
      if (node.states) for (const [state, count] of Object.entries(node.states)) states[state] = (states[state] ?? 0) + count
      else if (node.state) states[node.state] = (states[node.state] ?? 0) + 1
    }
    const width = Math.min(box.width, kFoldedWidth)
    return {
      task_id: foldedId(box.group), task_display_name: `${box.group} (${own.length})`, group: box.group, kind: 'group', is_mapped: false,
      x: box.x + (box.width - width) / 2, y: box.y + (box.height - kFoldedHeight) / 2, width, height: kFoldedHeight,
      ...(own.some((node) => node.state !== undefined || node.states !== undefined) ? { states } : {}),
    } // prettier-ignore
  })
  const nodes = [...graph.nodes.filter((node) => !home.get(node.task_id)), ...stands]
  const place = new Map(nodes.map((node) => [node.task_id, node]))
  const seen = new Set<string>()
  const edges = graph.edges.flatMap((edge) => {
    const [a, b] = [home.get(edge.from), home.get(edge.to)]
    if (!a && !b) return [edge]
    const from = a ? foldedId(a.group) : edge.from
    const to = b ? foldedId(b.group) : edge.to
    if (from === to || seen.has(`${from}\n${to}`)) return []
    seen.add(`${from}\n${to}`)
    const [start, end] = [place.get(from), place.get(to)]
    if (!start || !end) return []
    const points: [number, number][] = [[start.x + start.width, start.y + start.height / 2], [end.x, end.y + end.height / 2]] // prettier-ignore
    return [{ from, to, points }]
  })
  return { ...graph, nodes, edges, groups: graph.groups.filter((box) => !within(box.group)) }
}

/** The group whose name is written at this point: the head of its box. */
export function groupAt(graph: Graph, x: number, y: number): string | null {
  const kHead = 20
  const hit = graph.groups.filter((box) => x >= box.x && x <= box.x + box.width && y >= box.y && y <= box.y + kHead)
  return hit.sort((a, b) => a.width - b.width)[0]?.group ?? null
}
