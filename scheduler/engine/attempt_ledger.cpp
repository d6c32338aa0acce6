#include "scheduler/engine/attempt_ledger.h"

#include <algorithm>
#include <utility>

namespace baton {

void AttemptLedger::put(AttemptKey key, Stage stage) {
  const auto [at, is_new] = attempts_.emplace(key, stage);
  if (!is_new) count(std::exchange(at->second, stage), -1);
  count(stage, 1);
}

void AttemptLedger::count(Stage stage, std::int32_t by) {
  if (stage != Stage::recovered) held_ += by;
  if (stage == Stage::prepared) prepared_ += by;
}

void AttemptLedger::adopt(AttemptKey key) {
  if (has(key, Stage::recovered)) put(key, Stage::launched);
}

bool AttemptLedger::keep_early_end(const AttemptEnd& end) {
  if (!is_prepared(end.key)) return false;
  early_ends_.insert_or_assign(end.key, end);
  return true;
}

std::optional<AttemptEnd> AttemptLedger::claimed(AttemptKey key) {
  if (!is_prepared(key)) return std::nullopt;
  put(key, Stage::launched);
  if (early_ends_.empty()) return std::nullopt;
  auto early = early_ends_.extract(key);
  if (early.empty()) return std::nullopt;
  return std::move(early.mapped());
}

bool AttemptLedger::withdraw(AttemptKey key) {
  end(key);
  return early_ends_.erase(key) > 0;
}

bool AttemptLedger::end(AttemptKey key) {
  const auto at = attempts_.find(key);
  if (at == attempts_.end()) return false;
  const Stage stage = at->second;
  attempts_.erase(at);
  count(stage, -1);
  return stage == Stage::recovered;
}

std::vector<AttemptKey> AttemptLedger::missing(const std::set<AttemptKey>& live, bool recovered) const {
  std::vector<AttemptKey> out;
  for (const auto& [key, stage] : attempts_) {
    if ((stage == Stage::recovered) == recovered && !live.contains(key)) out.push_back(key);
  }
  return out;
}

void AttemptLedger::note_used(AttemptKey key) {
  Epoch& used = used_[{key.run_no, key.task_no, key.map_index, 0}];
  used = std::max(used, key.epoch);
}

std::optional<Epoch> AttemptLedger::take_used(AttemptKey key) {
  if (used_.empty()) return std::nullopt;
  key.epoch = 0;
  const auto used = used_.extract(key);
  if (used.empty()) return std::nullopt;
  return used.mapped();
}

void AttemptLedger::forget(RunNo run_no) {
  used_.erase(used_.lower_bound({run_no, 0, kUnmapped, 0}), used_.lower_bound({run_no + 1, 0, kUnmapped, 0}));
}

}  // namespace baton
