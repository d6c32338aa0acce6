// What can be done to many runs or task instances at once, and how all that match a filter are gathered first.
import type { Dag, DagList, Instance, InstanceList, Run, RunList } from '../api/shapes'
import { outcomeOf, type Outcome } from './batches'
import { get, patch, post, problemText, v2, withQuery, type Schemas, type Words } from './api'

export interface BulkAction<Item> {
  id: string
  word: string
  isDanger?: boolean
  needs: 'operator' | 'editor'
  /** Why it cannot be done to this one; empty: it can. */
  refuses: (item: Item) => string
  /** The task instances that would run again; null: the items themselves are all that changes. */
  preview?: (items: Item[]) => Promise<InstanceList>
  act: (items: Item[]) => Promise<Outcome>
}

export type RunRef = Pick<Run, 'dag_id' | 'dag_run_id' | 'state'>
export type InstanceRef = Pick<Instance, 'task_id' | 'map_index' | 'state'>

export type DagRef = Pick<Dag, 'dag_id' | 'is_paused'> & { state: null }

const kPage = 100 // the most that a list gives at once

/** All that a list lets through, page by page; `told` hears how many there are so far. */
async function gather<Row>(read: (offset: number) => Promise<{ rows: Row[]; total: number }>, told: (sofar: number, total: number) => void): Promise<Row[]> {
  const all: Row[] = []
  for (;;) {
    const { rows, total } = await read(all.length)
    all.push(...rows)
    told(all.length, total)
    if (rows.length < kPage || all.length >= total) return all
  }
}

export const gatherRuns = (dagId: string, words: Words, told: (sofar: number, total: number) => void): Promise<RunRef[]> =>
  gather(async (offset) => {
    const page = await get<RunList>(withQuery(v2('dags', dagId, 'dagRuns'), { ...words, limit: kPage, offset }))
    return { rows: page.dag_runs.map(({ dag_id, dag_run_id, state }) => ({ dag_id, dag_run_id, state })), total: page.total_entries }
  }, told)

export const gatherInstances = (dagId: string, runId: string, words: Words, told: (sofar: number, total: number) => void): Promise<InstanceRef[]> =>
  gather(async (offset) => {
    const page = await get<InstanceList>(withQuery(v2('dags', dagId, 'dagRuns', runId, 'taskInstances'), { ...words, limit: kPage, offset }))
    return { rows: page.task_instances.map(({ task_id, map_index, state }) => ({ task_id, map_index, state })), total: page.total_entries }
  }, told)

export const gatherDags = (words: Words, told: (sofar: number, total: number) => void): Promise<DagRef[]> =>
  gather(async (offset) => {
    const page = await get<DagList>(withQuery('api/v2/dags', { ...words, limit: kPage, offset }))
    return { rows: page.dags.map(({ dag_id, is_paused }) => ({ dag_id, is_paused, state: null })), total: page.total_entries }
  }, told)

const isOver = (state: string | null) => state === 'success' || state === 'failed'
const update = async (path: string, entities: object[]): Promise<Outcome> =>
  outcomeOf((await patch<Schemas['BulkAnswer']>(path, { actions: [{ action: 'update', entities }] })).update, problemText)

export function runActions(dagId: string): BulkAction<RunRef>[] {
  const path = v2('dags', dagId, 'dagRuns')
  const named = (runs: RunRef[]) => runs.map(({ dag_id, dag_run_id }) => ({ dag_id, dag_run_id }))
  const clear = (runs: RunRef[], only_failed: boolean, dry_run: boolean) =>
    post<InstanceList>(v2('dags', dagId, 'clearDagRuns'), { dag_runs: named(runs), only_failed, dry_run })
  const clearing = (only_failed: boolean) => ({
    preview: (runs: RunRef[]) => clear(runs, only_failed, true),
    act: async (runs: RunRef[]) => {
      await clear(runs, only_failed, false)
      return { done: runs.length, errors: [] }
    },
  })
  const mark = (state: string) => ({
    refuses: (run: RunRef) => (run.state === state ? `is ${state} already` : ''),
    act: (runs: RunRef[]) => update(path, named(runs).map((run) => ({ ...run, state }))), // prettier-ignore
  })
  return [
    { id: 'retry', word: 'Run again what failed', needs: 'operator', refuses: (run) => (run.state === 'failed' ? '' : 'has not failed'), ...clearing(true) },
    { id: 'clear', word: 'Run all of it again', needs: 'operator', refuses: () => '', ...clearing(false) },
    { id: 'success', word: 'Mark as success', needs: 'editor', ...mark('success') },
    { id: 'failed', word: 'Mark as failed', needs: 'editor', ...mark('failed') },
    {
      id: 'delete', word: 'Delete, with their logs', isDanger: true, needs: 'editor',
      refuses: (run) => (isOver(run.state) ? '' : 'has not ended'),
      act: async (runs) => {
        const answer = await patch<Schemas['BulkAnswer']>(path, { actions: [{ action: 'delete', entities: named(runs) }] })
        return outcomeOf(answer.delete, problemText)
      },
    },
  ] // prettier-ignore
}

export function instanceActions(dagId: string, runId: string): BulkAction<InstanceRef>[] {
  const path = v2('dags', dagId, 'dagRuns', runId, 'taskInstances')
  const clear = (items: InstanceRef[], include_downstream: boolean, dry_run: boolean) =>
    post<InstanceList>(v2('dags', dagId, 'clearTaskInstances'), {
      dry_run,
      dag_run_id: runId,
      task_ids: items.map((one) => (one.map_index >= 0 ? [one.task_id, one.map_index] : one.task_id)),
      only_failed: false,
      include_downstream,
      reset_dag_runs: true,
    })
  const clearing = (downstream: boolean) => ({
    preview: (items: InstanceRef[]) => clear(items, downstream, true),
    act: async (items: InstanceRef[]) => {
      await clear(items, downstream, false)
      return { done: items.length, errors: [] }
    },
  })
  const mark = (state: string): BulkAction<InstanceRef> => ({
    id: state,
    word: `Mark as ${state}`,
    needs: 'operator',
    refuses: (one) => (one.state === state ? `is ${state} already` : ''),
    act: (items) =>
      update(path, items.map(({ task_id, map_index }) => ({ task_id, new_state: state, ...(map_index >= 0 ? { map_index } : {}) }))), // prettier-ignore
  })
  return [
    { id: 'clear', word: 'Run again', needs: 'operator', refuses: () => '', ...clearing(false) },
    { id: 'onward', word: 'Run again, with what comes after', needs: 'operator', refuses: () => '', ...clearing(true) },
    mark('success'),
    mark('failed'),
  ]
}

/** There is no request for several named DAGs: each has its own, one after the other. */
async function each(dags: DagRef[], body: object): Promise<Outcome> {
  const outcome: Outcome = { done: 0, errors: [] }
  for (const { dag_id } of dags) {
    await patch(v2('dags', dag_id), body).then(
      () => outcome.done++,
      (error: Error) => outcome.errors.push(`${dag_id}: ${error.message}`),
    )
  }
  return outcome
}

export function dagActions(): BulkAction<DagRef>[] {
  return [
    { id: 'pause', word: 'Pause', needs: 'editor', refuses: (dag) => (dag.is_paused ? 'is paused already' : ''), act: (dags) => each(dags, { is_paused: true }) },
    { id: 'resume', word: 'Resume', needs: 'editor', refuses: (dag) => (dag.is_paused ? '' : 'is not paused'), act: (dags) => each(dags, { is_paused: false }) },
    { id: 'drain', word: 'Drain: what has begun ends, then pause', needs: 'editor', refuses: () => '', act: (dags) => each(dags, { draining: true }) },
  ] // prettier-ignore
}
