// What the charts of a DAG show, from the runs of its grid. Pure.
import type { GridRun } from '../api/shapes'

/** What a chart stands on: a run, and where it leads. */
export interface OfRun {
  run: Pick<GridRun, 'dag_run_id' | 'state' | 'logical_date' | 'run_after'>
}

export interface Point extends OfRun {
  run: GridRun
  duration: number | null // seconds
  wait: number | null // from when it was due to when it began
}

const seconds = (from: string | null, to: string | null) => (from && to ? (Date.parse(to) - Date.parse(from)) / 1000 : null)

/** The oldest first. A backfilled run was due when it was made. */
export function pointsOf(runs: GridRun[]): Point[] {
  return [...runs].reverse().map((run) => {
    const wait = seconds(run.run_after, run.start_date)
    return { run, duration: seconds(run.start_date, run.end_date), wait: wait === null ? null : Math.max(0, wait) }
  })
}

export function quantile(values: (number | null)[], part: number): number | null {
  const sorted = values.filter((value) => value !== null).sort((a, b) => a - b)
  return sorted.length === 0 ? null : sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))]!
}

export interface ValuePoint extends OfRun {
  value: number | null
}

/** A series on the runs of a grid, the oldest first, from the first run that has a value on. */
export function seriesPoints(runs: GridRun[], points: { dag_run_id: string; value: number }[]): ValuePoint[] {
  const values = new Map(points.map((point) => [point.dag_run_id, point.value]))
  const all = [...runs].reverse().map((run) => ({ run, value: values.get(run.dag_run_id) ?? null }))
  return all.slice(Math.max(0, all.findIndex((point) => point.value !== null)))
}
