// What a page of a DAG, a run or a task begins with is one request: it brings the object and what the first tab shows of
// it. It is sent while the script of the page is still on its way.
import { untrack } from 'svelte'
import { get, v2, withQuery } from './api'
import { live } from './live.svelte'

export const kRuns = 25 // of a grid, unless the address says otherwise
export const kLines = 300 // of a log that are asked for at once

/** `isWith` in all of these: with the object itself. */
export const gridPath = (dagId: string, query: URLSearchParams, isWith = false) =>
  withQuery(v2('dags', dagId, 'grid'), { limit: query.get('runs') ?? kRuns, before: query.get('before'), dag_details: isWith || null })
export const explainPath = (dagId: string, runId: string, isWith = false) =>
  withQuery(v2('dags', dagId, 'dagRuns', runId, 'explain'), { dag_run: isWith || null })
/** `from`: the first line, from 0; null: the last ones. */
export const linesPath = (log: string, from: number | null, groupsFrom: number, isWith = false) =>
  withQuery(`${log}/lines`, { from: from === null ? null : from + 1, limit: kLines, groups_from: groupsFrom, task_instance: isWith || null })
/** Where a log begins to be shown: about the line that was linked to. */
export const firstLine = (query: URLSearchParams) => {
  const line = Number(query.get('line') ?? 0)
  return line > 0 ? Math.max(0, line - 1 - kLines / 2) : null
}

/** What the page of an address asks for first; empty: nothing that is known before its script runs. */
export function firstPath(segments: string[], query: URLSearchParams): string {
  const [kind, dagId = '', , runId = '', , taskId = '', index] = segments
  const tab = query.get('tab')
  if (kind !== 'dags') return ''
  if (segments.length === 2 && (tab ?? 'grid') === 'grid') return gridPath(dagId, query, true)
  if (segments.length === 4 && (tab ?? 'timeline') === 'timeline') return explainPath(dagId, runId, true)
  if (segments.length < 6 || (tab ?? 'log') !== 'log' || query.get('try')) return ''
  return linesPath(v2('dags', dagId, 'dagRuns', runId, 'taskInstances', taskId, ...(index === undefined ? [] : [index]), 'logs', 'latest'), firstLine(query), 1, true)
}

let early: { path: string; answer: Promise<unknown> } | null = null

export function askEarly(path: string): void {
  if (!path) return
  early = { path, answer: get(path) }
  early.answer.catch(() => {}) // whoever takes it tells
}

export interface First<T> {
  readonly data: T | null
  readonly isDone: boolean // with an answer or without: what it lacks is asked for by itself
  /** The data, to the first who asks: what is shown again later is read anew. */
  take(): T | undefined
}
/** Within a component. `path` empty: nothing is asked for. */
export function first<T>(path: string): First<T> {
  let data = $state.raw<T | null>(null)
  let isDone = $state(path === '')
  let isTaken = false
  if (path) {
    const answer = (early?.path === path ? early.answer : get(path)) as Promise<T>
    answer.then(
      (told) => {
        data = told
        isDone = true
      },
      () => (isDone = true),
    )
  }
  early = null
  return {
    get data() {
      return data
    },
    get isDone() {
      return isDone
    },
    take() {
      if (isTaken || !data) return undefined
      isTaken = true
      return data
    },
  }
}

/** Within a component. What it began with was asked for before the stream of events stood: what happened in between was
 *  told to nobody, so what lives is read again, once. */
export function onceLive(begun: () => First<unknown>, lives: () => boolean, again: () => void): void {
  let isOpen = untrack(() => live.connection === 'live')
  $effect(() => {
    if (isOpen || !begun().isDone || live.connection !== 'live') return
    isOpen = true
    untrack(() => {
      if (lives()) again()
    })
  })
}
