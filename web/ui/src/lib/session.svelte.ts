// Who looks at the page, and what they may. Unknown until the server has said so; buttons wait for that.
import { address } from './router.svelte'

const kRoles = ['anyone', 'viewer', 'operator', 'editor', 'admin']

let name = $state('')
let role = $state('')
let csrf = ''
let isOut = $state(false)

interface Who {
  name: string
  role: string
  csrf_token: string
}
function accept(who: Who): void {
  name = who.name
  role = who.role
  csrf = who.csrf_token
  isOut = false
}
async function read(): Promise<boolean> {
  const response = await fetch(address('auth/session'), { credentials: 'same-origin' }).catch(() => null)
  if (!response) return false
  if (response.status === 401) isOut = true
  if (!response.ok) return false
  accept((await response.json()) as Who)
  return true
}
/** The document says who has asked for it; where it does not, the server is asked. */
function start(): void {
  const told = document.querySelector<HTMLMetaElement>('meta[name="session"]')
  if (!told) void read()
  else if (told.content) accept(JSON.parse(told.content) as Who)
  else isOut = true
}

export const session = {
  get name() {
    return name
  },
  get isOut() {
    return isOut
  },
  get csrf() {
    return csrf
  },
  read,
  start,
  end() {
    isOut = true
  },
  may(wanted: 'viewer' | 'operator' | 'editor' | 'admin'): boolean {
    return kRoles.indexOf(role) >= kRoles.indexOf(wanted)
  },
  async logOut() {
    await fetch(address('auth/logout'), { method: 'POST', headers: { 'X-CSRF-Token': csrf } }).catch(() => null)
    isOut = true
  },
  /** Empty: in. Else why not. */
  async logIn(token: string): Promise<string> {
    const response = await fetch(address('auth/session'), {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ username: 'admin', password: token }),
    }).catch(() => null)
    if (!response) return 'The server does not answer.'
    if (response.status === 404 || response.status === 405) return 'This server takes the one-time link only.'
    if (!response.ok) {
      const problem = (await response.json().catch(() => null)) as { detail?: unknown } | null
      return typeof problem?.detail === 'string' ? problem.detail : 'That is not the token.'
    }
    return (await read()) ? '' : 'The session could not be opened.'
  },
}
