#include "scheduler/engine/dead_letters.h"

#include <algorithm>
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

void take_letters(DagRun& run, const StepOutcome& step, WallUs now, ServiceRows& out) {
  for (const InstanceNo i : step.dirty) {
    const Instance& instance = run.at(i);
    // What others have stopped or marked failed says nothing of the work that was given up before: that letter stays,
    // and is what a person can have it tried again with.
    const bool is_answered = is_final(instance.state) && instance.state != TaskState::failed;
    if (is_answered && run.open_letters.contains(i) && !BATON_BUG(letter_left_open)) {
      out.letter_closings.push_back({run.row.run_no, i, 0, closed_as(instance.state), now, "", 0});
      run.open_letters.erase(i);
    }
    // One that is not of now has lost its activity when it was written, and has its letter already.
    const bool is_new = run.activity(i) != nullptr && leaves_letter(run, i);
    if (!is_new) continue;
    out.letters.push_back(letter_of(run, step, i, now));
    run.open_letters[i] = instance.epoch;  // it takes the place of an earlier one
  }
}

bool forget_closed(DagRun& run, const std::vector<LetterClosingRow>& closings) {
  bool has_changed = false;
  for (const LetterClosingRow& row : closings) {
    const auto open = row.run_no == run.row.run_no ? run.open_letters.find(row.instance_no) : run.open_letters.end();
    if (open == run.open_letters.end() || (row.epoch != 0 && row.epoch != open->second)) continue;
    run.open_letters.erase(open);
    has_changed = true;
  }
  return has_changed;
}

}  // namespace baton
