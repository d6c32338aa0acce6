#include "tests/sim/state_books.h"

#include <fmt/format.h>

#include <algorithm>

#include "tests/sim/disk.h"

namespace baton::sim {
namespace {

constexpr char kNoJson[] = "{no JSON";

}  // namespace

// ── what processes do ───────────────────────────────────────────────────────────────────────────────────────────────

void StateBooks::starts(const DiskRun& run, const LaunchSpec& spec) {
  if (spec.state_path.empty()) return;
  const Name name{run.row.dag_id, run.dag->spec(spec.key.task_no).state->name};
  reads_[spec.key] = {name, spec.state_version, spec.state};
  const auto at = values_.find(name);
  const std::int64_t last = at == values_.end() ? 0 : at->second.row.version;
  if (spec.state_version > last) return fail(name, text_of(spec.key) + " reads what is not on disk");
  const std::string& json = spec.state_version == 0 ? "" : at->second.all[static_cast<std::size_t>(spec.state_version - 1)];
  if (spec.state != (json.empty() ? "null" : json)) {
    fail(name, fmt::format("{} reads {}, and version {} is {}", text_of(spec.key), spec.state, spec.state_version, json));
  }
}

/// Mostly what no other attempt writes; some leave it as it was, and a few leave what cannot be kept.
EndedState StateBooks::left_by(const LaunchSpec& spec) {
  EndedState out;
  if (spec.state_path.empty()) return out;
  out.version = spec.state_version;
  const AttemptKey& k = spec.key;
  const std::uint64_t h = hash_of({ground_.options.seed, 21, static_cast<std::uint64_t>(k.run_no),
                                   static_cast<std::uint64_t>(k.task_no), static_cast<std::uint64_t>(k.epoch)});
  if (h % 100 < 80) {
    out.json = fmt::format(R"({{"by":"{}"}})", text_of(k));
  } else if (h % 100 < 88) {
    out.json = spec.state;
  } else if (h % 100 < 92) {
    out.json = kNoJson;
  }
  wrote_[k] = out.json;
  return out;
}

// ── what is written ─────────────────────────────────────────────────────────────────────────────────────────────────

void StateBooks::row_comes(const DiskRun& run, const TaskRow& old, const TaskRow& row) {
  const Task& task = run.dag->task(row.task_no);
  if (task.spec->state->name.empty() || row.state != TaskState::success || row.reason == Reason::marked) return;
  if (old.state == TaskState::success && old.epoch == row.epoch) return;
  successes_.push_back({{row.run_no, row.task_no, row.map_index, row.epoch}, task.id,
                        {run.row.dag_id, task.spec->state->name}});
}

const TaskStateRow* StateBooks::row_of(const Success& success, const Part& part) const {
  const auto wrote = wrote_.find(success.key);
  const std::string json = wrote == wrote_.end() ? "" : wrote->second;
  const auto is_it = [&](const TaskStateRow& row) {
    return row.run_no == success.key.run_no && row.task_id == success.task_id && row.json == json;
  };
  const auto at = std::ranges::find_if(part.service.task_states, is_it);
  return at == part.service.task_states.end() ? nullptr : &*at;
}

void StateBooks::take(const Part& part) {
  for (const TaskStateRow& row : part.service.task_states) take(row, part);
  for (const Success& success : successes_) check_success(success, part);
  successes_.clear();
  for (const TryRow& row : part.tries) {
    if (row.reason != Reason::state) continue;
    const auto wrote = wrote_.find({row.run_no, row.instance_no, kUnmapped, row.epoch});
    if (wrote == wrote_.end() || wrote->second == kNoJson) continue;
    refused_.push_back(wrote->first);
  }
}

/// Compare and set: each follows the one before it, and what a task has put is what its success has left.
void StateBooks::take(const TaskStateRow& row, const Part& part) {
  const Name name{row.dag_id, row.name};
  Value& value = values_[name];
  ground_.say(fmt::format("  state {}/{} version {}: {}", row.dag_id, row.name, row.version, row.json));
  if (row.version != value.row.version + 1) {
    return fail(name, fmt::format("version {} follows version {}", row.version, value.row.version));
  }
  value.row = row;
  value.all.push_back(row.json);
  if (row.run_no == 0) {
    ground_.strike(Fault::state_changed_by_person);
    const auto wanted = wanted_.find(row.dag_id);
    if (wanted == wanted_.end() || !wanted->second.contains(row.json)) {
      fail(name, row.json.empty() ? "it is taken away, and nobody has wanted that" : "nobody has put this: " + row.json);
    }
    return;
  }
  ground_.strike(Fault::state_written);
  const bool is_of_a_success = std::ranges::any_of(
      successes_, [&](const Success& success) { return success.name == name && row_of(success, part) == &row; });
  if (!is_of_a_success) fail(name, "a value is kept, and no success comes with it: " + row.json);
}

void StateBooks::check_success(const Success& success, const Part& part) {
  const auto wrote = wrote_.find(success.key);
  const auto read = reads_.find(success.key);
  if (wrote == wrote_.end() || read == reads_.end()) {
    return fail(success.name, text_of(success.key) + " succeeds, and none has ended so");
  }
  if (wrote->second == kNoJson) return fail(success.name, text_of(success.key) + " succeeds with what cannot be kept");
  const bool is_as_it_was = wrote->second.empty() || wrote->second == read->second.json;
  const TaskStateRow* const row = row_of(success, part);
  if (is_as_it_was) return;
  if (row == nullptr) return fail(success.name, text_of(success.key) + " succeeds, and what it has left is lost");
  if (row->version != read->second.version + 1) {
    fail(success.name, fmt::format("{} has read version {} and writes version {}: what came between is lost",
                                   text_of(success.key), read->second.version, row->version));
  }
}

/// Who was refused for another's change has read what was there before it.
void StateBooks::end_batch() {
  for (const AttemptKey& key : refused_) {
    const Read& read = reads_[key];
    if (values_[read.name].row.version == read.version) {
      fail(read.name, text_of(key) + " has failed for a change of another, and nobody has changed it");
    }
  }
  refused_.clear();
}

std::vector<TaskStateRow> StateBooks::rows() const {
  std::vector<TaskStateRow> out;
  for (const auto& [name, value] : values_) {
    if (value.row.version > 0) out.push_back(value.row);
  }
  return out;
}

/// It was there, whatever has become of it since.
void StateBooks::accepted(const std::string& dag_id, const std::string& json) {
  const bool is_there = std::ranges::any_of(values_, [&](const auto& one) {
    return one.first.first == dag_id && std::ranges::find(one.second.all, json) != one.second.all.end();
  });
  if (!is_there) fail({dag_id, "mark"}, "it was said to be kept and is not on disk: " + json);
}

}  // namespace baton::sim
