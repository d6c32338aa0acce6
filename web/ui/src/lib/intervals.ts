// The intervals of a schedule as a matrix: rows are stretches of time, columns places within one, whatever the schedule.
// Hours of minutes, days of hours, months of days, years of weeks or months. All in UTC, as the server counts. Pure.
import type { Schemas } from './api'
import { look } from './states'

export type Unit = 'minute' | 'hour' | 'day' | 'month' | 'year'
export interface Matrix {
  unit: Unit
  dates: Float64Array
  states: string // a letter for each, as the API has them
  row: Int32Array
  column: Int32Array
  starts: Float64Array // when each row begins
  first: Int32Array // the first interval of each row; one more at the end
  columns: number
  gap: number // the distance that is usual
}

const kMinute = 60_000
const kHour = 60 * kMinute
const kDay = 24 * kHour
export const letterState: Record<string, string> = { q: 'queued', r: 'running', s: 'success', f: 'failed' }
export const letterWord = (letter: string) => (letterState[letter] ? look(letterState[letter]).word : letter === '.' ? 'to come' : 'no run')

/** The distance that is usual: a tenth of all are shorter, so that a date by hand between two changes nothing. */
function usualGap(dates: Float64Array): number {
  const gaps = new Float64Array(Math.max(0, dates.length - 1))
  for (let k = 0; k < gaps.length; k++) gaps[k] = dates[k + 1]! - dates[k]!
  gaps.sort()
  return gaps[Math.floor(gaps.length / 10)] || kDay
}

const unitOf = (gap: number): Unit =>
  gap < 10_000 ? 'minute' : gap < 4.5 * kMinute ? 'hour' : gap < 20 * kHour ? 'day' : gap < 6 * kDay ? 'month' : 'year'

function startOf(at: number, unit: Unit): number {
  if (unit === 'minute') return Math.floor(at / kMinute) * kMinute
  if (unit === 'hour') return Math.floor(at / kHour) * kHour
  if (unit === 'day') return Math.floor(at / kDay) * kDay
  const date = new Date(at)
  return Date.UTC(date.getUTCFullYear(), unit === 'month' ? date.getUTCMonth() : 0, 1)
}

function placeIn(at: number, start: number, unit: Unit, gap: number): number {
  if (unit === 'month') return new Date(at).getUTCDate() - 1
  if (unit !== 'year') return Math.floor((at - start) / gap)
  return gap >= 27 * kDay ? new Date(at).getUTCMonth() : Math.floor((at - start) / (7 * kDay))
}

export function matrixOf(told: Schemas['DagIntervalMatrix']): Matrix {
  const count = told.dates.length
  const dates = new Float64Array(count)
  for (let k = 0, at = 0; k < count; k++) dates[k] = at += told.dates[k]!
  const gap = usualGap(dates)
  const unit = unitOf(gap)
  const row = new Int32Array(count)
  const column = new Int32Array(count)
  const starts: number[] = []
  const first: number[] = []
  let next = -Infinity // where the row ends, so that a new one is looked for only there
  let columns = 0
  for (let k = 0; k < count; k++) {
    if (dates[k]! >= next) {
      const start = startOf(dates[k]!, unit)
      starts.push(start)
      first.push(k)
      next = startOf(start + { minute: kMinute, hour: kHour, day: kDay, month: 32 * kDay, year: 367 * kDay }[unit], unit)
    }
    row[k] = starts.length - 1
    const place = placeIn(dates[k]!, starts.at(-1)!, unit, gap)
    // No two share a cell: where clocks change, or a date by hand lies between, those behind move along.
    column[k] = k > first.at(-1)! ? Math.max(place, column[k - 1]! + 1) : place
    columns = Math.max(columns, column[k]! + 1)
  }
  return { unit, dates, states: told.states, row, column, starts: Float64Array.from(starts), first: Int32Array.from([...first, count]), columns, gap }
}

/** `2026-03-01`, `2026-03`, `2026`, `03-01 14h`: what stands beside a row. */
export function rowLabel(start: number, unit: Unit): string {
  const text = new Date(start).toISOString()
  return unit === 'year' ? text.slice(0, 4) : unit === 'month' ? text.slice(0, 7) : unit === 'day' ? text.slice(0, 10) : unit === 'hour' ? `${text.slice(5, 10)} ${text.slice(11, 13)}h` : text.slice(5, 16).replace('T', ' ')
}

/** What stands above a column; most have nothing. */
export function columnLabel(column: number, { unit, gap }: Pick<Matrix, 'unit' | 'gap'>): string {
  if (unit === 'month') return column % 5 === 0 || column === 30 ? String(column + 1) : ''
  if (unit === 'year') return gap >= 27 * kDay ? String(column + 1) : column % 4 === 0 ? `w${column + 1}` : ''
  const [whole, step, size] = { day: [kDay, 3 * kHour, kHour], hour: [kHour, 10 * kMinute, kMinute], minute: [kMinute, 10_000, 1000] }[unit] as [number, number, number]
  const at = column * gap
  return at < whole && Math.floor(at / step) !== Math.floor((at - gap) / step) ? String(Math.floor(Math.floor(at / step) * (step / size))) : ''
}

/** The interval of a row that lies at a column, or the nearest one; -1: the row has none. */
export function nearest(matrix: Matrix, row: number, column: number): number {
  if (row < 0 || row >= matrix.starts.length) return -1
  let low = matrix.first[row]!
  let high = matrix.first[row + 1]! - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if (matrix.column[middle]! < column) low = middle + 1
    else high = middle
  }
  const before = low - 1
  return before >= matrix.first[row]! && column - matrix.column[before]! < matrix.column[low]! - column ? before : low
}

/** How many stand in which state, by their letters. */
export function countLetters(states: string): Record<string, number> {
  const counts: Record<string, number> = { f: 0, r: 0, q: 0, s: 0, '-': 0, '.': 0 }
  for (let k = 0; k < states.length; k++) counts[states[k]!] = (counts[states[k]!] ?? 0) + 1
  return counts
}

/** The next that failed or has no run although it is over, going on at the start behind the end; -1: there is none. */
export function nextOpen(states: string, from: number): number {
  for (let step = 1; step <= states.length; step++) {
    const k = (from + step) % states.length
    if (states[k] === 'f' || states[k] === '-') return k
  }
  return -1
}
