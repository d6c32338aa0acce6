// What the keyboard does everywhere. Pure but for the document.
export const keys = {
  /** Letters belong to the field that has the focus. */
  isTyping(event: KeyboardEvent): boolean {
    const at = event.target as HTMLElement | null
    return !!at?.closest?.('input, textarea, select, [contenteditable], dialog')
  },
  /** Arrow up and down move the focus between the elements that `selector` finds within `box`. */
  move(box: HTMLElement, selector: string, event: KeyboardEvent): void {
    const step = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1 }[event.key]
    if (!step || event.ctrlKey || event.metaKey || event.altKey) return
    const all = [...box.querySelectorAll<HTMLElement>(selector)].filter((one) => one.offsetParent)
    const now = all.findIndex((one) => one === document.activeElement || one.contains(document.activeElement))
    const next = all[now < 0 ? (step > 0 ? 0 : all.length - 1) : now + step]
    if (!next) return
    event.preventDefault()
    next.focus()
  },
}
