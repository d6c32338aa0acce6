#include "scheduler/engine/pending.h"

namespace baton {

void strip(Pending& pending, RunNo run_no) {
  const auto is_row = [&](const auto& row) { return row.run_no == run_no; };
  const auto is_keyed = [&](const auto& entry) { return entry.key.run_no == run_no; };
  Batch& b = pending.batch;
  std::erase_if(b.creations, [&](const RunCreation& c) { return c.run.run_no == run_no; });
  std::erase_if(b.new_instances, is_row);
  std::erase_if(b.instances, is_row);
  std::erase_if(b.tries, is_row);
  std::erase_if(b.runs, is_row);
  std::erase_if(b.cache, is_row);
  std::erase_if(pending.launches, is_keyed);
  std::erase_if(pending.releases, is_row);
  std::erase_if(pending.stops, is_keyed);
  std::erase_if(pending.tries_told, is_row);
  std::erase_if(pending.told, is_row);
  for (auto* numbers : {&pending.begun, &pending.ended, &pending.finished}) std::erase(*numbers, run_no);
}

}  // namespace baton
