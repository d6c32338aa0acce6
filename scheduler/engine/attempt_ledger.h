// AttemptLedger: what the engine knows of the attempts that executors hold or may hold, by key, and with which worker
// each is: all that is here takes a slot of its worker.
//
//                 prepare             its claim is durable
//   (slot waits) ─────────▶ prepared ────────────────────▶ launched ──▶ ended
//   (no slot yet) ────────▶ claimed ────────────────────────▶ ▲
//   (live by its row, of an earlier process) ──▶ recovered ───┘ a worker names it: adopted
//
// A key names one attempt for ever, so numbers of claims that were never written are kept too, and passed over.
// Pure: no executor is called here. Loop thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "scheduler/engine/executor.h"
#include "scheduler/engine/worker_slots.h"

namespace baton {

class AttemptLedger {
 public:
  enum class Stage : std::uint8_t {
    recovered,  ///< live by its row; no worker has named it yet
    claimed,    ///< its claim is being written; no executor has heard of it
    prepared,   ///< with the executor, held before its start until its claim is durable
    launched,   ///< with the executor, and may start
  };

  void recover(AttemptKey key, WorkerNo worker) { put(key, Stage::recovered, worker); }
  void claim(AttemptKey key, WorkerNo worker) { put(key, Stage::claimed, worker); }
  void prepare(AttemptKey key, WorkerNo worker) { put(key, Stage::prepared, worker); }
  /// The claim is durable. True: its worker holds as many as it has slots already, so it waits there.
  bool launch(AttemptKey key);
  /// A recovered attempt that `worker` names is launched from here on, and is with that one.
  void adopt(AttemptKey key, WorkerNo worker);

  [[nodiscard]] WorkerSlots& workers() { return workers_; }
  [[nodiscard]] const WorkerSlots& workers() const { return workers_; }

  [[nodiscard]] bool is_prepared(AttemptKey key) const { return has(key, Stage::prepared); }
  /// Attempts that an executor of this process holds, prepared ones among them.
  [[nodiscard]] std::int32_t held() const { return held_; }
  /// Whether a program may be running.
  [[nodiscard]] bool has_started_some() const { return held_ > prepared_; }

  /// The end of a prepared attempt came before its claim is durable: it is kept until then. False: it is none.
  bool keep_early_end(const AttemptEnd& end);
  /// The claim of a prepared attempt is durable, and it is launched; gives the end that it has had already, if it has.
  std::optional<AttemptEnd> claimed(AttemptKey key);
  /// The claim of a prepared attempt will never be written. True: it has ended already.
  bool withdraw(AttemptKey key);
  /// An attempt has ended. True: it was of an earlier process and never adopted.
  bool end(AttemptKey key);

  /// What is believed to be with `worker` and is not in `live`.
  [[nodiscard]] std::vector<AttemptKey> missing(WorkerNo worker, const std::set<AttemptKey>& live) const;
  /// Recovered attempts that rows give to `executor`, or to nobody, and that no worker has named.
  [[nodiscard]] std::vector<AttemptKey> never_named(const std::string& executor) const;
  [[nodiscard]] bool is_recovered(AttemptKey key) const { return has(key, Stage::recovered); }

  /// This key's number, and those before it, were given by a process that may have died before writing the claim.
  void note_used(AttemptKey key);
  /// The last number that was used for the instance of `key`, whatever its epoch, and forgets it. None: the usual case.
  std::optional<Epoch> take_used(AttemptKey key);
  /// An attempt that nobody knows is being stopped at `worker`, which launches nothing else of its instance until then.
  void note_dying(AttemptKey key, WorkerNo worker) { dying_.insert_or_assign(key, worker); }
  void forget_dying(AttemptKey key) { dying_.erase(key); }
  /// The inventory of `worker` says anew what lives there.
  void forget_dying_at(WorkerNo worker) {
    std::erase_if(dying_, [worker](const auto& one) { return one.second == worker; });
  }
  [[nodiscard]] bool is_dying(AttemptKey key) const { return !dying_.empty() && dying_.contains(key); }
  /// A run has finished.
  void forget(RunNo run_no);

 private:
  [[nodiscard]] bool has(AttemptKey key, Stage stage) const {
    const auto at = attempts_.find(key);
    return at != attempts_.end() && at->second.stage == stage;
  }

  struct Entry {
    Stage stage;
    WorkerNo worker;
  };
  void put(AttemptKey key, Stage stage, WorkerNo worker);
  void count(const Entry& entry, std::int32_t by);

  WorkerSlots workers_;
  std::vector<std::int32_t> sent_;               ///< by WorkerNo: prepared or launched
  std::map<AttemptKey, Entry> attempts_;
  std::map<AttemptKey, AttemptEnd> early_ends_;  ///< of prepared attempts
  std::map<AttemptKey, Epoch> used_;             ///< by key with epoch 0
  std::map<AttemptKey, WorkerNo> dying_;
  std::int32_t held_ = 0, prepared_ = 0;
};

}  // namespace baton
