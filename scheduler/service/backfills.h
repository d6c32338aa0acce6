// Backfills: fills ranges of schedules with runs. What a range comes to is decided by backfill_plan.h; each run is made
// in one part with the row of its interval and with how far its backfill has come, so that a crash repeats and forgets
// nothing: whoever starts again goes on at `next_ordinal`.
//
//   running ──pause──▶ paused ──resume──▶ running ──the last run has ended──▶ completed
//      └──────────────────┴──cancel──▶ cancelled: what waits to begin is stopped first, what runs goes on
//
// A backfill has a limit of its own, max_active_runs, beside that of the DAG; as runs end, the next are made, at most
// 200 a turn. It goes on while its DAG is paused; it rests while the DAG drains or the server is frozen (dag_gate.h).
// Owned by who serves; loop thread only.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "scheduler/engine/batch.h"
#include "scheduler/engine/loop.h"
#include "scheduler/engine/service_store.h"
#include "scheduler/service/backfill_plan.h"

namespace baton {

/// A version of a DAG as backfills need it: its schedule, and whatever the host makes runs of it from.
struct BackfillSource {
  explicit BackfillSource(timetable::Timetable of, bool in_order = false)
      : ticks(std::move(of)), runs_in_order(in_order) {}
  virtual ~BackfillSource() = default;
  const timetable::Timetable ticks;
  const bool runs_in_order;  ///< a run begins after those of earlier dates have ended (depends_on_past)
};

/// A run of a backfill, of the version whose schedule it follows from.
struct BackfillRun {
  std::string dag_id;
  std::shared_ptr<const BackfillSource> source;
  BackfillPiece piece;
  std::string conf_json;
  Labels labels;
};

/// A date that has a run.
struct CoveredDate {
  WallUs date = kNoTime;
  ExistingRun run;
};

/// What a DAG is to its backfills now.
struct BackfilledDag {
  std::string version;
  bool goes_on = false;  ///< not while it drains, is stale, or the server is frozen
};

/// What the service stands on: the rest of the scheduler. No callback comes from within its call. What is made and
/// written is offered to the store in the order of the calls: how far a backfill has come is never on disk before what
/// was made on the way.
class BackfillHost {
 public:
  virtual ~BackfillHost() = default;
  /// not_found: there is no such DAG.
  [[nodiscard]] virtual Result<BackfilledDag> dag(const std::string& dag_id) = 0;
  using OnSource = std::function<void(const Result<std::shared_ptr<const BackfillSource>>&)>;
  /// The schedule of a version, and whether `conf_json` fits its params. invalid: it has no schedule, or they do not fit.
  virtual void find_schedule(const std::string& dag_id, const std::string& version, const std::string& conf_json,
                             OnSource done) = 0;
  using OnDates = std::function<void(const Result<std::vector<CoveredDate>>&)>;
  /// The dates of a DAG in [from, to] that have runs, by date.
  virtual void find_dates(const std::string& dag_id, WallUs from, WallUs to, OnDates done) = 0;
  /// Makes the run, with `rows` in its part; its number at once. A struck part leaves nothing of both.
  virtual RunNo make_run(const BackfillRun& run, ServiceRows rows, std::function<void(const PartVerdict&)> done) = 0;
  /// Clears a run that has ended, whole. `rows` is asked for what is to be written with it, where it is cleared.
  virtual void clear_run(RunNo run_no, const std::string& by, std::function<ServiceRows()> rows,
                         std::function<void(const Status&)> done) = 0;
  /// Neither begun nor ended, also while its row is being written.
  [[nodiscard]] virtual bool waits(RunNo run_no) = 0;
  /// Ends a run that waits to begin, once its row is written; one that has begun, or begins meanwhile, goes on.
  virtual void stop_waiting(RunNo run_no) = 0;
  virtual void write(ServiceRows rows, std::vector<AuditRow> audit, std::function<void()> done) = 0;
  /// Its runs stand under the limit of their backfill, and no other.
  virtual void lift_limit(const std::string& dag_id) = 0;
  virtual void say(const std::string& line) = 0;
};

struct BackfillAsk {
  std::string dag_id;
  BackfillWish wish;
  std::int32_t max_active_runs = 10;
  std::string conf_json = "{}";
  std::string note;
  Labels labels;  ///< of each of its runs
};

/// What a backfill would do: the decisions of its first pieces, kPlanMax of these at most, and how much it is in all.
struct BackfillPlan {
  std::vector<BackfillDecision> decisions;
  BackfillExtent extent;
  bool is_whole = true;  ///< there are no other decisions
};

class Backfills {
 public:
  Backfills(Loop& loop, BackfillHost& host) : loop_(loop), host_(host) {}
  ~Backfills() { stop(); }
  Backfills(const Backfills&) = delete;
  Backfills& operator=(const Backfills&) = delete;

  /// Goes on with what was left.
  void start(const ServiceSnapshot& found);
  /// No more runs. What is on its way is carried out and not heard any more. Idempotent.
  void stop();

  using OnMade = std::function<void(const Result<std::int64_t>&)>;
  /// `done` with its number once its row is durable: its runs follow by themselves. not_found: no such DAG; invalid: no
  /// schedule, a range without intervals, params that do not fit; conflict: the DAG has a backfill that is not through.
  void create(BackfillAsk ask, const std::string& by, AuditRow audit, OnMade done);
  using OnPlan = std::function<void(const Result<BackfillPlan>&)>;
  /// What create() would do now. Nothing changes. Errors as of create().
  void plan(const BackfillAsk& ask, OnPlan done);
  using OnDone = std::function<void(const Status&)>;
  /// `done` when it is durable. not_found: no such backfill, or it is through already: conflict. What holds is no error.
  void pause(std::int64_t backfill_no, AuditRow audit, OnDone done);
  void resume(std::int64_t backfill_no, AuditRow audit, OnDone done);
  void cancel(std::int64_t backfill_no, AuditRow audit, OnDone done);

  /// A run has ended, or was never made; whatever it was of.
  void run_ended(RunNo run_no);
  /// DAGs may go on that did not.
  void look();
  /// Of one that is not through; else empty.
  [[nodiscard]] std::string dag_of(std::int64_t backfill_no) const;
  [[nodiscard]] std::size_t open_count() const { return fillings_.size(); }

  static constexpr std::size_t kPlanMax = 10'000;

 private:
  struct Step {
    BackfillDecision what;
    std::int64_t ordinal = 0;  ///< of its interval row
    bool ends_piece = true;
  };
  struct Filling {
    BackfillRow row;          ///< `state`: running only when that is durable
    BackfillState offered = BackfillState::running;  ///< the state that was written last, durable or not
    std::shared_ptr<const BackfillSource> source;    ///< that the page was read for
    std::set<RunNo> open;     ///< made or cleared, and not ended
    /// Of those that were met when dates were read, made or cleared by itself: not done once more, in whatever piece
    /// their dates lie by now.
    std::set<RunNo> own;
    std::deque<Step> page;    ///< decided, and not carried out
    bool is_read = false;     ///< to the end of its range
    bool is_busy = false;     ///< a page or a clear is on its way
    bool is_cancelling = false;
    AuditRow cancel_audit;
    std::vector<std::function<void(const Status&)>> cancelled;  ///< who hears of it
  };

  void step(Filling& of);
  void step_soon(std::int64_t backfill_no);
  void finish_cancel(Filling& of);
  [[nodiscard]] static BackfillRow row_of(const Filling& of);
  void read_page(Filling& of);
  void page_found(Filling& of, const std::vector<BackfillPiece>& pieces, const std::vector<CoveredDate>& dates);
  static void note_own(Filling& of, const std::vector<CoveredDate>& dates);
  [[nodiscard]] static bool is_passed_over(const Filling& of, const Step& step);
  void pass_over(Filling& of);
  void make_next(Filling& of);
  void clear_next(Filling& of);
  void look_again(Filling& of, const std::vector<CoveredDate>& dates);
  void clear(Filling& of, RunNo run_no);
  void run_made(std::int64_t backfill_no, RunNo run_no, const BackfillIntervalRow& interval,
                const PartVerdict& verdict);
  void complete(Filling& of);
  void change_state(std::int64_t backfill_no, BackfillState to, AuditRow audit, OnDone done);
  [[nodiscard]] Filling* find(std::int64_t backfill_no);
  ServiceRows take_step(Filling& of, RunNo run_no, BackfillSkip skip, BackfillIntervalRow& interval);
  ServiceRows take_whole_step(Filling& of, RunNo run_no, BackfillSkip skip);
  /// `source`: that the pieces are of; null beside an error.
  using OnPieces = std::function<void(const Result<std::vector<BackfillPiece>>&, const std::vector<CoveredDate>&,
                                      const std::shared_ptr<const BackfillSource>& source)>;
  void load_plan(std::shared_ptr<BackfillAsk> ask, std::int64_t next_ordinal, std::size_t limit, OnPieces done);

  /// Wraps what comes back later: it is not heard after the end.
  template <typename F>
  auto guarded(F f) {
    return [alive = is_alive_, f = std::move(f)](auto&&... args) {
      if (*alive) f(std::forward<decltype(args)>(args)...);
    };
  }

  Loop& loop_;
  BackfillHost& host_;
  std::map<std::int64_t, Filling> fillings_;     ///< that are not through; entries stay where they are
  std::map<RunNo, std::int64_t> by_run_;         ///< open runs
  std::int64_t last_no_ = 0;
  bool is_stopped_ = false;
  std::shared_ptr<bool> is_alive_ = std::make_shared<bool>(true);
};

}  // namespace baton
