#include "scheduler/control/letter_job.h"

#include <charconv>
#include <utility>

#include "scheduler/json/json_value.h"

namespace baton {
namespace {

Value texts(const std::vector<std::string>& list) {
  ValueList out;
  for (const std::string& one : list) out.emplace_back(one);
  return Value(std::move(out));
}

void read_texts(const Value& job, const char* name, std::vector<std::string>& out) {
  const Value* list = job.find(name);
  if (list == nullptr || list->type() != ValueType::list) return;
  for (const Value& one : list->as_list()) {
    if (one.type() == ValueType::string) out.push_back(one.as_string());
  }
}

std::int64_t read_number(const Value& job, const char* name, std::int64_t otherwise) {
  const Value* found = job.find(name);
  return found != nullptr && found->type() == ValueType::integer ? found->as_int() : otherwise;
}

bool read_flag(const Value& job, const char* name) {
  const Value* found = job.find(name);
  return found != nullptr && found->type() == ValueType::boolean && found->as_bool();
}

}  // namespace

std::string job_json(const LetterJobAsk& ask) {
  ValueMap out = {{"discards", ask.discards}, {"latest", ask.takes_latest}, {"per_second", ask.per_second},
                  {"dag_ids", texts(ask.filter.dag_ids)}, {"task_ids", texts(ask.filter.task_ids)},
                  {"number_max", ask.filter.number_max}};
  ValueList reasons;
  for (const Reason reason : ask.filter.reasons) reasons.emplace_back(std::string(to_string(reason)));
  out.emplace_back("reasons", std::move(reasons));
  ValueList numbers;
  for (const std::int64_t number : ask.filter.numbers) numbers.emplace_back(number);
  out.emplace_back("numbers", std::move(numbers));
  if (ask.filter.run_no) out.emplace_back("run_no", *ask.filter.run_no);
  if (ask.filter.failed_at.at_least != kNoTime) out.emplace_back("failed_since", ask.filter.failed_at.at_least);
  if (ask.filter.failed_at.below != kNoTime) out.emplace_back("failed_before", ask.filter.failed_at.below);
  if (!ask.why.empty()) out.emplace_back("why", ask.why);
  return to_json(Value(std::move(out)));
}

Result<LetterJobAsk> job_from_json(const std::string& json) {
  const auto job = from_json(json);
  if (!job || job->type() != ValueType::map) return Error{"what a job is about cannot be read", ErrorKind::storage};
  LetterJobAsk out;
  out.discards = read_flag(*job, "discards");
  out.takes_latest = read_flag(*job, "latest");
  if (const Value* rate = job->find("per_second")) {
    if (rate->type() == ValueType::floating) out.per_second = rate->as_double();
    if (rate->type() == ValueType::integer) out.per_second = static_cast<double>(rate->as_int());
  }
  read_texts(*job, "dag_ids", out.filter.dag_ids);
  read_texts(*job, "task_ids", out.filter.task_ids);
  std::vector<std::string> reasons;
  read_texts(*job, "reasons", reasons);
  for (const std::string& name : reasons) {
    // One that this program does not know would let through what was never meant.
    const auto reason = reason_from(name);
    if (!reason) return Error{"a job names a reason that is not known: " + name, ErrorKind::storage};
    out.filter.reasons.push_back(*reason);
  }
  if (const Value* numbers = job->find("numbers"); numbers != nullptr && numbers->type() == ValueType::list) {
    for (const Value& one : numbers->as_list()) {
      if (one.type() == ValueType::integer) out.filter.numbers.push_back(one.as_int());
    }
  }
  out.filter.number_max = read_number(*job, "number_max", 0);
  if (const std::int64_t run_no = read_number(*job, "run_no", 0); run_no != 0) out.filter.run_no = run_no;
  out.filter.failed_at.at_least = read_number(*job, "failed_since", kNoTime);
  out.filter.failed_at.below = read_number(*job, "failed_before", kNoTime);
  if (const Value* why = job->find("why"); why != nullptr && why->type() == ValueType::string) out.why = why->as_string();
  out.filter.states = {LetterState::open};
  return out;
}

Result<double> parse_job_rate(std::string_view text) {
  const Error none{"\"" + std::string(text) + "\" is no rate: write 40/s, 100/m or 5/h", ErrorKind::invalid};
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos || text.size() != slash + 2) return none;
  double count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + slash, count);
  if (error != std::errc() || end != text.data() + slash || !(count > 0) || count > 1e6) return none;
  switch (text.back()) {
    case 's': return count;
    case 'm': return count / 60;
    case 'h': return count / 3600;
    default: return none;
  }
}

}  // namespace baton
