// The rows of a DAG's grid: tasks as a reader has them, each group together and foldable to one row. Pure.
import type { GridRun, GridTask } from '../api/shapes'
import type { Cell } from './states'

export interface Row {
  label: string
  kind: 'task' | 'group'
  depth: number
  group: string // of a group: its name
  isFolded: boolean
  members: number[] // places in the list of tasks
}

const outermost = (task: GridTask) => task.group?.split('.')[0] ?? ''

export function rowsOf(tasks: GridTask[], folded: ReadonlySet<string>): Row[] {
  const rows: Row[] = []
  const done = new Set<string>()
  tasks.forEach((task, at) => {
    const group = outermost(task)
    if (!group) {
      rows.push({ label: task.task_display_name, kind: 'task', depth: 0, group: '', isFolded: false, members: [at] })
      return
    }
    if (done.has(group)) return
    done.add(group)
    const members = tasks.flatMap((other, place) => (outermost(other) === group ? [place] : []))
    const isFolded = folded.has(group)
    rows.push({ label: group, kind: 'group', depth: 0, group, isFolded, members })
    if (isFolded) return
    for (const member of members) {
      const label = tasks[member]!.task_display_name
      rows.push({
        label: label.startsWith(group + '.') ? label.slice(group.length + 1) : label,
        kind: 'task', depth: 1, group: '', isFolded: false, members: [member], // prettier-ignore
      })
    }
  })
  return rows
}

/** Of a task its cell; of a group all of its tasks together. */
export function cellOf(run: GridRun, row: Row): Cell {
  if (row.kind === 'task') return run.cells[row.members[0]!] ?? null
  const sum: Record<string, number> = {}
  for (const member of row.members) {
    const cell = run.cells[member]
    if (cell === null || cell === undefined) continue
    if (typeof cell === 'string') sum[cell] = (sum[cell] ?? 0) + 1
    else for (const [state, count] of Object.entries(cell)) sum[state] = (sum[state] ?? 0) + count
  }
  return Object.keys(sum).length > 0 ? sum : null
}
