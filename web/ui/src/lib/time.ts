// Times and durations as people read them: in the zone of the viewer, with UTC at hand. Pure.

const kDayMs = 86_400_000

/** Seconds, in two units at most: `31ms`, `1.3s`, `41s`, `3m 05s`, `2h 10m`, `4d 3h`; a second unit of none is left out. */
export function duration(seconds: number): string {
  if (seconds < 0) seconds = 0
  if (seconds < 0.9995) return `${Math.round(seconds * 1000)}ms`
  if (seconds < 9.95) return `${seconds.toFixed(1)}s`
  const s = Math.round(seconds)
  if (s < 60) return `${s}s`
  const both = (large: number, small: number, units: string, width: number) =>
    `${large}${units[0]}${small > 0 ? ` ${String(small).padStart(width, '0')}${units[1]}` : ''}`
  if (s < 3600) return both(Math.floor(s / 60), s % 60, 'ms', 2)
  const minutes = Math.round(s / 60)
  if (minutes < 1440) return both(Math.floor(minutes / 60), minutes % 60, 'hm', 2)
  const hours = Math.round(s / 3600)
  return both(Math.floor(hours / 24), hours % 24, 'dh', 1)
}

/** `in 5m`, `3h ago`, `now`: one unit, for lists. */
export function relative(ms: number, now: number): string {
  const seconds = Math.round(Math.abs(ms - now) / 1000)
  if (seconds < 1) return 'now'
  const text =
    seconds < 60 ? `${seconds}s`
    : seconds < 3600 ? `${Math.floor(seconds / 60)}m`
    : seconds < 86_400 ? `${Math.floor(seconds / 3600)}h`
    : `${Math.floor(seconds / 86_400)}d`
  return ms > now ? `in ${text}` : `${text} ago`
}

// As Intl writes them in the viewer's locale, by a clock of 24 hours everywhere: logs and UTC stand beside them. What it
// says in American English is made by hand, for the first use of Intl costs a browser some 50 ms, a third of what the
// first view takes; nobody else's dates are.
const kByHand = 'en-US'
const kViewer = globalThis.navigator?.language || kByHand
const kMonths = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const two = (part: number) => String(part).padStart(2, '0')

type Parts = 'clock' | 'day' | 'moment' | 'far' // the last one with its year
const kDay = { month: 'short', day: 'numeric' } as const
const kClock = { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' } as const
const kOptions: Record<Parts, Intl.DateTimeFormatOptions> = { clock: kClock, day: kDay, moment: { ...kDay, ...kClock }, far: { ...kDay, year: 'numeric', ...kClock } }
const formats = new Map<string, Intl.DateTimeFormat>()

function written(ms: number, parts: Parts, locale: string): string {
  if (locale !== kByHand) {
    const key = locale + parts
    let format = formats.get(key)
    if (!format) formats.set(key, (format = new Intl.DateTimeFormat(locale, kOptions[parts])))
    return format.format(ms)
  }
  const date = new Date(ms)
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
  const day = `${kMonths[date.getMonth()]} ${date.getDate()}`
  return parts === 'clock' ? time : parts === 'day' ? day : `${day}, ${parts === 'far' ? `${date.getFullYear()}, ` : ''}${time}`
}

const isToday = (ms: number, now: number) => new Date(ms).toDateString() === new Date(now).toDateString()

/** Local: the clock today, else with the day. */
export function local(ms: number, now: number, locale = kViewer): string {
  return written(ms, isToday(ms, now) ? 'clock' : Math.abs(now - ms) > 300 * kDayMs ? 'far' : 'moment', locale)
}

/** Where there is little room: the clock today, else the day. */
export function localShort(ms: number, now: number, locale = kViewer): string {
  return written(ms, isToday(ms, now) ? 'clock' : 'day', locale)
}

/** `2026-11-29 02:00:04Z` */
export function utc(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace('T', ' ') + 'Z'
}

export const sinceWords: Record<string, string> = { '1h': 'last hour', '24h': 'last 24 hours', '7d': 'last 7 days', '30d': 'last 30 days' }

/** The moment that one of `sinceWords` means, to the minute; empty: none of them. */
export function sinceTime(word: string, now = Date.now()): string {
  const hours = { '1h': 1, '24h': 24, '7d': 168, '30d': 720 }[word]
  return hours ? new Date(Math.floor(now / 60_000) * 60_000 - hours * 3_600_000).toISOString() : ''
}

/** Seconds from start to end; to `now` while it goes on. None: it has not begun. */
export function lasted(start: string | null, end: string | null, now: number): number | null {
  if (!start) return null
  return ((end ? Date.parse(end) : now) - Date.parse(start)) / 1000
}

/** A date with a time, as the server writes it. */
export function isMoment(value: unknown): value is string {
  return typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(value)
}

/** In another zone than the viewer's, with its name: `Nov 30, 2026, 09:30 Europe/Berlin`; empty: it is no other. */
export function otherZone(ms: number, zone: string | null | undefined): string {
  if (!zone) return ''
  const date = new Date(ms)
  if (zone === 'UTC') return date.getTimezoneOffset() === 0 ? '' : `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`
  if (zone === Intl.DateTimeFormat().resolvedOptions().timeZone) return ''
  try {
    return `${new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short', hourCycle: 'h23', timeZone: zone }).format(ms)} ${zone}`
  } catch {
    return '' // a zone that this browser does not know
  }
}
