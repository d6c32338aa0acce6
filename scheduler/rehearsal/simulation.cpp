#include "scheduler/rehearsal/deadline_watch.h"
#include "scheduler/rehearsal/simulation.h"

#include <optional>
#include <set>
#include <utility>

#include "scheduler/dagfile/breakers.h"
#include "scheduler/dagfile/params.h"
#include "scheduler/engine/approval.h"
#include "scheduler/host/children_on_engine.h"
#include "scheduler/host/host.h"
#include "scheduler/host/run_makers.h"
#include "scheduler/rehearsal/outlook_ledger.h"
#include "scheduler/rehearsal/scripted_executor.h"
#include "scheduler/rehearsal/simulated_store.h"
#include "scheduler/rehearsal/stage_parts.h"
#include "scheduler/rehearsal/virtual_loop.h"
#include "scheduler/service/alerts.h"
#include "scheduler/timetable/time_text.h"
#include "scheduler/timetable/zone.h"

namespace baton::rehearsal {
namespace {

/// The clock begins a little before, so that what is due at `from` falls due.
constexpr DurationUs kBefore = kSecond;
constexpr std::uint64_t kStepsBetweenLooks = 64;

/// What goes wrong, whether or not a DAG wants to tell somebody of it.
AlertRule misses_rule() {
  return {{"run_failed", "sla_missed", "dag_paused", "breaker_opened"}, {"simulate"}};
}

HostSettings settings_of(const SimulationPlan& plan) {
  HostSettings settings;
  settings.policy = HostPolicy::all_runs;
  settings.pools = plan.config.pools;
  settings.breakers = dagfile::breakers_from_json(plan.config.breakers_json);
  return settings;
}

class Theatre : private RunObserver {
 public:
  explicit Theatre(const SimulationPlan& plan);

  Result<Outlook> play();

 private:
  void run_began(const DagRun&) override {}
  void instance_changed(const DagRun& run, const TaskRow& row) override;
  void try_ended(const DagRun&, const TryRow&) override {}
  void run_ended(const DagRun&) override {}
  void notice(const std::string& text) override { ledger_.say(text); }

  Ending ending_of(const LaunchSpec& spec);
  [[nodiscard]] DurationUs span_of(const Dag& dag, TaskNo t) const;
  void learn_durations();
  Status open();
  void give_dags();
  [[nodiscard]] Status within_bounds() const;
  [[nodiscard]] ServiceSnapshot all_that_was_due() const;
  void find_events(const std::string& asset, std::int64_t after, std::size_t limit, AssetHost::OnEvents done);

  const SimulationPlan& plan_;
  VirtualLoop loop_;
  OutlookLedger ledger_;
  SimulatedStore store_;
  ScriptedExecutor executor_;
  Host host_;
  LoaderThread loader_;  ///< does nothing: every DAG is on the shelf
  RunMakers makers_;
  ChildrenOnEngine children_;
  Alerts alerts_;
  DeadlineWatch deadlines_{loop_, host_.engine(), alerts_};
  std::map<std::string, std::vector<std::int64_t>> asset_events_;  ///< numbers, by asset
  std::map<const Dag*, std::vector<DurationUs>> spans_;            ///< of a try, by TaskNo
  std::map<DurationSource, std::int64_t> sources_;
};

Theatre::Theatre(const SimulationPlan& plan)
    : plan_(plan),
      loop_(plan.from - kBefore),
      ledger_(plan, [this](RunNo run_no) { return host_.engine().run(run_no); }, [this] { return loop_.wall_now(); }),
      store_(loop_,
             [this](const Part& part) {
               for (const AssetEventRow& row : part.service.asset_events) asset_events_[row.asset].push_back(row.event_no);
               ledger_.see(part);
             }),
      executor_(loop_, [this](const LaunchSpec& spec) { return ending_of(spec); }),
      host_({loop_, store_, executor_, this,
             [](const RunSnapshot&) { return Result<std::shared_ptr<const Dag>>{Error{"nothing is kept"}}; }},
            stage_context(), settings_of(plan)),
      makers_({loop_, store_, store_, host_, loader_, plan.config,
               [this](const std::string& asset, std::int64_t after, std::size_t limit, AssetHost::OnEvents done) {
                 find_events(asset, after, limit, std::move(done));
               },
               [this](const std::string& line) { ledger_.say(line); }, plan.dags.size() + 1}),
      children_(loop_, store_, makers_.ticks(), makers_.shelf(), stage_context().secret),
      alerts_([this](RunNo run_no) { return host_.engine().run(run_no); },
              [this](RunNo run_no) { return host_.engine().queue().is_waiting(run_no); }) {
  alerts_.set({misses_rule()});
  executor_.watch(&ledger_);
}

void Theatre::learn_durations() {
  for (const SimulatedDag& simulated : plan_.dags) {
    const Dag& dag = *simulated.given.dag;
    std::vector<DurationUs>& spans = spans_[&dag];
    for (const Task& task : dag.tasks) {
      const auto mean = simulated.history.find(task.id);
      DurationSource source = DurationSource::unknown;
      if (task.spec->expected->try_us > 0) source = DurationSource::expect;
      if (mean != simulated.history.end()) source = DurationSource::history;
      switch (source) {
        case DurationSource::history: spans.push_back(mean->second); break;
        case DurationSource::expect: spans.push_back(task.spec->expected->try_us); break;
        case DurationSource::unknown: spans.push_back(kUnknownTryUs); break;
      }
      if (task.spec->kind != TaskKind::noop) ++sources_[source];
    }
  }
}

Ending Theatre::ending_of(const LaunchSpec& spec) {
  Ending ending;
  const DagRun* run = host_.engine().run(spec.key.run_no);
  if (run == nullptr) return ending;
  ending.outcome.after_us = span_of(*run->dag, spec.key.task_no);
  ending.output = sample_output(run->dag->spec(spec.key.task_no), loop_.wall_now());
  return ending;
}

DurationUs Theatre::span_of(const Dag& dag, TaskNo t) const {
  const auto spans = spans_.find(&dag);
  return spans == spans_.end() ? kUnknownTryUs : spans->second[static_cast<std::size_t>(t)];
}

/// A person takes as long as a program would, and chooses what stands first.
void Theatre::instance_changed(const DagRun& run, const TaskRow& row) {
  const TaskSpec& spec = run.spec_of(row.instance_no);
  if (row.state != TaskState::deferred || spec.kind != TaskKind::approval) return;
  const Instance& instance = run.at(row.instance_no);
  const ApprovalAsk ask = ask_of(spec);
  AnswerApproval request;
  request.run_no = run.row.run_no;
  request.task.task_id = run.dag->task(instance.task_no).id;
  auto params = resolve_form(request.task.task_id, ask.params, Value());
  if (ask.options.empty() || !params) return;  // nobody can answer without knowing more
  if (instance.map_index >= 0) request.task.map_index = instance.map_index;
  request.epoch = instance.epoch;
  request.chosen = {ask.options.front()};
  request.params = std::move(*params);
  loop_.call_at(loop_.mono_now() + span_of(*run.dag, instance.task_no), [this, request] {
    const Status asked = host_.ask(request, {"somebody", "", "simulate"}, [](const Result<Answer>&) {});
    if (!asked) ledger_.say(asked.error().message);
  });
}

/// Events that wait beyond what is in memory, as a store would find them.
void Theatre::find_events(const std::string& asset, std::int64_t after, std::size_t limit, AssetHost::OnEvents done) {
  std::vector<std::int64_t> found;
  for (const std::int64_t no : asset_events_[asset]) {
    if (no > after && found.size() < limit) found.push_back(no);
  }
  loop_.post([found = std::move(found), done = std::move(done)] { done(found); });
}

/// A server that was never away: of every DAG all ticks before `from` have ended.
ServiceSnapshot Theatre::all_that_was_due() const {
  ServiceSnapshot found;
  if (plan_.is_new) return found;
  for (const SimulatedDag& simulated : plan_.dags) {
    const Dag& dag = *simulated.given.dag;
    DagRow row;
    row.dag_id = dag.id;
    row.file = simulated.file;
    row.version = dag.version;
    const auto schedule = schedule_of(dag, plan_.config);
    row.schedule_hash = schedule ? schedule->hash : std::string();
    row.schedule_since = row.cursor = plan_.from - kBefore;
    found.dags.push_back(std::move(row));
  }
  return found;
}

Status Theatre::open() {
  host_.engine().on_writes([this](Part& part) {
    alerts_.tell(part, loop_.wall_now());
    deadlines_.look();
  });
  host_.on_finished([this](const DagRun& run) {
    makers_.run_ended(run);
    makers_.look();
  });
  if (Status opened = host_.open(); !opened) return opened;
  for (const auto& [name, value] : plan_.variables) host_.engine().set_variable(name, value);
  for (const PoolSpec& pool : plan_.pools) host_.set_pool(pool.name, pool.slots);
  if (Status watched = makers_.watch_runs(); !watched) return watched;
  host_.engine().make_children_with(&children_);
  makers_.start(all_that_was_due());
  give_dags();
  executor_.connect(host_.executor_events(), plan_.slots);
  return Unit{};
}

void Theatre::give_dags() {
  for (const SimulatedDag& dag : plan_.dags) makers_.give(dag.given, dag.file, [] {});
}

Status Theatre::within_bounds() const {
  const bool is_large = plan_.size_max > 0 && ledger_.size() > plan_.size_max;
  if (!is_large && !(plan_.gives_up && plan_.gives_up())) return Unit{};
  const std::string reached = timetable::format_rfc3339(loop_.wall_now(), timetable::utc());
  const std::string what = is_large ? "there are more than " + std::to_string(plan_.size_max) + " runs and task instances"
                                    : std::string("it has taken too long");
  return Error{"by " + reached + " " + what + ": ask for a shorter time, or for fewer DAGs", ErrorKind::invalid};
}

Result<Outlook> Theatre::play() {
  std::optional<Error> fatal;
  host_.on_fatal([&fatal](const Fatal& why) { fatal = Error{why.message, ErrorKind::internal}; });
  learn_durations();
  if (Status opened = open(); !opened) return opened.error();
  const MonoUs until = loop_.mono_now() + (plan_.to - loop_.wall_now()) - 1;
  Status goes_on{Unit{}};
  for (std::uint64_t step = 0; !fatal && goes_on && loop_.step(until); ++step) {
    if (step % kStepsBetweenLooks == 0) goes_on = within_bounds();
  }
  makers_.stop();
  host_.engine().make_children_with(nullptr);
  if (fatal) return *fatal;
  if (!goes_on) return goes_on.error();
  Outlook out = ledger_.close([this](const std::string& pool) {
    const auto spec = host_.engine().admission().spec_of(pool);
    return spec ? std::int64_t{spec->slots} : 0;
  });
  out.durations = sources_;
  return out;
}

}  // namespace

Result<Outlook> simulate(const SimulationPlan& plan) {
  if (plan.to <= plan.from) return Error{"it ends before it begins"};
  std::set<std::string> ids;
  for (const SimulatedDag& dag : plan.dags) {
    if (!ids.insert(dag.given.dag->id).second) return Error{"two DAGs have the id \"" + dag.given.dag->id + "\""};
  }
  return Theatre(plan).play();
}

}  // namespace baton::rehearsal
