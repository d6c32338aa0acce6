// Short words at the edge about what was done or did not work. A failure stays until it is closed.
export interface Toast {
  id: number
  text: string
  isError: boolean
}
const kStaysMs = 5000
let list = $state<Toast[]>([])
let last = 0

export const toasts = {
  get list() {
    return list
  },
  say(text: string, isError = false) {
    const id = ++last
    list = [...list.slice(-3), { id, text, isError }]
    if (!isError) setTimeout(() => toasts.close(id), kStaysMs)
  },
  close(id: number) {
    list = list.filter((one) => one.id !== id)
  },
}

/** Does it, says so, or says why not. True: done. */
export async function attempt(done: string, action: () => Promise<unknown>): Promise<boolean> {
  try {
    await action()
    if (done) toasts.say(done)
    return true
  } catch (error) {
    toasts.say((error as Error).message, true)
    return false
  }
}
