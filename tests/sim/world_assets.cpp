// What people do with assets: they say that one has come from elsewhere, a few at once too, hold one back, and let it go
// on.
#include <fmt/format.h>

#include <array>
#include <utility>

#include "tests/sim/world.h"

namespace baton::sim {
namespace {

constexpr std::array kAssets = {"x", "y", "z"};

}  // namespace

void World::plan_assets() {
  if (!workload_.has_consumers) return;
  const MonoUs last = ground_.calm_at - kMinute;
  for (std::int64_t n = stewards_.between(4, 9); n > 0; --n) {
    at(stewards_.between(kHour, last), [this] { raise_events(); });
  }
  for (std::int64_t n = workload_.first_checked < 0 ? 0 : stewards_.between(6, 12); n > 0; --n) {
    at(stewards_.between(kHour, last), [this] { look_at_held(); });
  }
  for (std::int64_t n = stewards_.between(2, 4); n > 0; --n) {
    at(stewards_.between(kHour, last - kHour), [this] { hold_asset(); });
  }
}

void World::raise_events() {
  if (!has_server()) return;
  for (std::int64_t n = stewards_.percent(50) ? 1 : stewards_.between(2, 6); n > 0; --n) {
    const std::string asset = kAssets.at(static_cast<std::size_t>(stewards_.below(3)));
    ground_.say("person tells of " + asset);
    scheduler_->ask(RaiseAssetEvent{asset, ""}, [this, asset](const Result<Answer>& how) {
      if (how) disk_.assets().accepted(how->asset_event_no, asset);
    });
  }
}

void World::hold_asset() {
  const std::string asset = kAssets.at(static_cast<std::size_t>(stewards_.below(3)));
  ask_asset(asset, true);
  later(stewards_.log_between(kMinute, 4 * kHour), [this, asset] { ask_asset(asset, false); });
}

/// Who was told that it is held, or goes on, finds it so on disk, where nobody has wanted otherwise since.
void World::ask_asset(const std::string& asset, bool holds) {
  if (!has_server()) return come_again([this, asset, holds] { ask_asset(asset, holds); });
  ground_.say(fmt::format("person {} {}", holds ? "holds back" : "lets go", asset));
  AuditRow audit;
  audit.actor = "somebody";
  audit.via = "cli";
  audit.action = holds ? "quarantine_asset" : "release_asset";
  audit.at = ground_.loop.wall();
  const AssetQuarantineRow row{asset, holds ? "somebody" : "", holds ? "it looks odd" : "", ground_.loop.wall(), ""};
  const MonoUs asked_at = ground_.loop.now();
  const std::int64_t epoch = scheduler_->store().leader_epoch();
  const auto told = [this, epoch, asset, holds, asked_at, asked = ++assets_asked_](const Status& how) {
    if (!disk_.leads(epoch)) return;
    if (!how || asked != assets_asked_ || disk_.assets().was_changed_by_checks(asset, asked_at)) return;
    if (disk_.assets().held().contains(asset) == holds || !disk_.assets().knows(asset)) return;
    ground_.findings.fail("INV-01", asset + " was said to be " + (holds ? "held back" : "let go") + " and is not so on disk");
  };
  scheduler_->makers()->asset_runs().quarantine(row, audit, told);
}

/// Somebody looks through what checks have held back, and finds it good enough.
void World::look_at_held() {
  for (const auto& [asset, since] : disk_.assets().held()) {
    if (stewards_.percent(60)) ask_asset(asset, false);
  }
}

/// Once the day is over nothing is held back: people come until it is so, as long as there is a server.
void World::release_assets() {
  if (disk_.assets().held().empty() || scheduler_settings_.loader == nullptr) return;
  for (const auto& [asset, since] : disk_.assets().held()) ask_asset(asset, false);
  later(10 * kSecond, [this] { release_assets(); });
}

}  // namespace baton::sim
