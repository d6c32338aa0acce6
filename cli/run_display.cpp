#include "cli/run_display.h"

#include <unistd.h>

#include "cli/display/line_display.h"
#include "cli/display/live_display.h"
#include "cli/display/summary.h"
#include "cli/reading.h"
#include "cli/run_document.h"
#include "cli/terminal.h"
#include "scheduler/store/sqlite_reader.h"

namespace baton::cli {
namespace {

display::Means means_of(const std::string& state_folder, const std::string& dag_id) {
  display::Means out;
  Result<std::unique_ptr<Reader>> reader = SqliteReader::open(state_folder);
  if (!reader) return out;
  const auto durations = (*reader)->durations(dag_id);
  if (!durations) return out;
  for (const auto& [task_id, duration] : *durations) out[task_id] = duration.mean_us;
  return out;
}

int code_of(const RunEnd& end) {
  if (end.interrupted) return kInterrupted;
  return end.state == RunState::success ? kOk : kRunFailed;
}

/// The run as the store has it now; talk only where it cannot be read.
void print_run(const Invocation& call, const std::string& state_folder, RunNo run_no) {
  Result<std::unique_ptr<Reader>> reader = SqliteReader::open(state_folder);
  Result<RunView> run = reader ? (*reader)->run(run_no) : Result<RunView>(reader.error());
  Result<Value> document = run ? run_document(**reader, *run, false) : Result<Value>(run.error());
  if (!document) {
    call.warn("the run has ended, but cannot be read: " + document.error().message);
    return;
  }
  call.print_document(*document);
}

}  // namespace

std::unique_ptr<display::WatchedRun> make_display(const Invocation& call, const std::string& state_folder,
                                                  const std::string& dag_id, std::int32_t slots) {
  const bool quiet = call.args().has("quiet");
  if (call.format() == Format::jsonl && !quiet) return std::make_unique<display::JsonLineDisplay>(STDOUT_FILENO);
  if (!quiet && call.format() != Format::jsonl && can_redraw(STDERR_FILENO)) {
    display::LiveOptions options;
    options.fd = STDERR_FILENO;
    options.style = call.err_style();
    options.state_folder = state_folder;
    options.slots = slots;
    options.means = [state_folder, dag_id] { return means_of(state_folder, dag_id); };
    return std::make_unique<display::LiveDisplay>(std::move(options));
  }
  if (quiet || call.format() != Format::table) return std::make_unique<display::QuietDisplay>(STDERR_FILENO);
  return std::make_unique<display::LineDisplay>(STDERR_FILENO, call.err_style());
}

int show_end(const Invocation& call, display::WatchedRun& display, const std::string& state_folder,
             const Result<RunEnd>& end, const std::string& run_words) {
  display.finish();
  const std::optional<display::RunPicture> picture = display.take_picture();
  if (!end) {
    if (end.error().kind == ErrorKind::storage && picture) {
      return call.fail(end.error(), "nothing that was told is lost: `baton resume " + run_words +
                                        state_flag_of(call.args()) + "` goes on from there");
    }
    return call.fail(end.error());
  }
  if (!picture) return code_of(*end);
  if (call.format() == Format::table) {
    display::SummaryOptions options;
    options.style = call.out_style();
    options.columns = call.out_width();
    options.state_folder = state_folder;
    options.shown_folder = shown_path(state_folder);
    options.run_words = run_words;
    options.state_flag = state_flag_of(call.args());
    options.interrupted = end->interrupted;
    const bool apart = !call.args().has("quiet") && call.out_width() > 0;
    Invocation::print((apart ? "\n" : "") + display::summary_of(*picture, options));
  } else {
    print_run(call, state_folder, picture->run().run_no);
  }
  return code_of(*end);
}

}  // namespace baton::cli
