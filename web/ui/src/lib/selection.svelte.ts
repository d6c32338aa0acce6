// What is ticked in a list: some rows by name, also of other pages, or all that match its filter.
export class Selection<Item> {
  #key: (item: Item) => string
  picked = $state.raw<ReadonlyMap<string, Item>>(new Map())
  isAll = $state(false)

  constructor(key: (item: Item) => string) {
    this.#key = key
  }

  get isEmpty(): boolean {
    return !this.isAll && this.picked.size === 0
  }
  has(item: Item): boolean {
    return this.isAll || this.picked.has(this.#key(item))
  }
  toggle(item: Item): void {
    const next = new Map(this.picked)
    if (!next.delete(this.#key(item))) next.set(this.#key(item), item)
    this.picked = next
    this.isAll = false
  }
  /** All of a page, or, where they are ticked already, none of it. */
  togglePage(items: Item[]): void {
    const next = new Map(this.picked)
    const wasWhole = items.every((item) => this.has(item))
    for (const item of items) {
      if (wasWhole) next.delete(this.#key(item))
      else next.set(this.#key(item), item)
    }
    this.picked = next
    this.isAll = false
  }
  clear(): void {
    this.picked = new Map()
    this.isAll = false
  }
}
