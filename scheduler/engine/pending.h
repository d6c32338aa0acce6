// Pending: the rows that wait for one commit, and what follows once they are durable. Gathered by the engine, held by the
// commit pipeline. The first part of its batch is the engine's own; each request opens one for itself, and from then on
// all rows of that run go there, so that they stand or fall together and in their order. Values; no behaviour.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "scheduler/engine/executor.h"
#include "scheduler/engine/store.h"

namespace baton {

/// The part of a batch to which the rows of a run go.
struct RunPart {
  std::uint64_t pending_no = 0;  ///< of the batch that this speaks of; in any other one it is the engine's part
  std::size_t part = 0;
};

struct Pending {
  /// What somebody waits for.
  struct Request {
    std::size_t part = 0;
    RunNo creates = 0;    ///< the run that is gone again when the part is struck; 0: none
    std::function<void(const PartVerdict&)> answer;
    PartVerdict verdict;  ///< filled when the batch is durable
  };
  struct Stop {
    AttemptKey key;
    DurationUs grace_us = 0;
    bool kill_now = false;
  };
  struct TryTold {
    RunNo run_no = 0;
    TryRow row;
  };
  struct ChangeTold {
    RunNo run_no = 0;
    TaskRow row;
  };

  explicit Pending(std::uint64_t number) : no(number), batch(Part{}) {}

  [[nodiscard]] Part& engine_part() { return batch.parts.front(); }
  [[nodiscard]] Part& part(const RunPart& of) { return batch.parts[of.pending_no == no ? of.part : 0]; }
  /// Opens a part for a request; what it returns is for the run that the request is about.
  [[nodiscard]] RunPart open_part() {
    batch.parts.emplace_back();
    return {no, batch.parts.size() - 1};
  }

  std::uint64_t no;  ///< of this batch, from 1
  Batch batch;
  std::vector<Request> requests;
  std::vector<LaunchSpec> launches;
  std::vector<AttemptKey> releases;  ///< prepared attempts whose claims are in `batch`
  std::vector<Stop> stops;
  std::vector<AttemptKey> acknowledgements;
  std::vector<TryTold> tries_told;
  std::vector<ChangeTold> told;
  std::vector<RunNo> begun, ended, finished;
};

/// Takes out all that belongs to a run that was refused, but for what is to be answered.
void strip(Pending& pending, RunNo run_no);

}  // namespace baton
