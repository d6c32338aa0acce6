// A browser at a server, as somebody who is logged in.
import { browser_path, chromium } from './support.mjs'

/** `server`: tells which one; it may be another later. */
export async function browse(server) {
  const browser = await chromium.launch({ executablePath: browser_path, args: ['--no-sandbox'] })
  let cookies
  /** A page of somebody who is logged in; `faults` gathers what a browser complains of. */
  async function open({ width = 1440, theme = 'light', path = '', base = server().url } = {}) {
    const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: theme })
    if (cookies) await context.addCookies(cookies)
    const page = await context.newPage()
    page.faults = []
    page.asked = []
    page.failed = []
    page.on('pageerror', (error) => page.faults.push(String(error)))
    page.on('dialog', (dialog) => page.faults.push(`a dialog: ${dialog.message()}`))
    page.on('console', (message) => {
      // An operation that this version of the server lacks is told on the page; the browser notes the 404 by itself.
      // So it does of scripts of a report, which are kept from running: its tests hold that they did not.
      if (message.type() === 'error' && !/status of 404|Blocked script execution in .*\/reports\//.test(message.text())) page.faults.push(message.text())
    })
    page.on('request', (request) => page.asked.push(request.url()))
    page.on('requestfailed', (request) => page.failed.push(`${request.url()}: ${request.failure()?.errorText}`))
    if (!cookies) {
      await page.goto(server().link)
      cookies = await context.cookies()
    }
    page.asked.length = 0
    await page.goto(`${base}/${path}`)
    await settled(page)
    return page
  }

  /** Until nothing is being read any more. */
  async function settled(page) {
    try {
      await page.waitForSelector('nav, form', { state: 'attached' })
      await page.waitForFunction(() => !document.querySelector('[aria-busy="true"]') && document.querySelector('main')?.textContent?.trim())
    } catch (error) {
      // A wait that ends tells only that it ended: what stood there, and what went wrong before, is what one needs to know.
      const body = await page.evaluate(() => document.body?.outerHTML ?? '').catch((why) => String(why))
      throw new Error(`${page.url()} does not settle: ${page.faults?.join(' | ') || 'no fault'}; asked last: ${page.asked?.slice(-8).join(' ')}; failed: ${page.failed?.slice(-8).join(' ') || 'nothing'}; ` +
        `the page: ${body.slice(0, 600)}`, { cause: error })
    }
  }

  return { browser, open, settled, cookies: () => cookies }
}
