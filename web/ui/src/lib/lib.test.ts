// What computes, without a browser.
import { describe, expect, it } from 'vitest'
import type { Graph, GridRun, GridTask, Param } from '../api/shapes'
import { ansiSpans, ansiText, lastOfLine } from './ansi'
import { hunksOf, lineDiff } from './diff'
import { axis, barsOf, reasonLook, spanOf } from './explain'
import { foldGraph, groupAt, neighbour, nodeAt, reach, toMermaid, toSvg } from './graph'
import { countSteps, isoOf, localField, progressOf } from './backfill'
import { inBatches, outcomeOf } from './batches'
import { dayAfter, dayText, monthsOf, squaresOf, stateOf } from './calendar'
import { pointsOf, quantile, seriesPoints } from './charts'
import { isNumeric, readCsv } from './csv'
import { lanesOf, steps } from './forecast'
import { cellOf, rowsOf } from './grid'
import { Folds, Groups, LineStore, nextOf, scaleOf, windowAt } from './log'
import { bytes, number } from './numbers'
import { pauseOf } from './patience'
import { failedByDag, type Failed } from './home'
import { confOf, fieldsOf, fromField, isRequired, kindOf, problemOf, toField } from './params'
import { riskFirst, riskOf } from './risk'
import { cellText, look, ratio, tryText, worst } from './states'
import { detailsOf } from './details'
import { columnLabel, countLetters, letterWord, matrixOf, nearest, nextOpen, rowLabel } from './intervals'
import { duration, isMoment, lasted, local, localShort, otherZone, relative, utc } from './time'

describe('time', () => {
  it('says durations in two units at most', () => {
    expect([0, 0.34, 9.94, 9.96, 59.6, 65, 3599.6, 7800, 360_000].map(duration)).toEqual([
      '0ms', '340ms', '9.9s', '10s', '1m', '1m 05s', '1h', '2h 10m', '4d 4h',
    ]) // prettier-ignore
    expect(duration(-5)).toBe('0ms')
  })
  it('says how far off a moment is', () => {
    const now = 1_000_000_000_000
    expect([0, 400, -61_000, 7_200_000, -200_000_000].map((by) => relative(now + by, now))).toEqual([
      'now', 'now', '1m ago', 'in 2h', '2d ago',
    ]) // prettier-ignore
  })
  it('writes dates as the locale of the viewer does, by hand only where that says the same', () => {
    const at = new Date(2026, 2, 5, 9, 4, 7).getTime()
    const later = at + 40 * 86_400_000
    const clock = { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' } as const
    const day = { month: 'short', day: 'numeric' } as const
    for (const locale of ['en-US', 'en-GB', 'de-DE', 'fi-FI', 'ja-JP', 'ar-EG']) {
      const as = (options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(locale, options).format(at)
      expect(local(at, at, locale)).toBe(as(clock))
      expect(local(at, later, locale)).toBe(as({ ...day, ...clock }))
      expect(local(at, 0, locale)).toBe(as({ ...day, year: 'numeric', ...clock }))
      expect(localShort(at, later, locale)).toBe(as(day))
    }
    expect(local(at, later, 'de-DE')).toMatch(/^5\. März/)
  })
  it('knows a moment as the server writes it, and says it in the zone of a schedule', () => {
    expect(['2026-11-30T08:30:00Z', '2026-11-30T08:30:00.5+01:00', '2026-11-30', 'x', null].map(isMoment)).toEqual([true, true, false, false, false])
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone === 'Asia/Kolkata' ? 'Asia/Tokyo' : 'Asia/Kolkata'
    expect(otherZone(Date.parse('2026-11-30T08:30:00Z'), zone)).toMatch(zone === 'Asia/Kolkata' ? /14:00 Asia\/Kolkata$/ : /17:30 Asia\/Tokyo$/)
    expect([otherZone(0, Intl.DateTimeFormat().resolvedOptions().timeZone), otherZone(0, null), otherZone(0, 'No/Where')]).toEqual(['', '', ''])
  })
  it('tells details in words, without what is told twice', () => {
    expect(detailsOf({ dag_id: 'a', dag_display_name: 'a', tags: [{ name: 'x' }, { name: 'y' }], params: {}, map_index: -1, duration: 0.5, state_reason: 'timed_out', note: null })).toEqual([
      { name: 'DAG', value: 'a' }, { name: 'tags', value: 'x, y' }, { name: 'duration', value: '500ms' }, { name: 'reason of its state', value: 'timed out' },
    ]) // prettier-ignore
  })
  it('has UTC at hand, and knows what has not begun', () => {
    expect(utc(0)).toBe('1970-01-01 00:00:00Z')
    expect(lasted(null, null, 0)).toBeNull()
    expect(lasted('1970-01-01T00:00:00Z', null, 1500)).toBe(1.5)
  })
})

describe('states', () => {
  it('shows the worst of many', () => {
    expect(worst({ success: 3, failed: 1, running: 2 })).toBe('failed')
    expect(worst({ success: 3, failed: 0 })).toBe('success')
    expect(worst({})).toBeNull()
    expect(ratio({ success: 3, skipped: 1, failed: 1 })).toEqual({ done: 4, total: 5 })
  })
  it('says which try of how many, and never the second of one', () => {
    const of = (try_number: number, max_tries: number) => tryText({ try_number, max_tries })
    expect([of(1, 0), of(2, 0), of(2, 2), of(4, 2)]).toEqual(['1', '2', '2 of 3', '4'])
  })
  it('has a word for each, also for one that it does not know', () => {
    expect(cellText({ success: 3, failed: 1 })).toBe('3 success, 1 failed')
    expect(cellText(null)).toBe('not begun')
    expect(look('no such state').word).toBe('not begun')
    expect(look('constructor').word).toBe('not begun')
  })
})

describe('the grid', () => {
  const task = (task_id: string, group: string | null = null): GridTask => ({ task_id, task_display_name: task_id, group, is_mapped: false })
  const tasks = [task('a', 'g'), task('b'), task('g.c', 'g.h')]
  const run = { cells: ['success', null, { failed: 2 }] } as unknown as GridRun
  it('keeps groups together, also where their tasks lie apart', () => {
    expect(rowsOf(tasks, new Set()).map((row) => row.label)).toEqual(['g', 'a', 'c', 'b'])
  })
  it('folds a group to one row with the sum of its cells', () => {
    const rows = rowsOf(tasks, new Set(['g']))
    expect(rows.map((row) => row.label)).toEqual(['g', 'b'])
    expect(cellOf(run, rows[0]!)).toEqual({ success: 1, failed: 2 })
    expect(cellOf(run, rows[1]!)).toBeNull()
  })
})

describe('the graph', () => {
  const node = (task_id: string, x: number, y: number) => ({ task_id, task_display_name: task_id, group: null, kind: 'task', is_mapped: false, x, y, width: 10, height: 10 })
  const graph: Graph = {
    width: 100, height: 100, groups: [], // prettier-ignore
    nodes: [node('a', 0, 0), node('b', 40, 0), node('c', 40, 40), node('<d>&"', 80, 0)],
    edges: [['a', 'b'], ['a', 'c'], ['b', '<d>&"']].map(([from, to]) => ({ from: from!, to: to!, points: [[0, 0], [1, 1]] })), // prettier-ignore
  }
  it('finds nodes by place and by direction', () => {
    expect(nodeAt(graph, 45, 5)?.task_id).toBe('b')
    expect(nodeAt(graph, 20, 20)).toBeNull()
    expect(neighbour(graph, graph.nodes[0]!, 1, 0)?.task_id).toBe('b')
    expect(neighbour(graph, graph.nodes[1]!, 0, 1)?.task_id).toBe('c')
    expect(neighbour(graph, graph.nodes[0]!, -1, 0)).toBeNull()
  })
  it('tells what lies before and behind', () => {
    expect([...reach(graph, 'b', false)]).toEqual(['b', '<d>&"'])
    expect([...reach(graph, 'c', true)]).toEqual(['c', 'a'])
  })
  it('writes names as text, not as markup', () => {
    expect(toSvg(graph)).not.toContain('<d>')
    expect(toMermaid(graph)).toContain('t3["<d>&#quot;"]')
  })
})

describe('ansi', () => {
  const esc = '\x1b['
  it('makes spans of colours', () => {
    expect(ansiSpans(`a${esc}31;1mred${esc}0mb`)).toEqual([
      { text: 'a', classes: '' },
      { text: 'red', classes: 'fg-red t-bold' },
      { text: 'b', classes: '' },
    ])
    expect(ansiSpans(`${esc}38;5;196mx`)[0]!.classes).toBe('fg-red')
    expect(ansiSpans(`${esc}38;2;10;200;10mx${esc}39my`).map((span) => span.classes)).toEqual(['fg-green', ''])
  })
  it('leaves out what is no colour, and keeps markup as text', () => {
    expect(ansiText(`${esc}2Ka\x1b]8;;http://x\x07link\x1b]8;;\x07${esc}?25l`)).toBe('alink')
    expect(ansiSpans('<b>x</b>')).toEqual([{ text: '<b>x</b>', classes: '' }])
    expect(ansiText('a\x1b')).toBe('a\x1b')
  })
  it('shows what a progress bar ended with', () => {
    expect(lastOfLine('10%\r50%\r100%\r')).toBe('100%')
    expect(lastOfLine('plain')).toBe('plain')
  })
})

describe('params', () => {
  const params: Record<string, Param> = {
    region: { value: 'eu', schema: { type: 'string', enum: ['eu', 'us'] } },
    rows: { value: 10, schema: { type: ['integer', 'null'] } },
    full: { value: false, schema: { type: 'boolean' } },
    list: { value: [1, 2], schema: { type: 'array' } },
    text: { value: null, schema: { type: 'string' } },
  }
  it('has a field for each kind', () => {
    expect(Object.values(params).map(kindOf)).toEqual(['choice', 'integer', 'switch', 'json', 'text'])
    expect(kindOf({ value: 1.5 })).toBe('number')
  })
  it('sends only what differs from the defaults', () => {
    const fields = Object.fromEntries(Object.entries(params).map(([name, param]) => [name, toField(param, param.value)]))
    expect(confOf(params, fields)).toEqual({})
    expect(confOf(params, { ...fields, region: '"us"', rows: '5', full: 'true', list: '[]', text: 'x' })).toEqual({
      region: 'us', rows: 5, full: true, list: [], text: 'x', // prettier-ignore
    })
  })
  it('says what is wrong', () => {
    expect(() => fromField('rows', params.rows!, '1.5')).toThrow('rows: "1.5" is no integer')
    expect(() => fromField('list', params.list!, '[')).toThrow('list: no JSON')
  })
  it('knows what nobody but who triggers can say, and looks at it before it is sent', () => {
    const needed: Param = { value: null, schema: { type: 'string' } }
    expect([needed, { value: null, schema: { type: ['null', 'string'], default: null } }, { value: 'x', schema: { type: 'string', default: 'x' } }].map(isRequired)).toEqual([true, false, false])
    expect([problemOf('req', needed, ' '), problemOf('req', needed, 'x')]).toEqual(['is needed: it has no default', ''])
    const bounded: Param = { value: 1.5, schema: { type: 'number', minimum: 0.5, maximum: 2.5 } }
    expect(['0.4', '2.6', 'x', '2'].map((text) => problemOf('n', bounded, text))).toEqual(['is at least 0.5', 'is at most 2.5', '"x" is no number', ''])
    const short: Param = { value: 'ab', schema: { type: 'string', minLength: 2, maxLength: 3, pattern: '^a' } }
    expect(['a', 'abcd', 'ba', 'abc'].map((text) => problemOf('s', short, text))).toEqual(['has at least 2 characters', 'has at most 3 characters', 'is like ^a', ''])
    expect(fieldsOf({ go: { value: null, schema: { type: 'boolean' } }, req: needed })).toEqual({ go: 'false', req: '' })
  })
  it('has fields for days and moments, and takes a moment there and back', () => {
    const day: Param = { value: '2026-01-01', schema: { type: 'string', format: 'date' } }
    const moment: Param = { value: '2026-01-01T00:00:30Z', schema: { type: 'string', format: 'date-time' } }
    expect([kindOf(day), kindOf(moment)]).toEqual(['date', 'moment'])
    const field = toField(moment, moment.value)
    expect(field).toMatch(/^202[56]-\d\d-\d\dT\d\d:\d\d:30$/)
    expect(fromField('dt', moment, field)).toBe('2026-01-01T00:00:30.000Z')
    expect(confOf({ moment, day }, { moment: field, day: '2026-01-02' })).toEqual({ day: '2026-01-02' })
  })
})

describe('what failed', () => {
  it('has one entry for each DAG, in the order of its newest', () => {
    const of = (dag_id: string, dag_run_id: string) => ({ dag_id, dag_run_id }) as Failed
    const dags = failedByDag([of('a', '3'), of('b', '2'), of('a', '1'), of('a', '0')])
    expect(dags.map((one) => [one.newest.dag_id, one.newest.dag_run_id, one.others.length])).toEqual([['a', '3', 2], ['b', '2', 0]]) // prettier-ignore
  })
})

describe('the timeline', () => {
  const at = (s: number) => new Date(s * 1000).toISOString()
  const segments = [
    { reason: 'dependency', start: at(0), end: at(5) },
    { reason: 'run', start: at(5), end: null },
  ]
  it('has one bar for each reason, and they add up', () => {
    const span = spanOf([{ task_id: 'a', map_index: -1, segments }], 10_000)
    expect(span).toEqual({ from: 0, to: 10_000 })
    const bars = barsOf(segments, span, 10_000, duration)
    expect(bars.map((bar) => [bar.left, bar.width])).toEqual([[0, 0.5], [0.5, 0.5]]) // prettier-ignore
    expect(bars[0]!.text).toBe('waits for others 5.0s')
  })
  it('stands also with nothing in it', () => {
    expect(spanOf([], 7)).toEqual({ from: 7, to: 8 })
    expect(axis(0.001, 8)).toEqual([0, 0.001])
    expect(axis(60, 8)).toEqual([0, 10, 20, 30, 40, 50, 60])
  })
  it('names what held a task', () => {
    expect(reasonLook('pool:a:b').word).toBe('waits for pool a:b')
    expect(reasonLook('start_at').word).toBe('start at')
  })
})

describe('the difference of two files', () => {
  it('marks what went and what came', () => {
    expect(lineDiff('a\nb\nc\n', 'a\nx\nc\n').map((line) => line.mark + line.text)).toEqual([' a', '-b', '+x', ' c'])
    expect(lineDiff('a\n', 'a\n')).toEqual([{ mark: ' ', text: 'a' }])
  })
})

describe('backfill', () => {
  it('counts what a dry run says, and how far one is', () => {
    const step = (step: 'create' | 'clear' | 'done_before') => ({ logical_date: null, partition_key: null, partition_date: null, step })
    expect(countSteps([step('create'), step('clear'), step('create'), step('done_before')])).toEqual({
      create: 2, clear: 1, done_before: 1, in_flight: 0,
    }) // prettier-ignore
    expect(progressOf({ queued: 1, running: 2, success: 3, failed: 4 })).toEqual({ done: 7, total: 10 })
    expect(progressOf(undefined)).toEqual({ done: 0, total: 0 })
  })
  it('takes a moment through a field and back', () => {
    for (const at of [Date.UTC(2026, 2, 29, 1, 30), Date.UTC(2026, 9, 25, 0, 30), 0]) {
      expect(Date.parse(isoOf(localField(at)))).toBe(at)
    }
  })
})

describe('many at once', () => {
  it('does batches one after the other, keeps what was done, tells what was not, and stops', async () => {
    const sizes: number[] = []
    const items = Array.from({ length: 250 }, (_, k) => k)
    const outcome = await inBatches(items, async (batch) => {
      sizes.push(batch.length)
      if (batch[0] === 100) throw new Error('the server does not answer')
      return { done: batch.length - 1, errors: ['one is there already'] }
    }, () => true) // prettier-ignore
    expect(sizes).toEqual([100, 100, 50])
    expect(outcome).toEqual({ done: 148, errors: ['one is there already', 'the server does not answer', 'one is there already'] })
    const stopped = await inBatches(items, async (batch) => ({ done: batch.length, errors: [] }), (_, taken) => taken < 200)
    expect(stopped.done).toBe(200)
  })
  it('reads what an answer says', () => {
    const errors = [{ error: 'it is gone', status_code: 404 }, { error: 'is no state', status_code: 422 }]
    expect(outcomeOf({ success: ['a', 'b'], errors }, (problem) => JSON.stringify(problem))).toEqual({
      done: 2, errors: ['{"detail":"it is gone"}', '{"detail":"is no state"}'],
    }) // prettier-ignore
  })
})

describe('calendar', () => {
  it('has every day of a year once, in weeks that begin on Monday', () => {
    const squares = squaresOf(2024)
    expect(squares.length).toBe(366)
    expect(squares[0]).toEqual({ date: '2024-01-01', week: 0, weekday: 0 })
    expect(squares.find((one) => one.date === '2024-02-29')).toEqual({ date: '2024-02-29', week: 8, weekday: 3 })
    expect(Math.max(...squares.map((one) => one.week))).toBeLessThan(54)
    expect(monthsOf(squares).length).toBe(12)
    expect([dayAfter('2024-02-28'), dayAfter('2025-12-31')]).toEqual(['2024-02-29', '2026-01-01'])
  })
  it('shows of a day what wants to be looked at', () => {
    const day = { date: '', queued: 1, running: 0, success: 5, failed: 0 }
    expect(stateOf(day)).toBe('queued')
    expect(stateOf({ ...day, failed: 1 })).toBe('failed')
    expect(stateOf(undefined)).toBe(null)
    expect(dayText(day)).toBe('1 queued, 5 success')
    expect(dayText(undefined)).toBe('no runs')
  })
})

describe('charts', () => {
  it('knows how long and how late', () => {
    const run = { dag_run_id: 'a', state: 'success', state_reason: null, run_type: 'scheduled', logical_date: null, cells: [] }
    const at = (second: number) => new Date(second * 1000).toISOString()
    const points = pointsOf([
      { ...run, run_after: at(100), start_date: null, end_date: null },
      { ...run, run_after: at(10), start_date: at(13), end_date: at(20) },
    ])
    expect(points.map((point) => [point.duration, point.wait])).toEqual([[7, 3], [null, null]]) // prettier-ignore
    expect([quantile([3, null, 1, 2], 0.5), quantile([], 0.5)]).toEqual([2, null])
  })
})

describe('log', () => {
  const of = (...groups: [number, number][]) => {
    const all = new Groups()
    for (const [start, end] of groups) all.add({ start, end, name: String(start) })
    return all
  }
  it('knows the group of a line, and one that grows stays the same', () => {
    const groups = of([1, 4], [6, 7], [8, 9])
    expect([0, 1, 4, 5, 7, 9, 10].map((line) => groups.of(line)?.name ?? '')).toEqual(['', '1', '1', '', '6', '8', ''])
    const last = groups.all[2]
    groups.add({ start: 8, end: 20, name: '8' })
    expect([groups.all.length, groups.all[2] === last, groups.of(15)?.name]).toEqual([3, true, '8'])
  })
  it('folds: rows and lines lead to each other', () => {
    const folds = new Folds(10, of([1, 4], [6, 8]).all)
    const shown = [0, 1, 5, 6, 9]
    expect(folds.rows).toBe(shown.length)
    expect(shown.map((_, row) => folds.lineOf(row))).toEqual(shown)
    expect(Array.from({ length: 10 }, (_, line) => folds.rowOf(line))).toEqual([0, 1, 1, 1, 1, 2, 3, 3, 3, 4])
    expect(new Folds(3, []).lineOf(2)).toBe(2)
  })
  it('keeps the lines that were looked at last', () => {
    const store = new LineStore()
    const line = (text: string) => ({ text, time: null, isWhole: true, cut: 0 })
    for (const k of [0, 1, 5_000_000]) store.put(k, line(String(k)))
    expect([store.get(5_000_000)?.text, store.missing([0, 1]), store.missing([0, 1, 2, 3])]).toEqual(['5000000', -1, 2])
    for (let k = 0; k < 300; k++) store.put(10_000 + k * 256, line('x'))
    expect([store.get(0), store.get(10_000 + 299 * 256)?.text]).toEqual([undefined, 'x'])
  })
  it('finds the next of sorted numbers, either way', () => {
    const found = [3, 7, 9]
    expect([nextOf(found, 0, 1), nextOf(found, 3, 1), nextOf(found, 9, 1)]).toEqual([3, 7, undefined])
    expect([nextOf(found, 3, -1), nextOf(found, 8, -1), nextOf(found, 100, -1)]).toEqual([undefined, 7, 9])
  })
  it('has a window around a row, within all rows', () => {
    expect([windowAt(0, 300, 1000), windowAt(500, 300, 1000), windowAt(999, 300, 1000), windowAt(5, 300, 20)]).toEqual([0, 350, 700, 0])
  })
  it('stays below what a browser can scroll, and reaches the last line', () => {
    expect(scaleOf(1000, 18, 400)).toEqual({ space: 18_000, scale: 1 })
    const { space, scale } = scaleOf(5_000_000, 18, 400)
    expect(space).toBeLessThan(16_000_000)
    expect((space - 400) * scale).toBeCloseTo(5_000_000 * 18 - 400)
  })
})

describe('a folded graph', () => {
  const node = (task_id: string, group: string | null, x: number, state?: string) =>
    ({ task_id, task_display_name: task_id, group, kind: 'task', is_mapped: false, x, y: 20, width: 50, height: 30, state }) // prettier-ignore
  const edge = (from: string, to: string) => ({ from, to, points: [[0, 0], [1, 1]] as [number, number][] }) // prettier-ignore
  const graph = {
    width: 400, height: 100,
    nodes: [node('a', null, 0), node('b', 'g', 100, 'failed'), node('c', 'g.h', 200, 'success'), node('d', null, 330)],
    edges: [edge('a', 'b'), edge('a', 'c'), edge('b', 'c'), edge('c', 'd')],
    groups: [{ group: 'g', x: 90, y: 0, width: 200, height: 80 }, { group: 'g.h', x: 190, y: 10, width: 80, height: 60 }],
  } // prettier-ignore
  it('has one node for a group and all within, in its place, and each edge once', () => {
    const folded = foldGraph(graph, new Set(['g', 'g.h', 'gone']))
    expect(folded.nodes.map((one) => one.task_id)).toEqual(['a', 'd', 'group:g'])
    const stand = folded.nodes[2]!
    expect([stand.task_display_name, stand.states, stand.x + stand.width / 2]).toEqual(['g (2)', { failed: 1, success: 1 }, 190])
    expect(folded.edges.map((one) => `${one.from} ${one.to}`)).toEqual(['a group:g', 'group:g d'])
    expect(folded.groups).toEqual([])
    expect(foldGraph(graph, new Set())).toBe(graph)
    expect(foldGraph(graph, new Set(['g.h'])).nodes.map((one) => one.task_id)).toEqual(['a', 'b', 'd', 'group:g.h'])
  })
  it('is folded by the head of its box, of the innermost', () => {
    expect([groupAt(graph, 100, 5), groupAt(graph, 200, 15), groupAt(graph, 100, 60)]).toEqual(['g', 'g.h', null])
  })
})

describe('hunks', () => {
  it('fold what is the same far from what differs, until it is opened', () => {
    const text = (changed: string) => [...Array.from({ length: 20 }, (_, k) => `l${k}`), changed, ...Array.from({ length: 20 }, (_, k) => `m${k}`)].join('\n')
    const diff = lineDiff(text('a'), text('b'))
    const hunks = hunksOf(diff, new Set())
    expect(hunks.map((one) => [one.at, one.hidden, one.lines.length])).toEqual([[0, 17, 17], [17, 0, 8], [25, 17, 17]]) // prettier-ignore
    expect(hunksOf(diff, new Set([25])).map((one) => one.hidden)).toEqual([17, 0, 0])
    expect(hunksOf(lineDiff('a', 'a'), new Set())).toEqual([{ at: 0, lines: [{ mark: ' ', text: 'a' }], hidden: 0 }])
  })
})

describe('tables and numbers of tasks', () => {
  it('reads CSV with quotes, other separators, and no more rows than asked for', () => {
    expect(readCsv('\uFEFFa,"b ""x"""\r\n1,"two\nlines"\r\n\r\n', 10)).toEqual({ head: ['a', 'b "x"'], rows: [['1', 'two\nlines']], isCut: false })
    expect(readCsv('a;b\n1,5;2\n', 10).rows).toEqual([['1,5', '2']])
    expect(readCsv('a\n1\n2\n3', 2)).toEqual({ head: ['a'], rows: [['1'], ['2']], isCut: true })
    expect(readCsv('', 2)).toEqual({ head: [], rows: [], isCut: false })
  })
  it('knows a column of numbers', () => {
    const rows = [['1', 'x'], ['-2.5e3', '3'], ['', ''], ['12%', '4']]
    expect([isNumeric(rows, 0), isNumeric(rows, 1), isNumeric([], 0)]).toEqual([true, false, false])
  })
  it('says sizes and numbers shortly', () => {
    expect([0, 999, 1400, 64_000_000].map(bytes)).toEqual(['0 B', '999 B', '1.4 KB', '64 MB'])
    expect([42, 0.0314159265, 12345.678].map(number)).toEqual(['42', '0.031416', '12,346'])
  })
  it('puts a series on the runs of a grid, the oldest first, from its first value on', () => {
    const runs = ['c', 'b', 'a', '0'].map((dag_run_id) => ({ dag_run_id, state: 'success' }) as unknown as GridRun)
    const points = seriesPoints(runs, [{ dag_run_id: 'c', value: 3 }, { dag_run_id: 'a', value: 1 }, { dag_run_id: 'gone', value: 9 }])
    expect(points.map((point) => [point.run.dag_run_id, point.value])).toEqual([['a', 1], ['b', null], ['c', 3]])
  })
})

describe('patience', () => {
  const told = (status: number, after?: string) => pauseOf({ status, headers: new Headers(after === undefined ? {} : { 'Retry-After': after }) })
  it('waits once where a busy server says for how long, and not for ever', () => {
    expect([told(503, '2'), told(503, '0'), told(503), told(503, 'soon'), told(503, '3600'), told(500, '2')]).toEqual([2000, 0, null, null, null, null])
  })
})

describe('what is to come', () => {
  const run = (dag: string, created: string, started: string | null, ended: string | null, state = 'success') =>
    ({ dag, run: created, type: 'scheduled', state, created_at: created, started_at: started, ended_at: ended })
  const at = (time: string) => `2026-01-01T${time}:00Z`
  it('has a lane for each DAG, joins what is too close, keeps the bad and the late', () => {
    const runs = [
      run('b', at('06:00'), at('06:00'), at('12:00')),
      run('a', at('00:00'), at('00:05'), at('00:06'), 'failed'),
      run('a', at('00:07'), at('00:07'), at('00:08')),
      run('a', at('18:00'), null, null),
    ]
    const lanes = lanesOf(runs, Date.parse(at('00:00')), Date.parse('2026-01-02T00:00:00Z'), 0.01)
    expect(lanes.map((lane) => [lane.dag, lane.runs, lane.bars.map((bar) => [bar.count, bar.isBad, bar.waited])])).toEqual([
      ['a', 3, [[2, true, 300], [1, false, 0]]],
      ['b', 1, [[1, false, 0]]],
    ]) // prettier-ignore
    expect(lanes[1]!.bars[0]).toMatchObject({ left: 0.25, width: 0.25 })
  })
  it('draws how full it gets in steps', () => {
    expect(steps([{ mean: 1, peak: 2 }, { mean: 0, peak: 0 }], 4, 'mean', 10, 8)).toBe('0,8 0.0,6.0 5.0,6.0 5.0,8.0 10.0,8.0 10,8')
  })
})

describe('whether a run is in time', () => {
  const run = (due: number | null, expected: number | null) => {
    const text = (at: number | null) => (at === null ? null : new Date(at).toISOString())
    return { due_at: text(due), expected_at: text(expected) }
  }
  it('is late past its time, at risk where its last runs took longer, else not told', () => {
    expect([run(100, 50), run(300, 400), run(300, 300), run(300, null), run(null, 900)].map((one) => riskOf(one, 200))).toEqual(['late', 'at risk', '', '', ''])
  })
  it('comes first where it needs somebody', () => {
    const runs = [run(null, 1), run(300, 400), run(100, null)]
    expect(riskFirst(runs, 200)).toEqual([runs[2], runs[1], runs[0]])
  })
})

describe('intervals', () => {
  const kMinute = 60_000
  const told = (dates: number[], states = 's'.repeat(dates.length)) => ({ dates: dates.map((at, k) => at - (k > 0 ? dates[k - 1]! : 0)), states, is_whole: true })
  const every = (from: string, gap: number, count: number) => Array.from({ length: count }, (_, k) => Date.parse(from) + k * gap)
  const places = (dates: number[]) => {
    const matrix = matrixOf(told(dates))
    return { unit: matrix.unit, rows: [...matrix.starts].map((start) => rowLabel(start, matrix.unit)), columns: [...matrix.column] }
  }
  it('lays out what comes every few minutes, hours, days, weeks, months', () => {
    expect(places(every('2026-01-01T23:50:00Z', 5 * kMinute, 4))).toEqual({ unit: 'day', rows: ['2026-01-01', '2026-01-02'], columns: [286, 287, 0, 1] })
    expect(places(every('2026-01-01T22:00:00Z', 60 * kMinute, 3))).toEqual({ unit: 'day', rows: ['2026-01-01', '2026-01-02'], columns: [22, 23, 0] })
    expect(places(every('2026-01-01T22:59:00Z', kMinute, 2)).rows).toEqual(['01-01 22h', '01-01 23h'])
    expect(places(every('2026-01-30T06:00:00Z', 1440 * kMinute, 3))).toEqual({ unit: 'month', rows: ['2026-01', '2026-02'], columns: [29, 30, 0] })
    const months = ['2025-11', '2025-12', '2026-01', '2026-02'].map((month) => Date.parse(`${month}-01T00:00:00Z`))
    expect(places(months)).toEqual({ unit: 'year', rows: ['2025', '2026'], columns: [10, 11, 0, 1] })
    expect(places(every('2026-01-04T00:00:00Z', 7 * 1440 * kMinute, 3)).columns).toEqual([0, 1, 2])
  })
  it('gives each interval a cell of its own where clocks change or a date by hand lies between', () => {
    // Midnight in London over the last Sunday of March: 29th 00:00Z, then 23:00Z of the same day.
    const london = ['2026-03-28T00:00:00Z', '2026-03-29T00:00:00Z', '2026-03-29T23:00:00Z', '2026-03-30T23:00:00Z'].map((at) => Date.parse(at))
    expect(places(london).columns).toEqual([27, 28, 29, 30])
    const hours = every('2026-01-01T00:00:00Z', 60 * kMinute, 24)
    const mixed = [...hours.slice(0, 3), hours[2]! + 5000, ...hours.slice(3)]
    const { columns, unit } = places(mixed)
    expect(unit).toBe('day')
    expect(new Set(columns).size).toBe(25)
  })
  it('takes a hundred thousand of five minutes in a moment, and none', () => {
    const many = matrixOf(told(every('2026-01-01T00:00:00Z', 5 * kMinute, 100_000)))
    expect([many.columns, many.starts.length]).toEqual([288, 348])
    expect(matrixOf(told([])).starts.length).toBe(0)
  })
  it('finds what lies at a place, and what is left to do', () => {
    const matrix = matrixOf(told([...every('2026-01-01T00:00:00Z', 60 * kMinute, 24), ...every('2026-01-02T10:00:00Z', 60 * kMinute, 5)]))
    expect([nearest(matrix, 0, 5), nearest(matrix, 1, 0), nearest(matrix, 1, 12), nearest(matrix, 1, 23), nearest(matrix, 2, 0)]).toEqual([5, 24, 26, 28, -1])
    expect([nextOpen('ssfs-', -1), nextOpen('ssfs-', 2), nextOpen('ssfs-', 4), nextOpen('ss', 0)]).toEqual([2, 4, 2, -1])
    expect(countLetters('ssf-.')).toEqual({ s: 2, f: 1, r: 0, q: 0, '-': 1, '.': 1 })
    expect(['f', 's', '-', '.'].map(letterWord)).toEqual(['failed', 'success', 'no run', 'to come'])
    expect([0, 1, 3, 6].map((column) => columnLabel(column, matrix))).toEqual(['0', '', '3', '6'])
  })
})
