#include "scheduler/engine/worker_slots.h"

#include <algorithm>

#include "scheduler/model/check.h"

namespace baton {

WorkerNo WorkerSlots::number_of(const WorkerRef& worker) {
  static const WorkerRef kUnknown = std::make_shared<const Worker>();
  const WorkerRef& sought = worker == nullptr ? kUnknown : worker;
  const auto is_it = [&](const Entry& entry) {
    return entry.worker == sought || (entry.worker->name == sought->name && entry.worker->executor == sought->executor);
  };
  const auto found = std::find_if(workers_.begin(), workers_.end(), is_it);
  if (found != workers_.end()) return static_cast<WorkerNo>(found - workers_.begin());
  workers_.push_back({.worker = sought});
  return static_cast<WorkerNo>(workers_.size()) - 1;
}

void WorkerSlots::set_slots(WorkerNo no, std::int32_t slots) {
  with(no, [&](Entry& entry) { entry.slots = slots; });
}

void WorkerSlots::set_ready(WorkerNo no, bool is_ready) {
  with(no, [&](Entry& entry) { entry.is_ready = is_ready; });
}

void WorkerSlots::hold(WorkerNo no) {
  with(no, [](Entry& entry) { ++entry.held; });
}

void WorkerSlots::release(WorkerNo no) {
  with(no, [](Entry& entry) { --entry.held; });
  BATON_CHECK(at(no).held >= 0);
}

std::optional<WorkerNo> WorkerSlots::next() const {
  std::optional<WorkerNo> best;
  for (std::size_t k = 0; k < workers_.size(); ++k) {
    const auto no = static_cast<WorkerNo>(k);
    if (!workers_[k].is_ready || workers_[k].slots <= 0) continue;
    if (!best || free(no) > free(*best)) best = no;
  }
  return best;
}

}  // namespace baton
