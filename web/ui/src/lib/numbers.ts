// Numbers as people read them. Pure.

let some: Intl.NumberFormat | undefined // the first use of Intl costs a browser some 50 ms

/** Five digits at most: `42`, `0.031416`, `12,346`. */
export const number = (value: number) => (some ??= new Intl.NumberFormat(undefined, { maximumSignificantDigits: 5 })).format(value)

/** Of things: `42`, `12,346`. */
export const count = (things: number) => (things < 1000 ? String(things) : things.toLocaleString())

/** `812 B`, `1.4 KB`, `64 MB`. */
export function bytes(count: number): string {
  if (count < 1000) return `${count} B`
  const units = ['KB', 'MB', 'GB', 'TB']
  let value = count
  let unit = ''
  for (const next of units) {
    if (value < 1000) break
    value /= 1000
    unit = next
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${unit}`
}
