#include "tests/sim/workload.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "scheduler/expr/template.h"
#include "scheduler/model/check.h"
#include "tests/sim/dag_draft.h"

namespace baton::sim {
namespace {

Text expression(std::string source) {
  auto parsed = expr::parse_template(source);
  BATON_CHECK(parsed.ok());
  return {std::move(source), std::make_shared<const expr::Template>(std::move(parsed.value))};
}

RetryPolicy retries(Rng& rng) {
  RetryPolicy p;
  p.max = static_cast<std::int32_t>(rng.between(1, 3));
  p.delay_us = rng.log_between(kSecond, kMinute);
  p.max_delay_us = 3 * kMinute;
  p.backoff = static_cast<RetryPolicy::Backoff>(rng.below(3));
  p.jitter = static_cast<RetryPolicy::Jitter>(rng.below(3));
  switch (rng.below(6)) {
    case 0: p.on = {{FailureClass::Kind::exit, 75}, {FailureClass::Kind::timeout, 0}}; break;
    case 1: p.never_on = {{FailureClass::Kind::exit, 3}}; break;
    case 2: p.on = {{FailureClass::Kind::any, 0}, {FailureClass::Kind::lost, 0}}; break;
    default: break;
  }
  return p;
}

/// Whether the rule may hold while upstreams are open: then what an `if` sees of these depends on the moment.
bool may_run_early(TriggerRule rule) {
  return rule == TriggerRule::always || rule == TriggerRule::one_success || rule == TriggerRule::one_failed ||
         rule == TriggerRule::one_done;
}

/// Draws one Dag. Lives for one call of make_dag().
class DagMaker : DagDraft {
 public:
  /// `doors`, `asks`, `follow`, `past`: chance of its own for who names a breaker, who waits for others, what follows
  /// from ends, who waits for the run of the date before.
  DagMaker(Rng& rng, Rng doors, Rng asks, Rng follow, Rng past, std::int32_t number, std::int32_t tasks_max,
           const std::vector<PoolSpec>& pools, bool has_server)
      : rng_(rng), doors_(doors), asks_(asks), follow_(follow), past_(past), number_(number), tasks_max_(tasks_max),
        pools_(pools), has_server_(has_server) {
    dag_.id = fmt::format("d{}", number);
  }

  DagPlan make();

 private:
  void add_shape();
  void add_any(std::vector<TaskNo> needs);
  void add_bracket();
  void add_mapped_over_output();
  void add_mapped_over_successes();
  void add_hooks();
  void put_behind_breakers();
  void have_wait_for_others();
  void say_what_follows();
  void look_back();
  Dag edit(const Dag& dag);
  TaskSpec script();
  TaskSpec sensor();
  void refine(TaskSpec& spec, TaskPlan& plan, const std::vector<TaskNo>& needs);
  [[nodiscard]] bool is_full() const { return static_cast<std::int32_t>(dag_.tasks.size()) >= tasks_max_; }
  TaskNo any_task() { return static_cast<TaskNo>(rng_.below(static_cast<std::int64_t>(dag_.tasks.size()))); }

  Rng& rng_;
  Rng doors_;
  Rng asks_;
  Rng follow_;
  Rng past_;
  std::int32_t number_;
  std::int32_t tasks_max_;
  const std::vector<PoolSpec>& pools_;
  bool has_server_;
};

TaskSpec DagMaker::script() {
  TaskSpec spec;
  spec.kind = rng_.percent(80) ? TaskKind::run : TaskKind::exec;
  spec.script.source = "true";
  if (spec.kind == TaskKind::exec) spec.argv.edit() = {Text{"true", nullptr}};
  spec.grace_us = rng_.log_between(kSecond, 20 * kSecond);
  if (rng_.percent(45)) spec.retries = retries(rng_);
  if (rng_.percent(30)) spec.timeout_us = rng_.log_between(10 * kSecond, 4 * kMinute);
  if (rng_.percent(35)) spec.outputs.edit() = {{"n", OutputSpec::Type::integer}, {"list", OutputSpec::Type::list}};
  if (rng_.percent(20)) spec.priority = static_cast<std::int32_t>(rng_.between(-2, 5));
  if (rng_.percent(10)) spec.allow_failure = true;
  for (const PoolSpec& pool : pools_) {
    if (!rng_.percent(28)) continue;
    spec.pools.edit().push_back({pool.name, static_cast<std::int32_t>(rng_.between(1, pool.slots))});
  }
  if (rng_.percent(3))
    spec.env.edit().push_back({.name = "KEY", .value = {}, .secret = "that nobody has"});  // cannot be launched
  // Where what a task would run with decides too, its params and which instance it is make answers of the cache rare.
  if (rng_.percent(20)) {
    spec.cache = Cache{expression("k-${{ params.k }}"), rng_.percent(50) ? 0 : 2 * kHour, rng_.percent(60)};
  }
  return spec;
}

TaskSpec DagMaker::sensor() {
  TaskSpec spec;
  spec.kind = TaskKind::sensor;
  spec.grace_us = kSecond;
  Sensor& sensor = spec.sensor.edit();
  sensor.kind = static_cast<Sensor::Kind>(rng_.below(3));
  sensor.every_us = rng_.log_between(5 * kSecond, kMinute);
  sensor.file.source = "/tmp/there";
  sensor.run.source = "true";
  if (sensor.kind == Sensor::Kind::time) {
    sensor.time = expression(fmt::format("${{{{ interval.start + duration(\"{}s\") }}}}", rng_.between(1, 200)));
  }
  if (rng_.percent(35)) spec.timeout_us = rng_.log_between(20 * kSecond, 3 * kMinute);
  if (rng_.percent(30)) spec.retries = retries(rng_);
  return spec;
}

/// Trigger rule, `if` and mapping, which any task may have.
void DagMaker::refine(TaskSpec& spec, TaskPlan& plan, const std::vector<TaskNo>& needs) {
  if (!needs.empty() && rng_.percent(30)) spec.trigger_rule = static_cast<TriggerRule>(rng_.below(12));
  if (rng_.percent(10)) {
    plan.condition = TaskPlan::Condition::param;
    plan.at_least = rng_.between(1, 3);
    spec.condition = expression(fmt::format("${{{{ params.p >= {} }}}}", plan.at_least));
  } else if (!needs.empty() && !may_run_early(spec.trigger_rule) && rng_.percent(12)) {
    plan.condition_of = needs[static_cast<std::size_t>(rng_.below(static_cast<std::int64_t>(needs.size())))];
    const TaskSpec& up = dag_.spec(plan.condition_of);
    if (up.mapping->kind != Mapping::Kind::none) {
      plan.condition_of = -1;
    } else if (!up.outputs.empty() && rng_.percent(60)) {
      plan.condition = TaskPlan::Condition::upstream_output;
      plan.at_least = rng_.between(1, 5);
      spec.condition =
          expression(fmt::format("${{{{ tasks.t{}.outputs.n >= {} }}}}", plan.condition_of, plan.at_least));
    } else {
      plan.condition = TaskPlan::Condition::upstream_state;
      spec.condition = expression(fmt::format("${{{{ tasks.t{}.state == 'success' }}}}", plan.condition_of));
    }
  }
  if (spec.kind != TaskKind::sensor && rng_.percent(10)) {
    plan.literal_items = static_cast<std::int32_t>(rng_.between(0, 5));
    ValueList items;
    for (std::int64_t k = 0; k < plan.literal_items; ++k) items.emplace_back(k);
    spec.mapping.edit().kind = Mapping::Kind::for_each;
    spec.mapping.edit().literal_items = Value{std::move(items)};
    if (rng_.percent(50)) spec.mapping.edit().max_parallel = static_cast<std::int32_t>(rng_.between(1, 2));
  }
}

void DagMaker::add_any(std::vector<TaskNo> needs) {
  TaskSpec spec;
  const std::int64_t kind = rng_.below(100);
  if (kind < 12) {
    spec.kind = TaskKind::noop;
  } else if (kind < 24) {
    spec = sensor();
  } else {
    spec = script();
  }
  TaskPlan plan;
  refine(spec, plan, needs);
  add(std::move(spec), std::move(needs), plan);
}

/// A setup, work between, and a teardown of it.
void DagMaker::add_bracket() {
  TaskSpec first = script();
  first.setup = true;
  first.cache.reset();
  first.allow_failure = false;
  std::vector<TaskNo> before;
  if (!dag_.tasks.empty() && rng_.percent(50)) before.push_back(any_task());
  const TaskNo setup = add(std::move(first), std::move(before));
  std::vector<TaskNo> all = {setup};
  for (std::int64_t k = rng_.between(1, 2); k > 0; --k) {
    add_any({setup});
    all.push_back(static_cast<TaskNo>(dag_.tasks.size() - 1));
  }
  TaskSpec last = script();
  last.cache.reset();
  last.teardown = true;
  last.teardown_of.edit() = {dag_.task(setup).id};
  last.teardown_fails_run = rng_.percent(30);
  last.allow_failure = false;
  add(std::move(last), std::move(all));
}

void DagMaker::add_mapped_over_output() {
  TaskSpec source = script();
  source.outputs.edit() = {{"n", OutputSpec::Type::integer}, {"list", OutputSpec::Type::list}};
  source.cache.reset();
  std::vector<TaskNo> before;
  if (!dag_.tasks.empty() && rng_.percent(50)) before.push_back(any_task());
  const TaskNo from = add(std::move(source), std::move(before));
  TaskSpec each = script();
  each.cache.reset();
  each.mapping.edit().kind = Mapping::Kind::for_each;
  each.mapping.edit().items = expression(fmt::format("${{{{ tasks.t{}.outputs.list }}}}", from));
  if (rng_.percent(40)) each.mapping.edit().max_parallel = static_cast<std::int32_t>(rng_.between(1, 2));
  TaskPlan plan;
  plan.items_from = from;
  const TaskNo mapped = add(std::move(each), {from}, plan);
  if (rng_.percent(70)) add_any({mapped});
}

/// A fan-out over what of another fan-out has succeeded: one instance of that which runs again makes other items.
void DagMaker::add_mapped_over_successes() {
  TaskSpec source = script();
  source.cache.reset();
  ValueList items;
  for (std::int64_t k = rng_.between(2, 4); k > 0; --k) items.emplace_back(k);
  TaskPlan of_source;
  of_source.literal_items = static_cast<std::int32_t>(items.size());
  source.mapping.edit().kind = Mapping::Kind::for_each;
  source.mapping.edit().literal_items = Value{std::move(items)};
  const TaskNo from = add(std::move(source), {}, of_source);
  TaskSpec each = script();
  each.cache.reset();
  constexpr TriggerRule kRules[] = {TriggerRule::all_done, TriggerRule::one_success, TriggerRule::one_done,
                                    TriggerRule::always};
  each.trigger_rule = kRules[static_cast<std::size_t>(from) % std::size(kRules)];
  each.mapping.edit().kind = Mapping::Kind::for_each;
  each.mapping.edit().items =
      expression(fmt::format("${{{{ tasks.t{}.filter(x, x.state == 'success').map(x, x.index) }}}}", from));
  TaskPlan plan;
  plan.successes_of = from;
  add(std::move(each), {from}, plan);
}

void DagMaker::add_shape() {
  const auto n = rng_.between(2, 6);
  const TaskNo first = static_cast<TaskNo>(dag_.tasks.size());
  const std::int64_t shape = rng_.below(3);  // chain, fan, layered
  for (std::int64_t k = 0; k < n && !is_full(); ++k) {
    std::vector<TaskNo> needs;
    const auto so_far = static_cast<TaskNo>(dag_.tasks.size());
    if (shape == 0 && so_far > first) {
      needs.push_back(so_far - 1);
    } else if (shape == 1 && so_far > first) {
      if (k == n - 1) {
        for (TaskNo t = first + 1; t < so_far; ++t) needs.push_back(t);
      }
      if (needs.empty()) needs.push_back(first);
    } else if (shape == 2) {
      for (TaskNo t = 0; t < so_far; ++t) {
        if (rng_.percent(30)) needs.push_back(t);
      }
    }
    add_any(std::move(needs));
  }
}

void DagMaker::add_hooks() {
  for (const Hook hook : {Hook::on_success, Hook::on_failure, Hook::on_finish}) {
    if (!rng_.percent(25)) continue;
    TaskSpec spec = script();
    spec.pools.reset();
    spec.cache.reset();
    const TaskNo t = add(std::move(spec), {});
    Task& task = dag_.tasks[static_cast<std::size_t>(t)];
    task.hook = hook;
    task.id = hook == Hook::on_success ? "on_success" : hook == Hook::on_failure ? "on_failure" : "on_finish";
  }
}

bool waits_for_others(const TaskSpec& spec) {
  return spec.kind == TaskKind::approval || spec.kind == TaskKind::trigger_dag;
}

/// Some tasks ask a person instead of working, or start a run of a DAG with a lower number, which never leads back.
void DagMaker::have_wait_for_others() {
  for (Task& task : dag_.tasks) {
    const TaskSpec& old = *task.spec;
    const bool works = old.kind == TaskKind::run || old.kind == TaskKind::exec;
    const bool is_plain = task.hook == Hook::none && !old.setup && !old.teardown && old.outputs.empty() && !old.cache;
    if (!works || !is_plain || !old.env.empty() || !asks_.percent(15)) continue;
    const bool starts = asks_.percent(45) && number_ > 0 && has_server_;
    TaskSpec spec = old;
    spec.script = {};
    spec.argv.reset();
    spec.pools.reset();
    spec.kind = starts ? TaskKind::trigger_dag : TaskKind::approval;
    spec.timeout_us = 0;
    if (starts) {
      const bool waits = asks_.percent(70);
      if (waits) spec.timeout_us = asks_.log_between(20 * kSecond, 15 * kMinute);
      spec.body.edit().json =
          fmt::format(R"({{"dag":"d{}"{}{}}})", asks_.below(number_), waits ? R"(,"wait":true)" : "",
                      waits && asks_.percent(30) ? R"(,"on_failure":"ignore")" : "");
    } else {
      constexpr const char* kSilence[] = {"fail", "skip", "default"};
      spec.body.edit().json = fmt::format(
          R"({{"prompt":"Go?","timeout":"{}s","on_timeout":"{}","default":"{}"}})", asks_.between(5, 600),
          kSilence[asks_.below(3)], asks_.percent(70) ? "approve" : "reject");
    }
    task.spec = std::make_shared<const TaskSpec>(std::move(spec));
  }
}

/// Which breaker a task asks decides when it starts, and never how it ends.
void DagMaker::put_behind_breakers() {
  for (Task& task : dag_.tasks) {
    if (task.spec->kind == TaskKind::noop || waits_for_others(*task.spec)) continue;
    TaskSpec spec = *task.spec;
    if (doors_.percent(25)) spec.breakers.edit().emplace_back("api");
    if (doors_.percent(15)) spec.breakers.edit().emplace_back("disk");
    if (!spec.breakers.empty()) task.spec = std::make_shared<const TaskSpec>(std::move(spec));
  }
}

/// What fails in some for good is of no use to anybody; what others make is for DAGs that run on it, and
/// some share a value that lives on from run to run.
void DagMaker::say_what_follows() {
  Rng rng = follow_;
  for (Task& task : dag_.tasks) {
    TaskSpec spec = *task.spec;
    spec.dead_letter = !rng.percent(20);
    const bool works = spec.kind == TaskKind::run || spec.kind == TaskKind::exec;
    const bool is_one = task.hook == Hook::none && spec.mapping->kind == Mapping::Kind::none && !spec.cache;
    if (rng.percent(20) && works && is_one) spec.state.edit().name = "mark";
    for (const char* asset : {"x", "y", "z"}) {
      if (rng.percent(3) && task.hook == Hook::none) spec.produces.edit().emplace_back(asset);
    }
    task.spec = std::make_shared<const TaskSpec>(std::move(spec));
  }
}

/// In some its tasks wait for the run of the date before, mostly of one at a time.
void DagMaker::look_back() {
  if (!past_.percent(45)) return;
  const TaskNo always = static_cast<TaskNo>(past_.below(static_cast<std::int64_t>(dag_.tasks.size())));
  for (std::size_t t = 0; t < dag_.tasks.size(); ++t) {
    Task& task = dag_.tasks[t];
    const bool does = static_cast<TaskNo>(t) == always || past_.percent(30);
    if (!does || task.hook != Hook::none) continue;
    TaskSpec spec = *task.spec;
    spec.depends_on_past = true;
    task.spec = std::make_shared<const TaskSpec>(std::move(spec));
  }
  if (past_.percent(70)) dag_.max_active_runs = past_.percent(75) ? 1 : 2;
}

/// The file as it is after somebody has changed it: nothing in it that decides how a task ends.
Dag DagMaker::edit(const Dag& dag) {
  Dag out = dag;
  out.version += "-edited";
  out.max_active_tasks = rng_.percent(30) ? static_cast<std::int32_t>(rng_.between(1, 3)) : 0;
  for (Task& task : out.tasks) {
    TaskSpec spec = *task.spec;
    spec.priority = static_cast<std::int32_t>(rng_.between(-2, 5));
    spec.retries.edit().delay_us = rng_.log_between(kSecond, kMinute);
    const bool takes_slots = spec.kind != TaskKind::noop && !waits_for_others(spec);
    if (task.hook == Hook::none && takes_slots) spec.pools.reset();
    for (const PoolSpec& pool : pools_) {
      if (task.hook != Hook::none || !takes_slots || !rng_.percent(28)) continue;
      spec.pools.edit().push_back({pool.name, static_cast<std::int32_t>(rng_.between(1, pool.slots))});
    }
    task.spec = std::make_shared<const TaskSpec>(std::move(spec));
  }
  return out;
}

DagPlan DagMaker::make() {
  dag_.version = dag_.id;
  dag_.work_folder = "/work";
  dag_.source_file = dag_.id + ".dag.yaml";
  if (rng_.percent(20)) dag_.fail_fast = true;
  if (rng_.percent(20)) dag_.max_active_tasks = static_cast<std::int32_t>(rng_.between(1, 3));
  if (rng_.percent(45)) dag_.max_active_runs = static_cast<std::int32_t>(rng_.between(1, 2));
  if (rng_.percent(28)) dag_.timeout_us = rng_.log_between(kMinute, 6 * kMinute);
  do {
    const std::int64_t part = rng_.below(100);
    if (part < 28) {
      add_bracket();
    } else if (part < 46) {
      add_mapped_over_output();
    } else if (part < 54) {
      add_mapped_over_successes();
    } else {
      add_shape();
    }
  } while (!is_full() && rng_.percent(55));
  add_hooks();
  have_wait_for_others();
  put_behind_breakers();
  say_what_follows();
  look_back();
  DagPlan plan;
  BATON_CHECK(link(dag_, needs_).empty());
  plan.newer = std::make_shared<const Dag>(edit(dag_));
  plan.dag = std::make_shared<const Dag>(std::move(dag_));
  plan.tasks = std::move(plans_);
  return plan;
}

/// One that counts failures within a window or by their share, and one that counts them in a row.
std::vector<BreakerSpec> make_breakers(Rng rng) {
  BreakerSpec api;
  api.name = "api";
  api.failures = static_cast<std::int32_t>(rng.between(1, 3));
  if (rng.percent(30)) api.rate = 0.5;
  api.window_us = rng.log_between(kMinute, 20 * kMinute);
  BreakerSpec disk;
  disk.name = "disk";
  disk.consecutive = static_cast<std::int32_t>(rng.between(1, 2));
  disk.count = {{FailureClass::Kind::any, 0}};
  for (BreakerSpec* spec : {&api, &disk}) {
    spec->cooldown_us = rng.log_between(2 * kSecond, 20 * kSecond);
    spec->max_cooldown_us = kMinute;
    spec->probes = static_cast<std::int32_t>(rng.between(1, 2));
  }
  return {api, disk};
}

/// Tasks that want one slot of one pool and nothing else, and fail now and then: what a DAG gets is decided there.
DagPlan make_crowd(Rng rng, std::int32_t number, const PoolSpec& pool) {
  Dag dag;
  dag.id = fmt::format("e{}", number);
  dag.version = dag.id;
  dag.work_folder = "/work";
  dag.source_file = dag.id + ".dag.yaml";
  constexpr std::int32_t kWeights[] = {1, 1, 2, 3, 5};
  dag.weight = kWeights[rng.below(5)];
  const auto tasks = static_cast<std::size_t>(rng.between(5, 25));
  for (std::size_t t = 0; t < tasks; ++t) {
    TaskSpec spec;
    spec.kind = TaskKind::run;
    spec.script.source = "true";
    spec.grace_us = kSecond;
    spec.retries.edit().max = 2;
    spec.retries.edit().delay_us = rng.log_between(kSecond, 5 * kSecond);
    spec.pools.edit().push_back({pool.name, 1});
    Task task;
    task.id = fmt::format("t{}", t);
    task.spec = std::make_shared<const TaskSpec>(std::move(spec));
    dag.tasks.push_back(std::move(task));
  }
  DagPlan plan;
  plan.tasks.resize(tasks);
  BATON_CHECK(link(dag, std::vector<std::vector<TaskNo>>(tasks)).empty());
  Dag edited = dag;
  edited.version += "-edited";
  plan.newer = std::make_shared<const Dag>(std::move(edited));
  plan.dag = std::make_shared<const Dag>(std::move(dag));
  return plan;
}

void add_crowd(Workload& w, std::uint64_t seed) {
  Rng rng(hash_of({seed, 13}));
  w.is_crowded = rng.percent(20);
  if (!w.is_crowded) return;
  PoolSpec pool{"crowded", static_cast<std::int32_t>(rng.between(1, 2))};
  if (rng.percent(50)) pool.rate = {static_cast<std::int32_t>(rng.between(6, 30)), kMinute};
  if (rng.percent(50)) pool.retry_millionths = 200'000;
  w.pools.push_back(pool);
  const auto n = static_cast<std::int32_t>(rng.between(2, 4));
  for (std::int32_t k = 0; k < n; ++k) {
    w.dags.push_back(make_crowd(Rng(hash_of({seed, 13, static_cast<std::uint64_t>(k)})), k, pool));
  }
}

}  // namespace

Workload make_workload(std::uint64_t seed, std::int32_t tasks_max, bool has_server) {
  Rng rng(hash_of({seed, 1}));
  Workload w;
  w.pools = {{"db", static_cast<std::int32_t>(rng.between(1, 2))},
             {"net", static_cast<std::int32_t>(rng.between(2, 4))}};
  w.breakers = make_breakers(Rng(hash_of({seed, 11})));
  const std::int64_t n = rng.between(3, 5);
  for (std::int64_t k = 0; k < n; ++k) {
    Rng own(hash_of({seed, 1, static_cast<std::uint64_t>(k)}));
    const Rng doors(hash_of({seed, 12, static_cast<std::uint64_t>(k)}));
    const Rng asks(hash_of({seed, 14, static_cast<std::uint64_t>(k)}));
    const Rng follow(hash_of({seed, 18, static_cast<std::uint64_t>(k)}));
    const Rng past(hash_of({seed, 33, static_cast<std::uint64_t>(k)}));
    const auto number = static_cast<std::int32_t>(k);
    w.dags.push_back(DagMaker(own, doors, asks, follow, past, number, tasks_max, w.pools, has_server).make());
  }
  add_crowd(w, seed);
  add_timed_dags(w, seed);
  add_fed_dags(w, seed);
  add_quality_dags(w, seed);
  if (has_server) add_ring_dags(w, seed);
  return w;
}

const DagPlan* Workload::plan_of(const Dag& dag) const {
  const auto is_it = [&](const DagPlan& p) { return p.dag.get() == &dag || p.newer.get() == &dag; };
  const auto at = std::find_if(dags.begin(), dags.end(), is_it);
  if (at != dags.end()) return &*at;
  for (const std::vector<DagPlan>& versions : timed) {
    const auto one = std::find_if(versions.begin(), versions.end(), is_it);
    if (one != versions.end()) return &*one;
  }
  return nullptr;
}

RunParams params_of(std::uint64_t seed, RunNo run_no) {
  const std::uint64_t h = hash_of({seed, 4, static_cast<std::uint64_t>(run_no)});
  return {static_cast<std::int64_t>(h % 6), static_cast<std::int64_t>((h >> 8U) % 4)};
}

Value value_of(const RunParams& params) {
  return ValueMap{{"p", params.p}, {"k", params.k}};
}

}  // namespace baton::sim
