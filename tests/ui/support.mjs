// A real server in a folder of its own, and Debian's Chromium to look at it. Nothing here waits for a fixed time:
// what is waited for is named. UI_DIR: a folder that is served as the page instead of the one within the binary.
import { spawn } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))
export const page_folder = join(root, 'web/ui')
const require = createRequire(join(page_folder, 'package.json'))
export const { chromium } = require('playwright-core')
export const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8')

const kWaitMs = 60_000
const kLookMs = 50

export async function until(what, look, wait_ms = kWaitMs) {
  const end = Date.now() + wait_ms
  for (;;) {
    const found = await look()
    if (found) return found
    if (Date.now() > end) throw new Error(`${what} did not come`)
    await new Promise((done) => setTimeout(done, kLookMs))
  }
}

/** Chromium by its usual names, or undefined. */
export const browser_path = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync)

export class Server {
  static async start({ dags = join(root, 'tests/ui/dags'), args = [] } = {}) {
    const self = new Server()
    self.folder = mkdtempSync(join(tmpdir(), 'baton-ui-'))
    cpSync(dags, join(self.folder, 'dags'), { recursive: true })
    self.args = process.env.UI_DIR && !args.includes('--ui-dir') ? [...args, '--ui-dir', process.env.UI_DIR] : args
    await self.begin('127.0.0.1:0')
    return self
  }

  async begin(listen) {
    const binary = process.env.BATON ?? join(root, 'build/release/baton')
    this.process = spawn(binary, ['server', '--listen', listen, ...this.args], { cwd: this.folder, stdio: ['ignore', 'pipe', 'ignore'] })
    let said = ''
    this.process.stdout.on('data', (text) => (said += text))
    this.link = await until('the login link', () => /login\s+(\S+)/.exec(said)?.[1])
    this.url = new URL(this.link).origin
    this.token = readFileSync(join(this.folder, '.baton/admin.token'), 'utf8').trim()
  }

  async end() {
    if (this.process.exitCode !== null) return
    const gone = new Promise((done) => this.process.once('exit', done))
    this.process.kill('SIGTERM')
    await gone
  }

  async close() {
    await this.end()
    rmSync(this.folder, { recursive: true, force: true })
  }

  async ask(method, path, body) {
    const response = await fetch(this.url + path, {
      method,
      headers: { Authorization: `Bearer ${this.token}`, 'Content-Type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
    return text ? JSON.parse(text) : null
  }

  /** Triggers a run; with `state`, waits for that. */
  async run(dag, { conf = {}, state, ...more } = {}) {
    await until(`the DAG ${dag}`, () => this.ask('GET', `/api/v2/dags/${dag}`).catch(() => null))
    const run = await this.ask('POST', `/api/v2/dags/${dag}/dagRuns`, { logical_date: null, conf, ...more })
    const path = `/api/v2/dags/${dag}/dagRuns/${encodeURIComponent(run.dag_run_id)}`
    if (state) await until(`${dag} ${state}`, async () => (await this.ask('GET', path)).state === state)
    return run.dag_run_id
  }
}

export const run_path = (dag, run, ...more) => ['dags', dag, 'runs', run, ...more].map(encodeURIComponent).join('/')
