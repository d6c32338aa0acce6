// One clock for all that counts up: it stands while nobody looks or the server is lost, for then nothing is known.
import { live } from './live.svelte'
import { lasted } from './time'

let now = $state(Date.now())
let minute = $state(Date.now())

export const clock = {
  /** Once a second: only what counts up in seconds may read it. */
  get now() {
    return now
  },
  /** Once a minute, for what only needs to know which day it is. */
  get minute() {
    return minute
  },
}

/** Seconds from start to end. Reads the clock only while it goes on: a list of a hundred that have ended stands still. */
export function elapsed(start: string | null, end: string | null): number | null {
  return lasted(start, end, end || !start ? 0 : clock.now)
}

setInterval(() => {
  if (document.hidden || live.connection === 'lost') return
  now = Date.now()
  if (now - minute >= 60_000) minute = now
}, 1000)
