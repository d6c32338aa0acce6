// `simulate`: what a server would do with the DAGs of a folder, from one date to another. Reads files and, for how long
// tasks take, the state folder; writes nothing.
#include <algorithm>
#include <thread>

#include "cli/dag_lookup.h"
#include "cli/handlers.h"
#include "cli/outlook_report.h"
#include "cli/reading.h"
#include "cli/state_lookup.h"
#include "cli/test_files.h"
#include "scheduler/model/number.h"
#include "scheduler/rehearsal/simulation.h"
#include "scheduler/timetable/time_text.h"
#include "scheduler/timetable/zone.h"

namespace baton::cli {
namespace {

using rehearsal::SimulatedDag;
using rehearsal::SimulationPlan;

constexpr DurationUs kLongestSpan = 3'660 * kDay;

Result<WallUs> when(const Arguments& args, const char* flag) {
  const std::string name = std::string("--") + flag;
  if (!args.has(flag)) {
    return Error{name + " is missing: the span is --from DATE --to DATE, both included", ErrorKind::invalid};
  }
  const Result<WallUs> at = timetable::parse_time(args.value(flag), timetable::utc());
  if (!at) return Error{name + ": " + at.error().message, ErrorKind::invalid};
  // A plain date as the end means all of that day.
  return name == "--to" && timetable::is_plain_date(args.value(flag)) ? *at + kDay : *at;
}

Status read_span(const Arguments& args, SimulationPlan& plan) {
  const Result<WallUs> from = when(args, "from");
  if (!from) return from.error();
  const Result<WallUs> to = when(args, "to");
  if (!to) return to.error();
  if (*to <= *from) return Error{"--to lies before --from", ErrorKind::invalid};
  if (*to - *from > kLongestSpan) return Error{"ten years at most are simulated at once", ErrorKind::invalid};
  plan.from = *from;
  plan.to = *to;
  return Unit{};
}

Status read_slots(const Arguments& args, SimulationPlan& plan) {
  const auto cpus = static_cast<std::int64_t>(std::max(1U, std::thread::hardware_concurrency()));
  const Result<std::int64_t> slots = number_of(args, "slots", cpus, 1);
  if (!slots) return slots.error();
  if (*slots > 1'000'000) return Error{"--slots is at most 1000000", ErrorKind::invalid};
  plan.slots = static_cast<std::int32_t>(*slots);
  for (const std::string& text : args.values("pool")) {
    const std::size_t eq = text.find('=');
    const auto number = eq == std::string::npos ? std::nullopt : read_integer(std::string_view(text).substr(eq + 1));
    if (!number || eq == 0 || *number < 0 || *number > 1'000'000) {
      return Error{"--pool is NAME=SLOTS: write --pool warehouse=4", ErrorKind::invalid};
    }
    plan.pools.push_back({.name = text.substr(0, eq), .slots = static_cast<std::int32_t>(*number)});
  }
  return Unit{};
}

/// Of this id as well as all others, unless somebody names some.
bool is_wanted(const std::vector<std::string>& only, const std::string& id) {
  return only.empty() || std::ranges::find(only, id) != only.end();
}

Status read_dags(const Invocation& call, const std::vector<std::string>& paths, SimulationPlan& plan) {
  const Result<std::vector<std::string>> files = dag_files(paths);
  if (!files) return files.error();
  const std::vector<std::string>& only = call.args().values("dag");
  std::vector<Diagnostic> found;
  bool has_config = false;
  for (const std::string& file : *files) {
    if (is_test_file(file) || std::filesystem::path(file).filename() == "baton.yaml") continue;
    if (!has_config) {
      Result<Config> config = load_config_beside(call, std::filesystem::absolute(file));
      if (!config) return config.error();
      plan.config = std::move(*config);
      has_config = true;
    }
    LoadOptions options;
    options.config = plan.config;
    LoadResult loaded = load_file(file, options);
    if (!loaded.ok()) std::ranges::move(loaded.diagnostics, std::back_inserter(found));
    for (const std::shared_ptr<const Dag>& dag : loaded.dags) {
      if (!is_wanted(only, dag->id)) continue;
      auto version = std::make_shared<VersionRow>();
      version->dag_id = dag->id;
      version->version = dag->version;
      plan.dags.push_back({{dag, std::move(version)}, file, {}});
    }
  }
  const std::string shown = diagnostics_text(found, call.err_style());
  std::fwrite(shown.data(), 1, shown.size(), stderr);
  if (has_errors(found)) return Error{"nothing is simulated: mend what is said above"};
  for (const std::string& id : only) {
    if (std::ranges::none_of(plan.dags, [&](const SimulatedDag& dag) { return dag.given.dag->id == id; })) {
      return Error{"there is no DAG \"" + id + "\" here", ErrorKind::not_found};
    }
  }
  if (plan.dags.empty()) return Error{"there are no DAGs here", ErrorKind::not_found};
  std::ranges::sort(plan.dags, {}, [](const SimulatedDag& dag) { return dag.given.dag->id; });
  return Unit{};
}

/// Mean durations and variables of the state folder. One that cannot be read, or none, leaves what files say.
void read_history(const Invocation& call, SimulationPlan& plan) {
  const Result<OpenState> state = open_state(call.args());
  if (!state) {
    if (state.error().kind != ErrorKind::not_found) call.note("no history: " + state.error().message);
    return;
  }
  NameQuery all;
  all.page.limit = 10'000;
  if (const auto variables = state->reader->list_variables(all)) {
    for (const VariableView& variable : variables->rows) plan.variables.emplace_back(variable.name, variable.value);
  }
  for (SimulatedDag& dag : plan.dags) {
    const auto means = state->reader->durations(dag.given.dag->id);
    if (!means) continue;
    for (const auto& [task, duration] : *means) dag.history.emplace(task, duration.mean_us);
  }
}

}  // namespace

int simulate_command(const Invocation& call) {
  SimulationPlan plan;
  plan.is_new = call.args().has("new");
  if (Status span = read_span(call.args(), plan); !span) return call.fail(span.error());
  if (Status slots = read_slots(call.args(), plan); !slots) return call.fail(slots.error());
  std::vector<std::string> paths = call.args().positional;
  if (paths.empty()) paths = {"."};
  if (Status read = read_dags(call, paths, plan); !read) return call.fail(read.error());
  read_history(call, plan);
  const auto outlook = rehearsal::simulate(plan);
  if (!outlook) return call.fail(outlook.error());
  if (call.format() == Format::table) {
    Invocation::print(text_of(*outlook, call.out_style(), call.out_width(), call.args().has("runs")));
  } else {
    call.print_document(document_of(*outlook), "runs");
  }
  return kOk;
}

}  // namespace baton::cli
