// What the form of a backfill computes. Pure but for the zone of the viewer.
import type { Schemas } from './api'

type Interval = Schemas['BackfillPlan']['backfills'][number]
export type Step = NonNullable<Interval['step']>

export const stepWords: Record<Step, string> = {
  create: 'runs',
  clear: 'runs again',
  done_before: 'is done already',
  in_flight: 'is under way',
}

export function countSteps(intervals: Interval[]): Record<Step, number> {
  const counts: Record<Step, number> = { create: 0, clear: 0, done_before: 0, in_flight: 0 }
  for (const one of intervals) counts[one.step ?? 'create']++
  return counts
}

/** What `<input type=datetime-local>` holds, in the zone of the viewer, to the minute. */
export function localField(ms: number): string {
  const shifted = new Date(ms - new Date(ms).getTimezoneOffset() * 60_000)
  return shifted.toISOString().slice(0, 16)
}

export const isoOf = (field: string) => new Date(field).toISOString()

/** How far a backfill is: its runs by state; 0 to 1, of those that it has made and those that were there. */
export function progressOf(runs: Schemas['Backfill']['runs']): { done: number; total: number } {
  const { queued = 0, running = 0, success = 0, failed = 0 } = runs ?? {}
  return { done: success + failed, total: queued + running + success + failed }
}
