// Every request to the server goes through here: one place knows the address, the CSRF token and what an error says.
import type { components } from '../api/schema'
import { pause, pauseOf } from './patience'
import { session } from './session.svelte'
import { address } from './router.svelte'

export type Schemas = components['schemas']

export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message)
  }
}

interface Fault {
  loc?: (string | number)[]
  msg?: string
}

/** What a problem (RFC 9457, with Airflow's `detail`) says to a person. */
export function problemText(body: unknown, status: number): string {
  const detail = (body as { detail?: unknown } | null)?.detail
  if (typeof detail === 'string') return detail
  if (Array.isArray(detail)) {
    const lines = (detail as Fault[]).map((one) => {
      const where = (one.loc ?? []).filter((part) => part !== 'body' && part !== 'query').join('.')
      return where ? `${where}: ${one.msg}` : String(one.msg)
    })
    if (lines.length > 0) return lines.join('\n')
  }
  return `the server answered ${status}`
}

export type Words = Record<string, string | number | boolean | readonly string[] | null | undefined>

export function withQuery(path: string, words: Words): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(words)) {
    if (value === null || value === undefined || value === '') continue
    for (const one of Array.isArray(value) ? value : [value]) query.append(name, String(one))
  }
  const text = query.toString()
  return text ? `${path}?${text}` : path
}

async function send(method: string, path: string, body?: unknown, signal?: AbortSignal, accept = 'application/json'): Promise<Response> {
  const headers: Record<string, string> = { Accept: accept }
  if (body !== undefined) headers['Content-Type'] = 'application/json'
  if (method !== 'GET') headers['X-CSRF-Token'] = session.csrf
  const ask = () =>
    fetch(address(path), { method, headers, body: body === undefined ? undefined : JSON.stringify(body), signal, credentials: 'same-origin' })
  let response: Response
  try {
    response = await ask()
    // What only reads may be asked again; once, so that a server in need is not asked for ever.
    const wait = method === 'GET' ? pauseOf(response) : null
    if (wait !== null) {
      await pause(wait, signal)
      response = await ask()
    }
  } catch (error) {
    if ((error as Error).name === 'AbortError') throw error
    throw new ApiError(0, 'the server does not answer')
  }
  if (response.ok) return response
  if (response.status === 401) session.end()
  const problem: unknown = await response.json().catch(() => null)
  throw new ApiError(response.status, problemText(problem, response.status))
}

const json = async <T>(response: Promise<Response>): Promise<T> => {
  const answer = await response
  return (answer.status === 204 ? null : await answer.json()) as T
}

/** `path` is relative to the page's root: `api/v2/dags`. */
export const get = <T>(path: string, signal?: AbortSignal) => json<T>(send('GET', path, undefined, signal))
const nextOf = (answer: Response) => answer.headers.get('Airflow-Continuation-Token')
/** As text; `next` is the token of what follows it, none where nothing does. */
export async function getText(path: string): Promise<{ text: string; next: string | null }> {
  const answer = await send('GET', path, undefined, undefined, 'text/plain')
  return { text: await answer.text(), next: nextOf(answer) }
}
/** The same, for what is only handed on. */
export async function getBlob(path: string): Promise<{ blob: Blob; next: string | null }> {
  const answer = await send('GET', path, undefined, undefined, 'text/plain')
  return { blob: await answer.blob(), next: nextOf(answer) }
}
// An operation that takes no body refuses one, an empty object too: none is sent unless it is given.
export const post = <T>(path: string, body?: unknown) => json<T>(send('POST', path, body))
export const patch = <T>(path: string, body: unknown) => json<T>(send('PATCH', path, body))
export const drop = <T>(path: string) => json<T>(send('DELETE', path))
export const put = <T>(path: string, body?: unknown) => json<T>(send('PUT', path, body))

/** `api/v2/dags/{dag_id}/…` from parts, each of which may hold anything. A `:verb` is added by the caller. */
export function v2(...parts: (string | number)[]): string {
  return ['api/v2', ...parts.map((part) => encodeURIComponent(part))].join('/')
}
