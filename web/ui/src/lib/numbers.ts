// Numbers as people read them. Pure.

const some = new Intl.NumberFormat(undefined, { maximumSignificantDigits: 5 })

/** Five digits at most: `42`, `0.031416`, `12,346`. */
export const number = (value: number) => some.format(value)

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
