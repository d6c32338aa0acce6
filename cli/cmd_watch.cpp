// `watch`: what `run` shows, for a run of another process, by asking the store again and again.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "cli/display/eta.h"
#include "cli/display/frame.h"
#include "cli/display/line_display.h"
#include "cli/display/live_display.h"
#include "cli/display/log_glimpse.h"
#include "cli/display/summary.h"
#include "cli/follow.h"
#include "cli/handlers.h"
#include "cli/reading.h"
#include "cli/terminal.h"
#include "cli/views.h"
#include "scheduler/logs/log_place.h"
#include "scheduler/store/state_folder.h"

namespace baton::cli {
namespace {

constexpr auto kWatchPoll = std::chrono::milliseconds(200);

display::Row row_of_view(const InstanceView& view) {
  display::Row out;
  out.instance_no = view.row.instance_no;
  out.task_no = view.row.task_no;
  out.map_index = view.row.map_index;
  out.map_key = view.row.map_key;
  out.state = view.row.state;
  out.reason = view.row.reason;
  out.epoch = view.row.epoch;
  out.try_number = view.row.try_number;
  out.started_at = view.row.started_at;
  out.ended_at = view.row.ended_at;
  out.wake_at = view.row.wake_at;
  out.note = view.row.note;
  out.outputs_json = view.row.outputs_json;
  return out;
}

class Watch {
 public:
  Watch(const Invocation& call, OpenRun run, std::shared_ptr<const Dag> dag, std::string words)
      : call_(call),
        run_(std::move(run)),
        words_(std::move(words)),
        picture_(std::move(dag), run_.run.row),
        canvas_(STDERR_FILENO),
        live_(can_redraw(STDERR_FILENO)) {}

  int follow() {
    if (live_ && picture_.dag().tasks.size() <= display::kTreeInstancesMax) {
      tree_ = display::tree_layout(picture_.dag(), call_.err_style().unicode);
    }
    if (const auto durations = run_.reader->durations(run_.run.row.dag_id)) {
      for (const auto& [id, duration] : *durations) means_[id] = duration.mean_us;
    }
    while (true) {
      if (Status looked = look(); !looked) return call_.fail(looked.error());
      const bool over = is_final(picture_.run().state);
      if (live_) draw(over);
      if (over) return end();
      if (nobody_runs()) {
        call_.note("nobody runs it now: `baton resume " + words_ + state_flag_of(call_.args()) +
                   "` goes on");
        return kRunFailed;
      }
      std::this_thread::sleep_for(kWatchPoll);
    }
  }

 private:
  Status look() {
    Result<RunView> view = run_.reader->run(run_.run_no);
    if (!view) return view.error();
    if (seen_ && view->row.seq == picture_.run().seq) return Unit{};
    picture_.set_run(view->row);
    Result<std::vector<InstanceView>> views = all_instances(*run_.reader, run_.run_no);
    if (!views) return views.error();
    picture_.expect(views->size());
    for (InstanceView& one : *views) {
      if (run_.elsewhere && !number_task(one)) continue;
      const auto i = static_cast<std::size_t>(one.row.instance_no);
      if (i >= seqs_.size()) seqs_.resize(i + 1, -1);
      if (seqs_[i] == one.row.seq) continue;
      seqs_[i] = one.row.seq;
      if (one.row.state == TaskState::failed || one.row.state == TaskState::up_for_retry) note_last_try(one);
      display::Row row = row_of_view(one);
      picture_.put(row);
      if (!live_ && seen_) tell(row);
    }
    seen_ = true;
    return Unit{};
  }

  /// A server of another machine tells tasks by their names.
  bool number_task(InstanceView& view) const {
    const auto& tasks = picture_.dag().tasks;
    const auto found = std::ranges::find(tasks, view.task_id, &Task::id);
    if (found == tasks.end()) return false;
    view.row.task_no = static_cast<TaskNo>(found - tasks.begin());
    return true;
  }

  void note_last_try(const InstanceView& view) {
    const Result<std::vector<TryView>> tries = run_.reader->tries(run_.run_no, view.row.instance_no);
    if (tries && !tries->empty())
      picture_.note_try(view.row.instance_no, tries->back().row.exit_code, tries->back().row.signal);
  }

  void tell(const display::Row& row) {
    if (row.state == TaskState::none || row.state == TaskState::scheduled || row.state == TaskState::queued) return;
    const WallUs at = is_final(row.state) && row.ended_at != kNoTime ? row.ended_at : now_us();
    const display::Row* kept = picture_.row(row.instance_no);
    Invocation::print(display::change_line(picture_, kept == nullptr ? row : *kept, at, 20, call_.out_style()) + "\n");
    std::fflush(stdout);
  }

  void glimpse() {
    std::vector<std::pair<InstanceNo, std::string>> logs;
    for (const auto& [i, row] : picture_.rows()) {
      if (row.state == TaskState::running && logs.size() < 32) {
        logs.emplace_back(i, logs::log_path(run_.folder.string(), run_.run_no, i, row.epoch));
      }
    }
    for (const auto& [i, path] : logs) {
      display::Glimpse seen = display::glimpse_of(path);
      picture_.set_glimpse(i, std::move(seen.last_line), seen.progress);
    }
  }

  void draw(bool at_end) {
    const TerminalSize size = terminal_size(STDERR_FILENO);
    if (!run_.elsewhere) glimpse();
    display::FrameOptions options;
    options.style = call_.err_style();
    options.columns = size.columns;
    options.rows = size.rows;
    options.now = now_us();
    options.at_end = at_end;
    options.left_us = display::estimate_left(picture_, means_, 1, options.now);
    const std::vector<display::TreeRow> totals;
    canvas_.show(canvas_.redraw(
        display::frame_of(picture_, display::fits_tree(picture_, size.rows) ? tree_ : totals, options), size.columns));
  }

  int end() {
    display::SummaryOptions options;
    options.style = call_.out_style();
    options.columns = call_.out_width();
    options.state_folder = run_.folder.string();
    if (!run_.elsewhere) options.shown_folder = shown_path(run_.folder);
    options.run_words = words_;
    options.state_flag = state_flag_of(call_.args());
    Invocation::print((live_ ? "\n" : "") + display::summary_of(picture_, options));
    return picture_.run().state == RunState::success ? kOk : kRunFailed;
  }

  bool nobody_runs() {
    if (run_.elsewhere || ++looks_ % 5 != 0) return false;
    const Result<LockHolder> holder = StateFolder::holder(run_.folder);
    if (!holder || holder->pid != 0) return false;
    const Result<RunView> view = run_.reader->run(run_.run_no);  // it may have ended between the two
    return view && !is_final(view->row.state);
  }

  const Invocation& call_;
  OpenRun run_;
  const std::string words_;  ///< that name the run, in what to type next
  display::RunPicture picture_;
  display::Canvas canvas_;
  std::vector<display::TreeRow> tree_;
  display::Means means_;
  std::vector<std::int64_t> seqs_;  ///< last change that was seen, by instance
  bool seen_ = false;
  std::int64_t looks_ = 0;
  const bool live_;
};

}  // namespace

int follow_run(const Invocation& call, OpenRun run, std::string words) {
  Result<std::shared_ptr<const Dag>> dag = dag_of_run(*run.reader, run.run_no);
  if (!dag) return call.fail(dag.error());
  return Watch(call, std::move(run), std::move(*dag), std::move(words)).follow();
}

int watch_command(const Invocation& call) {
  Result<OpenRun> run = open_run(call);
  if (!run) return call.fail(run.error());
  return follow_run(call, std::move(*run), call.args().at(0));
}

}  // namespace baton::cli
