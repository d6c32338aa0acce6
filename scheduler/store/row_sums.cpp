#include "scheduler/store/row_sums.h"

#include <charconv>

#include "scheduler/store/row_sum.h"

namespace baton {
namespace {
template <typename E>
std::int64_t code(E value) {
  return static_cast<std::int64_t>(value);
}
}  // namespace

std::int64_t sum_of_identity(const RunRow& run) {
  return RowSum()
      .add(run.run_no)
      .add(run.dag_id)
      .add(run.run_id)
      .add(run.dag_version)
      .add(code(run.type))
      .add(run.logical_date)
      .add(run.interval_start)
      .add(run.interval_end)
      .add(run.run_after)
      .add(run.triggered_by)
      .value();
}

std::int64_t sum_of_end(const RunRow& run) {
  return RowSum()
      .add(run.run_no)
      .add(code(run.state))
      .add(code(run.reason))
      .add(run.started_at)
      .add(run.ended_at)
      .value();
}

std::int64_t sum_of_conf(const RunRow& run) {
  return RowSum().add(run.run_no).add(run.conf_json).value();
}

std::int64_t sum_of(const TaskRow& row) {
  RowSum sum;
  sum.add(row.run_no).add(row.instance_no).add(row.task_no).add(row.map_index);
  if (!is_final(row.state)) return sum.value();
  return sum.add(code(row.state))
      .add(code(row.reason))
      .add(row.epoch)
      .add(row.try_number)
      .add(row.started_at)
      .add(row.ended_at)
      .add(row.outputs_json)
      .value();
}

std::int64_t sum_of_item(const TaskRow& row) {
  return RowSum().add(row.run_no).add(row.instance_no).add(row.map_key).add(row.item_json).value();
}

std::int64_t sum_of(const TryRow& row) {
  RowSum sum;
  sum.add(row.run_no)
      .add(row.instance_no)
      .add(row.epoch)
      .add(row.try_number)
      .add(code(row.state))
      .add(code(row.reason))
      .add(row.exit_code)
      .add(row.signal)
      .add(row.queued_at)
      .add(row.started_at)
      .add(row.ended_at)
      .add(row.pid)
      .add(row.user_us)
      .add(row.sys_us)
      .add(row.max_rss_bytes)
      .add(row.log_bytes)
      .add(row.host)
      .add(row.times_json)
      .add(row.note)
      .add(row.rendered_json);
  // Rows of before have none of these, and keep their sum.
  for (const std::string* text : {&row.executor, &row.worker, &row.handle, &row.log_tail}) {
    if (!text->empty()) sum.add(*text);
  }
  return sum.value();
}

std::int64_t sum_of(const CacheRow& row) {
  return RowSum()
      .add(row.dag_id)
      .add(row.task_id)
      .add(row.key)
      .add(row.spec_hash)
      .add(row.outputs_json)
      .add(row.created_at)
      .add(row.expires_at)
      .add(row.run_no)
      .add(row.instance_no)
      .value();
}

/// The commit counts as it stood before it had a column of its own: behind the hash. Sums of old rows stay true.
std::int64_t sum_of(const VersionRow& row) {
  return RowSum()
      .add(row.dag_id)
      .add(row.version)
      .add(row.canonical_json)
      .add(row.source)
      .add(row.commit.empty() ? row.source_hash : row.source_hash + " " + row.commit)
      .add(row.source_file)
      .add(row.work_folder)
      .add(row.created_at)
      .value();
}

std::int64_t sum_of(const AuditRow& row) {
  RowSum sum;
  sum.add(row.at)
      .add(row.actor)
      .add(row.action)
      .add(row.dag_id)
      .add(row.run_id)
      .add(row.task_id)
      .add(row.map_index)
      .add(row.extra_json);
  // As above.
  for (const std::string* text : {&row.address, &row.via, &row.before_json, &row.after_json}) {
    if (!text->empty()) sum.add(*text);
  }
  return sum.value();
}

std::string counts_to_json(const StateCounts& counts) {
  std::string json = "[";
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (i > 0) json += ',';
    json += std::to_string(counts[i]);
  }
  return json + ']';
}

bool counts_from_json(std::string_view json, StateCounts& counts) {
  const char* at = json.data();
  const char* const end = at + json.size();
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (at == end || *at != (i == 0 ? '[' : ',')) return false;
    const auto [next, failed] = std::from_chars(at + 1, end, counts[i]);
    if (failed != std::errc{}) return false;
    at = next;
  }
  return end - at == 1 && *at == ']';
}

StateCounts counts_of(const RunCreation& creation) {
  StateCounts counts{};
  if (creation.run.begun_at == kNoTime) return counts;
  for (TaskNo t = 0; t < static_cast<TaskNo>(creation.dag->tasks.size()); ++t) {
    ++counts[static_cast<std::size_t>(first_row(creation, t).state)];
  }
  return counts;
}

TaskRow first_row(const RunCreation& creation, TaskNo t) {
  TaskRow row;
  row.run_no = creation.run.run_no;
  row.instance_no = t;
  row.task_no = t;
  if (!creation.initial_states.empty()) row.state = creation.initial_states[static_cast<std::size_t>(t)];
  return row;
}

}  // namespace baton
