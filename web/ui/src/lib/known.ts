// DAGs and runs that a list has told: the page of one of them begins with that instead of asking again.
import type { Dag, Run } from '../api/shapes'

const kFreshMs = 10_000 // changes are not followed for what no page shows
const dags = new Map<string, { at: number; dag: Dag }>()
const runs = new Map<string, { at: number; run: Run }>()

export const known = {
  addDags(list: Dag[]): void {
    dags.clear()
    for (const dag of list) dags.set(dag.dag_id, { at: Date.now(), dag })
  },
  addRuns(list: Run[]): void {
    runs.clear()
    for (const run of list) runs.set(`${run.dag_id}\n${run.dag_run_id}`, { at: Date.now(), run })
  },
  dag(id: string): Dag | undefined {
    const found = dags.get(id)
    return found && Date.now() - found.at < kFreshMs ? found.dag : undefined
  },
  run(dagId: string, runId: string): Run | undefined {
    const found = runs.get(`${dagId}\n${runId}`)
    return found && Date.now() - found.at < kFreshMs ? found.run : undefined
  },
}
