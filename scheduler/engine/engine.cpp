#include "scheduler/engine/engine.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "scheduler/engine/dead_letters.h"
#include "scheduler/model/check.h"
#include "scheduler/model/seeded_bug.h"

namespace baton {

Engine::Engine(Loop& loop, Store& store, Executor& executor, Renderer renderer, EngineSettings settings,
               RunObserver* observer)
    : loop_(loop),
      store_(store),
      executor_(executor),
      renderer_(std::move(renderer)),
      settings_(settings),
      observer_(observer),
      admission_(0, 0),
      look_ahead_(settings.ahead_max),
      runs_(loop, &variables_),
      commits_(loop, store, *this, settings.full_retry_us),
      begun_at_(loop.mono_now()) {}

Engine::~Engine() {
  *is_alive_ = false;
  if (lazy_timer_ != 0) loop_.cancel(lazy_timer_);
  if (queue_timer_ != 0) loop_.cancel(queue_timer_);
  if (breaker_timer_ != 0) loop_.cancel(breaker_timer_);
  if (limit_timer_ != 0) loop_.cancel(limit_timer_);
}

const DagRun* Engine::run(RunNo run_no) const {
  const LiveRun* live = runs_.find(run_no);
  return live == nullptr ? nullptr : &live->run;
}

bool Engine::is_idle() const {
  return !turn_scheduled_ && !commits_.is_writing() && commits_.next().batch.empty() && !breakers_.has_rows() &&
         !runs_.has_more() && loading_ == 0 && (claims_held_ || !queue_.has_next(loop_.wall_now()));
}

void Engine::adopt_run(DagRun run, std::vector<DurationUs> path_us, StepOutcome cleared, EngineRequest request,
                       std::shared_ptr<const VersionRow> version) {
  BATON_CHECK(!workers_heard_);
  left_.erase(run.row.run_no);
  leave_queue(run.row.run_no);
  note_comes(run.row);
  set_limits(run.row.dag_id, limits_of(*run.dag), run.row.run_no);
  if (run.row.begun_at == kNoTime) {
    queue_.add_active(run.row);
    return begin_loaded({std::move(run), std::move(path_us)}, std::move(request), std::move(version));
  }
  LiveRun& live = take_in(std::move(run), std::move(path_us));
  for (std::size_t i = 0; i < live.run.instances.size(); ++i) {
    if (!is_live(live.run.instances[i].state)) continue;
    const auto number = static_cast<InstanceNo>(i);
    attempts_.recover(live.run.key_of(number), attempts_.workers().number_of(live.run.activity(number)->worker));
    if (BATON_BUG(hold_lost_at_recovery)) continue;
    admission_.hold(live.run, number);
    breakers_recover(live.run, number);
  }
  begin_again(live, cleared, std::move(request), std::move(version));
}

LiveRun& Engine::take_in(DagRun run, std::vector<DurationUs> path_us) {
  run.states = states_.of(run.row.dag_id);
  if (run.row.paused.holds() && !BATON_BUG(run_pause_forgotten)) admission_.pause_run(run.row.run_no);
  wait_for_past(run);
  return runs_.add(std::move(run), std::move(path_us));
}

void Engine::change_state(TaskStateRow row, Value value, EngineRequest request) {
  if (dead_) return;
  states_.of(row.dag_id)->put(row, std::move(value));
  request.service.task_states.push_back(std::move(row));
  write(std::move(request));
}

std::optional<TaskStateRow> Engine::forget_state(const std::string& dag_id, const std::string& name) {
  const auto states = states_.of(dag_id);
  const KeptState* const kept = states->find(name);
  if (kept == nullptr || kept->json.empty()) return std::nullopt;
  TaskStateRow row;
  row.dag_id = dag_id;
  row.name = name;
  states->put(row, Value{});
  return row;
}

/// In the part of the run: what is gathered of it already goes before, so that the row of the success is there.
void Engine::put_outputs(OutputRow row, Value value, EngineRequest request) {
  LiveRun* live = runs_.find(row.run_no);
  if (dead_ || live == nullptr) return;
  DagRun& run = live->run;
  const InstanceNo i = row.instance_no;
  BATON_CHECK(run.at(i).state == TaskState::success);
  if (row.json.empty()) run.drop_outputs(i);
  if (!row.json.empty()) run.keep_outputs(i, std::move(value));
  run.note_change(i);
  if (run.at(i).activity >= 0) run.ensure_activity(i).outputs_json = row.json;
  request.service.outputs.push_back(std::move(row));
  open_part(*live, std::move(request), false);
  schedule_turn();
}

void Engine::begin_again(LiveRun& live, StepOutcome& cleared, EngineRequest request,
                         std::shared_ptr<const VersionRow> version) {
  queue_.add_active(live.run.row);
  if (live.run.row.state == RunState::queued) {  // cleared, it waited for a place, and whoever takes it over has one
    end_wait(live.run, now());
    runs_.note_due(live);
  }
  if (begins_) begins_(live.run.row, *live.run.dag);
  if (BATON_BUG(latest_not_written)) version = nullptr;
  if (version != nullptr || !request.audit.empty() || request.done) open_part(live, std::move(request), false);
  revert(live, std::move(version));
  next().begun.push_back(live.run.row.run_no);
  collect(live, cleared);
  bool has_limit = true;
  if (BATON_BUG(run_timeout_lost_at_recovery)) has_limit = false;
  if (has_limit) watch_timeout(live);
  handle(live, RunBegins{});
}

/// The run goes on with another version of its DAG, if there is one: that of run.dag.
void Engine::revert(LiveRun& live, std::shared_ptr<const VersionRow> version) {
  if (version == nullptr) return;
  RunCreation reversion;
  reversion.run = live.run.row;
  reversion.dag = live.run.dag;
  reversion.version = std::move(version);
  next().part(live.part).reversions.push_back(std::move(reversion));
}

bool Engine::change_run(RunNo run_no, const Event& event, EngineRequest request) {
  LiveRun* live = runs_.find(run_no);
  if (live == nullptr || dead_) return false;
  open_part(*live, std::move(request), false);
  stopped_.push_back(run_no);  // who waits at the head of a list may not be wanted any more
  const bool goes_back = std::holds_alternative<Cleared>(event) || std::holds_alternative<Marked>(event) ||
                         std::holds_alternative<RunMarked>(event);
  if (goes_back) doubt_past(live->run.row);
  handle(*live, event);
  return true;
}

void Engine::write(EngineRequest request) {
  if (dead_) return;
  const std::vector<LiveRun*> go_behind = let_letters_go(request);
  Part part;
  part.audit = std::move(request.audit);
  part.service = std::move(request.service);
  part.idempotency = std::move(request.idempotency);
  next().batch.parts.push_back(std::move(part));
  next().requests.push_back({next().batch.parts.size() - 1, 0, false, std::move(request.done), {}});
  // What these write from here on goes behind it: a letter that is left anew under the same epoch is another one.
  for (LiveRun* live : go_behind) live->part = next().part_for_request({});
  schedule_turn();
}

/// Letters that a request closes are so for their runs before it is durable: whoever decides meanwhile to try one of
/// them again must not. The live runs among them.
std::vector<LiveRun*> Engine::let_letters_go(EngineRequest& request) {
  const std::vector<LetterClosingRow>& rows = request.service.letter_closings;
  std::vector<LiveRun*> out;
  if (rows.empty() || BATON_BUG(discard_unseen_in_memory)) return out;
  std::set<RunNo> runs;
  for (const LetterClosingRow& row : rows) runs.insert(row.run_no);
  for (const RunNo run_no : runs) {
    if (const auto kept = kept_.find(run_no); kept != kept_.end()) forget_closed(kept->second.run, rows);
    LiveRun* live = runs_.find(run_no);
    if (live != nullptr && forget_closed(live->run, rows)) out.push_back(live);
  }
  request.done = [this, number = late_closings_.add(rows), done = std::move(request.done)](const PartVerdict& verdict) {
    late_closings_.note_durable(number);
    if (done) done(verdict);
  };
  return out;
}

void Engine::read_run(RunLoader& loader, RunNo run_no, RunLoader::OnLoaded done) {
  loader.load(run_no, now(), [this, alive = is_alive_, read = late_closings_.begin_read(),
                              done = std::move(done)](Result<LoadedRun> loaded) {
    if (*alive) late_closings_.end_read(read, loaded ? &loaded->run : nullptr);
    done(std::move(loaded));
  });
}

/// From here on the rows of this run go into the part of the request, to the end of this batch.
void Engine::open_part(LiveRun& live, EngineRequest request, bool creates) {
  forget_closed(live.run, request.service.letter_closings);
  live.part = next().part_for_request(live.part);
  follow_states(live.part.part, request.service.task_states);
  fill_part(next().part(live.part), request);
  next().requests.push_back({live.part.part, live.run.row.run_no, creates, std::move(request.done), {}});
}

/// The versions of a state follow each other, also within a batch. Where another request has changed one in a part behind
/// this one, this change goes there: before it the store would take it for a lost one.
void Engine::follow_states(std::size_t part, std::vector<TaskStateRow>& rows) {
  std::vector<Part>& parts = next().batch.parts;
  std::erase_if(rows, [&](TaskStateRow& row) {
    const auto is_it = [&](const TaskStateRow& other) { return other.dag_id == row.dag_id && other.name == row.name; };
    for (std::size_t k = parts.size(); k-- > part + 1;) {
      std::vector<TaskStateRow>& there = parts[k].service.task_states;
      if (std::ranges::none_of(there, is_it)) continue;
      there.push_back(std::move(row));
      return true;
    }
    return false;
  });
}

/// The rows that come with a request.
void Engine::fill_part(Part& part, EngineRequest& request) {
  std::move(request.audit.begin(), request.audit.end(), std::back_inserter(part.audit));
  append(part.service, std::move(request.service));
  std::move(request.idempotency.begin(), request.idempotency.end(), std::back_inserter(part.idempotency));
}

bool Engine::stop_run(RunNo run_no, Reason reason, bool kill) {
  if (dead_) return false;
  LiveRun* live = runs_.find(run_no);
  if (live == nullptr) return stop_unloaded(run_no, {reason, kill}, true);
  handle(*live, StopRequested{reason, kill});
  return true;
}

void Engine::resume_claims() {
  claims_held_ = false;
  schedule_turn();
}

void Engine::watch_timeout(LiveRun& live) {
  const DagRun& run = live.run;
  if (run.dag->timeout_us <= 0 || is_final(run.row.state)) return;
  const DurationUs left = std::max<DurationUs>(0, run.row.started_at + run.dag->timeout_us - loop_.wall_now());
  const RunNo run_no = run.row.run_no;
  live.timers.set_limit(loop_.mono_now() + left, [this, run_no] {
    if (LiveRun* found = runs_.find(run_no); found != nullptr && !is_final(found->run.row.state)) {
      handle(*found, StopRequested{Reason::run_timeout, false});
    }
  });
}

void Engine::handle(LiveRun& live, const Event& event) {
  if (dead_) return;
  step_.clear();
  const bool was_killing = live.run.killing;
  const Reason was_stopping = live.run.stopping;
  const bool more = advance(live.run, event, now(), settings_.core, step_);
  const bool stops = was_killing != live.run.killing || was_stopping != live.run.stopping;
  if (stops) stopped_.push_back(live.run.row.run_no);
  collect(live, step_);
  if (more) runs_.note_more(live);
  note_standing(live);
  schedule_turn();
}

// ── turns ───────────────────────────────────────────────────────────────────────────────────────────────────────────

void Engine::schedule_turn() {
  if (turn_scheduled_ || dead_) return;
  turn_scheduled_ = true;
  loop_.post([this] { turn(); });
}

void Engine::turn() {
  turn_scheduled_ = false;
  if (dead_) return;
  if (!commits_.is_writing()) {
    do_more();
    begin_waiting();
  }
  if (std::exchange(circles_due_, false)) end_circles();
  admit();
  if (!commits_.is_writing()) commit();
  if (!commits_.is_writing() && runs_.has_more()) schedule_turn();  // that share changed nothing to wait for
  executor_.flush();
}

/// One bounded share of a large step for each commit. The runs take turns.
void Engine::do_more() {
  LiveRun* live = runs_.take_more();
  if (live == nullptr) return;
  step_.clear();
  const bool more = advance_pending(live->run, now(), settings_.core, step_);
  collect(*live, step_);
  if (more) runs_.note_more(*live);
  note_standing(*live);
}

/// What is for display alone joins a batch that is written anyway, or makes one of its own after a while.
void Engine::write_lazy() {
  lazy_timer_ = 0;
  runs_.take_lazy(next(), loop_.mono_now(), settings_.lazy_write_us);
  take_lazy_durations();
  schedule_turn();
}

void Engine::take_lazy_durations() {
  std::move(lazy_durations_.begin(), lazy_durations_.end(), std::back_inserter(next().engine_part().durations));
  lazy_durations_.clear();
}

void Engine::commit() {
  if (lazy_timer_ == 0 && (!lazy_durations_.empty() || runs_.has_lazy())) {
    lazy_timer_ = loop_.call_at(loop_.mono_now() + settings_.lazy_write_us, [this] { write_lazy(); });
  }
  take_breaker_rows(next());
  if (next().batch.empty() && !runs_.has_due()) {  // nothing to wait for
    Pending effects = commits_.take();
    release(effects);
    return;
  }
  if (runs_.take_due(next())) take_lazy_durations();
  if (writes_) {
    for (Part& part : next().batch.parts) writes_(part);
  }
  if (BATON_BUG(effect_before_commit)) {
    for (const AttemptKey& key : next().releases) executor_.release(key);
  }
  begun_ = 0;
  // With one run, of which no program runs, nothing will end before this commit has: a thread of its own would only cost
  // two switches.
  const bool at_once = runs_.size() == 1 && !attempts_.has_started_some();
  if (at_once) executor_.flush();  // what is prepared gets ready meanwhile
  commits_.offer(at_once);
}

void Engine::batch_durable(Pending& done) {
  release(done);
  schedule_turn();
}

void Engine::disk_is_full() {
  if (observer_ != nullptr) observer_->notice("the disk is full: nothing new starts until there is space");
}

/// The run that the batch would have made exists already: nothing of it stays behind.
void Engine::creation_struck(RunNo run_no, const PartVerdict& verdict, Pending& done, Pending& gathers) {
  LiveRun& live = *runs_.find(run_no);
  for (std::size_t i = 0; i < live.run.instances.size(); ++i) {
    if (!is_live(live.run.instances[i].state)) continue;
    if (BATON_BUG(refused_run_keeps_holds)) continue;
    admission_.release(live.run, static_cast<InstanceNo>(i));
    breakers_withdraw(live.run, static_cast<InstanceNo>(i));
  }
  admission_.forget(live.run);
  leave_queue(run_no);
  note_struck(live.run.row);
  runs_.erase(run_no);
  for (Pending* pending : {&done, &gathers}) {
    for (const AttemptKey& key : pending->releases) {
      if (key.run_no == run_no) withdraw_prepared(key);
    }
    for (const LaunchSpec& spec : pending->launches) {
      if (spec.key.run_no == run_no) attempts_.end(spec.key);
    }
    strip(*pending, run_no, verdict);
  }
}

void Engine::commits_ended(std::string why) {
  dead_ = true;
  if (fatal_) fatal_({std::move(why)});
}

}  // namespace baton
