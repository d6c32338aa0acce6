// WorkerSlots: the workers that executors have told of: how many attempts each runs at once, how many it has, and
// whether it takes launches. Slots belong to a worker: one that is silent keeps what it has and gets nothing, and what
// it holds takes no slot of another. Owned by AttemptLedger, which counts. Pure. Loop thread.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "scheduler/engine/worker.h"

namespace baton {

/// Number of a worker in this process, from 0.
using WorkerNo = std::int32_t;

class WorkerSlots {
 public:
  /// The number of this worker, added where it is new: without slots, and not ready. Null: one that is not known, of an
  /// executor without a name (rows that were written before there were names).
  WorkerNo number_of(const WorkerRef& worker);
  [[nodiscard]] const WorkerRef& worker(WorkerNo no) const { return at(no).worker; }

  void set_slots(WorkerNo no, std::int32_t slots);
  /// Whether it takes launches.
  void set_ready(WorkerNo no, bool is_ready);
  /// An attempt is meant for it, or over.
  void hold(WorkerNo no);
  void release(WorkerNo no);

  /// Attempts that may be held at once: the slots of those that are ready, and what the others hold.
  [[nodiscard]] std::int32_t capacity() const { return capacity_; }
  /// Slots that an attempt would start in at once; below 0: so many wait there for one.
  [[nodiscard]] std::int32_t free(WorkerNo no) const { return at(no).slots - at(no).held; }
  [[nodiscard]] std::int32_t slots(WorkerNo no) const { return at(no).slots; }
  [[nodiscard]] std::int32_t held(WorkerNo no) const { return at(no).held; }
  [[nodiscard]] bool is_ready(WorkerNo no) const { return at(no).is_ready; }
  [[nodiscard]] WorkerNo count() const { return static_cast<WorkerNo>(workers_.size()); }
  /// Who is to have the next attempt: of those that are ready and have slots the one with the most free. None: nobody is.
  [[nodiscard]] std::optional<WorkerNo> next() const;

 private:
  struct Entry {
    WorkerRef worker;
    std::int32_t slots = 0;
    std::int32_t held = 0;
    bool is_ready = false;
    [[nodiscard]] std::int32_t counts() const { return is_ready ? slots : held; }
  };
  [[nodiscard]] const Entry& at(WorkerNo no) const { return workers_[static_cast<std::size_t>(no)]; }
  /// Applies `change` to one, and keeps the sum.
  template <typename Change>
  void with(WorkerNo no, Change change) {
    Entry& entry = workers_[static_cast<std::size_t>(no)];
    capacity_ -= entry.counts();
    change(entry);
    capacity_ += entry.counts();
  }

  std::vector<Entry> workers_;
  std::int32_t capacity_ = 0;  ///< sum of counts()
};

}  // namespace baton
