// What one request shows: read when its address changes, read again when something that concerns it happens, and kept
// so that going back shows it at once.
import { untrack } from 'svelte'
import { ApiError, get } from './api'
import { live, type Change } from './live.svelte'

const kPauseMs = 400 // changes within it are one request
const kKept = 40
const kept = new Map<string, unknown>()

function keep(path: string, data: unknown): void {
  kept.delete(path)
  kept.set(path, data)
  if (kept.size > kKept) kept.delete(kept.keys().next().value!)
}

export class Resource<T> {
  data = $state.raw<T | null>(null)
  error = $state.raw<ApiError | null>(null)
  isLoading = $state(true)
  #path = ''
  #abort: AbortController | null = null
  #timer: ReturnType<typeof setTimeout> | undefined
  #isStale = false
  #hasMissed = false // a change, while what is known of it was on its way

  /**
   * Within a component. `path` empty: nothing is read. `concerns` tells which changes do. `known`: what another answer
   * has told already; then nothing is read until something changes, and a navigation costs one request.
   */
  constructor(path: () => string, concerns: (change: Change) => boolean, known: () => T | undefined = () => undefined) {
    $effect.pre(() => {
      this.#open(path(), untrack(known))
      return () => this.#abort?.abort()
    })
    $effect(() => {
      const stop = live.onChange((change) => {
        if (change.kind === 'reset' || change.kind === 'poll' || concerns(change)) this.#soon()
      })
      return () => {
        stop()
        clearTimeout(this.#timer)
      }
    })
  }

  get isMissing(): boolean {
    return this.error?.status === 404
  }

  #open(path: string, known: T | undefined): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#path = path
    this.data = known ?? (kept.get(path) as T | undefined) ?? null
    this.error = null
    this.isLoading = false
    if (path && !known) void this.reload()
    else if (path && this.#hasMissed) this.#soon()
    this.#hasMissed = false
  }

  #soon(): void {
    if (!this.#path) return void (this.#hasMissed = true)
    if (this.#timer !== undefined) return void (this.#isStale = true)
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      void this.reload().then(() => {
        if (!this.#isStale) return
        this.#isStale = false
        this.#soon()
      })
    }, kPauseMs)
  }

  async reload(): Promise<void> {
    const path = this.#path
    this.#abort?.abort()
    this.#abort = new AbortController()
    this.isLoading = true
    try {
      const data = await get<T>(path, this.#abort.signal)
      if (path !== this.#path) return
      keep(path, data)
      this.data = data
      this.error = null
    } catch (error) {
      if (path !== this.#path || !(error instanceof ApiError)) return
      this.error = error
      if (error.status === 404) this.data = null
    }
    this.isLoading = false
  }
}
