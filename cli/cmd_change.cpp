// `clear` and `mark`: what a person says of tasks of a run that is there. Both take the folder, write the change with who
// made it and why, and then the run goes on in this terminal to its end, as it does with `retry`. Where a server or the
// run itself holds the folder, that is asked instead.
#include <algorithm>
#include <optional>
#include <type_traits>

#include "cli/dag_lookup.h"
#include "cli/foreground_options.h"
#include "cli/handlers.h"
#include "cli/reading.h"
#include "cli/run_display.h"
#include "cli/run_request.h"
#include "cli/through_server.h"

namespace baton::cli {
namespace {

/// The task instances that are named, as the requests want them: a task alone stands for all of its instances, a key for
/// the index that has it.
Result<std::vector<TaskChoice>> choices_of(Reader& reader, RunNo run_no, const std::vector<std::string>& names) {
  std::vector<TaskChoice> out;
  for (const std::string& name : names) {
    if (name.find('[') == std::string::npos) {
      out.push_back({name, std::nullopt});
      continue;
    }
    const auto found = reader.find_instance(run_no, name);
    if (!found) return found.error();
    const auto instance = reader.instance(run_no, *found);
    if (!instance) return instance.error();
    out.push_back({instance->task_id, instance->row.map_index});
  }
  return out;
}

/// What the change is about, beyond what the request itself says.
struct Target {
  OpenRun run;
  std::vector<TaskChoice> tasks;
};

/// `first_task`: the positional argument from which on tasks are named.
Result<Target> target_of(const Invocation& call, std::size_t first_task) {
  Result<OpenRun> run = open_run(call);
  if (!run) return run.error();
  const auto& words = call.args().positional;
  const std::vector<std::string> names(words.begin() + static_cast<std::ptrdiff_t>(std::min(first_task, words.size())),
                                       words.end());
  auto tasks = choices_of(*run->reader, run->run_no, names);
  if (!tasks) return tasks.error();
  return Target{std::move(*run), std::move(*tasks)};
}

/// What the run goes on with where nobody holds the folder.
Result<ForegroundOptions> options_of(const Invocation& call, OpenRun& run) {
  const Result<VersionRow> version = run.reader->version_of_run(run.run_no);
  if (!version) return version.error();
  Result<Config> config = load_config_beside(call, version->source_file);
  if (!config) return config.error();
  Result<ForegroundOptions> options = foreground_options(call, std::move(*config));
  run.reader.reset();  // it is not to stand in the way of who writes
  return options;
}

std::string name_of(const TouchedInstance& instance) {
  return instance.map_index < 0 ? instance.task_id : instance.task_id + "[" + std::to_string(instance.map_index) + "]";
}

/// What would be changed, or that nothing would.
int show_touched(const Invocation& call, const RunEnd& end, const char* what) {
  if (call.format() != Format::table) {
    ValueList rows;
    for (const TouchedInstance& instance : end.touched) {
      rows.emplace_back(ValueMap{{"task_id", instance.task_id},
                                 {"map_index", static_cast<std::int64_t>(instance.map_index)},
                                 {"state", instance.state == TaskState::none ? Value() : Value(to_string(instance.state))}});
    }
    const auto count = static_cast<std::int64_t>(rows.size());
    call.print_document(Value(ValueMap{{"task_instances", std::move(rows)}, {"total_entries", count}}), "task_instances");
    return kOk;
  }
  if (end.touched.empty()) {
    call.note(std::string("nothing is to be ") + what);
    return kOk;
  }
  std::string text;
  for (const TouchedInstance& instance : end.touched) {
    text += name_of(instance) + "  " + std::string(to_string(instance.state)) + "\n";
  }
  Invocation::print(text);
  return kOk;
}

template <typename Change>
std::optional<int> asked_holder(const Invocation& call, const Target& target, const Change& request) {
  const auto server = holder_of(target.run);
  if (!server) return std::nullopt;
  const RunRow& run = target.run.run.row;
  int code = kHasLeft;
  if constexpr (std::is_same_v<Change, ClearTasks>) {
    code = clear_through(*server, call, run, request);
  } else {
    code = mark_through(*server, call, run, request);
  }
  return code == kHasLeft ? std::nullopt : std::optional(code);
}

/// By the server or the run that holds the folder, else here.
template <typename Change>
int carry_out(const Invocation& call, Target target, Change request, bool is_dry, const char* what) {
  if (const auto code = asked_holder(call, target, request)) return *code;
  const Result<ForegroundOptions> options = options_of(call, target.run);
  if (!options) return call.fail(options.error());
  const auto display = make_display(call, options->state_folder, target.run.run.row.dag_id, options->slots);
  const Result<RunEnd> end = go_on(*options, std::move(request), *display);
  if (end && (end->did_nothing || is_dry)) {
    display->finish();
    return show_touched(call, *end, what);
  }
  return show_end(call, *display, options->state_folder, end, call.args().at(0));
}

}  // namespace

int clear_command(const Invocation& call) {
  if (call.args().has("only") && call.args().has("downstream")) {
    return call.fail({"--only and --downstream exclude each other: what follows is cleared unless --only is given"});
  }
  Result<Target> target = target_of(call, 1);
  if (!target) return call.fail(target.error());
  ClearTasks request;
  request.run_no = target->run.run_no;
  request.tasks = target->tasks;
  request.include_upstream = call.args().has("upstream");
  request.include_downstream = !call.args().has("only");
  request.only_failed = call.args().has("failed");
  request.resets_state = call.args().has("reset-state");
  request.dry_run = call.args().has("dry-run");
  request.why = call.args().value("why");
  const bool is_dry = request.dry_run;
  return carry_out(call, std::move(*target), std::move(request), is_dry, "cleared");
}

int mark_command(const Invocation& call) {
  const std::string word = call.args().at(1);
  const bool is_success = word == "success";
  if (!is_success && word != "failed") {
    return call.fail({"a run or a task can be marked success or failed, not \"" + word + "\""});
  }
  Result<Target> target = target_of(call, 2);
  if (!target) return call.fail(target.error());
  const bool is_dry = call.args().has("dry-run");
  if (target->tasks.empty()) {
    if (is_dry || call.args().has("upstream") || call.args().has("downstream")) {
      return call.fail({"--upstream, --downstream and --dry-run want a TASK; without one the run itself is marked"});
    }
    MarkRun request{target->run.run_no, is_success ? RunState::success : RunState::failed, call.args().value("why")};
    return carry_out(call, std::move(*target), std::move(request), false, "marked");
  }
  MarkTasks request;
  request.run_no = target->run.run_no;
  request.tasks = target->tasks;
  request.state = is_success ? TaskState::success : TaskState::failed;
  request.include_upstream = call.args().has("upstream");
  request.include_downstream = call.args().has("downstream");
  request.dry_run = is_dry;
  request.why = call.args().value("why");
  return carry_out(call, std::move(*target), std::move(request), is_dry, "marked");
}

}  // namespace baton::cli
