#include "scheduler/engine/attempt_ledger.h"

#include <algorithm>
#include <utility>

#include "scheduler/model/check.h"

namespace baton {

void AttemptLedger::put(AttemptKey key, Stage stage, WorkerNo worker) {
  const Entry entry{stage, worker};
  const auto [at, is_new] = attempts_.emplace(key, entry);
  if (!is_new) count(std::exchange(at->second, entry), -1);
  count(entry, 1);
}

void AttemptLedger::count(const Entry& entry, std::int32_t by) {
  by > 0 ? workers_.hold(entry.worker) : workers_.release(entry.worker);
  if (entry.stage == Stage::prepared) prepared_ += by;
  if (entry.stage == Stage::recovered || entry.stage == Stage::claimed) return;
  held_ += by;
  const auto worker = static_cast<std::size_t>(entry.worker);
  if (sent_.size() <= worker) sent_.resize(worker + 1);
  sent_[worker] += by;
}

bool AttemptLedger::launch(AttemptKey key) {
  const auto at = attempts_.find(key);
  BATON_CHECK(at != attempts_.end());
  const WorkerNo worker = at->second.worker;
  put(key, Stage::launched, worker);
  return sent_[static_cast<std::size_t>(worker)] > workers_.slots(worker);
}

void AttemptLedger::adopt(AttemptKey key, WorkerNo worker) {
  if (has(key, Stage::recovered)) put(key, Stage::launched, worker);
}

bool AttemptLedger::keep_early_end(const AttemptEnd& end) {
  if (!is_prepared(end.key)) return false;
  early_ends_.insert_or_assign(end.key, end);
  return true;
}

std::optional<AttemptEnd> AttemptLedger::claimed(AttemptKey key) {
  if (!is_prepared(key)) return std::nullopt;
  put(key, Stage::launched, attempts_.at(key).worker);
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
  const Entry entry = at->second;
  attempts_.erase(at);
  count(entry, -1);
  return entry.stage == Stage::recovered;
}

std::vector<AttemptKey> AttemptLedger::missing(WorkerNo worker, const std::set<AttemptKey>& live) const {
  std::vector<AttemptKey> out;
  for (const auto& [key, entry] : attempts_) {
    if (entry.worker == worker && entry.stage != Stage::claimed && !live.contains(key)) out.push_back(key);
  }
  return out;
}

std::vector<AttemptKey> AttemptLedger::never_named(const std::string& executor) const {
  std::vector<AttemptKey> out;
  for (const auto& [key, entry] : attempts_) {
    const std::string& of = workers_.worker(entry.worker)->executor;
    if (entry.stage == Stage::recovered && (of.empty() || of == executor)) out.push_back(key);
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
