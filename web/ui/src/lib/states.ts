// States by icon, word and colour: never by colour alone. Pure.

export interface Look {
  word: string
  color: string // a custom property of app.css
  icon: string // an SVG path in a box of 16
}

const kCheck = 'M3.5 8.5l3 3 6-7'
const kCross = 'M4 4l8 8M12 4l-8 8'
const kPlay = 'M5 3.5v9l7-4.5z'
const kClock = 'M8 2.5a5.5 5.5 0 1 0 .01 0M8 5v3l2 1.5'
const kSkip = 'M4 4l4 4-4 4M11.5 4v8'
const kUp = 'M8 12.5v-9M4.5 7L8 3.5 11.5 7'
const kAgain = 'M12.5 8a4.5 4.5 0 1 1-1.5-3.3M12.5 2.5v3h-3'
const kPause = 'M5.5 4v8M10.5 4v8'
const kDash = 'M4 8h8'

const looks: Record<string, Look> = {
  success: { word: 'success', color: '--success', icon: kCheck },
  failed: { word: 'failed', color: '--failed', icon: kCross },
  running: { word: 'running', color: '--running', icon: kPlay },
  queued: { word: 'queued', color: '--queued', icon: kClock },
  scheduled: { word: 'scheduled', color: '--waiting', icon: kClock },
  skipped: { word: 'skipped', color: '--skipped', icon: kSkip },
  upstream_failed: { word: 'upstream failed', color: '--upstream', icon: kUp },
  up_for_retry: { word: 'waits to retry', color: '--retry', icon: kAgain },
  up_for_reschedule: { word: 'looks again later', color: '--retry', icon: kAgain },
  deferred: { word: 'deferred', color: '--deferred', icon: kPause },
  removed: { word: 'removed', color: '--skipped', icon: kDash },
}
const none: Look = { word: 'not begun', color: '--none', icon: kDash }

export function look(state: string | null | undefined): Look {
  return state && Object.hasOwn(looks, state) ? looks[state]! : none
}

/** From worst to best: what one mark for many instances shows. */
const kWorstFirst = ['failed', 'upstream_failed', 'up_for_retry', 'running', 'queued', 'up_for_reschedule', 'deferred',
  'scheduled', 'removed', 'skipped', 'success'] // prettier-ignore

export type Cell = string | null | Record<string, number>

export function worst(cell: Cell): string | null {
  if (cell === null || typeof cell === 'string') return cell
  return kWorstFirst.find((state) => (cell[state] ?? 0) > 0) ?? null
}

/** How many of how many are done well, for a mapped task. */
export function ratio(cell: Record<string, number>): { done: number; total: number } {
  let total = 0
  for (const count of Object.values(cell)) total += count
  return { done: (cell.success ?? 0) + (cell.skipped ?? 0), total }
}

export function cellText(cell: Cell): string {
  if (cell === null || typeof cell === 'string') return look(cell).word
  const parts = Object.entries(cell).filter(([, count]) => count > 0)
  return parts.length === 0 ? 'no instances' : parts.map(([state, count]) => `${count} ${look(state).word}`).join(', ')
}

export const isOver = (state: string | null) => state === 'success' || state === 'failed'

/** `state_reason` in words: `timed_out` → `timed out`. */
export const reasonText = (reason: string | null | undefined) => (reason ?? '').replaceAll('_', ' ')

/** `2 of 3`; a task that was cleared may be beyond the tries that it has by itself: then only which one it is. */
export function tryText(one: { try_number: number; max_tries: number }): string {
  const most = one.max_tries + 1
  return one.try_number > most || most <= 1 ? String(one.try_number) : `${one.try_number} of ${most}`
}
