// Where the page is: the address bar is the only place where filters, tabs and selection live, so that going back
// loses nothing and a link shows another person the same.

// The server says in <base> how many folders up the page's root is; made absolute here, because a relative base would
// move along with the address.
const baseElement = document.querySelector('base')!
const root = new URL(baseElement.href)
baseElement.href = root.href

export interface Place {
  segments: string[]
  query: URLSearchParams
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}

function placeOf(location: Location): Place {
  const path = location.pathname.startsWith(root.pathname) ? location.pathname.slice(root.pathname.length) : ''
  return { segments: path.split('/').filter(Boolean).map(decoded), query: new URLSearchParams(location.search) }
}

let place = $state.raw<Place>(placeOf(location))

export const router = {
  get segments() {
    return place.segments
  },
  get query() {
    return place.query
  },
}

/** `to` is relative to the page's root: `dags/flights?tab=graph`. */
export function navigate(to: string, { replace = false } = {}): void {
  const url = new URL(to, root)
  if (url.href === location.href) return
  if (replace) history.replaceState(history.state, '', url)
  else {
    history.replaceState({ scroll: scrollY }, '')
    history.pushState(null, '', url)
    scrollTo(0, 0)
  }
  place = placeOf(location)
}

/** Changes words of the query; an empty one goes. */
export function setQuery(words: Record<string, string | null>, options: { replace?: boolean } = { replace: true }) {
  const query = new URLSearchParams(place.query)
  for (const [name, value] of Object.entries(words)) {
    if (value) query.set(name, value)
    else query.delete(name)
  }
  const text = query.toString()
  navigate(location.pathname + (text ? `?${text}` : ''), options)
}

/** Of a word that may stand several times: adds one value, or takes it away. The list begins at its start again. */
export function toggleQuery(word: string, value: string): void {
  const query = new URLSearchParams(place.query)
  const others = query.getAll(word).filter((one) => one !== value)
  const had = others.length < query.getAll(word).length
  query.delete(word)
  for (const one of had ? others : [...others, value]) query.append(word, one)
  query.delete('offset')
  const text = query.toString()
  navigate(location.pathname + (text ? `?${text}` : ''), { replace: true })
}

/** A path of the page from its parts, each of which may hold anything. */
export function path(...parts: (string | number)[]): string {
  return parts.map((part) => encodeURIComponent(part)).join('/') || './'
}

/** The address of something of the server's, whatever prefix stands before it. */
export function address(relative: string): string {
  return new URL(relative, root).href
}

function isPlainClick(event: MouseEvent): boolean {
  return event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey
}

export function startRouter(): void {
  addEventListener('popstate', (event) => {
    place = placeOf(location)
    const scroll = (event.state as { scroll?: number } | null)?.scroll ?? 0
    requestAnimationFrame(() => scrollTo(0, scroll))
  })
  document.addEventListener('click', (event) => {
    const link = (event.target as Element | null)?.closest?.('a')
    if (!link || event.defaultPrevented || !isPlainClick(event) || link.target || link.hasAttribute('download')) return
    if (link.origin !== root.origin || !link.pathname.startsWith(root.pathname)) return
    event.preventDefault()
    navigate(link.href)
  })
}
