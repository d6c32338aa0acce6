// Pending: the rows that wait for one commit, and what follows once they are durable. Gathered by the engine, held by the
// commit pipeline. The first part of its batch is the engine's own; each request opens one for itself, and from then on
// all rows of that run go there, so that they stand or fall together and in their order. Values; no behaviour.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
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
    std::size_t part = 0;  ///< kNoPart: there is nothing to write any more, and `verdict` says why
    RunNo run_no = 0;
    bool creates = false;  ///< the run is gone again when the part is struck
    std::function<void(const PartVerdict&)> answer;
    PartVerdict verdict;   ///< filled when the batch is durable
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

  struct QuarantineTold {
    std::size_t part = 0;  ///< where its row is
    AssetQuarantineRow row;
  };

  /// A run that an attempt wants made, or to be stopped.
  struct ChildWish {
    RunNo run_no = 0;
    InstanceNo instance_no = 0;
    Epoch epoch = 0;
    bool stops = false;
  };

  static constexpr std::size_t kNoPart = static_cast<std::size_t>(-1);

  explicit Pending(std::uint64_t number) : no(number), batch(Part{}) {}

  [[nodiscard]] Part& engine_part() { return batch.parts.front(); }
  [[nodiscard]] std::size_t place_of(const RunPart& of) const { return of.pending_no == no ? of.part : 0; }
  [[nodiscard]] Part& part(const RunPart& of) { return batch.parts[place_of(of)]; }
  /// Where a request about a run goes: a part of its own, or the one that an earlier request about this run has opened
  /// in this batch. So whatever speaks of a run that this batch creates is struck with it.
  [[nodiscard]] RunPart part_for_request(const RunPart& of) {
    if (of.pending_no == no && of.part != 0) return of;
    batch.parts.emplace_back();
    return {no, batch.parts.size() - 1};
  }

  std::uint64_t no;  ///< of this batch, from 1
  Batch batch;
  std::vector<Request> requests;
  std::vector<LaunchSpec> launches;
  std::vector<AttemptKey> releases;  ///< prepared attempts whose claims are in `batch`
  std::vector<Stop> stops;
  std::vector<ChildWish> children;
  std::vector<AttemptKey> acknowledgements;
  std::vector<TryTold> tries_told;
  std::vector<ChangeTold> told;
  std::vector<RunNo> begun, ended, finished;
  std::vector<QuarantineTold> quarantines;      ///< of checks: told in the order of their parts, before the events
  std::vector<AssetEventRow> asset_events;  ///< told once they are durable
  std::set<std::string> pasts;  ///< DAGs of which later runs look at their past anew
};

/// Takes out all that belongs to a run whose creation was struck. What somebody asked of it meanwhile is answered with
/// that verdict.
void strip(Pending& pending, RunNo run_no, const PartVerdict& struck);

}  // namespace baton
