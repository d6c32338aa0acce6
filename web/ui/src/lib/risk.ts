// Whether a run that goes on will be through in time, as far as that is known. Pure.

export type Risk = 'late' | 'at risk' | ''

/** `due_at`: by the sla of its DAG; `expected_at`: as its last successes took. */
export function riskOf(run: { due_at: string | null; expected_at: string | null }, now: number): Risk {
  if (!run.due_at) return ''
  const due = Date.parse(run.due_at)
  if (now > due) return 'late'
  return run.expected_at && Date.parse(run.expected_at) > due ? 'at risk' : ''
}

/** Those first that need somebody; else as they came. */
export function riskFirst<Run extends { due_at: string | null; expected_at: string | null }>(runs: Run[], now: number): Run[] {
  const order = { late: 0, 'at risk': 1, '': 2 }
  return [...runs].sort((a, b) => order[riskOf(a, now)] - order[riskOf(b, now)])
}
