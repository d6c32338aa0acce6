// The form of a trigger: fields from a DAG's params, and back to the conf that is sent. Pure.
import type { Param } from '../api/shapes'

export type Kind = 'switch' | 'choice' | 'integer' | 'number' | 'text' | 'json'

export function kindOf(param: Param): Kind {
  const schema = param.schema ?? {}
  if (schema.enum) return 'choice'
  const types = ([] as (string | undefined)[]).concat(schema.type ?? typeof param.value).filter((type) => type !== 'null')
  switch (types[0]) {
    case 'boolean':
      return 'switch'
    case 'integer':
      return 'integer'
    case 'number':
      return 'number'
    case 'string':
      return 'text'
    default:
      return 'json'
  }
}

/** What stands in the field. */
export function toField(param: Param, value: unknown): string {
  if (value === undefined || value === null) return ''
  const kind = kindOf(param)
  return kind === 'json' || kind === 'choice' ? JSON.stringify(value) : String(value)
}

/** The value of a field. Throws an Error whose text says what is wrong. */
export function fromField(name: string, param: Param, text: string): unknown {
  const kind = kindOf(param)
  if (kind === 'text') return text
  if (kind === 'switch') return text === 'true'
  if (text.trim() === '') return null
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
