#include "scheduler/engine/pending.h"

namespace baton {

void strip(Pending& pending, RunNo run_no, const PartVerdict& struck) {
  for (Pending::Request& request : pending.requests) {
    if (request.run_no != run_no || request.part == Pending::kNoPart) continue;
    pending.batch.parts[request.part] = Part{};  // the rows of the audit too: nothing has been changed
    request.part = Pending::kNoPart;
    request.verdict = struck;
  }
  const auto is_row = [&](const auto& row) { return row.run_no == run_no; };
  const auto is_keyed = [&](const auto& entry) { return entry.key.run_no == run_no; };
  const auto is_run = [&](const RunCreation& c) { return c.run.run_no == run_no; };
  for (Part& part : pending.batch.parts) {
    std::erase_if(part.creations, is_run);
    std::erase_if(part.reversions, is_run);
    std::erase_if(part.new_instances, is_row);
    std::erase_if(part.instances, is_row);
    std::erase_if(part.tries, is_row);
    std::erase_if(part.runs, is_row);
    std::erase_if(part.cache, is_row);
    std::erase_if(part.service.letters, is_row);
    std::erase_if(part.service.letter_closings, is_row);
    std::erase_if(part.service.asset_events, is_row);
    std::erase_if(part.service.task_states, is_row);
    std::erase_if(part.service.checks, is_row);
    std::erase_if(part.service.held_events, is_row);
    std::erase_if(part.service.approvals, is_row);
    std::erase_if(part.service.approval_closings, is_row);
    std::erase_if(part.service.child_moves, is_row);
  }
  std::erase_if(pending.launches, is_keyed);
  std::erase_if(pending.releases, is_row);
  std::erase_if(pending.children, is_row);
  std::erase_if(pending.stops, is_keyed);
  std::erase_if(pending.tries_told, is_row);
  std::erase_if(pending.told, is_row);
  std::erase_if(pending.asset_events, is_row);
  for (auto* numbers : {&pending.begun, &pending.ended, &pending.finished}) std::erase(*numbers, run_no);
}

}  // namespace baton
