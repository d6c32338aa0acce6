// A server that is busy for a moment says for how long. Pure, but for the pause itself.
const kPatienceMs = 10_000

/** How long to wait before it is asked again, in ms; none: it does not say, or longer than anybody waits. */
export function pauseOf(response: Pick<Response, 'status' | 'headers'>): number | null {
  const told = response.headers.get('Retry-After')
  const seconds = told === null || told.trim() === '' ? NaN : Number(told)
  return response.status === 503 && seconds >= 0 && seconds * 1000 <= kPatienceMs ? seconds * 1000 : null
}

export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((done, fail) => {
    const timer = setTimeout(done, ms)
    signal?.addEventListener('abort', () => {
      clearTimeout(timer)
      fail(new DOMException('', 'AbortError'))
    })
  })
}
