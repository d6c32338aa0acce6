#include "scheduler/rehearsal/outlook_ledger.h"

#include <algorithm>
#include <array>

#include "scheduler/dagfile/assets.h"
#include "scheduler/json/json_value.h"
#include "scheduler/timetable/time_text.h"

namespace baton::rehearsal {
namespace {

WallUs floor_div(WallUs at, WallUs by) { return at / by - (at % by < 0 ? 1 : 0); }

/// Of the day in UTC, also before 1970.
std::size_t hour_of(WallUs at) { return static_cast<std::size_t>((floor_div(at, kHour) % 24 + 24) % 24); }

constexpr std::size_t kSaidMax = 20;

constexpr std::array kWorthTelling = {Wait::pause, Wait::approval, Wait::backoff, Wait::breaker, Wait::limit,
                                      Wait::pool,  Wait::rate,     Wait::slots,   Wait::worker};

/// The length of each part of its span, rounded up.
DurationUs part_of(const SimulationPlan& plan) {
  const auto points = static_cast<DurationUs>(plan.use_points);
  return std::max<DurationUs>(1, (plan.to - plan.from + points - 1) / points);
}

std::string note_of(const OutboxRow& row) {
  const auto payload = from_json(row.payload_json);
  const Value* note = payload ? payload->find("note") : nullptr;
  return note != nullptr && note->type() == ValueType::string ? note->as_string() : std::string();
}

}  // namespace

bool is_worth_telling(Wait wait) { return std::ranges::find(kWorthTelling, wait) != kWorthTelling.end(); }

DurationUs worth_telling_us(const WaitTimes& times) {
  DurationUs sum = 0;
  for (const Wait wait : kWorthTelling) sum += times.of(wait);
  return sum;
}

// ---- slots ----

void SlotMeter::begin(std::string name, std::int64_t slots, WallUs from, std::size_t points, DurationUs part_us) {
  use_.name = std::move(name);
  use_.slots = slots;
  use_.points.resize(points);
  seen_ = from_ = from;
  part_us_ = part_us;
}

UsePoint& SlotMeter::point_at(WallUs at) {
  const auto part = static_cast<std::size_t>(std::max<DurationUs>(0, at - from_) / part_us_);
  return use_.points[std::min(part, use_.points.size() - 1)];
}

void SlotMeter::pass(WallUs now) {
  if (now <= seen_) return;
  for (WallUs at = seen_; !use_.points.empty() && at < now;) {
    UsePoint& point = point_at(at);
    const WallUs next = std::min(now, from_ + ((at - from_) / part_us_ + 1) * part_us_);
    point.slot_us += static_cast<double>(held_) * static_cast<double>(next - at);
    point.peak = std::max(point.peak, held_);
    at = next;
  }
  const DurationUs span = now - seen_;
  use_.slot_us += static_cast<double>(held_) * static_cast<double>(span);
  if (held_ >= use_.slots) use_.full_us += span;
  seen_ = now;
}

void SlotMeter::change(std::int64_t by, WallUs now) {
  pass(now);
  held_ += by;
  use_.peak = std::max(use_.peak, held_);
  if (!use_.points.empty()) point_at(now).peak = std::max(point_at(now).peak, held_);
}

SlotUse SlotMeter::end(WallUs to) {
  pass(to);
  return use_;
}

// ---- what is written ----

OutlookLedger::OutlookLedger(const SimulationPlan& plan, FindRun find_run, std::function<WallUs()> now)
    : plan_(plan), find_run_(std::move(find_run)), now_(std::move(now)), hours_seen_(plan.from) {
  const DurationUs part_us = plan.use_points == 0 ? 0 : part_of(plan);
  slots_.begin("", plan.slots, plan.from, plan.use_points, part_us);
  const auto know_pools = [this, part_us](const std::vector<PoolSpec>& pools) {
    for (const PoolSpec& pool : pools) {
      const auto [meter, is_new] = pools_.try_emplace(pool.name);
      if (is_new) meter->second.begin(pool.name, pool.slots, plan_.from, plan_.use_points, part_us);
    }
  };
  const auto know_assets = [this](const std::string& json, const std::string& timezone) {
    for (const dagfile::AssetSpec& asset : dagfile::assets_from_json(json, timezone)) {
      if (asset.fresh.is_set()) fresh_.try_emplace(asset.name, FreshAsset{asset.fresh, plan_.from});
    }
  };
  know_pools(plan.pools);  // in the order in which words count
  know_pools(plan.config.pools);
  know_assets(plan.config.assets_json, "");
  for (const SimulatedDag& dag : plan.dags) {
    know_pools(dag.given.dag->pools);
    know_assets(dag.given.dag->assets_json, dag.given.dag->timezone);
    dags_[dag.given.dag->id].dag_id = dag.given.dag->id;
  }
}

void OutlookLedger::see(const Part& part) {
  for (const RunCreation& made : part.creations) see_created(made.run);
  for (const TryRow& row : part.tries) see_try(row);
  for (const TaskRow& row : part.instances) see_instance(row);
  for (const RunRow& row : part.runs) see_run(row);
  see_service(part.service);
}

void OutlookLedger::see_created(const RunRow& row) {
  places_[row.run_no] = runs_.size();
  SimulatedRun& run = runs_.emplace_back();
  run.dag_id = row.dag_id;
  run.run_id = row.run_id;
  run.type = row.type;
  run.logical_date = row.logical_date;
  run.created_at = std::max(row.queued_at, row.run_after);
  see_run(row);
}

void OutlookLedger::see_run(const RunRow& row) {
  const auto place = places_.find(row.run_no);
  if (place == places_.end()) return;
  SimulatedRun& run = runs_[place->second];
  if (run.started_at == kNoTime && row.begun_at != kNoTime) {
    run.started_at = row.begun_at;
    ++hours_[hour_of(run.started_at)].runs;
  }
  run.state = row.state;
  if (is_final(row.state)) run.ended_at = row.ended_at;
}

/// Times stand in rows of tries, up to the end of each, and in the row of the end what lies outside of them.
void OutlookLedger::see_instance(const TaskRow& row) {
  if (!is_final(row.state) && !plan_.lists_tasks) return;
  const DagRun* run = find_run_(row.run_no);
  if (run == nullptr) return;
  if (plan_.lists_tasks) {
    SimulatedTask& task = listed(*run, row.task_no, row.instance_no);
    task.map_index = row.map_index;
    task.state = row.state;
    task.started_at = row.started_at;
    task.ended_at = row.ended_at;
  }
  if (!is_final(row.state)) return;
  ++ended_;
  ++dags_[run->row.dag_id].tasks;
  if (row.reason == Reason::no_items) empty_maps_[run->row.dag_id + "/" + run->dag->task(row.task_no).id] = true;
  add_times(*run, row.task_no, row.instance_no, row.times_json);
}

SimulatedTask& OutlookLedger::listed(const DagRun& run, TaskNo t, InstanceNo instance) {
  const auto [at, is_new] = listed_.try_emplace({run.row.run_no, instance});
  if (is_new) {
    at->second.task_no = t;
    at->second.task_id = run.dag->task(t).id;
  }
  return at->second;
}

void OutlookLedger::see_try(const TryRow& row) {
  if (const DagRun* run = find_run_(row.run_no)) {
    add_times(*run, run->at(row.instance_no).task_no, row.instance_no, row.times_json);
  }
}

void OutlookLedger::add_times(const DagRun& run, TaskNo t, InstanceNo instance, const std::string& times_json) {
  if (times_json.empty()) return;
  const WaitTimes times = WaitTimes::from_json(times_json);
  if (plan_.lists_tasks) {
    SimulatedTask& task = listed(run, t, instance);
    for (const Wait wait : kWorthTelling) task.times.add(wait, times.of(wait));
  }
  const auto [at, is_new] = waits_.try_emplace({run.dag.get(), t});
  TaskWaits& waits = at->second;
  if (is_new) {
    const Task& task = run.dag->task(t);
    waits.dag_id = run.dag->id;
    waits.task_id = task.id;
    for (const PoolUse& use : task.spec->pools) waits.pools.push_back(use.name);
    waits.breakers = *task.spec->breakers;
  }
  for (const Wait wait : kWorthTelling) {
    const DurationUs us = times.of(wait);
    if (us == 0) continue;
    waits.times.add(wait, us);
    ++waits.counts[wait];
    DurationUs& longest = waits.longest_us[wait];
    longest = std::max(longest, us);
  }
}

void OutlookLedger::see_service(const ServiceRows& rows) {
  for (const TickRecordRow& row : rows.ticks) ticks_.insert_or_assign({row.dag_id, row.from}, row);
  for (const OutboxRow& row : rows.outbox) misses_.push_back({row.created_at, row.event, row.object, note_of(row)});
  for (const AssetEventRow& row : rows.asset_events) see_asset(row.asset, row.at);
}

/// What was to be fresh and was not, from when on and how long.
void OutlookLedger::see_asset(const std::string& asset, WallUs at) {
  const auto known = fresh_.find(asset);
  if (known == fresh_.end()) return;
  FreshAsset& is_to_be = known->second;
  const WallUs late = timetable::freshness_deadline(is_to_be.rule, is_to_be.last, is_to_be.has_event).late;
  if (at > late) {
    misses_.push_back({late, "asset_stale", asset,
                       "it is to be " + timetable::freshness_words(is_to_be.rule) + ", and was late by " +
                           timetable::format_duration(at - late)});
  }
  is_to_be.last = at;
  is_to_be.has_event = true;
}

void OutlookLedger::say(const std::string& line) {
  if (said_.size() < kSaidMax && std::ranges::find(said_, line) == said_.end()) said_.push_back(line);
}

// ---- what attempts hold ----

void OutlookLedger::pass_hours(WallUs now) {
  while (hours_seen_ < now) {
    const WallUs next = std::min<WallUs>(now, (floor_div(hours_seen_, kHour) + 1) * kHour);
    HourLoad& hour = hours_[hour_of(hours_seen_)];
    hour.slot_us += static_cast<double>(slots_.held()) * static_cast<double>(next - hours_seen_);
    hours_seen_ = next;
  }
}

void OutlookLedger::hold(AttemptKey key, std::int64_t sign) {
  const WallUs now = now_();
  pass_hours(now);
  slots_.change(sign, now);
  if (sign > 0) ++hours_[hour_of(now)].tasks;
  const DagRun* run = find_run_(key.run_no);
  if (run == nullptr) return;
  for (const PoolUse& use : run->dag->spec(key.task_no).pools) {
    if (const auto pool = pools_.find(use.name); pool != pools_.end()) pool->second.change(sign * use.slots, now);
  }
}

// ---- what it comes to ----

void OutlookLedger::take_runs(Outlook& out) {
  for (const SimulatedRun& run : runs_) {
    DagOutlook& dag = dags_[run.dag_id];
    ++dag.runs;
    const WallUs began = run.started_at == kNoTime ? plan_.to : run.started_at;
    const DurationUs waited = std::max<DurationUs>(0, began - run.created_at);
    dag.begin_wait_us += waited;
    dag.longest_begin_wait_us = std::max(dag.longest_begin_wait_us, waited);
    if (!is_final(run.state)) {
      ++dag.open;
      continue;
    }
    if (run.state == RunState::failed) ++dag.failed;
    const DurationUs took = run.ended_at - began;
    dag.run_us += took;
    dag.longest_run_us = std::max(dag.longest_run_us, took);
  }
  for (auto& [key, task] : listed_) {
    if (const auto place = places_.find(key.first); place != places_.end()) {
      runs_[place->second].tasks.push_back(std::move(task));
    }
  }
  out.list = std::move(runs_);
}

void OutlookLedger::take_ticks(Outlook&) {
  for (const auto& [key, row] : ticks_) {
    if (row.ticks > 0 && row.reason != TickReason::waiting) dags_[row.dag_id].ticks[row.reason] += row.ticks;
  }
}

Outlook OutlookLedger::close(const std::function<std::int64_t(const std::string& pool)>& slots_of) {
  Outlook out;
  out.from = plan_.from;
  out.to = plan_.to;
  pass_hours(plan_.to);
  take_runs(out);
  take_ticks(out);
  for (auto& [key, waits] : waits_) {
    DagOutlook& dag = dags_[waits.dag_id];
    for (const Wait wait : kWorthTelling) dag.times.add(wait, waits.times.of(wait));
    if (worth_telling_us(waits.times) > 0) out.waits.push_back(std::move(waits));
  }
  std::ranges::sort(out.waits, [](const TaskWaits& a, const TaskWaits& b) {
    const DurationUs of_a = worth_telling_us(a.times), of_b = worth_telling_us(b.times);
    return of_a != of_b ? of_a > of_b : std::pair{a.dag_id, a.task_id} < std::pair{b.dag_id, b.task_id};
  });
  for (auto& [id, dag] : dags_) {
    out.runs += dag.runs;
    out.failed += dag.failed;
    out.open += dag.open;
    out.tasks += dag.tasks;
    out.dags.push_back(std::move(dag));
  }
  out.slots = slots_.end(plan_.to);
  for (auto& [name, meter] : pools_) {
    SlotUse use = meter.end(plan_.to);
    use.slots = slots_of(name);
    out.pools.push_back(std::move(use));
  }
  for (const auto& [asset, is_to_be] : fresh_) {
    const WallUs late = timetable::freshness_deadline(is_to_be.rule, is_to_be.last, is_to_be.has_event).late;
    if (plan_.to > late) {
      misses_.push_back(
          {late, "asset_stale", asset, "it is to be " + timetable::freshness_words(is_to_be.rule) + ", and still is not"});
    }
  }
  std::ranges::stable_sort(misses_, {}, &Miss::at);
  out.misses = std::move(misses_);
  out.hours = std::move(hours_);
  out.said = std::move(said_);
  for (const auto& [name, is_empty] : empty_maps_) out.empty_maps.push_back(name);
  return out;
}

}  // namespace baton::rehearsal
