#include "tests/sim/requests.h"

#include <fmt/format.h>

#include <algorithm>

#include "tests/sim/disk.h"

namespace baton::sim {

void Requests::fail(const Key& key, const std::string& what) {
  const auto& [run_no, instance_no, epoch] = key;
  ground_.findings.fail("ASKED", fmt::format("{}/{}@{}: {}", run_no, instance_no, epoch, what));
}

void Requests::take(const Part& part) {
  for (const ApprovalRow& row : part.service.approvals) {
    const Key key{row.run_no, row.instance_no, row.epoch};
    if (!questions_.emplace(key, ApprovalState::open).second) fail(key, "it is asked a second time");
    asked_[key] = {ground_.loop.now(), row.deadline};
  }
  for (const ApprovalClosingRow& row : part.service.approval_closings) {
    const Key key{row.run_no, row.instance_no, row.epoch};
    const auto at = questions_.find(key);
    if (at == questions_.end()) return fail(key, "what was never asked is closed");
    if (at->second != ApprovalState::open) return fail(key, "it is closed a second time");
    at->second = row.state;
  }
  for (const ChildRow& row : part.service.children) {
    const Key key{row.run_no, row.instance_no, row.epoch};
    if (!children_.emplace(key, row).second) fail(key, "it starts a second run");
    const DiskRun* child = find_run_(row.child_no);
    if (child == nullptr || child->row.dag_id != row.dag_id) fail(key, "it has started a run that is not there");
  }
  for (const ChildMoveRow& row : part.service.child_moves) {
    const auto at = children_.find({row.run_no, row.instance_no, row.epoch});
    if (at != children_.end()) at->second.state = std::max(at->second.state, row.state);
  }
  for (const TaskRow& row : part.instances) check_instance(row);
  for (const TaskRow& row : part.new_instances) check_instance(row);
  for (const ApprovalClosingRow& row : part.service.approval_closings) check_closed(row);
}

/// What a question was closed as is what its task instance has come to, where that has not been cleared since.
void Requests::check_closed(const ApprovalClosingRow& row) {
  const Key key{row.run_no, row.instance_no, row.epoch};
  const DiskRun* run = find_run_(row.run_no);
  if (run == nullptr) return;
  const TaskRow& now = run->at(row.instance_no);
  const bool stands = now.epoch == row.epoch && is_final(now.state);
  const auto is_as = [&](TaskState state, Reason reason) { return now.state == state && now.reason == reason; };
  switch (row.state) {
    case ApprovalState::open: return fail(key, "it is closed as open");
    case ApprovalState::withdrawn:
      ground_.strike(Fault::approval_withdrawn);
      if (stands && now.state == TaskState::success && now.reason != Reason::marked) {
        fail(key, "its question is withdrawn, and it succeeds");
      }
      return;
    case ApprovalState::answered: {
      const bool approves = row.answer_json.find(R"("chosen":["approve"])") != std::string::npos;
      const auto said = said_.find(key);
      if (said == said_.end() || !said->second.contains(approves ? "approve" : "reject")) {
        return fail(key, "its answer is one that nobody has given");
      }
      if (!stands) return;
      if (approves ? now.state != TaskState::success : !is_as(TaskState::failed, Reason::rejected)) {
        fail(key, fmt::format("the answer was {}, and it is {} {}", row.answer_json, to_string(now.state), to_string(now.reason)));
      }
      return;
    }
    case ApprovalState::expired:
      ground_.strike(Fault::approval_expired);
      if (stands) check_expired(row, run->dag->spec(now.task_no), now);
      return;
  }
}

/// By the words of its file, which says all in plain text.
void Requests::check_expired(const ApprovalClosingRow& row, const TaskSpec& spec, const TaskRow& now) {
  const Key key{row.run_no, row.instance_no, row.epoch};
  const auto says = [&](const char* text) { return spec.body->json.find(text) != std::string::npos; };
  TaskState due = TaskState::failed;
  if (says(R"("on_timeout":"skip")")) due = TaskState::skipped;
  const bool takes_default = says(R"("on_timeout":"default")");
  if (takes_default) ground_.strike(Fault::approval_default_taken);
  if (takes_default && says(R"("default":"approve")")) due = TaskState::success;
  if (now.state != due) {
    fail(key, fmt::format("nobody has answered and it is {}, not {}", to_string(now.state), to_string(due)));
  }
  const Asked& asked = asked_[key];
  const bool clock_held = ground_.loop.last_wall_step() < asked.at - 10 * kMinute;
  if (clock_held && ground_.loop.wall() < asked.deadline) fail(key, "it expires before its deadline");
}

/// As it is now: a part may hold several rows of one instance.
void Requests::check_instance(const TaskRow& row) {
  const DiskRun* run = find_run_(row.run_no);
  if (run == nullptr) return;
  const TaskRow& now = run->at(row.instance_no);
  const Key key{now.run_no, now.instance_no, now.epoch};
  if (now.reason == Reason::deadlock && deadlocks_.insert(key).second) check_deadlock(now, *run);
  note_waits(now);
  if (run->dag->spec(now.task_no).kind != TaskKind::approval) return;
  for (auto at = questions_.lower_bound({now.run_no, now.instance_no, 0}); at != questions_.end(); ++at) {
    const auto& [run_no, instance_no, epoch] = at->first;
    if (run_no != now.run_no || instance_no != now.instance_no) break;
    const bool should_be_open = now.state == TaskState::deferred && epoch == now.epoch;
    if ((at->second == ApprovalState::open) == should_be_open) continue;
    return fail(at->first, fmt::format("its question is {} and it is {}", to_string(at->second), to_string(now.state)));
  }
  if (now.state == TaskState::deferred && !questions_.contains(key)) fail(key, "it is deferred and asks nobody");
}

bool Requests::is_given_up(RunNo child_no) const {
  return std::ranges::any_of(children_, [&](const auto& one) {
    const ChildRow& row = one.second;
    if (row.child_no != child_no) return false;
    const DiskRun* const parent = find_run_(row.run_no);
    return parent == nullptr || parent->at(row.instance_no).state != TaskState::deferred ||
           parent->at(row.instance_no).epoch != row.epoch;
  });
}

std::vector<ChildRow> Requests::owed() const {
  std::vector<ChildRow> out;
  for (const auto& [key, row] : children_) {
    if (row.state != ChildState::over) out.push_back(row);
  }
  std::ranges::sort(out, {}, &ChildRow::child_no);
  return out;
}

void Requests::accepted(const Key& key) {
  const auto at = questions_.find(key);
  if (at == questions_.end() || at->second != ApprovalState::answered) fail(key, "an answer was accepted and is not on disk");
  if (!accepted_.insert(key).second) fail(key, "a second answer was accepted");
}

void Requests::check_quiet() {
  check_circles();
  for (const auto& [key, row] : children_) {
    const DiskRun* parent = find_run_(row.run_no);
    const DiskRun* child = find_run_(row.child_no);
    if (parent == nullptr || child == nullptr) continue;
    const TaskRow& now = parent->at(row.instance_no);
    const bool waits = now.state == TaskState::deferred && now.epoch == row.epoch;
    if (waits && row.state != ChildState::awaited) fail(key, "it waits for a run that nobody will tell of");
    if (!waits && row.state != ChildState::over && !child->is_finished() && child->cut_seq == 0) {
      fail(key, "it waits no more, and its run goes on");
    }
  }
}

}  // namespace baton::sim
