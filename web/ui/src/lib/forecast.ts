// Where the runs of a rehearsal stand on a strip of time. Pure.
import type { ForecastRun } from '../api/shapes'

export interface Bar {
  left: number // parts of the whole, 0 to 1
  width: number
  count: number
  isBad: boolean
  waited: number // seconds before the first of them began
  run: ForecastRun
}
export interface Lane {
  dag: string
  bars: Bar[]
  runs: number
}

/** One lane a DAG; what would stand closer together than `least` is one bar, so that a year of minutes can be drawn. */
export function lanesOf(runs: ForecastRun[], from: number, to: number, least: number): Lane[] {
  const span = Math.max(1, to - from)
  const lanes = new Map<string, Lane>()
  const sorted = [...runs].sort((a, b) => Date.parse(a.created_at ?? '') - Date.parse(b.created_at ?? ''))
  for (const run of sorted) {
    const made = Date.parse(run.created_at ?? '')
    const begun = run.started_at ? Date.parse(run.started_at) : made
    if (Number.isNaN(begun)) continue
    const end = run.ended_at ? Date.parse(run.ended_at) : to
    const left = Math.max(0, (begun - from) / span)
    const right = Math.min(1, Math.max(left, (end - from) / span))
    const lane = lanes.get(run.dag) ?? { dag: run.dag, bars: [], runs: 0 }
    lanes.set(run.dag, lane)
    lane.runs += 1
    const isBad = run.state === 'failed'
    const waited = Math.max(0, (begun - made) / 1000) || 0
    const last = lane.bars.at(-1)
    if (last && left - (last.left + last.width) < least) {
      last.width = Math.max(last.width, right - last.left)
      last.count += 1
      last.isBad ||= isBad
      last.waited = Math.max(last.waited, waited)
    } else lane.bars.push({ left, width: right - left, count: 1, isBad, waited, run })
  }
  return [...lanes.values()].sort((a, b) => (a.dag < b.dag ? -1 : 1))
}

/** The steps of one line of use, as the points of an SVG in a box of `width` × `height`. */
export function steps(use: { mean: number; peak: number }[], slots: number, of: 'mean' | 'peak', width: number, height: number): string {
  const most = Math.max(slots, ...use.map((one) => one.peak), 1)
  const at = (value: number) => (height - (value / most) * height).toFixed(1)
  const points = use.flatMap((one, k) => [`${((k / use.length) * width).toFixed(1)},${at(one[of])}`, `${(((k + 1) / use.length) * width).toFixed(1)},${at(one[of])}`])
  return ['0,' + height, ...points, `${width},${height}`].join(' ')
}
