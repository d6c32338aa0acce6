#include "scheduler/engine/dead_letters.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "scheduler/model/seeded_bug.h"

namespace baton {
namespace {

const TryRow* try_of(const StepOutcome& step, InstanceNo i, Epoch epoch) {
  const auto is_it = [&](const TryRow& row) { return row.instance_no == i && row.epoch == epoch; };
  const auto found = std::find_if(step.tries.begin(), step.tries.end(), is_it);
  return found == step.tries.end() ? nullptr : &*found;
}

DeadLetterRow letter_of(const DagRun& run, const StepOutcome& step, InstanceNo i, WallUs now) {
  const Instance& instance = run.at(i);
  DeadLetterRow out;
  out.run_no = run.row.run_no;
  out.instance_no = i;
  out.epoch = instance.epoch;
  out.task_id = run.dag->task(instance.task_no).id;
  out.map_index = instance.map_index;
  const TaskRow row = row_of(run, i);
  out.map_key = row.map_key;
  out.item_json = row.item_json;
  out.try_number = instance.try_number;
  out.reason = instance.reason;
  out.error = row.note;
  out.failed_at = row.ended_at != kNoTime ? row.ended_at : now;
  if (const TryRow* last = try_of(step, i, instance.epoch)) {
    out.exit_code = last->exit_code;
    out.signal = last->signal;
    if (out.error.empty()) out.error = last->note;
  }
  return out;
}

/// A success answers what has failed before. What is left out or upstream_failed now has no last try any more: its own
/// letter could not be tried again.
LetterState closed_as(TaskState state) {
  const bool is_answered = state == TaskState::success || state == TaskState::skipped;
  return is_answered ? LetterState::resolved : LetterState::superseded;
}

}  // namespace

bool leaves_letter(const DagRun& run, InstanceNo i) {
  const Instance& instance = run.at(i);
  if (instance.state != TaskState::failed) return false;
  const bool by_others = instance.reason == Reason::stopped || instance.reason == Reason::fail_fast ||
                         instance.reason == Reason::marked || awaits_its_end(instance.reason);
  const bool is_hook = run.dag->task(instance.task_no).hook != Hook::none;
  const bool is_wanted = run.spec_of(i).dead_letter || BATON_BUG(letter_that_nobody_wants);
  return (!by_others || BATON_BUG(letter_of_the_stopped)) && !is_hook && is_wanted;
}

bool may_close_letters(const DagRun& run, InstanceNo i) {
  const Instance& instance = run.at(i);
  if (!is_final(instance.state) || instance.state == TaskState::failed) return false;
  // Checks without a program have no attempts: whether they have failed before cannot be told from their epoch.
  if (run.spec_of(i).kind == TaskKind::checks) return true;
  // Nor of what could not be launched, for its expressions or a secret: it has failed before where it is marked now, or
  // was cleared here or by whoever had the run before. The first attempt of all may be behind such a failure too.
  const bool has_a_past = run.was_cleared || run.restored_at != std::numeric_limits<MonoUs>::min();
  if (instance.epoch == 0) return instance.reason == Reason::marked || has_a_past;
  return instance.epoch > 1 || has_a_past || instance.state != TaskState::success || instance.reason != Reason::none;
}

void take_letters(const DagRun& run, const StepOutcome& step, WallUs now, ServiceRows& out) {
  for (const InstanceNo i : step.dirty) {
    if (may_close_letters(run, i) && !BATON_BUG(letter_left_open)) {
      out.letter_closings.push_back({run.row.run_no, i, 0, closed_as(run.at(i).state), now, "", 0});
    }
    // One that is not of now has lost its activity when it was written, and has its letter already.
    const bool is_new = run.activity(i) != nullptr && leaves_letter(run, i);
    if (is_new) out.letters.push_back(letter_of(run, step, i, now));
  }
}

}  // namespace baton
