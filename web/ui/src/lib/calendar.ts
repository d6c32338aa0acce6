// A year as weeks of days, the way of a wall calendar on its side. Days are of UTC, as the server counts them. Pure.
import type { Schemas } from './api'

export type Day = Schemas['Calendar']['days'][number]
export interface Square {
  date: string // 2026-03-01
  week: number
  weekday: number // 0: Monday
}

const kDayMs = 86_400_000

export function squaresOf(year: number): Square[] {
  const squares: Square[] = []
  const first = (new Date(Date.UTC(year, 0, 1)).getUTCDay() + 6) % 7
  for (let at = Date.UTC(year, 0, 1), k = 0; at < Date.UTC(year + 1, 0, 1); at += kDayMs, k++) {
    squares.push({ date: new Date(at).toISOString().slice(0, 10), week: Math.floor((first + k) / 7), weekday: (first + k) % 7 })
  }
  return squares
}

/** The first week that each month is in. */
export function monthsOf(squares: Square[]): { month: number; week: number }[] {
  return squares.filter((one) => one.date.endsWith('-01')).map((one) => ({ month: Number(one.date.slice(5, 7)) - 1, week: one.week }))
}

/** One state for a day: what wants to be looked at comes first. */
export function stateOf(day: Day | undefined): 'failed' | 'running' | 'queued' | 'success' | null {
  if (!day) return null
  return day.failed > 0 ? 'failed' : day.running > 0 ? 'running' : day.queued > 0 ? 'queued' : day.success > 0 ? 'success' : null
}

export function dayText(day: Day | undefined): string {
  const parts = (['failed', 'running', 'queued', 'success'] as const).filter((state) => day && day[state] > 0)
  return day && parts.length > 0 ? parts.map((state) => `${day[state]} ${state}`).join(', ') : 'no runs'
}

export const dayAfter = (date: string) => new Date(Date.parse(date) + kDayMs).toISOString().slice(0, 10)
