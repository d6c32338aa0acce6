#include "tests/sim/sim_keys.h"

#include <fmt/format.h>

#include <utility>

namespace baton::sim {
namespace {

std::tuple<std::string, std::string, std::string> name_of(const IdempotencyKey& key) {
  return {key.principal, key.route, key.key};
}

}  // namespace

void KeyBooks::fail(const IdempotencyKey& key, const std::string& what) {
  ground_.findings.fail("KEYS", key.key + " of " + key.principal + ": " + what);
}

/// The note of a run says which key asked for it: then nobody need believe the row of the key.
void KeyBooks::take(const Part& part) {
  for (const IdempotencyRow& row : part.idempotency) {
    if (!rows_.emplace(std::make_tuple(row.principal, row.route, row.key), row).second) {
      fail({row.principal, row.route, row.key, {}, 0}, "it is kept a second time");
    }
  }
  for (const RunCreation& creation : part.creations) {
    const RunRow& run = creation.run;
    if (!run.triggered_by.starts_with("key ")) continue;
    const auto [at, is_first] = made_.emplace(run.triggered_by, run.run_no);
    if (is_first) continue;
    ground_.findings.fail("KEYS",
                          fmt::format("{} has made run {} and run {}", run.triggered_by, at->second, run.run_no));
  }
}

const IdempotencyRow* KeyBooks::find(const IdempotencyKey& key) const {
  const auto at = rows_.find(name_of(key));
  return at == rows_.end() ? nullptr : &at->second;
}

void KeyBooks::told(const IdempotencyKey& key, const Result<Answer>& how) {
  const IdempotencyRow* row = find(key);
  const bool is_other = row != nullptr && row->body_hash != key.body_hash;
  if (!how) {
    if (how.error().kind == ErrorKind::conflict) {
      ground_.strike(Fault::key_under_way);
    } else if (how.error().kind == ErrorKind::invalid) {
      if (is_other) ground_.strike(Fault::key_of_another);
      if (row != nullptr && !is_other) fail(key, "the same request is refused: " + how.error().message);
    } else {
      fail(key, "it is refused: " + how.error().message);
    }
    return;
  }
  if (row == nullptr) return fail(key, "it is answered, and not on disk");
  if (is_other) return fail(key, "another request is answered with what it has made");
  const auto made = made_.find("key " + key.principal + " " + key.key);
  if (made == made_.end() || made->second != how->run_no) {
    return fail(key, fmt::format("it is answered with run {}, which it has not made", how->run_no));
  }
  const auto told = told_.emplace(name_of(key), how->run_no).first;
  if (told->second != how->run_no) {
    fail(key, fmt::format("run {} was told before, and now {}", told->second, how->run_no));
  }
  if (how->has_changed) return;
  if (how->repeated_status != key.status) fail(key, "it is answered with another status than at first");
  ground_.strike(Fault::key_repeated);  // every fifth time or so nobody had heard of the first answer
}

void SimKeyFinder::find(IdempotencyKey key, OnFound done) {
  const MonoUs at = ground_.loop.now() + ground_.latency.log_between(50, 5 * kMillisecond);
  ground_.loop.call(process_, at, [this, key = std::move(key), done = std::move(done)] {
    const IdempotencyRow* row = books_.find(key);
    std::optional<IdempotencyRow> found;
    if (row != nullptr) found = *row;
    ground_.loop.call(process_, ground_.loop.now(), [done, found = std::move(found)] { done(found); });
  });
}

}  // namespace baton::sim
