// The DAGs of a simulated day whose data is checked: what they make waits for checks, which let it go, warn, fail or
// hold it back; others leave out what they make, or wait for an asset to come.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "scheduler/expr/template.h"
#include "scheduler/model/check.h"
#include "tests/sim/dag_draft.h"
#include "tests/sim/workload.h"

namespace baton::sim {
namespace {

constexpr std::uint64_t kQualityChance = 38;

Text as_expression(std::string source) {
  auto parsed = expr::parse_template(source);
  BATON_CHECK(parsed.ok());
  return {std::move(source), std::make_shared<const expr::Template>(std::move(parsed.value))};
}

const char* any_asset(Rng& rng) {
  constexpr const char* kAssets[] = {"x", "y", "z"};
  return kAssets[rng.below(3)];
}

/// Draws one. Lives for one call of make().
class QualityMaker : DagDraft {
 public:
  QualityMaker(Rng rng, std::int32_t number) : rng_(rng) { dag_.id = fmt::format("q{}", number); }
  DagPlan make();

 private:
  TaskSpec work();
  TaskSpec checks();
  TaskSpec waits_for_asset();

  Rng rng_;
};

TaskSpec QualityMaker::work() {
  TaskSpec spec;
  spec.kind = TaskKind::run;
  spec.script.source = "true";
  spec.grace_us = kSecond;
  spec.retries.edit().max = static_cast<std::int32_t>(rng_.between(0, 2));
  spec.retries.edit().delay_us = rng_.log_between(kSecond, 20 * kSecond);
  return spec;
}

TaskSpec QualityMaker::checks() {
  TaskSpec spec = work();
  spec.kind = TaskKind::checks;
  spec.script = {};
  TaskBody& body = spec.body.edit();
  const bool has_programs = rng_.percent(75);
  const auto entry = [&](const char* name, const char* on_fail) {
    body.json += fmt::format(R"({}{{"name":"{}","run":"true"{}}})", body.json.empty() ? "[" : ",", name, on_fail);
  };
  if (has_programs) {
    entry("rows", R"(,"on_fail":"quarantine")");
    if (rng_.percent(85)) entry("nulls", R"(,"on_fail":"warn")");
    if (rng_.percent(50)) entry("keys", "");
  }
  if (!has_programs || rng_.percent(30)) {
    const auto k = std::count(body.json.begin(), body.json.end(), '{');
    const std::string source = fmt::format("${{{{ tasks.t0.outputs.n >= {} }}}}", rng_.between(1, 4));
    const char* on_fail = !has_programs || rng_.percent(50) ? R"(,"on_fail":"quarantine")"
                          : rng_.percent(50)                ? R"(,"on_fail":"warn")"
                                                            : "";
    body.json += fmt::format(R"({}{{"name":"many","expect":"{}"{}}})", k == 0 ? "[" : ",", source, on_fail);
    body.texts.push_back({fmt::format("/{}/expect", k), as_expression(source)});
  }
  body.json += "]";
  return spec;
}

TaskSpec QualityMaker::waits_for_asset() {
  TaskSpec spec;
  spec.kind = TaskKind::sensor;
  spec.grace_us = kSecond;
  spec.sensor.edit().kind = Sensor::Kind::asset;
  spec.sensor.edit().asset = any_asset(rng_);
  spec.timeout_us = rng_.log_between(kMinute, 3 * kHour);
  return spec;
}

DagPlan QualityMaker::make() {
  dag_.version = dag_.id;
  dag_.work_folder = "/work";
  dag_.source_file = dag_.id + ".dag.yaml";
  if (rng_.percent(30)) dag_.max_active_runs = 1;
  TaskSpec maker = work();
  maker.outputs.edit() = {{"n", OutputSpec::Type::integer}, {"list", OutputSpec::Type::list}};
  maker.produces.edit().emplace_back(any_asset(rng_));
  const TaskNo made = add(std::move(maker), {});
  TaskSpec gate = checks();
  TaskPlan plan;
  if (rng_.percent(20)) {
    plan.condition = TaskPlan::Condition::param;
    plan.at_least = rng_.between(1, 3);
    gate.condition = as_expression(fmt::format("${{{{ params.p >= {} }}}}", plan.at_least));
  }
  const TaskNo first = add(std::move(gate), {made}, plan);
  if (rng_.percent(30)) add(checks(), {made});
  add(work(), {first});
  if (rng_.percent(60)) {  // may leave out what it would make
    TaskSpec other = work();
    other.produces.edit().emplace_back(any_asset(rng_));
    add(std::move(other), rng_.percent(50) ? std::vector<TaskNo>{first} : std::vector<TaskNo>{});
  }
  if (rng_.percent(70)) {
    const TaskNo came = add(waits_for_asset(), {});
    if (rng_.percent(50)) add(work(), {came});
  }
  DagPlan out;
  BATON_CHECK(link(dag_, needs_).empty());
  Dag edited = dag_;
  edited.version += "-edited";
  out.newer = std::make_shared<const Dag>(std::move(edited));
  out.dag = std::make_shared<const Dag>(std::move(dag_));
  out.tasks = std::move(plans_);
  return out;
}

}  // namespace

void add_quality_dags(Workload& w, std::uint64_t seed) {
  Rng rng(hash_of({seed, kQualityChance}));
  if (!rng.percent(w.has_consumers ? 90 : 40)) return;
  w.first_checked = static_cast<std::int32_t>(w.dags.size());
  const auto n = static_cast<std::int32_t>(rng.between(1, 2));
  for (std::int32_t k = 0; k < n; ++k) {
    w.dags.push_back(QualityMaker(Rng(hash_of({seed, kQualityChance, static_cast<std::uint64_t>(k)})), k).make());
  }
}

}  // namespace baton::sim
