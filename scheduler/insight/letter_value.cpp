#include "scheduler/insight/letter_value.h"

#include <string>
#include <utility>

#include "scheduler/insight/words.h"
#include "scheduler/json/json_value.h"

namespace baton::insight {
namespace {

Value words_or_null(const std::string& text) {
  return text.empty() ? Value() : Value(text);
}

Value number_or_null(std::int64_t number, std::int64_t none) {
  return number == none ? Value() : Value(number);
}

/// As it was written; a text that does not read any more is shown as it is.
Value json_or_null(const std::string& json) {
  if (json.empty()) return {};
  auto value = from_exact_json(json);
  return value ? std::move(*value) : Value(json);
}

std::string job_state(std::int64_t state) {
  if (state == static_cast<std::int64_t>(JobState::running)) return "running";
  return state == static_cast<std::int64_t>(JobState::completed) ? "completed" : "cancelled";
}

}  // namespace

ValueMap letter_value(const DeadLetterRow& row) {
  const std::string reason = reason_words(row.reason, row.exit_code, row.signal);
  return {
      {"id", row.letter_no},
      {"state", std::string(to_string(row.state))},
      {"dag_id", row.dag_id},
      {"dag_run_id", row.run_id},
      {"task_id", row.task_id},
      {"map_index", std::int64_t{row.map_index}},
      {"map_key", words_or_null(row.map_key)},
      {"try_number", std::int64_t{row.try_number}},
      {"dag_version_number", number_or_null(row.version_number, 0)},
      {"dag_version", words_or_null(row.version)},
      {"reason", std::string(to_string(row.reason))},
      {"exit_code", number_or_null(row.exit_code, -1)},
      {"signal", number_or_null(row.signal, 0)},
      {"error", words_or_null(row.error.empty() ? reason : row.error)},
      {"failed_at", json_time(row.failed_at)},
      {"closed_at", json_time(row.closed_at)},
      {"closed_by", words_or_null(row.closed_by)},
      {"job_id", number_or_null(row.job_no, 0)},
  };
}

ValueMap letter_shown(const LetterView& letter) {
  ValueMap out = letter_value(letter.row);
  out.emplace_back("conf", json_or_null(letter.conf_json.empty() ? "{}" : letter.conf_json));
  out.emplace_back("item", json_or_null(letter.row.item_json));
  out.emplace_back("log_tail", words_or_null(letter.log_tail));
  return out;
}

ValueMap job_value(const JobView& job) {
  return {
      {"id", job.job_no},
      {"kind", job.kind},
      {"state", job_state(job.state)},
      {"total", job.total},
      {"done", job.done},
      {"failed", job.failed},
      {"created_by", job.actor},
      {"created_at", json_time(job.created_at)},
      {"ended_at", json_time(job.ended_at)},
      {"filter", json_or_null(job.filter_json)},
      {"note", words_or_null(job.note)},
  };
}

}  // namespace baton::insight
