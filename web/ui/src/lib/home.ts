// What the first view shows of what failed: one entry for each DAG, or one that fails every minute hides all others. Pure.
import type { Home } from '../api/shapes'

export type Failed = Home['failed'][number]
export interface FailedDag {
  newest: Failed
  others: Failed[] // before that one, of the same DAG
}

/** In the order of the newest of each. */
export function failedByDag(failed: Failed[]): FailedDag[] {
  const dags = new Map<string, FailedDag>()
  for (const one of failed) {
    const known = dags.get(one.dag_id)
    if (known) known.others.push(one)
    else dags.set(one.dag_id, { newest: one, others: [] })
  }
  return [...dags.values()]
}
