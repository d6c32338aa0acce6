// What every page tells of the server as a whole: how many questions wait for a person, and whether nothing may start.
// The first view tells it on the way; elsewhere it is read once the page stands, and again when something says that it
// has changed: no navigation costs a request for it.
import type { Home } from '../api/shapes'
import { get } from './api'
import { live } from './live.svelte'

const kFirstMs = 1500 // after what the page itself asks for
const kPauseMs = 2000
const kOldMs = 60_000 // where there is no stream

let known = $state.raw<Pick<Home, 'frozen' | 'counts'> | null>(null)
let readAt = 0
let timer: ReturnType<typeof setTimeout> | undefined
let hasStarted = false

function soon(ms: number): void {
  timer ??= setTimeout(() => {
    timer = undefined
    readAt = Date.now()
    get<Home>('api/v2/home').then(pulse.tell, () => {}) // the page itself says that the server does not answer
  }, ms)
}

export const pulse = {
  get approvals() {
    return known?.counts.approvals ?? 0
  },
  get frozen() {
    return known?.frozen ?? null
  },
  tell(home: Pick<Home, 'frozen' | 'counts'>): void {
    clearTimeout(timer)
    timer = undefined
    readAt = Date.now()
    known = home
  },
  start(): void {
    if (hasStarted) return
    hasStarted = true
    if (!known) soon(kFirstMs)
    live.onChange((change) => {
      if (change.kind === 'server' || change.kind === 'reset' || change.isQuestion) soon(kPauseMs)
      if (change.kind === 'poll' && Date.now() - readAt > kOldMs) soon(0)
    })
  },
}
