// The lines of two texts side by side: what went, what came. Pure; quadratic in what differs, so the ends that are the
// same are taken off first, and two files that differ in more than kMost lines are shown one after the other.
export interface DiffLine {
  mark: ' ' | '+' | '-'
  text: string
}
const kMost = 2000

export function lineDiff(before: string, after: string): DiffLine[] {
  const a = before.replace(/\n$/, '').split('\n')
  const b = after.replace(/\n$/, '').split('\n')
  let head = 0
  while (head < a.length && head < b.length && a[head] === b[head]) head++
  let tail = 0
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++
  const same = (lines: string[]): DiffLine[] => lines.map((text) => ({ mark: ' ', text }))
  return [
    ...same(a.slice(0, head)),
    ...middle(a.slice(head, a.length - tail), b.slice(head, b.length - tail)),
    ...same(a.slice(a.length - tail)),
  ]
}

function middle(a: string[], b: string[]): DiffLine[] {
  if (a.length > kMost || b.length > kMost) {
    return [...a.map((text) => ({ mark: '-' as const, text })), ...b.map((text) => ({ mark: '+' as const, text }))]
  }
  // longest[i][j]: of a[i..] and b[j..] together
  const width = b.length + 1
  const longest = new Uint16Array((a.length + 1) * width)
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      longest[i * width + j] =
        a[i] === b[j]
          ? longest[(i + 1) * width + j + 1]! + 1
          : Math.max(longest[(i + 1) * width + j]!, longest[i * width + j + 1]!)
    }
  }
  const out: DiffLine[] = []
  let i = 0
  let j = 0
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      out.push({ mark: ' ', text: a[i]! })
      i++
      j++
    } else if (i < a.length && (j === b.length || longest[(i + 1) * width + j]! >= longest[i * width + j + 1]!)) {
      out.push({ mark: '-', text: a[i++]! })
    } else {
      out.push({ mark: '+', text: b[j++]! })
    }
  }
  return out
}

export interface Hunk {
  at: number // its first line
  lines: DiffLine[]
  hidden: number // lines that are the same on both sides and are folded; 0: shown
}
const kAround = 3 // lines that are the same around what differs

/** What differs with some lines around it; between, the rest folded, but for what `opened` names by its first line. */
export function hunksOf(diff: DiffLine[], opened: ReadonlySet<number>): Hunk[] {
  const near = new Uint8Array(diff.length)
  diff.forEach((line, k) => {
    if (line.mark !== ' ') near.fill(1, Math.max(0, k - kAround), k + kAround + 1)
  })
  const hunks: Hunk[] = []
  for (let from = 0; from < diff.length; ) {
    let to = from
    while (to < diff.length && near[to] === near[from]) to++
    const lines = diff.slice(from, to)
    const isFolded = near[from] === 0 && lines.length > 1 && !opened.has(from)
    hunks.push({ at: from, lines, hidden: isFolded ? lines.length : 0 })
    from = to
  }
  return hunks
}
