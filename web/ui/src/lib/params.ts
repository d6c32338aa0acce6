// The form of a trigger: fields from a DAG's params, and back to the conf that is sent. Pure, but for the zone of the viewer.
import type { Param } from '../api/shapes'

export type Kind = 'switch' | 'choice' | 'integer' | 'number' | 'text' | 'date' | 'moment' | 'json'

export function kindOf(param: Param): Kind {
  const schema = param.schema ?? {}
  if (schema.enum) return 'choice'
  const types = typesOf(param).filter((type) => type !== 'null')
  switch (types[0]) {
    case 'boolean':
      return 'switch'
    case 'integer':
      return 'integer'
    case 'number':
      return 'number'
    case 'string':
      return schema.format === 'date' ? 'date' : schema.format === 'date-time' ? 'moment' : 'text'
    default:
      return 'json'
  }
}

const typesOf = (param: Param) => ([] as (string | undefined)[]).concat(param.schema?.type ?? typeof param.value)

/** Nobody but who triggers can say it: it has no default, and none is no value for it. */
export function isRequired(param: Param): boolean {
  return (param.value === null || param.value === undefined) && !!param.schema && !('default' in param.schema) && !typesOf(param).includes('null') && param.schema.enum?.includes(null) !== true
}

/** A moment as `<input type=datetime-local>` holds it, to the second, in the zone of the viewer. */
function momentField(text: string): string {
  const ms = Date.parse(text)
  return Number.isNaN(ms) ? '' : new Date(ms - new Date(ms).getTimezoneOffset() * 60_000).toISOString().slice(0, 19)
}

/** What stands in the field. */
export function toField(param: Param, value: unknown): string {
  if (value === undefined || value === null) return ''
  const kind = kindOf(param)
  if (kind === 'moment') return momentField(String(value))
  return kind === 'json' || kind === 'choice' ? JSON.stringify(value) : String(value)
}

/** All fields, from a run before or the defaults. A switch that has neither is off, and sent as that. */
export function fieldsOf(params: Record<string, Param>, conf: Record<string, unknown> | null = null): Record<string, string> {
  return Object.fromEntries(
    Object.entries(params).map(([name, param]) => [name, toField(param, conf?.[name] ?? param.value) || (isRequired(param) && kindOf(param) === 'switch' ? 'false' : '')]),
  )
}

/** The value of a field. Throws an Error whose text says what is wrong. */
export function fromField(name: string, param: Param, text: string): unknown {
  const kind = kindOf(param)
  if (kind === 'text') return text
  if (kind === 'switch') return text === 'true'
  if (text.trim() === '') return null
  if (kind === 'date') return text
  if (kind === 'moment') {
    const ms = Date.parse(text)
    if (Number.isNaN(ms)) throw new Error(`${name}: "${text}" is no date and time`)
    return new Date(ms).toISOString()
  }
  if (kind === 'integer' || kind === 'number') {
    const number = Number(text)
    if (Number.isNaN(number) || (kind === 'integer' && !Number.isInteger(number))) throw new Error(`${name}: "${text}" is no ${kind}`)
    return number
  }
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new Error(`${name}: no JSON: ${(error as Error).message}`)
  }
}

/** What is wrong with what stands in a field, before anything is sent; empty: nothing that the page can see. */
export function problemOf(name: string, param: Param, text: string): string {
  if (text.trim() === '') return isRequired(param) && kindOf(param) !== 'switch' ? 'is needed: it has no default' : ''
  const { minimum, maximum, minLength, maxLength, pattern } = param.schema ?? {}
  let value: unknown
  try {
    value = fromField(name, param, text)
  } catch (error) {
    return (error as Error).message.slice(name.length + 2)
  }
  if (typeof value === 'number') {
    if (minimum !== undefined && value < minimum) return `is at least ${minimum}`
    if (maximum !== undefined && value > maximum) return `is at most ${maximum}`
  }
  if (typeof value === 'string' && kindOf(param) === 'text') {
    if (minLength !== undefined && value.length < minLength) return `has at least ${minLength} characters`
    if (maxLength !== undefined && value.length > maxLength) return `has at most ${maxLength} characters`
    try {
      if (pattern && !new RegExp(pattern, 'u').test(value)) return `is like ${pattern}`
    } catch {
      // a pattern that this browser does not read: the server looks
    }
  }
  return ''
}

/** Only what differs from the defaults: a default that changes later counts for runs that did not choose. */
export function confOf(params: Record<string, Param>, fields: Record<string, string>): Record<string, unknown> {
  const conf: Record<string, unknown> = {}
  for (const [name, param] of Object.entries(params)) {
    const text = fields[name] ?? ''
    if (text === toField(param, param.value)) continue
    conf[name] = fromField(name, param, text)
  }
  return conf
}
