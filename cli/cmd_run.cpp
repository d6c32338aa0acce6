// `run`, `resume`, `retry` and `stop`: everything that runs in this terminal.
#include "cli/dag_lookup.h"
#include "cli/foreground.h"
#include "cli/foreground_options.h"
#include "cli/handlers.h"
#include "cli/plan.h"
#include "cli/reading.h"
#include "cli/run_display.h"
#include "cli/run_params.h"
#include "cli/run_request.h"
#include "cli/state_lookup.h"
#include "cli/through_server.h"
#include "scheduler/digest/digest.h"
#include "scheduler/host/run_ids.h"

namespace baton::cli {
namespace {

/// What the run would be, checked as far as it can be before the first task.
struct Request {
  LoadedDag loaded;
  Value params;
  timetable::Interval interval;
  std::vector<bool> selected;
};

Result<Request> request_of(const Invocation& call) {
  Result<LoadedDag> loaded = load_one_dag(call, call.args().at(0));
  if (!loaded) return loaded.error();
  Request out{std::move(*loaded), {}, {}, {}};
  Result<Value> params = params_of(*out.loaded.dag, call);
  if (!params) return params.error();
  out.params = std::move(*params);
  const Result<timetable::Interval> interval = interval_of(out.loaded, call.args(), now_us());
  if (!interval) return interval.error();
  out.interval = *interval;
  Result<std::vector<bool>> selected = selection_of(*out.loaded.dag, call.args().values("task"));
  if (!selected) return selected.error();
  out.selected = std::move(*selected);
  const std::string run_id = call.args().value("run-id");
  if (call.args().has("run-id") && !is_run_id(run_id)) {
    return Error{
        "--run-id may hold letters, digits and _.~:+- and 250 characters at most, and is no . or .. alone: not \"" +
        run_id + "\""};
  }
  const std::vector<Diagnostic> refused = refusals(out.loaded, out.selected);
  if (!refused.empty()) {
    const std::string text = diagnostics_text(refused, call.err_style());
    std::fwrite(text.data(), 1, text.size(), stderr);
    return Error{std::to_string(refused.size()) + (refused.size() == 1 ? " task" : " tasks") +
                     " cannot run here (see above); nothing was started"};
  }
  return out;
}

void show_plan(const Invocation& call, const Request& request) {
  const std::vector<PlanRow> rows = plan_of(request.loaded, request.params, request.interval, request.selected);
  if (call.format() == Format::table) {
    Invocation::print(
        plan_text(request.loaded, request.params, request.interval, rows, call.out_style(), call.out_width()));
  } else {
    call.print_document(plan_object(request.loaded, request.params, request.interval, rows), "tasks");
  }
}

}  // namespace

int run_command(const Invocation& call) {
  Result<Request> request = request_of(call);
  if (!request) return call.fail(request.error());
  if (const std::string note = left_out(*request->loaded.dag); !note.empty()) call.note(note);
  if (call.args().has("dry-run")) {
    show_plan(call, *request);
    return kOk;
  }
  Result<Labels> labels = labels_of(call.args());
  if (!labels) return call.fail(labels.error());
  const Result<ForegroundOptions> options = foreground_options(call, request->loaded.config);
  if (!options) return call.fail(options.error());
  NewRun run;
  run.labels = std::move(*labels);
  run.dag = request->loaded.dag;
  run.version = take_version_row(request->loaded);
  run.params = std::move(request->params);
  run.run_id = call.args().value("run-id");
  run.interval_start = request->interval.start;
  run.interval_end = request->interval.end;
  run.tasks = call.args().values("task");
  if (!run.tasks.empty()) run.selected = std::move(request->selected);
  const auto display = make_display(call, options->state_folder, run.dag->id, options->slots);
  const Result<RunEnd> end = run_new(*options, std::move(run), *display);
  return show_end(call, *display, options->state_folder, end, "@latest");
}

namespace {

/// The run that resume and retry speak of, and what the file says now.
struct OldRun {
  OpenRun run;
  VersionRow version;  ///< empty: it lies elsewhere
};

Result<OldRun> old_run_of(const Invocation& call) {
  Result<OpenRun> run = open_run(call);
  if (!run) return run.error();
  if (run->elsewhere) return OldRun{std::move(*run), {}};
  Result<VersionRow> version = run->reader->version_of_run(run->run_no);
  if (!version) return version.error();
  return OldRun{std::move(*run), std::move(*version)};
}

bool has_changed(const VersionRow& version) {
  if (version.source_file.empty()) return false;
  const Result<std::string> text = read_regular_file(version.source_file, 32 << 20);
  return text && sha256_hex(*text) != version.source_hash;
}

/// How to name the run again: as it was typed.
std::string run_words_of(const Invocation& call) {
  return call.args().at(0);
}

int say_as_it_was(const Invocation& call, const OldRun& old, const RunEnd& end, const char* nothing) {
  call.note("run " + old.run.run.row.run_id + " has ended as " + std::string(to_string(end.state)) + "; " + nothing);
  if (call.format() != Format::table) {
    // The document all the same: a program that resumes always gets the run.
    call.print_document(Value(ValueMap{
        {"dag_run_id", old.run.run.row.run_id}, {"dag_id", old.run.run.row.dag_id}, {"state", to_string(end.state)}}));
  }
  return end.state == RunState::success ? kOk : kRunFailed;
}

}  // namespace

int resume_command(const Invocation& call) {
  Result<OldRun> old = old_run_of(call);
  if (!old) return call.fail(old.error());
  if (old->run.elsewhere) {
    return call.fail({"a server goes on with its runs by itself: `baton unpause` lets go on what is paused, `baton retry` "
                      "runs again what failed",
                      ErrorKind::conflict});
  }
  const RunNo run_no = old->run.run_no;
  const std::string dag_id = old->run.run.row.dag_id;
  if (has_changed(old->version)) {
    call.note(shown_path(old->version.source_file) +
              " has changed since; the run goes on with the version it began with (`baton retry --latest` takes the "
              "file as it is)");
  }
  Result<Config> config = load_config_beside(call, old->version.source_file);
  if (!config) return call.fail(config.error());
  const Result<ForegroundOptions> options = foreground_options(call, std::move(*config));
  if (!options) return call.fail(options.error());
  old->run.reader.reset();
  const auto display = make_display(call, options->state_folder, dag_id, options->slots);
  const Result<RunEnd> end = go_on(*options, ResumeRun{run_no, ""}, *display);
  if (end && end->did_nothing) {
    display->finish();
    return say_as_it_was(
        call, *old, *end,
        end->state == RunState::failed ? "`baton retry` runs again what failed" : "there is nothing to resume");
  }
  return show_end(call, *display, options->state_folder, end, run_words_of(call));
}

int retry_command(const Invocation& call) {
  Result<OldRun> old = old_run_of(call);
  if (!old) return call.fail(old.error());
  if (call.args().has("failed") && call.args().has("from")) {
    return call.fail(
        {"--failed and --from exclude each other: --from TASK takes all that follows, whatever it ended as"});
  }
  RetryRun request;
  request.run_no = old->run.run_no;
  if (call.args().has("from")) request.from = call.args().value("from");
  if (const auto server = old->run.elsewhere ? old->run.elsewhere : ServerClient::beside(old->run.folder)) {
    return retry_through(*server, call, old->run.run.row, request, call.args().has("latest"));
  }
  Result<Config> config = load_config_beside(call, old->version.source_file);
  if (!config) return call.fail(config.error());
  if (call.args().has("latest")) {
    Result<LoadedDag> loaded = load_one_dag(call, old->version.source_file);
    if (!loaded) return call.fail(loaded.error());
    request.latest = loaded->dag;
    request.latest_version = take_version_row(*loaded);
  } else if (has_changed(old->version)) {
    call.note(shown_path(old->version.source_file) + " has changed since; --latest takes it as it is now");
  }
  const Result<ForegroundOptions> options = foreground_options(call, std::move(*config));
  if (!options) return call.fail(options.error());
  old->run.reader.reset();
  const auto display = make_display(call, options->state_folder, old->run.run.row.dag_id, options->slots);
  const Result<RunEnd> end = go_on(*options, request, *display);
  if (end && end->did_nothing) {
    display->finish();
    return say_as_it_was(call, *old, *end, "nothing failed; --from TASK runs tasks that succeeded");
  }
  return show_end(call, *display, options->state_folder, end, run_words_of(call));
}

namespace {

int hold_run(const Invocation& call, bool is_paused) {
  Result<OpenRun> run = open_run(call);
  if (!run) return call.fail(run.error());
  const auto holder = holder_of(*run);
  const int code = holder ? pause_through(*holder, call, run->run.row, is_paused) : kHasLeft;
  if (code != kHasLeft) return code;
  return call.fail(Error{"nobody works on this run now: `baton resume` goes on with it", ErrorKind::conflict});
}

}  // namespace

int pause_run_command(const Invocation& call) { return hold_run(call, true); }
int unpause_run_command(const Invocation& call) { return hold_run(call, false); }

int stop_command(const Invocation& call) {
  Result<OpenRun> run = open_run(call);
  if (!run) return call.fail(run.error());
  const StopRun request{run->run_no, call.args().has("kill"), call.args().value("why")};
  ForegroundOptions options;
  options.state_folder = run->folder.string();
  options.command = call.typed();
  run->reader.reset();
  // Who works on it may end before it is asked, and who was about to may take the folder before us: once more then. One
  // that works on another run is no reason to wait.
  for (bool is_last = false;; is_last = true) {
    if (const auto holder = holder_of(*run)) {
      const int code = stop_through(*holder, call, run->run.row, request);
      if (code != kHasLeft) return code;
    }
    const Result<std::string> stopped = stop_left(options, request);
    const bool is_held = !stopped && stopped.error().kind == ErrorKind::conflict &&
                         ServerClient::is_worked_on(run->folder);
    if (is_held && !is_last) continue;
    if (!stopped) return call.fail(stopped.error());
    call.note(*stopped);
    return kOk;
  }
}

}  // namespace baton::cli
