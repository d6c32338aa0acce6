// People who answer what tasks ask: in time, late, twice, and what nobody has asked them.
#include <fmt/format.h>

#include <iterator>
#include <utility>
#include <vector>

#include "tests/sim/world.h"

namespace baton::sim {

void World::want_answer() {
  if (!scheduler_ || scheduler_->is_fatal() || ground_.loop.is_stalled(scheduler_->process())) return;
  std::vector<Requests::Key> open, closed;
  for (const auto& [key, state] : disk_.requests().questions()) {
    (state == ApprovalState::open ? open : closed).push_back(key);
  }
  const std::vector<Requests::Key>& from = open.empty() || askers_.percent(15) ? closed : open;
  if (from.empty()) return;
  const Requests::Key key = from[static_cast<std::size_t>(askers_.below(static_cast<std::int64_t>(from.size())))];
  const auto& [run_no, instance_no, epoch] = key;
  const DiskRun* run = disk_.find(run_no);
  if (run == nullptr || (scheduler_->is_alone() && scheduler_->engine().run(run_no) == nullptr)) return;
  const TaskRow& row = run->at(instance_no);
  AnswerApproval answer;
  answer.run_no = run_no;
  answer.task.task_id = run->dag->task(row.task_no).id;
  if (row.map_index >= 0) answer.task.map_index = row.map_index;
  answer.epoch = epoch;
  answer.chosen = {askers_.percent(70) ? "approve" : "reject"};
  const int times = askers_.percent(25) ? 2 : 1;
  for (int k = 0; k < times; ++k) {
    ground_.say(fmt::format("person answers {} to {}/{}@{}", answer.chosen.front(), run_no, instance_no, epoch));
    disk_.requests().answers(key, answer.chosen.front());
    scheduler_->ask(answer, [this, key](const Result<Answer>& how) {
      if (!how) return (void)ground_.strike(Fault::approval_refused);
      ground_.strike(Fault::approval_answered);
      disk_.requests().accepted(key);
    });
  }
}

}  // namespace baton::sim
