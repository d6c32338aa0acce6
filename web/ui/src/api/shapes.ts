// Shapes of answers, by the names that the page uses. What the description of the API has comes from there.
import type { Schemas } from '../lib/api'
import type { Cell } from '../lib/states'

export type Run = Schemas['Run']
export type RunList = Schemas['RunList']
export type Instance = Schemas['Instance']
export type InstanceList = Schemas['InstanceList']
export type Try = Schemas['Try']
export type Pool = Schemas['Pool']

export type RecentRun = Schemas['RecentRun']
export type Dag = Schemas['Dag']
export type DagList = Schemas['DagList']

export interface Home {
  frozen: { since: string | null; actor: string | null; reason: string | null } | null
  health: { scheduler: string; store: string; lateness_seconds: number }
  counts: {
    dags: number
    paused: number
    running_runs: number
    queued_runs: number
    failed_runs_24h: number
    import_errors: number
    approvals: number
    dead_letters: number
  }
  failed: {
    dag_id: string
    dag_run_id: string
    run_type: string
    logical_date: string | null
    start_date: string | null
    end_date: string | null
    state_reason: string | null
    task_id: string | null
    map_index: number | null
    try_number: number | null
    tail: string | null
  }[]
  running: {
    dag_id: string
    dag_run_id: string
    run_type: string
    logical_date: string | null
    start_date: string | null
    tasks_done: number
    tasks_total: number
    due_at: string | null
    expected_at: string | null
  }[]
  next: { dag_id: string; logical_date: string | null; run_after: string }[]
  pools: { name: string; slots: number; occupied_slots: number; queued_slots: number }[]
  breakers: { name: string; state: 'open' | 'half_open'; until: string | null; reason: string | null }[]
  approvals: Schemas['HomeApproval'][]
  held_backfills?: { id: number; dag_id: string; queued: number; scheduled: number }[] // none from a server before it told
  workers: { worker: string; host: string | null; slots: number; running: number; state: string; since: string | null }[]
}

export interface GridTask {
  task_id: string
  task_display_name: string
  group: string | null
  is_mapped: boolean
}
export interface GridRun {
  dag_run_id: string
  state: string
  state_reason: string | null
  run_type: string
  logical_date: string | null
  run_after: string | null
  start_date: string | null
  end_date: string | null
  cells: Cell[]
}
export interface Tick {
  from: string
  to: string
  count: number
  reason: string
}
export interface Grid {
  tasks: GridTask[]
  runs: GridRun[]
  ticks: Tick[]
  total_entries: number
}

export interface GraphNode {
  task_id: string
  task_display_name: string
  group: string | null
  kind: string
  is_mapped: boolean
  x: number
  y: number
  width: number
  height: number
  state?: string | null
  states?: Record<string, number>
}
export interface Graph {
  width: number
  height: number
  nodes: GraphNode[]
  edges: { from: string; to: string; points: [number, number][] }[]
  groups: { group: string; x: number; y: number; width: number; height: number }[]
}

export interface Segment {
  reason: string
  start: string
  end: string | null
}
export interface Explain {
  dag_id: string
  dag_run_id: string
  state: string
  seconds: number
  critical_path: { task_id: string; map_index: number; seconds: number }[]
  shares: { reason: string; seconds: number }[]
  instances: { task_id: string; map_index: number; segments: Segment[] }[]
  eta: string | null
}

export interface Dependencies {
  dependencies: { name: string; reason: string }[]
  reasons: { kind: string; text: string; since: string | null; holders: string[] }[]
}

export interface Diff {
  changes: { what: string; before: string; after: string }[]
}

export interface ParamSchema {
  type?: string | string[]
  enum?: unknown[]
  minimum?: number
  maximum?: number
  minLength?: number
  maxLength?: number
  default?: unknown
  pattern?: string
  format?: string
  title?: string
}
export interface Param {
  value: unknown
  schema?: ParamSchema
  description?: string | null
}
export type DagDetails = Dag & { params?: Record<string, Param> | null; timezone?: string | null }

/** What a rehearsal of the days to come tells (`POST /simulate`): times in RFC 3339, spans in seconds. */
export interface Forecast {
  from: string
  to: string
  total: { runs: number; failed: number; open: number; tasks: number; misses: number }
  durations: { history: number; expect: number; unknown: number }
  slots: ForecastUse
  pools: ForecastUse[]
  use_seconds: number
  dags: { dag: string; runs: number; failed: number; open: number; tasks: number; run_seconds: number; longest_run_seconds: number; begin_wait_seconds: number; longest_begin_wait_seconds: number; waits_seconds: Record<string, number>; ticks_without_run: Record<string, number> }[]
  waits: { dag: string; task: string; for: string; names: string[]; times: number; seconds: number; longest_seconds: number }[]
  misses: { at: string; what: string; of: string; note: string }[]
  notes: string[]
  runs?: ForecastRun[]
}
export interface ForecastUse {
  pool: string | null
  slots: number
  peak: number
  mean: number
  full_seconds: number
  use: { mean: number; peak: number }[]
}
export interface ForecastRun {
  dag: string
  run: string
  type: string
  state: string
  created_at: string | null
  started_at: string | null
  ended_at: string | null
}
