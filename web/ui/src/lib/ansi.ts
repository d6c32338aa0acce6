// The colours of a terminal as spans of text: never as markup, whatever a log holds. Pure. Other escape sequences
// (moving the cursor, links) are left out.

export interface Span {
  text: string
  classes: string
}

interface Style {
  fg: string
  bg: string
  bold: boolean
  dim: boolean
  italic: boolean
  underline: boolean
}
const plain: Style = { fg: '', bg: '', bold: false, dim: false, italic: false, underline: false }
const names = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white']

// CSI with its last letter; OSC up to BEL or ST; any other two signs.
const kEscape = /\x1b(?:\[([0-9;:?]*)[ -/]*([@-~])|\][^\x07\x1b]*(?:\x07|\x1b\\)|.)/g

function classesOf(style: Style): string {
  const out: string[] = []
  if (style.fg) out.push(`fg-${style.fg}`)
  if (style.bg) out.push(`bg-${style.bg}`)
  for (const name of ['bold', 'dim', 'italic', 'underline'] as const) if (style[name]) out.push(`t-${name}`)
  return out.join(' ')
}

/** The nearest of the eight names for a colour of the palette of 256 or of 24 bits: what fits both themes. */
function nearest(r: number, g: number, b: number): string {
  const most = Math.max(r, g, b)
  if (most < 60) return 'black'
  const bit = (value: number) => (value > most * 0.6 ? 1 : 0)
  return names[bit(r) + 2 * bit(g) + 4 * bit(b)]!
}

function extended(codes: number[], at: number): { name: string; taken: number } {
  if (codes[at + 1] === 5) {
    const n = codes[at + 2] ?? 0
    if (n < 16) return { name: names[n % 8]!, taken: 2 }
    if (n >= 232) return { name: n < 240 ? 'black' : 'white', taken: 2 }
    const level = (value: number) => (value === 0 ? 0 : 55 + 40 * value)
    return { name: nearest(level(Math.floor((n - 16) / 36)), level(Math.floor((n - 16) / 6) % 6), level((n - 16) % 6)), taken: 2 }
  }
  if (codes[at + 1] === 2) return { name: nearest(codes[at + 2] ?? 0, codes[at + 3] ?? 0, codes[at + 4] ?? 0), taken: 4 }
  return { name: '', taken: 0 }
}

function apply(style: Style, codes: number[]): Style {
  let next = { ...style }
  for (let k = 0; k < codes.length; k++) {
    const code = codes[k]!
    if (code === 0) next = { ...plain }
    else if (code === 1) next.bold = true
    else if (code === 2) next.dim = true
    else if (code === 3) next.italic = true
    else if (code === 4) next.underline = true
    else if (code === 22) next.bold = next.dim = false
    else if (code === 23) next.italic = false
    else if (code === 24) next.underline = false
    else if (code >= 30 && code <= 37) next.fg = names[code - 30]!
    else if (code >= 90 && code <= 97) next.fg = names[code - 90]!
    else if (code === 39) next.fg = ''
    else if (code >= 40 && code <= 47) next.bg = names[code - 40]!
    else if (code >= 100 && code <= 107) next.bg = names[code - 100]!
    else if (code === 49) next.bg = ''
    else if (code === 38 || code === 48) {
      const { name, taken } = extended(codes, k)
      if (code === 38) next.fg = name
      else next.bg = name
      k += taken
    }
  }
  return next
}

/** One line. Colours end with the line: what a task left open does not colour the rest of its log. */
export function ansiSpans(line: string): Span[] {
  if (!line.includes('\x1b')) return [{ text: line, classes: '' }]
  const spans: Span[] = []
  let style = plain
  let from = 0
  const push = (to: number) => {
    if (to > from) spans.push({ text: line.slice(from, to), classes: classesOf(style) })
  }
  for (const match of line.matchAll(kEscape)) {
    push(match.index)
    from = match.index + match[0].length
    if (match[2] === 'm') style = apply(style, (match[1] || '0').split(/[;:]/).map(Number))
  }
  push(line.length)
  return spans
}

/** The text without escapes, to search in and to copy. */
export const ansiText = (line: string) => (line.includes('\x1b') ? line.replace(kEscape, '') : line)

/** What a carriage return leaves: progress bars show their last state. */
export function lastOfLine(line: string): string {
  const text = line.endsWith('\r') ? line.slice(0, -1) : line
  return text.slice(text.lastIndexOf('\r') + 1)
}
