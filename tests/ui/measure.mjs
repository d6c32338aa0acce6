// What the first view costs, cold, against a server with 100 DAGs: bytes and requests, first and largest paint, blocked
// time, heap; and what one navigation asks for. Prints the middle of several loads.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { browser_path, chromium, Server, until } from './support.mjs'

const kDags = 100
const kRuns = 5 // of each of the first few DAGs
const kLoads = 5

const middle = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)]

const dags = mkdtempSync(join(tmpdir(), 'baton-dags-'))
for (let k = 0; k < kDags; k++) {
  const name = `pipeline_${String(k).padStart(3, '0')}`
  writeFileSync(join(dags, `${name}.dag.yaml`), `dag: ${name}\ntags: [bench]\nschedule: {every: 1h}\ntasks:\n  a: {noop: true}\n  b: {needs: a, noop: true}\n`)
}
const server = await Server.start({ dags })
await until('all DAGs', async () => (await server.ask('GET', '/api/v2/dags?limit=1')).total_entries === kDags)
for (let k = 0; k < kRuns * 20; k++) await server.run(`pipeline_${String(k % 20).padStart(3, '0')}`)
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

async function load(path) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } })
  await context.addCookies(cookies)
  const page = await context.newPage()
  await page.addInitScript(observe)
  const network = await context.newCDPSession(page)
  await network.send('Network.enable')
  await network.send('Performance.enable')
  let bytes = 0
  let requests = 0
  network.on('Network.loadingFinished', (event) => (bytes += event.encodedDataLength))
  network.on('Network.requestWillBeSent', (event) => (requests += event.request.url.startsWith('data:') ? 0 : 1))
  await page.goto(`${server.url}/${path}`)
  await page.getByText('live', { exact: true }).waitFor()
  await page.waitForFunction(() => !document.querySelector('[aria-busy="true"]'))
  await page.waitForFunction(() => globalThis.seen.largest > 0)
  const seen = await page.evaluate(() => globalThis.seen)
  await network.send('HeapProfiler.collectGarbage')
  const { metrics } = await network.send('Performance.getMetrics')
  const heap = metrics.find((one) => one.name === 'JSHeapUsedSize').value
  const cost = { bytes, requests } // of the first view; what a navigation costs is told by itself
  const asked = []
  page.on('request', (request) => request.url().includes('/api/') && asked.push(request.url()))
  if (path === 'dags') {
    await page.getByRole('link', { name: 'pipeline_001', exact: true }).click()
    await page.getByRole('heading', { name: 'pipeline_001' }).waitFor()
    await page.waitForFunction(() => !document.querySelector('[aria-busy="true"]'))
  }
  await context.close()
  return { ...cost, heap, navigation: asked.length, ...seen }
}

for (const path of ['', 'dags', 'dags/pipeline_001']) {
  const loads = []
  for (let k = 0; k < kLoads; k++) loads.push(await load(path))
  const of = (name) => middle(loads.map((one) => one[name]))
  console.log(
    `/${path}: ${(of('bytes') / 1024).toFixed(1)} KiB, ${of('requests')} requests, first paint ${of('paint').toFixed(0)} ms, ` +
      `largest ${of('largest').toFixed(0)} ms, blocked ${of('blocked').toFixed(0)} ms, heap ${(of('heap') / 1e6).toFixed(1)} MB` +
      (path === 'dags' ? `, a navigation asks ${of('navigation')} times` : ''),
  )
}
await browser.close()
await server.close()
rmSync(dags, { recursive: true, force: true })
