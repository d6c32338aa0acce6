// The lines of a log that the page has asked for, its groups, and what is folded. Pure; made for millions of lines:
// nothing here copies or goes through all of them at once. Lines are counted from 0 here, from 1 by the server.

export interface LogLine {
  text: string
  time: string | null
  isWhole: boolean
  cut: number // so many bytes were left out in its place
}

const kChunk = 256
const kChunks = 200 // some 50,000 lines; those that were looked at longest ago go

/** Some lines of a log: those around what was looked at. */
export class LineStore {
  readonly #chunks = new Map<number, (LogLine | undefined)[]>()

  get(line: number): LogLine | undefined {
    return this.#chunks.get(Math.floor(line / kChunk))?.[line % kChunk]
  }
  put(line: number, text: LogLine): void {
    const key = Math.floor(line / kChunk)
    const chunk = this.#chunks.get(key) ?? []
    chunk[line % kChunk] = text
    this.#chunks.delete(key)
    this.#chunks.set(key, chunk)
    if (this.#chunks.size > kChunks) this.#chunks.delete(this.#chunks.keys().next().value!)
  }
  /** The first of these that is not known; -1: all are. */
  missing(lines: Iterable<number>): number {
    for (const line of lines) if (!this.get(line)) return line
    return -1
  }
  clear(): void {
    this.#chunks.clear()
  }
}

export interface Group {
  start: number // the line that opens it
  end: number // the last line that belongs to it; while it is open the last one known
  name: string
}

/** The groups of a log, in order; the last of them may grow. */
export class Groups {
  readonly all: Group[] = []

  add(group: Group): void {
    const last = this.all.at(-1)
    if (!last || last.start < group.start) this.all.push(group)
    else {
      const known = this.all.find((one) => one.start === group.start)
      if (known) known.end = group.end // the same object: whether it is folded hangs on it
    }
  }
  clear(): void {
    this.all.length = 0
  }
  /** The group that a line lies in. */
  of(line: number): Group | null {
    let low = 0
    let high = this.all.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.all[middle]!.start <= line) low = middle + 1
      else high = middle
    }
    const group = this.all[low - 1]
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

/** Where a window of so many rows begins, so that this row is in its middle, and it ends with the last one. */
export function windowAt(row: number, size: number, rows: number): number {
  return Math.max(0, Math.min(row - Math.floor(size / 2), rows - size))
}

/** The one after `line` among sorted numbers, or the one before it; undefined: there is none. */
export function nextOf(sorted: readonly number[], line: number, step: 1 | -1): number | undefined {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (step > 0 ? sorted[middle]! <= line : sorted[middle]! < line) low = middle + 1
    else high = middle
  }
  return step > 0 ? sorted[low] : sorted[low - 1]
}

/** A document's element cannot be taller than some 16 million pixels in every browser: beyond, a pixel is more than one. */
const kTallest = 12_000_000
export function scaleOf(rows: number, row: number, window: number): { space: number; scale: number } {
  const whole = rows * row
  if (whole <= kTallest) return { space: whole, scale: 1 }
  return { space: kTallest, scale: (whole - window) / (kTallest - window) }
}
