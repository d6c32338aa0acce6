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
}

/// As it is now: a part may hold several rows of one instance.
void Requests::check_instance(const TaskRow& row) {
  const DiskRun* run = find_run_(row.run_no);
  if (run == nullptr) return;
  const TaskRow& now = run->at(row.instance_no);
  const Key key{now.run_no, now.instance_no, now.epoch};
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
