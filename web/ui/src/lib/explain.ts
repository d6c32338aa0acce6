// What a run's time went into: the reasons that the server gives, in words, colours and order. Pure.
import type { Explain, Segment } from '../api/shapes'

export function reasonLook(reason: string): { word: string; color: string } {
  const [kind, name] = reason.split(/:(.*)/s)
  switch (kind) {
    case 'run':
      return { word: 'runs', color: '--running' }
    case 'dependency':
      return { word: 'waits for others', color: '--none' }
    case 'slots':
      return { word: 'waits for a slot', color: '--queued' }
    case 'pool':
      return { word: `waits for pool ${name}`, color: '--deferred' }
    case 'limit':
      return { word: `waits for limit ${name}`, color: '--upstream' }
    case 'commit':
      return { word: 'is written down', color: '--skipped' }
    case 'starting':
      return { word: 'starts', color: '--success' }
    case 'retry':
      return { word: 'waits to retry', color: '--retry' }
    default:
      return { word: reason.replaceAll('_', ' '), color: '--waiting' }
  }
}

export interface Bar {
  left: number // parts of the whole, 0 to 1
  width: number
  color: string
  text: string
}

export interface Span {
  from: number // ms
  to: number
}

/** From the first to the last moment of all segments; one that goes on ends now. */
export function spanOf(instances: Explain['instances'], now: number): Span {
  let from = Infinity
  let to = -Infinity
  for (const instance of instances) {
    for (const segment of instance.segments) {
      from = Math.min(from, Date.parse(segment.start))
      to = Math.max(to, segment.end ? Date.parse(segment.end) : now)
    }
  }
  return from <= to ? { from, to: Math.max(to, from + 1) } : { from: now, to: now + 1 }
}

export function barsOf(segments: Segment[], span: Span, now: number, say: (seconds: number) => string): Bar[] {
  const whole = span.to - span.from
  return segments.map((segment) => {
    const start = Date.parse(segment.start)
    const end = segment.end ? Date.parse(segment.end) : now
    const seen = reasonLook(segment.reason)
    return {
      left: (start - span.from) / whole,
      width: Math.max(0, end - start) / whole,
      color: seen.color,
      text: `${seen.word} ${say((end - start) / 1000)}`,
    }
  })
}

/** Round steps for the axis: at most about `most` of them, in seconds from the beginning. */
export function axis(seconds: number, most: number): number[] {
  const steps = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400]
  const step = steps.find((one) => seconds / one <= most) ?? Math.ceil(seconds / most / 86400) * 86400
  const out: number[] = []
  for (let k = 0; k * step <= seconds; k++) out.push(k * step)
  return out
}
