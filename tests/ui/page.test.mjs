// The page as a person meets it: a real server, a real browser, every page, both themes, both widths, the keyboard.
// BATON: the binary. UI_SHOTS: a folder for pictures of every page.
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync } from 'node:fs'
import { createServer, request as http_request } from 'node:http'
import { connect, createServer as createTcpServer } from 'node:net'
import { after, before, test } from 'node:test'
import { browse } from './browse.mjs'
import { axe, run_path, Server, until } from './support.mjs'

const kFirstLoadBytes = 60 * 1024
const kFirstLoadRequests = 6
const kDagsOn900 = 20

let server, browser, state, pages, open, settled, cookies
before(async () => {
  server = await Server.start()
  ;({ browser, open, settled, cookies } = await browse(() => server))
  const ids = {
    walled: await server.run('walled', { state: 'failed' }),
    broken: await server.run('broken', { state: 'failed' }),
    nightly: await server.run('nightly', { state: 'success' }),
    wide: await server.run('wide', { state: 'success' }),
    torrent: await server.run('torrent', { state: 'success' }),
    flood: await server.run('flood', { state: 'success' }),
    findings: await server.run('findings', { state: 'success' }),
    odd: await server.run('nightly', { state: 'success', note: '<img src=x onerror="window.xss=1">' }),
  }
  await until('tides', () => server.ask('GET', '/api/v2/dags/tides').catch(() => null))
  ids.filled = (await server.ask('POST', '/api/v2/backfills', { dag_id: 'tides', from_date: '2026-01-01T00:00:00Z', to_date: '2026-01-03T00:00:00Z' })).id
  state = ids
  pages = {
    home: '',
    dags: 'dags',
    dag: 'dags/nightly',
    graph: 'dags/nightly?tab=graph',
    code: 'dags/nightly?tab=code',
    details: 'dags/nightly?tab=details',
    calendar: 'dags/tides?tab=calendar&year=2026',
    charts: 'dags/nightly?tab=charts',
    runs: 'runs',
    run: run_path('nightly', ids.odd),
    tasks: run_path('nightly', ids.odd) + '?tab=tasks',
    run_graph: run_path('nightly', ids.odd) + '?tab=graph',
    compare: run_path('nightly', ids.odd) + '?tab=compare',
    log: run_path('broken', ids.broken, 'tasks', 'fetch'),
    why: run_path('broken', ids.broken, 'tasks', 'publish') + '?tab=why',
    events: run_path('broken', ids.broken, 'tasks', 'fetch') + '?tab=events',
    task_details: run_path('broken', ids.broken, 'tasks', 'fetch') + '?tab=details',
    values: run_path('nightly', ids.nightly, 'tasks', 'total') + '?tab=values',
    report: run_path('findings', ids.findings, 'tasks', 'paint') + '?tab=report',
    no_report: run_path('findings', ids.findings, 'tasks', 'load') + '?tab=report',
    checks: run_path('findings', ids.findings, 'tasks', 'quality') + '?tab=checks',
    numbers: 'dags/findings?tab=charts',
    mapped: run_path('nightly', ids.nightly, 'tasks', 'items'),
    item: run_path('nightly', ids.nightly, 'tasks', 'items', '2'),
    pools: 'pools',
    assets: 'assets',
    asset: 'assets?asset=orders',
    deadletters: 'deadletters',
    approvals: 'approvals',
    approvals_past: 'approvals?show=past',
    breakers: 'breakers',
    workers: 'workers',
    variables: 'variables',
    errors: 'errors',
    audit: 'audit',
    health: 'health',
    accounting: 'accounting?price=0.04',
    accounting_days: 'accounting?by=day&days=7',
    alerts: 'alerts',
    tokens: 'tokens',
    secrets: 'secrets',
    simulate: 'simulate?days=1',
    backfills: 'backfills',
    backfill: `backfills/${ids.filled}`,
  }
})
after(async () => {
  await browser?.close()
  await server?.close()
})

const text = (page) => page.evaluate(() => document.body.innerText)

test('who is not logged in is told how to get in, and a token does it', async () => {
  const context = await browser.newContext()
  const page = await context.newPage()
  await page.goto(`${server.url}/dags/nightly`)
  await page.getByText('prints a link').waitFor()
  await page.getByLabel(/Or the token/).fill('wrong')
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.getByRole('alert').filter({ hasText: 'do not belong together' }).waitFor()
  await page.getByLabel(/Or the token/).fill(server.token)
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.getByRole('heading', { name: 'nightly' }).waitFor()
  const [cookie] = await context.cookies()
  assert.ok(cookie.httpOnly && cookie.sameSite === 'Strict')
  await context.close()
})

test('the first view costs little', async () => {
  await (await open()).context().close() // logged in
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } })
  await context.addCookies(cookies())
  const page = await context.newPage()
  const network = await context.newCDPSession(page)
  await network.send('Network.enable')
  let bytes = 0
  const asked = []
  network.on('Network.loadingFinished', (event) => (bytes += event.encodedDataLength))
  network.on('Network.requestWillBeSent', ({ request }) => request.url.startsWith('data:') || asked.push(request.url))
  await page.goto(`${server.url}/dags`)
  await settled(page)
  await page.getByText('live', { exact: true }).waitFor()
  // What changes meanwhile may have the list read again: that is no part of the first view.
  const first = new Set(asked)
  assert.ok(first.size <= kFirstLoadRequests, [...first].join('\n'))
  assert.ok(bytes <= kFirstLoadBytes, `${bytes} bytes`)
  const rows = await page.locator('tbody tr').first().evaluate((row) => row.getBoundingClientRect().height)
  const top = await page.locator('tbody').evaluate((body) => body.getBoundingClientRect().top)
  assert.ok((900 - top) / rows >= kDagsOn900, `rows of ${rows} px from ${top}`)
  await context.close()
})

test('what a page asks for first is under way beside its scripts, and is asked for once', async () => {
  const kinds = ['', 'dags', 'dags/nightly', run_path('nightly', state.nightly), run_path('nightly', state.nightly, 'tasks', 'total'), pages.item]
  for (const path of kinds) {
    const page = await open({ path })
    const asked = await page.evaluate(() => performance.getEntriesByType('resource').filter((one) => one.name.includes('/api/v2/')).map((one) => ({ name: one.name, by: one.initiatorType })))
    const early = asked.filter((one) => one.by === 'link')
    assert.equal(early.length, 1, `${path || 'home'}: ${JSON.stringify(asked)}`)
    // Home and lists are read again when something happens; what has ended is not.
    if (path.includes('runs')) assert.ok(!asked.some((one) => one.by === 'fetch' && one.name === early[0].name), `${path} asks twice`)
    await page.context().close()
  }
})

for (const theme of ['light', 'dark']) {
  for (const width of [1440, 390]) {
    test(`every page stands: ${theme}, ${width} wide`, async () => {
      const page = await open({ width, theme })
      for (const [name, path] of Object.entries(pages)) {
        await page.goto(`${server.url}/${path}`)
        await settled(page)
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
        assert.ok(wide <= 0, `${name} is ${wide} px too wide`)
        for (const tab of await page.locator('[role=tab][aria-selected=true]').all()) {
          const { x, width: long } = await tab.boundingBox()
          assert.ok(x >= 0 && x + long <= width, `${name}: the tab that is open is seen`)
        }
        if (process.env.UI_SHOTS) {
          mkdirSync(process.env.UI_SHOTS, { recursive: true })
          await page.screenshot({ path: `${process.env.UI_SHOTS}/${name}-${theme}-${width}.png` })
        }
        await page.evaluate(`{ const module = undefined; ${axe} }`)
        const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }))
        const said = found.violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html.slice(0, 160)).slice(0, 3).join(' | ')}`)
        assert.deepEqual(said, [], `${name}, ${theme}, ${width}`)
      }
      assert.equal(await page.evaluate(() => globalThis.xss), undefined)
      assert.deepEqual(page.faults, [])
      const elsewhere = page.asked.filter((url) => !url.startsWith(server.url) && !url.startsWith('data:') && !url.startsWith('blob:'))
      assert.deepEqual(elsewhere, [])
      await page.context().close()
    })
  }
}

test('dates are written as the locale of the viewer does', async () => {
  await (await open()).context().close() // logged in
  for (const [locale, written] of [['de-DE', /1\. Jan\. 2026/], ['ja-JP', /2026年1月1日/], ['en-US', /Jan 1, 2026/]]) {
    const context = await browser.newContext({ locale })
    await context.addCookies(cookies())
    const page = await context.newPage()
    await page.goto(`${server.url}/backfills`)
    await page.getByRole('row', { name: /tides/ }).getByText(written).first().waitFor()
    await page.goto(server.url)
    await page.getByRole('heading', { name: 'Next 24 hours' }).waitFor()
    await context.close()
  }
})

test('what anybody can write is text, never markup', async () => {
  const page = await open({ path: pages.log })
  await page.getByText('<script>window.xss = 1</script>').waitFor()
  await page.goto(`${server.url}/${pages.run}`)
  await page.getByText('<img src=x onerror="window.xss=1">').waitFor()
  await page.goto(`${server.url}/${pages.mapped}`)
  await page.getByText('<script>alert(2)</script>').waitFor()
  await page.goto(`${server.url}/dags?q=${encodeURIComponent('"><img src=x onerror=window.xss=1>')}`)
  await page.getByText('No DAG is like this.').waitFor()
  assert.equal(await page.locator('main img, main script').count(), 0)
  assert.equal(await page.evaluate(() => globalThis.xss), undefined)
  assert.deepEqual(page.faults, [])
  await page.context().close()
})

test('a list is searched and filtered on the server, and the address says how', async () => {
  const page = await open({ path: 'dags' })
  await page.keyboard.press('/')
  await page.keyboard.type('nigh')
  await until('one row', async () => (await page.locator('tbody tr').count()) === 1)
  assert.match(page.url(), /q=nigh/)
  await page.getByRole('link', { name: 'nightly', exact: true }).click()
  await page.getByRole('heading', { name: 'nightly' }).waitFor()
  await page.goBack()
  await until('the filter', async () => (await page.locator('tbody tr').count()) === 1)
  await page.goto(`${server.url}/dags?state=failed`)
  await settled(page)
  assert.deepEqual(await page.locator('a.name').allInnerTexts(), ['broken', 'walled'])
  await page.context().close()
})

test('the keyboard goes everywhere', async () => {
  const page = await open()
  await page.keyboard.press('Control+k')
  await page.getByRole('combobox', { name: /Search DAGs, runs/ }).waitFor()
  await page.keyboard.type('broken')
  await page.getByRole('option', { name: /^broken\s*DAG/ }).waitFor()
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'broken' }).waitFor()
  await page.keyboard.press('g')
  await page.keyboard.press('d')
  await page.getByRole('heading', { name: 'DAGs' }).waitFor()
  await settled(page)
  await page.keyboard.press('j')
  await page.keyboard.press('j')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'findings' }).waitFor()
  const more = page.getByRole('button', { name: /^More/ })
  await more.focus()
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('ArrowDown')
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Variables')
  await page.keyboard.press('Escape')
  assert.ok(await more.evaluate((button) => button === document.activeElement))
  await page.keyboard.press('Control+k')
  await page.getByRole('combobox', { name: /Search DAGs, runs/ }).waitFor()
  for (let k = 0; k < 20; k++) await page.keyboard.press('ArrowDown')
  const sight = await page.locator('[role=option][aria-selected=true]').evaluate((one) => one.getBoundingClientRect().bottom - one.parentElement.getBoundingClientRect().bottom)
  assert.ok(sight <= 1, 'what is chosen is out of sight')
  await page.keyboard.press('Escape')
  await page.locator('dialog').waitFor({ state: 'detached' })
  assert.ok(await more.evaluate((button) => button === document.activeElement))
  assert.deepEqual(page.faults, [])
  await page.context().close()
})

test('lists can be read: no cell is squeezed to nothing, and no lever lies beyond the edge of a narrow page', async () => {
  const page = await open({ path: 'runs' })
  const link = page.getByRole('link', { name: state.nightly })
  const { shown, whole } = await link.evaluate((one) => ({ shown: one.closest('td').clientWidth, whole: one.firstElementChild.scrollWidth }))
  assert.ok(shown >= whole, `${shown} of ${whole} px of the id of a run are shown`)
  const narrow = await open({ width: 390, path: 'breakers' })
  const lever = await narrow.getByRole('button', { name: /Reset|Trip/ }).first().boundingBox()
  assert.ok(lever.x + lever.width <= 390, `the lever ends at ${lever.x + lever.width}`)
  await narrow.getByText('Failures').waitFor()
  await narrow.getByRole('button', { name: 'More' }).click()
  await narrow.getByRole('link', { name: 'Health' }).click()
  await narrow.getByRole('heading', { name: 'Health' }).waitFor()
  assert.equal(await narrow.locator('#more').count(), 0)
  await page.context().close()
  await narrow.context().close()
})

test('what a task put out is shown with its values, and a run is compared with the one before unless told otherwise', async () => {
  const page = await open({ path: pages.values })
  await page.getByRole('row', { name: /sum/ }).getByText('42').waitFor()
  await page.getByRole('row', { name: /text/ }).getByText('<img src=x onerror=alert(3)>').waitFor()
  await page.goto(`${server.url}/${run_path('nightly', state.odd)}?tab=compare`)
  await page.getByRole('region', { name: 'Differences' }).waitFor()
  assert.equal(await page.getByLabel('Compare with').inputValue(), state.nightly)
  await page.goto(server.url)
  await page.locator('.failure pre', { hasText: 'ConnectionError' }).first().waitFor()
  assert.ok(!(await text(page)).includes('\x1b'), 'an escape sequence is shown as it is')
  await page.context().close()
})

test('what a task left for people is shown, and nothing of it runs', async () => {
  const page = await open({ path: pages.report })
  const summary = page.getByRole('region', { name: 'summary.md' })
  await summary.getByRole('heading', { name: 'Orders of the day' }).waitFor()
  await summary.getByRole('cell', { name: '30' }).waitFor()
  await summary.getByText('<script>window.xss = 1</script>').waitFor()
  assert.equal(await summary.locator('img').count(), 1, 'only pictures of the report itself')
  assert.equal(await summary.getByRole('link').count(), 2) // out, and the download
  assert.equal(await summary.getByRole('link', { name: 'not here' }).count(), 0)
  const curve = page.getByRole('region', { name: 'curve.svg' }).locator('img')
  await until('the picture', () => curve.evaluate((image) => image.complete && image.naturalWidth > 0))
  const table = page.getByRole('region', { name: 'regions.csv' }).first()
  await table.getByRole('cell', { name: '<img src=x onerror=window.xss=1>' }).waitFor()
  await table.getByRole('columnheader', { name: 'a "name"' }).waitFor()
  await page.getByRole('region', { name: 'page.html' }).scrollIntoViewIfNeeded()
  await page.frameLocator('iframe').getByRole('heading', { name: 'A page of its own' }).waitFor()
  await page.frameLocator('iframe').getByText('drawn').click()
  const frame = page.frames().find((one) => one.url().includes('page.html'))
  assert.equal(await frame.title(), 'page', 'a script of a report ran')
  await page.getByRole('region', { name: 'note.txt' }).getByText('a plain note').waitFor()
  const [saved] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Download model.bin' }).click()])
  assert.equal(readFileSync(await saved.path()).length, 3000)
  assert.equal(await page.evaluate(() => globalThis.xss), undefined)
  assert.deepEqual(page.faults, [])
  await page.context().close()
})

test('checks tell what they saw, and numbers of tasks are drawn over runs', async () => {
  const page = await open({ path: pages.checks })
  await page.getByText('1 of 2 did not hold.').waitFor()
  const row = page.getByRole('row', { name: /nulls/ })
  await row.getByText('did not hold, warns').waitFor()
  await row.getByText('12 of 41 <i>are null</i>').waitFor()
  await page.getByText('At least three <b>rows</b>').waitFor()
  await page.getByRole('link', { name: 'Over runs' }).click()
  await page.getByRole('heading', { name: 'rows, put out by load' }).waitFor()
  await page.getByRole('heading', { name: 'nulls, checked by quality' }).waitFor()
  await page.getByText('last 41, middle 41, from 41 to 41').waitFor()
  const chart = page.getByRole('group', { name: /^share, put out by load/ })
  await chart.focus()
  await page.keyboard.press('ArrowLeft')
  await page.getByText(/: 0\.25, success/).first().waitFor()
  await page.keyboard.press('Enter')
  await page.waitForURL(/runs\//)
  assert.deepEqual(page.faults, [])
  await page.context().close()
})

test('a part that cannot be loaded is told with what to do; a server that is busy for a moment is asked once more', async () => {
  const page = await open()
  await page.route(/assets\/Pools/, (route) => route.abort())
  await page.keyboard.press('g')
  await page.keyboard.press('p')
  await page.getByRole('heading', { name: 'could not be loaded' }).waitFor()
  await page.evaluate(`{ const module = undefined; ${axe} }`)
  const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }))
  assert.deepEqual(found.violations.map((one) => one.id), [])
  await page.unroute(/assets\/Pools/)
  await page.getByRole('link', { name: 'Load the page again' }).click()
  await page.getByRole('heading', { name: 'Pools' }).waitFor()
  let asked = 0
  const busy = { status: 503, headers: { 'Retry-After': '0' }, json: { detail: 'the store is busy' } }
  await page.route(/api\/v2\/workers/, (route) => (++asked === 1 ? route.fulfill(busy) : route.continue()))
  await page.goto(`${server.url}/workers`)
  await page.getByRole('heading', { name: 'Workers' }).waitFor()
  await settled(page)
  assert.equal(asked, 2)
  assert.equal(await page.getByText('The store is busy').count(), 0)
  asked = 0
  await page.route(/api\/v2\/pools/, (route) => (asked++, route.fulfill(busy)))
  await page.goto(`${server.url}/pools`)
  await page.getByText('The store is busy').waitFor() // once more, not for ever
  assert.equal(asked, 2)
  await page.context().close()
})

test('who may less is not offered what would fail', async () => {
  const made = await server.ask('POST', '/api/v2/tokens', { name: 'a viewer', role: 'viewer' })
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } })
  const page = await context.newPage()
  await page.goto(`${server.url}/health`)
  await page.getByLabel(/Or the token/).fill(made.token)
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.getByText('Not frozen.').waitFor()
  for (const [path, lever] of [['health', /Freeze|Remove/], ['alerts', /test/], ['breakers', /Trip|Reset/]]) {
    await page.goto(`${server.url}/${path}`)
    await settled(page)
    assert.equal(await page.getByRole('button', { name: lever }).count(), 0, path)
  }
  await page.goto(`${server.url}/tokens`)
  await page.getByText('made and revoked by who is admin').waitFor()
  await page.goto(`${server.url}/secrets`)
  await page.getByText('shown to editors').waitFor()
  await page.getByRole('button', { name: 'More' }).click()
  await page.getByRole('link', { name: 'Accounting' }).waitFor()
  assert.equal(await page.getByRole('link', { name: /Tokens|Secrets|Variables/ }).count(), 0)
  await context.close()
})

test('the focus is not lost: a dialog gives it back, a page takes it over', async () => {
  const page = await open({ path: 'dags/nightly' })
  await page.getByRole('button', { name: 'Trigger' }).focus()
  await page.keyboard.press('Enter')
  await page.getByRole('dialog').waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  assert.equal(await page.evaluate(() => document.activeElement.textContent.trim()), 'Trigger')
  await page.goto(`${server.url}/dags`)
  await settled(page)
  await page.getByRole('link', { name: 'nightly', exact: true }).focus()
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'nightly' }).waitFor()
  await page.waitForFunction(() => document.activeElement.id === 'page')
  await page.context().close()
})

test('a breaker that is open is told on the first view, shown with its reason, reset and tripped', async () => {
  const page = await open()
  await page.locator('.banner', { hasText: 'partner' }).getByRole('link').click()
  await page.getByText('1 failure within 10m; the last: walled/').waitFor()
  await page.getByRole('button', { name: 'partner' }).click()
  await page.getByRole('dialog').getByText('<img src=x onerror="window.xss=1">').waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Reset' }).click()
  await page.getByText('✓ closed').waitFor()
  await page.getByRole('button', { name: 'Trip…' }).click()
  await page.getByLabel('Why').fill('it is moved')
  await page.getByLabel('For').fill('2h')
  await page.getByRole('button', { name: 'Trip', exact: true }).click()
  await page.getByText('it is moved').waitFor()
  assert.equal((await server.ask('GET', '/api/v2/breakers/partner')).state, 'open')
  assert.equal(await page.evaluate(() => globalThis.xss), undefined)
  assert.deepEqual(page.faults, [])
  await page.context().close()
})

test('a log is searched, linked to, and coloured', async () => {
  const page = await open({ path: run_path('wide', state.wide, 'tasks', 'lines') })
  await page.getByLabel('Search the log').fill('line 4321 ')
  await page.getByRole('status').filter({ hasText: /^1 of 1$/ }).waitFor()
  await page.keyboard.press('Enter')
  await page.getByText('line 4321 of the long log').waitFor()
  assert.ok((await page.locator('[data-line]').count()) < 200, 'only what is seen is in the document')
  await page.goto(`${server.url}/${run_path('wide', state.wide, 'tasks', 'lines')}?line=2500`)
  await page.locator('.marked').getByText('line 2500 of').waitFor()
  await page.goto(`${server.url}/${pages.log}`)
  await page.locator('.fg-red').getByText('ConnectionError').waitFor()
  await page.getByRole('button', { name: 'first error' }).click()
  await page.waitForURL(/line=3/)
  await page.context().close()
})

test('a log of a million lines is searched to its end, folded, and downloaded whole', async () => {
  const page = await open({ path: run_path('torrent', state.torrent, 'tasks', 'pour') })
  await page.getByText('drop 1000000 of the torrent').waitFor() // it opens at its end
  await page.getByRole('button', { name: 'To the first line' }).click()
  await page.getByText('step 3', { exact: true }).waitFor()
  await page.getByRole('button', { name: /prepare <b>/ }).click()
  await page.getByText('(51 lines)').waitFor()
  assert.equal(await page.getByText('step 3', { exact: true }).count(), 0)
  await page.getByText('after the group').waitFor()
  await page.getByLabel('Search the log').fill('STEP 3')
  await page.getByRole('status').filter({ hasText: /^1 of 11$/ }).waitFor() // all of it has been looked through
  await page.keyboard.press('Enter') // to the second: its group opens
  await page.getByText('step 30', { exact: true }).waitFor()
  await page.getByLabel('Search the log').fill('drop 777777 of')
  await page.getByRole('status').filter({ hasText: /^1 of 1$/ }).waitFor()
  await page.keyboard.press('Enter')
  await page.getByText('drop 777777 of the torrent').waitFor()
  await page.getByRole('button', { name: 'first error' }).click()
  await page.waitForURL(/line=900054/)
  await page.locator('.marked').getByText('the dam is broken').waitFor()
  await page.getByRole('log').evaluate((log) => (log.scrollTop = log.scrollHeight))
  await page.getByText('drop 1000000 of the torrent').waitFor()
  assert.ok((await page.locator('[data-line]').count()) < 200, 'only what is seen is in the document')
  const [saved] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'download' }).click()])
  assert.equal(saved.suggestedFilename(), 'torrent.pour.1.log')
  assert.equal(readFileSync(await saved.path(), 'utf8').split('\n').length, 1_000_055)
  // Wrapped, a window of it is in the document; it says which, and goes wherever one wants to be.
  await page.getByRole('button', { name: 'wrap' }).click()
  await page.getByText(/^lines 999,\d+ to 1,000,054 of 1,000,054$/).waitFor()
  await page.getByLabel('Search the log').fill('drop 500000 of')
  await page.getByRole('status').filter({ hasText: /^1 of 1$/ }).waitFor()
  await page.keyboard.press('Enter')
  await page.getByText('drop 500000 of the torrent').waitFor()
  await page.getByText(/^lines \d+,\d+ to 500,\d+ of 1,000,054$/).waitFor()
  assert.ok((await page.locator('[data-line]').count()) <= 300, 'only a window of it is in the document')
  await page.getByRole('button', { name: 'copy', exact: true }).click()
  await page.getByText('too long to copy').waitFor()
  // Asked for at once: the answer is of the whole.
  await page.goto(`${server.url}/${run_path('torrent', state.torrent, 'tasks', 'pour')}`)
  await page.getByRole('button', { name: 'first error' }).click()
  await page.waitForURL(/line=900054/)
  assert.deepEqual(page.faults, [])
  await page.context().close()
})

test('of a log of a hundred megabytes only what is seen is read, and the server searches the rest', async () => {
  const page = await open({ path: run_path('flood', state.flood, 'tasks', 'pour') })
  await page.getByText(/^1,388,\d+ lines$/).waitFor()
  await page.getByText('that it leaves behind').first().waitFor()
  const read = async () => (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
  const sizes = []
  page.on('response', (response) => response.url().includes('/logs/') && sizes.push(response.body().then((body) => body.length, () => 0)))
  await page.getByLabel('Search the log').fill('NEEDLE')
  await page.getByRole('status').filter({ hasText: /^1 of 1$/ }).waitFor()
  await page.locator('[data-line]').getByText('the needle').waitFor() // it goes there by itself
  const number = Number(await page.locator('[data-line]', { hasText: 'the needle' }).getAttribute('data-line')) + 1
  assert.ok((await read()) < 1_000_000, `${await read()} bytes were read`)
  await page.goto(`${server.url}/${run_path('flood', state.flood, 'tasks', 'pour')}?line=${number}`)
  await page.locator('.marked').getByText('the needle').waitFor()
  // More matches than the page keeps the places of: the next one is asked for.
  await page.goto(`${server.url}/${run_path('flood', state.flood, 'tasks', 'pour')}`)
  await page.getByLabel('Search the log').fill('flood')
  await page.getByRole('status').filter({ hasText: /^1 of 1,38\d,\d+$/ }).waitFor()
  await page.getByRole('button', { name: 'Previous' }).click()
  await page.getByRole('status').filter({ hasText: /^line 1,38\d,\d+ of 1,38\d,\d+$/ }).waitFor()
  assert.deepEqual(page.faults, [])
  await page.context().close()
})

test('an address that is none says so as a page', async () => {
  for (const path of ['dags/nosuch/xyz', 'nosuch', 'pools/nosuch']) {
    const page = await open({ path })
    await page.getByRole('heading', { name: 'There is no such page' }).waitFor()
    await page.getByRole('link', { name: 'Home', exact: true }).first().waitFor()
    await page.context().close()
  }
})

test('two tabs share one stream, and both see what happens', async () => {
  const one = await open({ path: 'runs' })
  await one.getByText('live', { exact: true }).waitFor()
  const two = await one.context().newPage()
  const streams = []
  two.on('request', (request) => request.url().endsWith('/events') && streams.push(request.url()))
  await two.goto(`${server.url}/runs`)
  await two.getByText('live', { exact: true }).waitFor()
  const run = await server.run('broken', { state: 'failed' })
  await Promise.all([one, two].map((page) => page.getByRole('link', { name: run }).waitFor()))
  assert.deepEqual(streams, [])
  await one.close()
  const next = await server.run('broken', { state: 'failed' }) // the other takes the stream over
  await two.getByRole('link', { name: next }).waitFor()
  await two.context().close()
})

test('behind a prefix everything is below it', async () => {
  const proxy = createServer((incoming, outgoing) => {
    if (!incoming.url.startsWith('/here/it/is/')) return outgoing.writeHead(404).end()
    const headers = { ...incoming.headers, host: new URL(server.url).host }
    const onward = http_request(server.url + incoming.url.slice('/here/it/is'.length), { method: incoming.method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode, answer.headers)
      answer.pipe(outgoing)
    })
    onward.on('error', () => outgoing.destroy())
    incoming.pipe(onward)
    outgoing.on('close', () => onward.destroy())
  })
  await new Promise((done) => proxy.listen(0, '127.0.0.1', done))
  const base = `http://127.0.0.1:${proxy.address().port}/here/it/is`
  const page = await open({ base, path: pages.log })
  await page.getByText('connecting to host').waitFor()
  await page.getByRole('link', { name: 'broken', exact: true }).click()
  await page.getByRole('heading', { name: 'broken' }).waitFor()
  assert.ok(page.url().startsWith(`${base}/dags/broken`))
  assert.deepEqual(page.asked.filter((url) => !url.startsWith(base) && !url.startsWith('data:')), [])
  assert.deepEqual(page.faults, [])
  await page.context().close()
  proxy.closeAllConnections()
  proxy.close()
})

/** Between a browser and the server: when it is cut, what is sent is swallowed, and nobody is told. */
async function network() {
  const self = { isCut: false, sockets: new Set() }
  const listener = createTcpServer((incoming) => {
    const onward = connect(Number(new URL(server.url).port), '127.0.0.1')
    for (const [from, to] of [[incoming, onward], [onward, incoming]]) {
      self.sockets.add(from)
      from.on('data', (bytes) => self.isCut || to.write(bytes))
      from.on('error', () => to.destroy())
      // That an end has gone is not heard through a cut network either.
      from.on('close', () => self.isCut || to.destroy())
    }
  })
  await new Promise((done) => listener.listen(0, '127.0.0.1', done))
  self.url = `http://127.0.0.1:${listener.address().port}`
  self.heal = () => {
    self.isCut = false
    for (const socket of self.sockets) socket.destroy()
    self.sockets.clear()
  }
  self.close = () => {
    self.heal()
    listener.close()
  }
  return self
}

test('scenario 12: a network that is cut is told within five seconds, nothing counts on, and after another server nothing was missed', async () => {
  const between = await network()
  const running = await server.run('long', { state: 'running' })
  const runs = await open({ base: between.url, path: 'runs' })
  await runs.getByText('live', { exact: true }).waitFor()
  const run = await runs.context().newPage()
  await run.goto(`${between.url}/${run_path('long', running)}`)
  await run.getByText('live', { exact: true }).waitFor()
  const took = run.locator('dl').getByText(/^\d.*s$/)
  await took.waitFor()
  const cut_at = Date.now()
  between.isCut = true
  await Promise.all([runs, run].map((page) => page.getByText('not connected').waitFor()))
  assert.ok(Date.now() - cut_at <= 5000, `told after ${Date.now() - cut_at} ms`)
  const stood = await took.innerText()
  const { port } = new URL(server.url)
  await server.end()
  await server.begin(`127.0.0.1:${port}`)
  const missed = await server.run('broken', { state: 'failed' })
  assert.equal(await took.innerText(), stood, 'a time counted on while nothing was known')
  between.heal()
  await Promise.all([runs, run].map((page) => page.getByText('live', { exact: true }).waitFor()))
  await runs.getByRole('link', { name: missed }).waitFor()
  await until('the clock', async () => (await took.innerText()) !== stood)
  await run.getByRole('button', { name: 'Stop' }).click() // the same login: it may change something
  await run.getByRole('button', { name: 'Stop the run' }).click()
  await run.locator('header').getByText('failed', { exact: true }).waitFor()
  assert.equal(await runs.getByText('prints a link').count(), 0)
  await runs.context().close()
  between.close()
})

// Last: it ends the server.
test('a server that is gone is told, and the page heals by itself', async () => {
  const page = await open({ path: 'dags' })
  await page.getByText('live', { exact: true }).waitFor()
  const { port } = new URL(server.url)
  await server.end()
  await page.getByText('not connected').waitFor()
  await page.getByText(/has not answered for [2-9]\.\ds/).waitFor() // and that counts on
  await page.getByRole('link', { name: 'Pools', exact: true }).click() // a part that was never loaded
  await page.getByRole('heading', { name: 'could not be loaded' }).waitFor()
  await server.begin(`127.0.0.1:${port}`)
  await page.getByRole('heading', { name: 'Pools', exact: true }).waitFor() // by itself
  await page.getByText('live', { exact: true }).waitFor()
  await page.getByRole('link', { name: 'DAGs', exact: true }).click()
  await page.getByRole('link', { name: 'nightly', exact: true }).waitFor()
  await page.context().close()
})
