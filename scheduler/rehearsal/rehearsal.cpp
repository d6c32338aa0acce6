#include "scheduler/rehearsal/deadline_watch.h"
#include "scheduler/rehearsal/rehearsal.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

#include "scheduler/dagfile/breakers.h"
#include "scheduler/dagfile/params.h"
#include "scheduler/engine/approval.h"
#include "scheduler/engine/child_ask.h"
#include "scheduler/host/host.h"
#include "scheduler/json/json_value.h"
#include "scheduler/rehearsal/memory_store.h"
#include "scheduler/rehearsal/scripted_executor.h"
#include "scheduler/rehearsal/stage_parts.h"
#include "scheduler/rehearsal/task_names.h"
#include "scheduler/rehearsal/virtual_loop.h"
#include "scheduler/service/alerts.h"
#include "scheduler/service/asset_triggers.h"
#include "scheduler/timetable/schedule_spec.h"

namespace baton::rehearsal {
namespace {

/// A run that has not ended by then never will. Calls: a run that wakes itself up for ever is stopped too.
constexpr DurationUs kLongest = 3653 * kDay;
constexpr std::int64_t kMostCalls = 20'000'000;

std::string output_of(const TaskSpec& spec, const Outcome& outcome, WallUs now) {
  if (spec.kind == TaskKind::checks) return checks_output(spec, outcome.checks);
  return outcome.outputs ? to_json(*outcome.outputs) : sample_output(spec, now);
}

std::vector<BreakerRow> breakers_of(const TestCase& test, const Dag& dag, const Config& config, WallUs now) {
  std::vector<BreakerRow> out;
  for (const auto& [name, state] : test.given.breakers) {
    BreakerRow row;
    row.spec.name = name;
    for (const std::string* declared : {&dag.breakers_json, &config.breakers_json}) {
      const auto specs = dagfile::breakers_from_json(*declared);
      const auto at = std::ranges::find(specs, name, &BreakerSpec::name);
      if (at != specs.end()) row.spec = *at;
    }
    row.state = state;
    row.since = now;
    row.cooldown_us = row.spec.cooldown_us;
    if (state == BreakerState::open) row.until = now + row.spec.cooldown_us;
    row.cause = "the test says so";
    row.updated_at = now;
    out.push_back(std::move(row));
  }
  return out;
}

HostSettings settings_of(const TestCase& test, const Config& config) {
  HostSettings settings;
  settings.pools = config.pools;
  for (const PoolSpec& pool : test.given.pools) {
    std::erase_if(settings.pools, [&](const PoolSpec& other) { return other.name == pool.name; });
    settings.pools.push_back(pool);
  }
  settings.breakers = dagfile::breakers_from_json(config.breakers_json);
  return settings;
}

/// The runs of other DAGs are not rehearsed: what they come to is given.
class NoChildren final : public ChildMaker {
 public:
  void make_child(const ChildAsk&, OnMade) override {}
};

class Stage : private RunObserver {
 public:
  Stage(const TestCase& test, const Config& config, std::shared_ptr<const Dag> dag, WallUs begin)
      : test_(test), dag_(std::move(dag)), loop_(begin), store_(loop_, breakers_of(test, *dag_, config, begin)),
        executor_(loop_, [this](const LaunchSpec& spec) { return ending_of(spec); }),
        host_({loop_, store_, executor_, this,
               [this](const RunSnapshot&) { return Result<std::shared_ptr<const Dag>>{dag_}; }},
              stage_context(), settings_of(test, config)),
        alerts_([this](RunNo run_no) { return host_.engine().run(run_no); },
                [this](RunNo run_no) { return host_.engine().queue().is_waiting(run_no); }) {
    alerts_.set(alerting_from_json(config.alerting_json).rules);
    alerts_.learn(dag_->id, dag_->alerts_json);
    for (const auto& [name, value] : test.given.state) {
      TaskStateRow row;
      row.dag_id = dag_->id;
      row.name = name;
      row.json = to_json(value);
      row.version = 1;
      row.at = begin;
      row.actor = "baton test";
      store_.leave_state(std::move(row));
    }
  }

  Result<Report> play(NewRun wanted);

 private:
  void run_began(const DagRun&) override {}
  void instance_changed(const DagRun& run, const TaskRow& row) override;
  void try_ended(const DagRun&, const TryRow&) override {}
  void run_ended(const DagRun&) override {}
  void notice(const std::string&) override {}

  const Outcome& outcome_of(TaskNo t, std::int32_t map_index, const std::string& label);
  void answer(const DagRun& run, InstanceNo i);
  void end_child(const DagRun& run, InstanceNo i);
  Ending ending_of(const LaunchSpec& spec);
  void watch_alerts();
  void raise_assets();
  [[nodiscard]] bool waits_for_assets() const;
  [[nodiscard]] std::optional<DurationUs> begins_after() const;
  void begin_on_assets(NewRun wanted, DurationUs after, std::optional<Error>& refused);
  void take_alerts(const DagRun& run, Report& report) const;
  void take(const DagRun& run, bool has_ended);

  const TestCase& test_;
  std::shared_ptr<const Dag> dag_;
  VirtualLoop loop_;
  MemoryStore store_;
  ScriptedExecutor executor_;
  NoChildren children_;
  Host host_;
  Alerts alerts_;
  DeadlineWatch deadlines_{loop_, host_.engine(), alerts_};
  RunNo run_no_ = 0;
  std::set<TaskNo> assumed_;
  std::optional<Error> misfit_;  ///< an answer that the approval does not take
  std::map<std::pair<TaskNo, std::int32_t>, std::size_t> attempts_;      ///< so far, by task and map index
  std::map<std::pair<TaskNo, std::int32_t>, std::vector<std::string>> env_;
  std::optional<Report> report_;
};

/// Of its next attempt.
const Outcome& Stage::outcome_of(TaskNo t, std::int32_t map_index, const std::string& label) {
  const std::size_t n = attempts_[{t, map_index}]++;
  const Outcome* outcome = nullptr;
  bool is_of_instance = false;  // who names the instance goes before who names the task
  for (const TaskOutcomes& given : test_.given.tasks) {
    if (!names(given.who, dag_->task(t).id, map_index, label)) continue;
    if (is_of_instance && !given.who.instance) continue;
    is_of_instance = given.who.instance.has_value();
    outcome = &given.outcomes[std::min(n, given.outcomes.size() - 1)];
  }
  if (outcome == nullptr) {
    outcome = &test_.given.otherwise;
    if (!test_.given.has_default) assumed_.insert(t);
  }
  return *outcome;
}

std::string label_of(const DagRun& run, InstanceNo i) {
  const auto item = run.items.find(i);
  return item == run.items.end() ? std::string() : item->second.key;
}

/// What waits for others gets what is given: answers, and ends of runs.
void Stage::instance_changed(const DagRun& run, const TaskRow& row) {
  if (row.state != TaskState::deferred) return;
  const bool asks = run.spec_of(row.instance_no).kind == TaskKind::approval;
  asks ? answer(run, row.instance_no) : end_child(run, row.instance_no);
}

void Stage::answer(const DagRun& run, InstanceNo i) {
  const Instance& instance = run.at(i);
  const std::string& task = dag_->task(instance.task_no).id;
  const ApprovalAsk ask = ask_of(run.spec_of(i));
  GivenAnswer given;
  given.chosen = {ask.options.front()};
  for (const GivenAnswer& one : test_.given.answers) {
    if (names(one.who, task, instance.map_index, label_of(run, i))) given = one;
  }
  if (given.chosen.empty()) return;
  auto params = resolve_form(task, ask.params, given.params);
  if (!params) {
    misfit_ = params.error();
    return;
  }
  AnswerApproval request;
  request.run_no = run_no_;
  request.task.task_id = task;
  if (instance.map_index >= 0) request.task.map_index = instance.map_index;
  request.epoch = instance.epoch;
  request.chosen = given.chosen;
  request.params = std::move(*params);
  request.note = given.note;
  loop_.call_at(loop_.mono_now() + given.after_us, [this, request, by = given.by] {
    const Status asked = host_.ask(request, {by, "", "test"}, [this](const Result<Answer>& how) {
      // One that comes too late is what a test may be about; one that can never fit is a mistake of the test.
      if (!how && how.error().kind != ErrorKind::conflict) misfit_ = how.error();
    });
    if (!asked) misfit_ = asked.error();
  });
}

void Stage::end_child(const DagRun& run, InstanceNo i) {
  const Instance& instance = run.at(i);
  const Outcome outcome = outcome_of(instance.task_no, instance.map_index, label_of(run, i));
  if (outcome.kind == Outcome::Kind::hangs) return;
  const ChildAsk ask = child_ask_of(run.spec_of(i));
  const bool succeeds = outcome.kind == Outcome::Kind::exits && outcome.number == 0;
  ChildMoved moved{i, instance.epoch, ChildMoved::Kind::ended, ask.dag_id, "rehearsed"};
  moved.state = succeeds ? RunState::success : RunState::failed;
  if (!ask.waits) moved.kind = succeeds ? ChildMoved::Kind::made : ChildMoved::Kind::refused;
  if (!ask.waits && !succeeds) moved.reason = Reason::spawn;
  const DurationUs takes = ask.waits ? outcome.after_us : 0;
  loop_.call_at(loop_.mono_now() + takes, [this, moved] { (void)host_.engine().change_run(run_no_, moved, {}); });
}

Ending Stage::ending_of(const LaunchSpec& spec) {
  const std::pair<TaskNo, std::int32_t> who{spec.key.task_no, spec.key.map_index};
  env_[who] = spec.env;
  const Task& task = dag_->task(spec.key.task_no);
  const DagRun* run = host_.engine().run(run_no_);
  std::string label;
  if (run != nullptr) {
    if (const InstanceNo i = run->find(spec.key); i >= 0) label = label_of(*run, i);
  }
  const Outcome& outcome = outcome_of(spec.key.task_no, spec.key.map_index, label);
  return {outcome, output_of(*task.spec, outcome, loop_.wall_now())};
}

/// As a server does it: with what is written, and when a run that lives is past its `sla`.
void Stage::watch_alerts() {
  host_.engine().on_writes([this](Part& part) {
    alerts_.tell(part, loop_.wall_now());
    deadlines_.look();
  });
}

void Stage::raise_assets() {
  for (const AssetGiven& given : test_.given.assets) {
    loop_.call_at(loop_.mono_now() + given.at_us, [this, &given] {
      AssetEventRow event;
      event.asset = given.asset;
      event.at = loop_.wall_now();
      event.actor = "baton test";
      event.extra_json = given.extra_json;
      host_.engine().raise_asset_event(std::move(event), {{}, [](const PartVerdict&) {}});
    });
  }
}

/// A DAG that runs on assets, of which events are given: they start it.
bool Stage::waits_for_assets() const {
  return !test_.given.assets.empty() && dag_->schedule != nullptr && dag_->schedule->assets.has_value();
}

/// How long after the begin the events that are given start a run, as a server decides it; none: they start none.
std::optional<DurationUs> Stage::begins_after() const {
  std::vector<const AssetGiven*> events;
  for (const AssetGiven& given : test_.given.assets) events.push_back(&given);
  std::ranges::stable_sort(events, {}, &AssetGiven::at_us);
  AssetTriggers triggers;
  triggers.put(dag_->id, *dag_->schedule->assets, dag_->schedule->assets_merge, {});
  std::int64_t event_no = 0;
  for (const AssetGiven* event : events) {
    triggers.event(event->asset, ++event_no);
    if (triggers.next(dag_->id)) return event->at_us;
  }
  return std::nullopt;
}

void Stage::begin_on_assets(NewRun wanted, DurationUs after, std::optional<Error>& refused) {
  loop_.call_at(loop_.mono_now() + after, [this, wanted = std::move(wanted), &refused]() mutable {
    wanted.type = RunType::asset_triggered;
    wanted.triggered_by = "asset";
    wanted.logical_date = kNoTime;
    wanted.interval_start = wanted.interval_end = loop_.wall_now();
    TriggerRun trigger = host_.trigger_of(std::move(wanted));
    run_no_ = trigger.creation.run.run_no;
    const Status asked = host_.ask(std::move(trigger), {"baton test", "", "cli"}, [&refused](const Result<Answer>& how) {
      if (!how) refused = how.error();
    });
    if (!asked) refused = asked.error();
  });
}

Result<Report> Stage::play(NewRun wanted) {
  std::optional<Error> refused, fatal;
  host_.on_finished([this](const DagRun& run) { take(run, true); });
  host_.on_fatal([&fatal](const Fatal& why) { fatal = Error{why.message, ErrorKind::internal}; });
  watch_alerts();
  if (Status opened = host_.open(); !opened) return opened.error();
  for (const auto& [name, value] : test_.given.variables) host_.engine().set_variable(name, value);
  raise_assets();
  host_.engine().make_children_with(&children_);
  if (waits_for_assets()) {
    const auto after = begins_after();
    if (!after) return Error{"the asset events of this test start no run: `schedule` asks for others"};
    begin_on_assets(std::move(wanted), *after, refused);
  } else {
    TriggerRun trigger = host_.trigger_of(std::move(wanted));
    run_no_ = trigger.creation.run.run_no;
    host_.start_with(std::move(trigger), {"baton test", "", "cli"}, [&refused](const Result<Answer>& how) {
      if (!how) refused = how.error();
    });
  }
  executor_.connect(host_.executor_events(), test_.given.slots);
  const MonoUs until = loop_.mono_now() + kLongest;
  const auto goes_on = [&] { return !report_ && !refused && !fatal && !misfit_; };
  for (std::int64_t calls = 0; goes_on() && calls < kMostCalls && loop_.step(until); ++calls) {
  }
  if (refused) return *refused;
  if (fatal) return *fatal;
  if (misfit_) return *misfit_;
  if (report_) return std::move(*report_);
  const DagRun* left = host_.engine().run(run_no_);
  if (left == nullptr) return Error{"the run does not begin: nothing in this test lets it", ErrorKind::invalid};
  take(*left, false);
  return std::move(*report_);
}

void Stage::take(const DagRun& run, bool has_ended) {
  Report report;
  report.has_ended = has_ended;
  report.state = run.row.state;
  report.reason = run.row.reason;
  report.note = run.row.note;
  report.began_at = run.row.started_at;
  report.ended_at = run.row.ended_at;
  std::unordered_map<InstanceNo, std::size_t> row_of;
  for (std::size_t n = 0; n < run.instances.size(); ++n) {
    const auto i = static_cast<InstanceNo>(n);
    const Instance& instance = run.at(i);
    if (instance.state == TaskState::removed) continue;
    InstanceReport row;
    row.task = run.dag->task(instance.task_no).id;
    row.map_index = instance.map_index;
    row.state = instance.state;
    row.reason = instance.reason;
    row.wait = instance.wait;
    row.tries = instance.try_number;
    row.ended_at = store_.ended_at(i);
    row.times = store_.times_of(i);
    if (const Activity* activity = run.activity(i)) row.note = activity->note;
    if (const auto item = run.items.find(i); item != run.items.end()) row.map_key = item->second.key;
    if (const auto env = env_.find({instance.task_no, instance.map_index}); env != env_.end()) row.env = env->second;
    row_of.emplace(i, report.instances.size());
    report.instances.push_back(std::move(row));
  }
  for (const TryRow& row : store_.tries()) {
    const auto at = row_of.find(row.instance_no);
    if (at == row_of.end()) continue;
    InstanceReport& instance = report.instances[at->second];
    if (instance.started_at == kNoTime) instance.started_at = row.started_at;
  }
  std::ranges::stable_sort(report.instances, {}, [&](const InstanceReport& r) {
    return std::pair{*run.dag->find(r.task), r.map_index};
  });
  for (const TaskNo t : assumed_) report.assumed.push_back(run.dag->task(t).id);
  for (const AssetEventRow& event : store_.asset_events()) {
    const bool is_told = std::ranges::any_of(report.assets, [&](const auto& one) { return one.first == event.asset; });
    if (event.run_no == run.row.run_no && !is_told) report.assets.emplace_back(event.asset, event.task_id);
  }
  for (const TaskStateRow& row : store_.states()) {
    const auto value = from_json(row.json);
    if (row.dag_id == run.row.dag_id && value) report.state_kept.emplace_back(row.name, *value);
  }
  for (const CheckRow& row : store_.checks()) {
    if (row.run_no == run.row.run_no) report.checks.push_back(row);
  }
  for (const auto& [asset, by] : store_.held()) report.quarantined.push_back(asset);
  take_alerts(run, report);
  report_ = std::move(report);
}

void Stage::take_alerts(const DagRun& run, Report& report) const {
  const std::string of_run = run.row.dag_id + "/" + run.row.run_id;
  for (const OutboxRow& row : store_.alerts()) {
    AlertReport alert{row.event, row.object, {}};
    if (row.object == of_run) {
      alert.of = run.row.dag_id;
    } else if (row.object.starts_with(of_run + "/")) {
      alert.of = row.object.substr(of_run.size() + 1);
    }
    if (const auto payload = from_json(row.payload_json)) {
      const Value* note = payload->find("note");
      if (note != nullptr && note->type() == ValueType::string) alert.note = note->as_string();
    }
    report.alerts.push_back(std::move(alert));
  }
}

}  // namespace

Result<Report> rehearse(NewRun run, const TestCase& test, const Config& config, WallUs begin) {
  const std::shared_ptr<const Dag> dag = run.dag;
  return Stage(test, config, dag, begin).play(std::move(run));
}

}  // namespace baton::rehearsal
