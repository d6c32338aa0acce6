// LateClosings: dead letters that people let go while runs are being read. What a reader brings may be older than that:
// a closing that was not durable when the read began is not in it. A run in memory hears of each at once. Bounded by
// what is being written and by how long one read takes. Values; pure. Owned by the engine.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "scheduler/engine/dag_run.h"
#include "scheduler/engine/service_rows.h"

namespace baton {

class LateClosings {
 public:
  using Number = std::uint64_t;

  /// They are being written; which ones, for note_durable(). Batches keep their order, so these become durable in
  /// order.
  Number add(std::vector<LetterClosingRow> rows);
  void note_durable(Number number);

  /// A run is about to be read; the number is for end_read(), once for each.
  [[nodiscard]] Number begin_read();
  /// `run`: what was read; null: it could not be.
  void end_read(Number read, DagRun* run);

  [[nodiscard]] std::size_t size() const { return written_.size(); }

 private:
  void drop_old();

  std::map<Number, std::vector<LetterClosingRow>> written_;  ///< not durable, or durable since a read began
  std::multiset<Number> reads_;                              ///< the first that each may not have seen
  Number last_ = 0, durable_ = 0;
};

}  // namespace baton
