// What changes, as the server tells it: one stream for all tabs of a browser. The tab that holds the lock has the
// stream and passes on what comes; when it goes, the next one has it. Where locks or channels are missing (no secure
// context) each tab has its own.
import { address } from './router.svelte'
import { session } from './session.svelte'

export interface Change {
  kind: string
  dag_id?: string
  dag_run_id?: string
  task_id?: string
  isQuestion?: boolean // of a task that asks a person
}
/** `connecting` at the start; `polling`: the server has no stream to give; `lost`: it does not answer. */
export type Connection = 'connecting' | 'live' | 'polling' | 'lost'

const kKinds = ['run', 'task_instance', 'run_deleted', 'dag', 'dag_file', 'event_log', 'tick', 'backfill',
  'backfill_interval', 'pool', 'variable', 'token', 'job', 'breaker', 'server', 'asset', 'dead_letter'] // prettier-ignore
const kPollMs = 5000
const kRetryMs = 1000
// A network that is cut says nothing, neither does a stream on which nothing happens: after a while without an event
// the server is asked. What it has not answered in time counts as lost, all together within five seconds.
const kBeatMs = 1000
const kQuietMs = 1500
const kPatienceMs = 2000

let connection = $state<Connection>('connecting')
let since = $state(0)
const listeners = new Set<(change: Change) => void>()
const channel = 'BroadcastChannel' in globalThis ? new BroadcastChannel('baton' + new URL('.', document.baseURI).pathname) : null

type Message = { change: Change } | { connection: Connection } | { hello: true }

function setConnection(next: Connection): void {
  if (next === connection) return
  const wasAway = connection !== 'connecting'
  connection = next
  since = Date.now()
  // What happened meanwhile was not told: everything on the page is read anew.
  if (next === 'live' && wasAway) tell({ kind: 'reset' })
}

function tell(change: Change): void {
  for (const listener of listeners) listener(change)
}

function lead(): void {
  const say = (message: Message) => channel?.postMessage(message)
  const state = (next: Connection) => {
    setConnection(next)
    say({ connection: next })
  }
  // Taken over from a tab that has gone: what happened until this stream stands was told to nobody.
  let hasGap = connection !== 'connecting'
  let source: EventSource
  let retry: ReturnType<typeof setTimeout> | undefined
  let heard = Date.now()
  let isAsking = false
  const pass = (change: Change) => {
    tell(change)
    say({ change })
  }
  const onEvent = (event: MessageEvent<string>) => {
    heard = Date.now()
    const data = JSON.parse(event.data) as Change & { name?: string; operator?: string | null }
    const isDag = event.type === 'dag'
    pass({ kind: event.type, dag_id: isDag ? data.name : data.dag_id, dag_run_id: data.dag_run_id, task_id: data.task_id, isQuestion: data.operator === 'approval' })
  }
  const open = () => {
    source = new EventSource(address('api/v2/events'))
    source.onopen = () => {
      heard = Date.now()
      state('live')
      if (hasGap) pass({ kind: 'reset' })
      hasGap = false
    }
    source.onerror = () => void failed()
    for (const kind of [...kKinds, 'reset']) source.addEventListener(kind, onEvent)
  }
  const failed = async () => {
    const isOver = source.readyState === EventSource.CLOSED // refused; otherwise the browser tries again by itself
    source.close()
    await find(isOver ? kPollMs : kRetryMs)
  }
  const answers = () =>
    fetch(address('readyz'), { cache: 'no-store', signal: AbortSignal.timeout(kPatienceMs) }).then(
      () => true,
      () => false,
    )
  /** The stream is opened again when the server answers, not before: what is sent into a cut network is not heard of for long. */
  const find = async (pause: number) => {
    clearTimeout(retry)
    if (!(await answers())) {
      state('lost')
      retry = setTimeout(() => void find(0), kRetryMs)
      return
    }
    state('polling')
    if (!(await session.read()) && session.isOut) return
    retry = setTimeout(open, pause)
  }
  const beat = async () => {
    if (connection === 'lost' || isAsking || Date.now() - heard < kQuietMs) return
    isAsking = true
    const before = heard
    const isThere = await answers()
    isAsking = false
    if (isThere) heard = Date.now()
    if (isThere || heard !== before) return
    source.close()
    state('lost')
    void find(0)
  }
  channel?.addEventListener('message', (event: MessageEvent<Message>) => {
    if ('hello' in event.data) say({ connection })
  })
  open()
  setInterval(() => {
    if (connection === 'polling') pass({ kind: 'poll' })
  }, kPollMs)
  setInterval(() => void beat(), kBeatMs)
}

export const live = {
  get connection() {
    return connection
  },
  /** When the state of the connection last changed, in ms. */
  get since() {
    return since
  },
  onChange(listener: (change: Change) => void): () => void {
    listeners.add(listener)
    return () => listeners.delete(listener)
  },
  start(): void {
    if (!channel || !navigator.locks) return lead()
    channel.addEventListener('message', (event: MessageEvent<Message>) => {
      if ('change' in event.data) tell(event.data.change)
      if ('connection' in event.data) setConnection(event.data.connection)
    })
    channel.postMessage({ hello: true } satisfies Message)
    void navigator.locks.request(channel.name, () => {
      lead()
      return new Promise(() => {}) // for as long as this tab lives
    })
  },
}
