// The pictures of README.md: a week of dags/flights.dag.yaml, its grid and its last run, as a browser shows them.
//
//   BATON=build/release/baton node tests/ui/shots.mjs          writes docs/page-dag.png and docs/page-run.png
import { join } from 'node:path'
import { browse } from './browse.mjs'
import { Server, root, run_path, until } from './support.mjs'

const kDays = ['2001-02-12', '2001-02-13', '2001-02-14', '2001-02-15', '2001-02-16', '2001-02-17', '2001-02-18']
const kDayMs = 24 * 60 * 60 * 1000
const kWidth = 1200
const kHeight = 700

const server = await Server.start({ dags: join(root, 'dags'), args: ['--slots', '2'] })
try {
  const runs = []
  for (const day of kDays) {
    const end = new Date(Date.parse(day) + kDayMs).toISOString()
    runs.push(await server.run('flights', { dag_run_id: day, data_interval_start: `${day}T00:00:00Z`, data_interval_end: end }))
  }
  await until('the week', async () => {
    const { dag_runs } = await server.ask('GET', '/api/v2/dags/flights/dagRuns?limit=100')
    return dag_runs.length === runs.length && dag_runs.every((run) => run.state === 'success')
  }, 20 * 60_000)
  const { browser, open } = await browse(() => server)
  for (const [name, path] of [['page-dag', 'dags/flights'], ['page-run', run_path('flights', runs.at(-1))]]) {
    const page = await open({ width: kWidth, path })
    await page.setViewportSize({ width: kWidth, height: kHeight })
    await page.screenshot({ path: join(root, 'docs', `${name}.png`) })
    await page.context().close()
  }
  await browser.close()
} finally {
  await server.close()
}
