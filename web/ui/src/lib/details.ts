// Details of a DAG or a task instance by the words that the page uses. Pure.
import { reasonText } from './states'
import { duration } from './time'

const kWords: Record<string, string> = {
  dag_id: 'DAG', dag_run_id: 'run', task_id: 'task', map_index: 'item', rendered_map_index: 'item by name', fileloc: 'file',
  timetable_summary: 'schedule', timezone: 'zone of the schedule', last_parsed_time: 'last read', next_dagrun_logical_date: 'next run is for',
  next_dagrun_run_after: 'next run', next_dagrun_data_interval_start: 'its interval begins', next_dagrun_data_interval_end: 'its interval ends',
  max_active_tasks: 'tasks at once', max_active_runs: 'runs at once', max_consecutive_failed_dag_runs: 'pauses after failures in a row',
  is_paused: 'paused', is_stale: 'file is gone', is_draining: 'draining', is_backfillable: 'can be backfilled', catchup: 'catches up',
  has_import_errors: 'has import errors', doc_md: 'documentation', dag_run_timeout: 'time limit of a run', active_runs_count: 'active runs',
  start_date: 'begins', end_date: 'ends', bundle_version: 'content', latest_dag_version: 'newest version', max_tries: 'further tries',
  try_number: 'try', queued_when: 'queued', scheduled_when: 'scheduled', run_after: 'to start after', logical_date: 'is for', operator: 'kind of task',
  hostname: 'on', state_reason: 'reason of its state', wait: 'waits for', pool_slots: 'slots of the pool', priority_weight: 'priority',
} // prettier-ignore
/** The same again under another name, or what is there for other programs. */
const kLeftOut = new Set(['dag_display_name', 'task_display_name', 'relative_fileloc', 'file_token', 'bundle_name', 'timetable_description',
  'last_parsed', 'render_template_as_native_obj', 'template_search_path', 'operator_name', 'executor_config', 'id', 'concurrency',
  'default_args', 'is_favorite', 'recent_runs', 'timetable_periodic', 'timetable_partitioned', 'has_task_concurrency_limits']) // prettier-ignore

export function detailsOf(one: object): { name: string; value: unknown }[] {
  return Object.entries(one)
    .filter(([name, value]) => !kLeftOut.has(name) && value !== null && !isEmpty(value) && !(name === 'map_index' && value === -1))
    .map(([name, value]) => ({ name: kWords[name] ?? name.replaceAll('_', ' '), value: plain(name, value) }))
}

const isEmpty = (value: unknown) => typeof value === 'object' && value !== null && Object.keys(value).length === 0

/** Of a span as the API writes it, `PT900S`; NaN: it is none. */
const secondsOf = (span: string) => Number(/^PT([\d.]+)S$/.exec(span)?.[1] ?? NaN)

function plain(name: string, value: unknown): unknown {
  if (name === 'tags' && Array.isArray(value)) return value.map((tag: { name: string }) => tag.name).join(', ')
  if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value.join(', ')
  if ((name === 'duration' || name === 'last_parse_duration') && typeof value === 'number') return duration(value)
  if ((name === 'max_active_tasks' || name === 'max_active_runs') && value === 0) return 'no limit'
  if (name === 'max_consecutive_failed_dag_runs' && value === 0) return 'never'
  if (name === 'dag_run_timeout' && typeof value === 'string') return duration(secondsOf(value))
  if (name === 'state_reason' || name === 'wait') return reasonText(value as string)
  if (name === 'latest_dag_version') return (value as { version_number: number }).version_number
  return value
}
