// The lines of a log as they are read, its groups (`::group::name` to `::endgroup::`), what is folded, and what a search
// finds. Pure; made for millions of lines: nothing here copies or goes through all of them at once.
import { ansiText, lastOfLine } from './ansi'

export interface Group {
  start: number // the line that opens it
  end: number // the last line that belongs to it; while it is open the last one read
  name: string
}

const kGroup = /^(?:::group::|##\[group\])(.*)/
const kEnd = /^(?:::endgroup::|##\[endgroup\])/

export class LogLines {
  readonly raw: string[] = []
  readonly times: (string | null)[] = []
  readonly groups: Group[] = []
  #open: Group | null = null

  get count(): number {
    return this.raw.length
  }
  add(line: string, time: string | null): void {
    const text = lastOfLine(line)
    const at = this.raw.length
    this.raw.push(text)
    this.times.push(time)
    if (text.startsWith('::') || text.startsWith('##[')) {
      const group = kGroup.exec(text)
      if (group || kEnd.test(text)) this.#open = null
      if (group) {
        this.#open = { start: at, end: at, name: ansiText(group[1]!.trim()) || 'group' }
        this.groups.push(this.#open)
        return
      }
      if (kEnd.test(text)) {
        const last = this.groups.at(-1)
        if (last && last.end === at - 1) last.end = at
        return
      }
    }
    if (this.#open) this.#open.end = at
  }
  /** The group that a line lies in. */
  groupOf(line: number): Group | null {
    let low = 0
    let high = this.groups.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.groups[middle]!.start <= line) low = middle + 1
      else high = middle
    }
    const group = this.groups[low - 1]
    return group && line <= group.end ? group : null
  }
}

/** Rows are the lines that are shown: of a folded group its first alone. */
export class Folds {
  #starts: number[] = [] // the first hidden line of each fold
  #hidden: number[] = [] // how many lines are hidden before that one, and by it
  readonly rows: number

  constructor(count: number, folded: Group[]) {
    let hidden = 0
    for (const group of [...folded].sort((a, b) => a.start - b.start)) {
      if (group.end <= group.start) continue
      hidden += group.end - group.start
      this.#starts.push(group.start + 1)
      this.#hidden.push(hidden)
    }
    this.rows = count - hidden
  }
  lineOf(row: number): number {
    let low = 0
    let high = this.#starts.length
    while (low < high) {
      const middle = (low + high) >> 1
      const before = middle > 0 ? this.#hidden[middle - 1]! : 0
      if (this.#starts[middle]! - before <= row) low = middle + 1
      else high = middle
    }
    return row + (low > 0 ? this.#hidden[low - 1]! : 0)
  }
  /** Of a hidden line the row of its group. */
  rowOf(line: number): number {
    let low = 0
    let high = this.#starts.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#starts[middle]! <= line) low = middle + 1
      else high = middle
    }
    if (low === 0) return line
    const before = low > 1 ? this.#hidden[low - 2]! : 0
    const length = this.#hidden[low - 1]! - before
    const start = this.#starts[low - 1]!
    return line < start + length ? start - 1 - before : line - this.#hidden[low - 1]!
  }
}

const kError = /\b(error|exception|traceback|fatal|panic)\b/i
export const isError = (raw: string) => kError.test(ansiText(raw))

/** The first line of these that speaks of an error; -1: none. */
export function findError(lines: LogLines, from: number, to: number): number {
  for (let k = from; k < to; k++) if (isError(lines.raw[k]!)) return k
  return -1
}

/** Where a window of so many rows begins, so that this row is in its middle, and it ends with the last one. */
export function windowAt(row: number, size: number, rows: number): number {
  return Math.max(0, Math.min(row - Math.floor(size / 2), rows - size))
}

/** From `from`, at most `most` lines: those that hold the text (lower case), added to `found`. The line to go on from. */
export function search(lines: LogLines, wanted: string, from: number, most: number, found: number[]): number {
  const end = Math.min(lines.count, from + most)
  for (let k = from; k < end; k++) if (ansiText(lines.raw[k]!).toLowerCase().includes(wanted)) found.push(k)
  return end
}

/** A document's element cannot be taller than some 16 million pixels in every browser: beyond, a pixel is more than one. */
const kTallest = 12_000_000
export function scaleOf(rows: number, row: number, window: number): { space: number; scale: number } {
  const whole = rows * row
  if (whole <= kTallest) return { space: whole, scale: 1 }
  return { space: kTallest, scale: (whole - window) / (kTallest - window) }
}
