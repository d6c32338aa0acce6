// AttemptLedger: what the engine knows of the attempts that an executor holds or may hold, by key.
//
//                 prepare             its claim is durable
//   (slot waits) ─────────▶ prepared ────────────────────▶ launched ──▶ ended
//   (no slot yet) ──────────────────────────────────────────▶ ▲
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

namespace baton {

class AttemptLedger {
 public:
  enum class Stage : std::uint8_t {
    recovered,  ///< live by its row; no executor has named it yet
    prepared,   ///< with the executor, held before its start until its claim is durable
    launched,   ///< with the executor, and may start
  };

  void recover(AttemptKey key) { put(key, Stage::recovered); }
  void prepare(AttemptKey key) { put(key, Stage::prepared); }
  void launch(AttemptKey key) { put(key, Stage::launched); }
  /// A recovered attempt that an executor names is launched from here on.
  void adopt(AttemptKey key);

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

  /// What is believed to live and is not in `live`, by key: of this process, or `recovered`.
  [[nodiscard]] std::vector<AttemptKey> missing(const std::set<AttemptKey>& live, bool recovered) const;

  /// This key's number, and those before it, were given by a process that may have died before writing the claim.
  void note_used(AttemptKey key);
  /// The last number that was used for the instance of `key`, whatever its epoch, and forgets it. None: the usual case.
  std::optional<Epoch> take_used(AttemptKey key);
  /// A run has finished.
  void forget(RunNo run_no);

 private:
  [[nodiscard]] bool has(AttemptKey key, Stage stage) const {
    const auto at = attempts_.find(key);
    return at != attempts_.end() && at->second == stage;
  }

  void put(AttemptKey key, Stage stage);
  void count(Stage stage, std::int32_t by);

  std::map<AttemptKey, Stage> attempts_;
  std::map<AttemptKey, AttemptEnd> early_ends_;  ///< of prepared attempts
  std::map<AttemptKey, Epoch> used_;             ///< by key with epoch 0
  std::int32_t held_ = 0, prepared_ = 0;
};

}  // namespace baton
