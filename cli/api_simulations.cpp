#include "cli/api_simulations.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "cli/outlook_report.h"
#include "scheduler/dagfile/canonical.h"
#include "scheduler/store/sqlite_reader.h"

namespace baton {
namespace {

using rehearsal::SimulatedDag;
using rehearsal::SimulationPlan;

constexpr std::size_t kUsePoints = 240;
constexpr std::int64_t kDagsAtOnce = 1'000;

struct Chosen {
  std::vector<DagView> dags;
  std::int64_t resting = 0;  ///< paused or draining, and left out
};

Result<Chosen> dags_that_run(Reader& reader) {
  Chosen out;
  DagQuery query;
  query.page.limit = kDagsAtOnce;
  query.page.with_total = false;
  while (true) {
    auto page = reader.list_dags(query);
    if (!page) return page.error();
    for (DagView& dag : page->rows) {
      if (dag.stale_since != kNoTime) continue;
      const bool rests = dag.paused_since != kNoTime || dag.draining_since != kNoTime;
      if (rests) ++out.resting;
      if (!rests) out.dags.push_back(std::move(dag));
    }
    if (static_cast<std::int64_t>(page->rows.size()) < kDagsAtOnce) return out;
    query.page.offset += kDagsAtOnce;
  }
}

/// Those that are named, paused ones too: who names one wants to know.
Result<Chosen> named_dags(Reader& reader, std::vector<std::string> ids) {
  Chosen out;
  std::ranges::sort(ids);
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  for (const std::string& id : ids) {
    DagQuery query;
    query.filter.dag_ids = {id};
    query.page.limit = 1;
    auto page = reader.list_dags(query);
    if (!page) return page.error();
    if (page->rows.empty()) return Error{"there is no DAG \"" + id + "\"", ErrorKind::not_found};
    out.dags.push_back(std::move(page->rows.front()));
  }
  return out;
}

Status add_dag(Reader& reader, const DagView& view, SimulationPlan& plan) {
  const auto row = reader.version(view.dag_id, view.latest_version);
  if (!row) return row.error();
  auto dag = from_canonical(row->canonical_json, {row->source_file, row->work_folder});
  if (!dag) return Error{view.dag_id + ": " + dag.error().message, ErrorKind::storage};
  auto version = std::make_shared<VersionRow>();
  version->dag_id = view.dag_id;
  version->version = view.latest_version;
  SimulatedDag simulated{{std::move(*dag), std::move(version)}, view.file, {}};
  const auto means = reader.durations(view.dag_id);
  if (!means) return means.error();
  for (const auto& [task, duration] : *means) simulated.history.emplace(task, duration.mean_us);
  plan.dags.push_back(std::move(simulated));
  return Unit{};
}

Status add_variables(Reader& reader, SimulationPlan& plan) {
  NameQuery all;
  all.page.limit = 10'000;
  const auto variables = reader.list_variables(all);
  if (!variables) return variables.error();
  for (const VariableView& variable : variables->rows) plan.variables.emplace_back(variable.name, variable.value);
  return Unit{};
}

/// As they are set, but for those that are asked for otherwise.
std::vector<PoolSpec> pools_of(std::vector<PoolSpec> pools, const api::SimulationWish& wish) {
  for (const auto& [name, slots] : wish.pools) {
    const auto known = std::ranges::find(pools, name, &PoolSpec::name);
    if (known != pools.end()) known->slots = slots;
    if (known == pools.end()) pools.push_back({.name = name, .slots = slots});
  }
  return pools;
}

std::string left_out(std::int64_t n) {
  return (n == 1 ? "a DAG that is paused or draining is" : std::to_string(n) + " DAGs that are paused or draining are") +
         std::string(" left out: name them in dag_ids");
}

}  // namespace

Result<Value> ApiSimulations::simulate(const api::SimulationWish& wish) {
  auto reader = SqliteReader::open(state_folder_);
  if (!reader) return reader.error();
  SimulatedServer server = now_();
  SimulationPlan plan;
  plan.from = wish.from;
  plan.to = wish.to;
  plan.is_new = wish.is_new;
  plan.slots = wish.slots > 0 ? wish.slots : std::max(1, server.slots);
  plan.config = std::move(server.config);
  plan.pools = pools_of(std::move(server.pools), wish);
  plan.lists_tasks = wish.lists_tasks;
  plan.use_points = kUsePoints;
  plan.size_max = api::kSimulatedSizeMax;
  const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(api::kSimulatingMax);
  plan.gives_up = [until] { return std::chrono::steady_clock::now() > until; };
  const auto chosen = wish.dag_ids.empty() ? dags_that_run(**reader) : named_dags(**reader, wish.dag_ids);
  if (!chosen) return chosen.error();
  for (const DagView& view : chosen->dags) {
    if (Status added = add_dag(**reader, view, plan); !added) return added.error();
  }
  if (Status added = add_variables(**reader, plan); !added) return added.error();
  auto outlook = rehearsal::simulate(plan);
  if (!outlook) return outlook.error();
  if (!wish.lists_runs) outlook->list.clear();
  if (chosen->resting > 0) outlook->said.push_back(left_out(chosen->resting));
  const double part = static_cast<double>(wish.to - wish.from) / static_cast<double>(kUsePoints * kSecond);
  ValueMap document = cli::document_of(*outlook).as_map();
  document.emplace_back(Value(std::string("use_seconds")), Value(part));
  return Value(std::move(document));
}

}  // namespace baton
