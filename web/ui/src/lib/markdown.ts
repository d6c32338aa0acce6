// Markdown of a task as nodes. It is the task's word: HTML in it is text, pictures are files of its own report or none,
// links lead out in a tab of their own. Loaded on demand.
import { micromark } from 'micromark'
import { gfmTable, gfmTableHtml } from 'micromark-extension-gfm-table'

const kShift = 2 // the page and the file have the headings above
const kDeepest = 6

function renamed(element: Element, name: string): void {
  const next = element.ownerDocument.createElement(name)
  next.append(...element.childNodes)
  element.replaceWith(next)
}

/** `picture`: the address of a file of the report; empty: there is none of that name. */
export function markdownNodes(text: string, picture: (name: string) => string): Node[] {
  const html = micromark(text, { extensions: [gfmTable()], htmlExtensions: [gfmTableHtml()] })
  // A document of its own: nothing in it is loaded before it was looked through.
  const { body } = new DOMParser().parseFromString(html, 'text/html')
  for (const heading of body.querySelectorAll('h1, h2, h3, h4, h5, h6')) {
    renamed(heading, `h${Math.min(kDeepest, Number(heading.tagName[1]) + kShift)}`)
  }
  for (const image of body.querySelectorAll('img')) {
    const to = picture((image.getAttribute('src') ?? '').replace(/^\.\//, ''))
    if (to) image.src = to
    else image.replaceWith(image.alt || 'picture')
    image.removeAttribute('title')
  }
  for (const link of body.querySelectorAll('a')) {
    if (!/^https?:\/\//i.test(link.getAttribute('href') ?? '')) {
      link.replaceWith(...link.childNodes)
      continue
    }
    link.target = '_blank'
    link.rel = 'noopener noreferrer'
  }
  for (const table of body.querySelectorAll('table')) {
    const box = body.ownerDocument.createElement('div')
    box.className = 'scroll'
    box.tabIndex = 0
    box.setAttribute('role', 'region')
    box.setAttribute('aria-label', 'Table')
    table.replaceWith(box)
    box.append(table)
  }
  return [...body.childNodes]
}
