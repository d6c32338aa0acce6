#include "scheduler/engine/breakers.h"

#include <algorithm>
#include <utility>

#include "scheduler/model/did_you_mean.h"

namespace baton {

void Breakers::restore(const BreakerRow& row, Moment now) {
  all_.insert_or_assign(row.spec.name, Entry{Breaker(row, now), row.declared_by, false});
  moved_.insert(row.spec.name);
}

void Breakers::declare(const BreakerSpec& spec, const std::string& by, DeclaredBy how) {
  const auto [at, is_new] = all_.try_emplace(spec.name, Entry{Breaker(spec), by, true});
  Entry& entry = at->second;
  if (is_new) {
    unwritten_.insert(spec.name);
    return;
  }
  const bool is_older = how == DeclaredBy::old_version && (entry.is_declared || entry.by == by);
  const bool stays = is_older || (entry.is_declared && entry.by != by && !by.empty());
  if (stays) return;
  const bool is_changed = entry.by != by || !(entry.breaker.spec() == spec);
  entry.is_declared = true;
  entry.by = by;
  if (!is_changed) return;
  entry.breaker.set_spec(spec);
  note(spec.name);
}

Breakers::Entry* Breakers::entry(const std::string& name) {
  const auto found = all_.find(name);
  return found == all_.end() ? nullptr : &found->second;
}

const Breaker* Breakers::find(std::string_view name) const {
  const auto found = all_.find(name);
  return found == all_.end() ? nullptr : &found->second.breaker;
}

void Breakers::each(const std::function<void(const std::string&, const Breaker&)>& each) const {
  for (const auto& [name, entry] : all_) each(name, entry.breaker);
}

void Breakers::note(const std::string& name) {
  moved_.insert(name);
  unwritten_.insert(name);
}

void Breakers::begin(AttemptKey key, const Names& names) {
  for (const std::string& name : names) {
    Entry* const found = entry(name);
    if (found == nullptr) continue;
    found->breaker.begin(key);
    if (found->breaker.take_changed()) note(name);
  }
}

void Breakers::recover(AttemptKey key, const Names& names) {
  for (const std::string& name : names) {
    Entry* const found = entry(name);
    if (found == nullptr) continue;
    found->breaker.recover(key);
    moved_.insert(name);
  }
}

void Breakers::end(AttemptKey key, const Names& names, const std::function<CallResult(const BreakerSpec&)>& result,
                   const std::string& cause, Moment now) {
  for (const std::string& name : names) {
    Entry* const found = entry(name);
    if (found == nullptr) continue;
    found->breaker.end(key, result(found->breaker.spec()), cause, now);
    if (found->breaker.take_changed()) note(name);
  }
}

void Breakers::wake(Moment now) {
  for (auto& [name, entry] : all_) {
    entry.breaker.wake(now);
    if (entry.breaker.take_changed()) note(name);
  }
}

std::optional<MonoUs> Breakers::due() const {
  std::optional<MonoUs> first;
  for (const auto& [name, entry] : all_) {
    const auto due = entry.breaker.due();
    if (due && (!first || *due < *first)) first = due;
  }
  return first;
}

Status Breakers::change(const std::string& name, const BreakerWish& wish, Moment now) {
  Entry* const found = entry(name);
  if (found == nullptr) {
    std::vector<std::string> names;
    for (const auto& [known, entry] : all_) names.push_back(known);
    return Error{"there is no breaker \"" + name + "\"" + did_you_mean_suffix(name, names), ErrorKind::not_found};
  }
  Breaker& breaker = found->breaker;
  switch (wish.kind) {
    case BreakerWish::Kind::trip: breaker.trip(wish.span_us, wish.why, wish.actor, now); break;
    case BreakerWish::Kind::reset: breaker.reset(wish.why, wish.actor, now); break;
  }
  (void)breaker.take_changed();
  note(name);
  return Unit{};
}

void Breakers::take_moved(const std::function<void(const std::string&, std::int32_t)>& each) {
  for (const std::string& name : std::exchange(moved_, {})) each(name, all_.find(name)->second.breaker.permits());
}

void Breakers::take_rows(ServiceRows& rows, Moment now) {
  while (!unwritten_.empty()) take_rows_of(std::string(*unwritten_.begin()), rows, now);
}

void Breakers::take_rows_of(const std::string& name, ServiceRows& rows, Moment now) {
  if (unwritten_.erase(name) == 0) return;
  Entry& entry = all_.find(name)->second;
  BreakerRow row = entry.breaker.row(now);
  row.declared_by = entry.by;
  rows.breakers.push_back(std::move(row));
  for (BreakerEventRow& event : entry.breaker.take_events()) rows.breaker_events.push_back(std::move(event));
}

}  // namespace baton
