// What each kind of page costs, cold, against a server with 100 DAGs: bytes and requests, first and largest paint, blocked
// time, heap; and what one navigation asks for. Beside it an empty page of the same server: what the browser and the
// way to the server cost by themselves. Loads of all kinds take turns, so that a busy machine is as slow for all of
// them; the middle of several is printed. At last a log of 100 MB: how long until its end, a line in its middle, and what
// a search finds there stand.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { browser_path, chromium, run_path, Server, until } from './support.mjs'

const kDags = 100
const kRuns = 5 // of each of the first few DAGs
const kLoads = Number(process.env.LOADS ?? 7)
const kLogMegabytes = 100

const middle = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)]

const dags = mkdtempSync(join(tmpdir(), 'baton-dags-'))
for (let k = 0; k < kDags; k++) {
  const name = `pipeline_${String(k).padStart(3, '0')}`
  writeFileSync(join(dags, `${name}.dag.yaml`), `dag: ${name}\ntags: [bench]\nschedule: {every: 1h}\ntasks:\n  a: {noop: true}\n  b: {needs: a, noop: true}\n`)
}
writeFileSync(
  join(dags, 'long_log.dag.yaml'),
  `dag: long_log\ntasks:\n  pour:\n    log_limit: 200Mi\n    run: |\n      yes "a line of the log that says as little as most of them do" | head -c ${kLogMegabytes / 2}000000 || true\n      echo "and the needle"\n` +
    `      yes "a line of the log that says as little as most of them do" | head -c ${kLogMegabytes / 2}000000 || true\n`,
)
const server = await Server.start({ dags })
// The floor: a document with one word in it, from a server of the same program.
const bare = mkdtempSync(join(tmpdir(), 'baton-bare-'))
mkdirSync(join(bare, 'assets'))
writeFileSync(join(bare, 'index.html'), '<!doctype html><html lang="en"><head><base href="./" /><title>x</title></head><body><main>nothing</main></body></html>')
const floor = await Server.start({ dags: bare, args: ['--ui-dir', bare] })
await until('all DAGs', async () => (await server.ask('GET', '/api/v2/dags?limit=1')).total_entries === kDags + 1)
for (let k = 0; k < kRuns * 20; k++) await server.run(`pipeline_${String(k % 20).padStart(3, '0')}`)
const long = await server.run('long_log', { state: 'success' })
const done = await server.run('pipeline_001', { state: 'success' })
await until('rest', async () => (await server.ask('GET', '/api/v2/dags/~/dagRuns?limit=1&state=running&state=queued')).total_entries === 0)

const browser = await chromium.launch({ executablePath: browser_path, args: ['--no-sandbox'] })
const first = await browser.newContext()
await (await first.newPage()).goto(server.link)
const cookies = await first.cookies()
await first.close()

const observe = () => {
  globalThis.seen = { paint: 0, largest: 0, blocked: 0 }
  const watch = (type, take) => new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({ type, buffered: true })
  watch('paint', (entry) => entry.name === 'first-contentful-paint' && (globalThis.seen.paint = entry.startTime))
  watch('largest-contentful-paint', (entry) => (globalThis.seen.largest = entry.startTime))
  watch('longtask', (entry) => (globalThis.seen.blocked += Math.max(0, entry.duration - 50)))
}

const isSettled = () => !document.querySelector('[aria-busy="true"]')

async function load(path, url = server.url) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } })
  await context.addCookies(cookies)
  const page = await context.newPage()
  await page.addInitScript(observe)
  const network = await context.newCDPSession(page)
  await network.send('Network.enable')
  await network.send('Performance.enable')
  let bytes = 0
  const requests = []
  network.on('Network.loadingFinished', (event) => (bytes += event.encodedDataLength))
  network.on('Network.requestWillBeSent', (event) => event.request.url.startsWith('data:') || requests.push(event.request.url))
  await page.goto(`${url}/${path}`)
  if (url === server.url) {
    await page.getByText('live', { exact: true }).waitFor()
    await page.locator('main h1, main h2').first().waitFor()
    await page.waitForFunction(isSettled)
  }
  await page.waitForFunction(() => globalThis.seen.largest > 0)
  const seen = await page.evaluate(() => globalThis.seen)
  await network.send('HeapProfiler.collectGarbage')
  const { metrics } = await network.send('Performance.getMetrics')
  const heap = metrics.find((one) => one.name === 'JSHeapUsedSize').value
  const cost = { bytes, requests: requests.length } // of the first view; what a navigation costs is told by itself
  if (process.env.VERBOSE) console.log(path, requests.map((one) => one.slice(url.length)).join(' '))
  const asked = []
  page.on('request', (request) => request.url().includes('/api/') && asked.push(request.url()))
  if (path === 'dags') {
    await page.getByRole('link', { name: 'pipeline_001', exact: true }).click()
    await page.getByRole('heading', { name: 'pipeline_001' }).waitFor()
    await page.waitForFunction(isSettled)
  }
  await context.close()
  return { ...cost, heap, navigation: asked.length, ...seen }
}

const kinds = {
  'an empty page': () => load('', floor.url),
  home: () => load(''),
  DAGs: () => load('dags'),
  'a DAG': () => load('dags/pipeline_001'),
  'a run': () => load(run_path('pipeline_001', done)),
  'a task instance': () => load(run_path('long_log', long, 'tasks', 'pour')),
}
const loads = Object.fromEntries(Object.keys(kinds).map((kind) => [kind, []]))
for (let k = 0; k < kLoads; k++) for (const [kind, one] of Object.entries(kinds)) loads[kind].push(await one())
for (const [kind, all] of Object.entries(loads)) {
  const of = (name) => middle(all.map((one) => one[name]))
  console.log(
    `${kind}: ${(of('bytes') / 1024).toFixed(1)} KiB, ${of('requests')} requests, first paint ${of('paint').toFixed(0)} ms, ` +
      `largest ${of('largest').toFixed(0)} ms, blocked ${of('blocked').toFixed(0)} ms, heap ${(of('heap') / 1e6).toFixed(1)} MB` +
      (kind === 'DAGs' ? `, a navigation asks ${of('navigation')} times` : ''),
  )
}

/** Until a text stands on the page, from the moment that its address was given. */
async function standing(path, what, act) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } })
  await context.addCookies(cookies)
  const page = await context.newPage()
  await page.goto(server.url)
  await page.waitForFunction(isSettled)
  let begun = performance.now()
  await page.goto(`${server.url}/${path}`)
  if (act) {
    await page.locator('[data-line]').first().waitFor()
    begun = performance.now()
    await act(page)
  }
  await page.locator('[data-line]').getByText(what).first().waitFor()
  const took = performance.now() - begun
  await context.close()
  return took
}
const log = run_path('long_log', long, 'tasks', 'pour')
const find = async (page) => {
  await page.getByLabel('Search the log').fill('NEEDLE')
  await page.getByRole('status').filter({ hasText: /^1 of 1$/ }).waitFor()
  await page.keyboard.press('Enter')
}
const times = { end: [], line: [], search: [] }
for (let k = 0; k < kLoads; k++) {
  times.end.push(await standing(log, 'says as little'))
  times.line.push(await standing(`${log}?line=800000`, 'says as little'))
  times.search.push(await standing(log, 'the needle', find))
}
console.log(
  `a log of ${kLogMegabytes} MB: its end stands after ${middle(times.end).toFixed(0)} ms, a line in its middle after ${middle(times.line).toFixed(0)} ms, ` +
    `the one match of a search after ${middle(times.search).toFixed(0)} ms`,
)
await browser.close()
await server.close()
await floor.close()
rmSync(bare, { recursive: true, force: true })
rmSync(dags, { recursive: true, force: true })
