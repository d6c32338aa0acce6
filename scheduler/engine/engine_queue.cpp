// Runs that come, wait and begin (run_queue.h). What waits has a row and nothing else: no instances, no live run. How it
// begins is the same whether it has waited or not: its rows and what it claims at once are one part of a batch.
#include <algorithm>
#include <iterator>
#include <utility>

#include "scheduler/engine/engine.h"
#include "scheduler/model/check.h"
#include "scheduler/model/seeded_bug.h"

namespace baton {
namespace {

constexpr std::int32_t kBeginsMax = 64;       // runs that begin with one batch: a bounded share of the loop
constexpr std::size_t kKeptMax = 1'024;       // runs that wait for such a share only, kept whole meanwhile
constexpr DurationUs kLookAgainUs = kMinute;  // the wall clock may be set while a run waits for its time

}  // namespace

// ── a new run ───────────────────────────────────────────────────────────────────────────────────────────────────────

void Engine::create_run(RunCreation creation, Value params, std::vector<DurationUs> path_us, EngineRequest request) {
  set_limits(creation.run.dag_id, limits_of(*creation.dag), creation.run.run_no);
  note_comes(creation.run);
  doubt_past(creation.run);  // its date may lie between
  const bool begins = !claims_held_ && begun_ < kBeginsMax && queue_.may_begin(creation.run, loop_.wall_now());
  begins ? begin_created(std::move(creation), std::move(params), std::move(path_us), std::move(request))
         : keep_waiting(std::move(creation), std::move(params), std::move(path_us), std::move(request));
}

void Engine::begin_created(RunCreation creation, Value params, std::vector<DurationUs> path_us,
                           EngineRequest request) {
  const Moment at = now();
  RunRow& row = creation.run;
  row.state = RunState::running;
  row.started_at = row.started_at == kNoTime ? at.wall : row.started_at;
  row.begun_at = at.wall;
  queue_.add_active(row);
  ++begun_;
  if (begins_) begins_(row, *creation.dag);
  LiveRun& live =
      take_in(make_run(row, creation.dag, std::move(params), at, creation.initial_states), std::move(path_us));
  row.counts = live.run.row.counts;
  open_part(live, std::move(request), true);
  next().begun.push_back(row.run_no);
  next().part(live.part).creations.push_back(std::move(creation));
  watch_timeout(live);
  handle(live, RunBegins{});
}

/// The row alone. It is not taken from the queue before it is durable: a part that changes it could not be struck with
/// it.
void Engine::keep_waiting(RunCreation creation, Value params, std::vector<DurationUs> path_us, EngineRequest request) {
  const Moment at = now();
  RunRow& row = creation.run;
  const RunNo run_no = row.run_no;
  row.state = RunState::queued;
  row.started_at = row.begun_at = kNoTime;
  queue_.add(row, false, at.wall);
  if (loader_ == nullptr || (kept_.size() < kKeptMax && queue_.is_next(run_no))) {
    kept_[run_no] = {make_run(row, creation.dag, std::move(params), at, creation.initial_states), std::move(path_us)};
  }
  const RunPart place = next().part_for_request({});
  Part& part = next().part(place);
  fill_part(part, request);
  const auto told = [this, row = creation.run, done = std::move(request.done)](const PartVerdict& verdict) {
    if (verdict.is_done()) {
      queue_.note_durable(row.run_no);
    } else {
      leave_queue(row.run_no);
      note_struck(row);
    }
    if (done) done(verdict);
  };
  part.creations.push_back(std::move(creation));
  next().requests.push_back({place.part, run_no, false, told, {}});
  schedule_turn();
}

void Engine::note_comes(const RunRow& row) {
  if (comes_) comes_(row);
}

void Engine::note_struck(const RunRow& row) {
  if (struck_) struck_(row);
  look_at_past_again(row.dag_id);  // who gave way to it may go on
}

void Engine::leave_queue(RunNo run_no) {
  queue_.remove(run_no);
  kept_.erase(run_no);
  beginning_.erase(run_no);
}

// ── runs of earlier, and what has been cleared ──────────────────────────────────────────────────────────────────────

void Engine::queue_run(const RunRow& row) {
  BATON_CHECK(loader_ != nullptr);
  left_.erase(row.run_no);
  note_comes(row);
  queue_.add(row, true, loop_.wall_now());
  schedule_turn();
}

void Engine::take_run(DagRun run, std::vector<DurationUs> path_us, StepOutcome cleared, EngineRequest request,
                      std::shared_ptr<const VersionRow> version) {
  for (const Instance& instance : run.instances) BATON_CHECK(!is_live(instance.state));
  const RunRow& row = run.row;
  left_.erase(row.run_no);
  leave_queue(row.run_no);  // where it has waited: it does so anew
  note_comes(row);
  doubt_past(row);
  set_limits(row.dag_id, limits_of(*run.dag), row.run_no);
  // One that was only marked has ended still, and has nothing to wait for.
  const bool waits = loader_ != nullptr && !is_final(row.state) && !queue_.may_begin(row, loop_.wall_now());
  if (!waits && row.begun_at == kNoTime) {
    queue_.add_active(row);
    return begin_loaded({std::move(run), std::move(path_us)}, std::move(request), std::move(version));
  }
  LiveRun& live = take_in(std::move(run), std::move(path_us));
  waits ? wait_again(live, cleared, std::move(request), std::move(version))
        : begin_again(live, cleared, std::move(request), std::move(version));
}

void Engine::requeue(LoadedRun ended, EngineRequest request, std::shared_ptr<const VersionRow> version) {
  RunRow& row = ended.run.row;
  BATON_CHECK(row.begun_at == kNoTime && is_final(row.state));
  row.state = RunState::queued;
  row.reason = Reason::none;
  row.note.clear();
  row.ended_at = kNoTime;
  ended.run.stopping = Reason::none;
  take_run(std::move(ended.run), std::move(ended.path_us), {}, std::move(request), std::move(version));
}

/// What was cleared is written, and the run stands in the queue: it is not in memory until it begins.
void Engine::wait_again(LiveRun& live, StepOutcome& cleared, EngineRequest request,
                        std::shared_ptr<const VersionRow> version) {
  RunRow& row = live.run.row;
  const RunNo run_no = row.run_no;
  request.done = [this, row, done = std::move(request.done)](const PartVerdict& verdict) {
    if (verdict.is_done()) {
      queue_.note_durable(row.run_no);
    } else {  // it stays as it had ended
      leave_queue(row.run_no);
      note_struck(row);
    }
    if (done) done(verdict);
  };
  open_part(live, std::move(request), false);
  revert(live, std::move(version));
  collect(live, cleared);
  row.state = RunState::queued;
  row.queued_at = loop_.wall_now();
  row.started_at = row.ended_at = kNoTime;
  row.hooks_open = false;
  next().part(live.part).runs.push_back(row);
  queue_.add(row, false, row.queued_at);
  runs_.erase(run_no);
  schedule_turn();
}

// ── whose turn it is ────────────────────────────────────────────────────────────────────────────────────────────────

/// Up to a share for each batch. What is not in memory is loaded first, and meanwhile holds its place.
void Engine::begin_waiting() {
  while (!claims_held_ && begun_ + loading_ < kBeginsMax) {
    const auto run_no = queue_.take(loop_.wall_now());
    if (!run_no) break;
    if (auto kept = kept_.extract(*run_no)) {
      queue_.begun(*run_no);
      begin_loaded(std::move(kept.mapped()), {});
    } else {
      load_waiting(*run_no);
    }
  }
  watch_queue();
}

void Engine::load_waiting(RunNo run_no) {
  ++loading_;
  const std::uint64_t ticket = beginning_[run_no] = ++last_ticket_;
  read_run(*loader_, run_no, [this, alive = is_alive_, run_no, ticket](Result<LoadedRun> loaded) {
    if (!*alive) return;
    --loading_;
    if (!dead_) waiting_loaded(run_no, ticket, std::move(loaded));
    schedule_turn();
  });
}

/// Somebody may have ended it meanwhile, or changed what was read: then that is not what begins.
bool Engine::is_loading(RunNo run_no, std::uint64_t ticket) const {
  const auto at = beginning_.find(run_no);
  return at != beginning_.end() && at->second == ticket;
}

void Engine::waiting_loaded(RunNo run_no, std::uint64_t ticket, Result<LoadedRun> loaded) {
  if (!is_loading(run_no, ticket)) return;
  if (!loaded) {
    return end_unloadable(run_no, Reason::spawn, loaded.error().message,
                          [this, run_no, ticket] { return is_loading(run_no, ticket); });
  }
  beginning_.erase(run_no);
  set_limits(loaded->run.row.dag_id, limits_of(*loaded->run.dag), run_no);
  queue_.put_back(run_no);  // the limits may be known only now
  circles_due_ = true;      // it has looked as if it were about to begin, and perhaps to end
  kept_[run_no] = std::move(*loaded);
}

/// What it was made with cannot be read, and does not mend by itself: it ends and says so, instead of waiting for ever.
/// It stays in the queue until its row is here, as long as `is_wanted`. Where that cannot be read either, nothing can be
/// written of it.
void Engine::end_unloadable(RunNo run_no, Reason reason, const std::string& why, std::function<bool()> is_wanted) {
  const std::string words = "it cannot begin: " + why;
  if (observer_ != nullptr) observer_->notice("run " + std::to_string(run_no) + " fails, " + words);
  ++loading_;
  loader_->load_row(run_no, [this, alive = is_alive_, run_no, reason, words,
                             is_wanted = std::move(is_wanted)](const Result<RunRow>& row) {
    if (!*alive) return;
    --loading_;
    schedule_turn();
    if (dead_ || !is_wanted()) return;
    leave_queue(run_no);
    if (!row && observer_ != nullptr) {
      observer_->notice("run " + std::to_string(run_no) + " is left as it is: " + row.error().message);
    }
    if (!row || row->state != RunState::queued) return;
    RunRow ended = *row;
    ended.state = RunState::failed;
    ended.reason = reason;
    ended.note = words;
    ended.ended_at = loop_.wall_now();
    write_end(*row, ended, {});
  });
}

/// Its time limit, and the times of what waits in it, count from here, however long it has waited.
void Engine::end_wait(DagRun& run, Moment now) {
  run.row.state = RunState::running;
  run.row.started_at = now.wall;
  if (run.row.begun_at == kNoTime) run.row.begun_at = now.wall;
  for (std::size_t i = 0; i < run.instances.size(); ++i) {
    Instance& instance = run.instances[i];
    if (instance.state != TaskState::none) continue;
    run.drop_activity(static_cast<InstanceNo>(i));
    instance.since = now.mono;
  }
}

/// One that has waited begins: its row, the rows of its instances where it has none, and what it claims, in one part.
void Engine::begin_loaded(LoadedRun loaded, EngineRequest request, std::shared_ptr<const VersionRow> version,
                          const StopRequested* to_end) {
  const Moment at = now();
  const bool has_rows = loaded.run.row.begun_at != kNoTime;
  end_wait(loaded.run, at);
  ++begun_;
  if (begins_) begins_(loaded.run.row, *loaded.run.dag);
  LiveRun& live = take_in(std::move(loaded.run), std::move(loaded.path_us));
  open_part(live, std::move(request), false);
  revert(live, std::move(version));
  Part& part = next().part(live.part);
  for (std::size_t i = 0; !has_rows && i < live.run.instances.size(); ++i) {
    part.new_instances.push_back(row_of(live.run, static_cast<InstanceNo>(i)));
  }
  next().begun.push_back(live.run.row.run_no);
  runs_.note_due(live);
  watch_timeout(live);
  // Before it begins: what takes no time, a noop or a cached task, would be done while the stop is on its way.
  if (to_end != nullptr) handle(live, *to_end);
  handle(live, RunBegins{});
}

/// One timer, for the first run whose time comes. Looked at once a minute at least: the wall clock may be set.
void Engine::watch_queue() {
  const WallUs due = queue_.next_due();
  if (due == queue_due_ && queue_timer_ != 0) return;
  if (queue_timer_ != 0) loop_.cancel(queue_timer_);
  queue_timer_ = 0;
  queue_due_ = due;
  if (due == kNoTime) return;
  const DurationUs span = std::clamp<DurationUs>(due - loop_.wall_now(), 0, kLookAgainUs);
  queue_timer_ = loop_.call_at(loop_.mono_now() + span, [this] {
    queue_timer_ = 0;
    schedule_turn();
  });
}

// ── what somebody asks of runs that wait ────────────────────────────────────────────────────────────────────────────

bool Engine::end_waiting(const RunRow& waiting, RunState state, Reason reason, EngineRequest request) {
  const bool is_alone = waiting.begun_at == kNoTime;
  if (dead_ || !is_alone || !queue_.may_change(waiting.run_no)) return false;
  leave_queue(waiting.run_no);
  RunRow row = waiting;
  row.state = state;
  row.reason = reason;
  row.ended_at = loop_.wall_now();
  write_end(waiting, row, std::move(request));
  return true;
}

bool Engine::end_unreadable(const RunRow& waiting, Reason reason, const std::string& why, EngineRequest request) {
  if (dead_ || !queue_.may_change(waiting.run_no)) return false;
  const std::string words = "it could not begin: " + why;
  if (observer_ != nullptr) observer_->notice("run " + std::to_string(waiting.run_no) + " fails, " + words);
  leave_queue(waiting.run_no);
  RunRow row = waiting;
  row.state = RunState::failed;
  row.reason = reason;
  row.note = words;
  row.ended_at = loop_.wall_now();
  write_end(waiting, row, std::move(request));
  return true;
}

/// Of one that has left the queue.
void Engine::write_end(const RunRow& waiting, const RunRow& ended, EngineRequest request) {
  const RunPart place = next().part_for_request({});
  Part& part = next().part(place);
  part.runs.push_back(ended);
  fill_part(part, request);
  const auto told = [this, ended, waiting, done = std::move(request.done)](const PartVerdict& verdict) {
    if (done) done(verdict);
    if (!verdict.is_done()) return queue_.add(waiting, true, loop_.wall_now());  // struck: it waits as before
    if (waiting_ended_) waiting_ended_(ended);
    child_ended(ended);
    look_at_past_again(ended.dag_id);
  };
  next().requests.push_back({place.part, ended.run_no, false, told, {}});
  schedule_turn();
}

bool Engine::stop_waiting(LoadedRun loaded, const StopRequested& how, EngineRequest request) {
  const RunRow& row = loaded.run.row;
  if (row.begun_at == kNoTime) return end_waiting(row, RunState::failed, how.reason, std::move(request));
  if (dead_ || !queue_.may_change(row.run_no)) return false;
  // It has instances: what was cleared ends as in any run that is stopped. Nothing new starts, so no limit is passed.
  leave_queue(row.run_no);
  queue_.add_active(row);
  begin_loaded(std::move(loaded), std::move(request), nullptr, &how);
  return true;
}

bool Engine::withdraw_run(RunNo run_no, Reason reason) {
  return !dead_ && stop_unloaded(run_no, {reason, false}, false);
}

/// `if_begun`: also where it begins while it is read.
bool Engine::stop_unloaded(RunNo run_no, const StopRequested& how, bool if_begun) {
  if (loader_ == nullptr || !queue_.may_change(run_no)) return false;
  ++loading_;
  read_run(*loader_, run_no, [this, alive = is_alive_, run_no, how, if_begun](Result<LoadedRun> loaded) {
    if (!*alive) return;
    --loading_;
    schedule_turn();
    if (dead_) return;
    if (LiveRun* live = runs_.find(run_no)) {  // it has begun meanwhile
      if (if_begun) handle(*live, how);
      return;
    }
    if (!loaded) {  // a stop is no less a stop for that
      return end_unloadable(run_no, how.reason, loaded.error().message,
                            [this, run_no] { return queue_.may_change(run_no); });
    }
    stop_waiting(std::move(*loaded), how, {});
  });
  return true;
}

/// Who waits for a place may wait for itself under other limits.
void Engine::set_limits(const std::string& dag_id, RunLimits limits, RunNo said_by) {
  circles_due_ = queue_.set_limits(dag_id, limits, said_by) || circles_due_;
}

void Engine::set_run_limits(const std::string& dag_id, RunLimits limits) {
  set_limits(dag_id, limits, std::numeric_limits<RunNo>::max());
  schedule_turn();
}

void Engine::set_backfill_limit(const std::string& dag_id, std::int32_t runs) {
  queue_.set_backfill_limit(dag_id, runs);
  schedule_turn();
}

void Engine::hold_dag(const std::string& dag_id, bool is_held) {
  queue_.hold(dag_id, is_held);
  schedule_turn();
}

/// In the part of the run: what has ended it meanwhile, which ends the pause too, comes behind.
void Engine::pause_run(RunHoldRow row, EngineRequest request) {
  LiveRun* const live = runs_.find(row.run_no);
  if (dead_ || live == nullptr) return;
  live->run.row.paused = row.paused;
  if (row.paused.holds()) {
    admission_.pause_run(row.run_no);
  } else {
    request.done = [this, run_no = row.run_no, done = std::move(request.done)](const PartVerdict& verdict) {
      let_go_on(run_no);
      if (done) done(verdict);
    };
  }
  if (!BATON_BUG(run_pause_in_memory_alone)) request.service.run_holds.push_back(std::move(row));
  open_part(*live, std::move(request), false);
  schedule_turn();
}

void Engine::let_go_on(RunNo run_no) {
  const LiveRun* const live = runs_.find(run_no);
  if (live == nullptr || live->run.row.paused.holds()) return;
  if (!BATON_BUG(let_go_and_not_told)) admission_.unpause_run(run_no);
  schedule_turn();
}

void Engine::freeze(bool is_frozen) {
  queue_.freeze(is_frozen);
  schedule_turn();
}

}  // namespace baton
