// LetterJobs: dead letters that are redriven or discarded by the thousand, as jobs. A job is one row when it is
// accepted; its letters follow, oldest first, a few in each turn of the loop, at the rate that was asked for.
//
//   accepted ──▶ running ──▶ completed        read a page ─▶ so many as the rate lets ─▶ one request for each run ─▶ …
//                   └──────▶ cancelled        what is on its way is carried out
//
// Who starts again goes on at the cursor. A letter is closed in the part of the clear that redrives it, and one that is
// closed is passed over: so each is redriven once, however often the server dies. What has failed again has a new letter,
// whose number lies beyond the end of the job: a job comes to its end whatever its tasks do.
//
// Owned by who serves; loop thread.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "scheduler/control/actor.h"
#include "scheduler/control/letter_job.h"
#include "scheduler/control/redrive_letters.h"
#include "scheduler/engine/loop.h"
#include "scheduler/engine/reader_views.h"
#include "scheduler/engine/service_store.h"

namespace baton {

/// What the jobs stand on. Loop thread; nothing calls back from within.
class LetterHost {
 public:
  virtual ~LetterHost() = default;
  using OnPage = std::function<void(const Result<LetterPage>&)>;
  /// Off the loop.
  virtual void find(LetterQuery query, OnPage done) = 0;
  using OnRedriven = std::function<void(const Result<std::size_t>&)>;
  /// `done` with how many of the letters were redriven, when it is durable. `latest_of`: the DAG whose newest version
  /// their run goes on with; empty: its own. Kinds of Error: those of Control.
  virtual void redrive(RedriveLetters request, const std::string& latest_of, Actor actor, OnRedriven done) = 0;
  /// `done` when it is durable.
  virtual void write(ServiceRows rows, std::vector<AuditRow> audit, std::function<void()> done) = 0;
  virtual void say(const std::string& line) = 0;
};

/// How many may go now: so many a second at most, and no more than a quarter of a second's at once. Monotonic time.
class JobPace {
 public:
  explicit JobPace(double per_second = 0) : per_second_(per_second) {}
  /// At most `most`; what is given counts.
  [[nodiscard]] std::size_t take(MonoUs now, std::size_t most);
  /// When one more may go at the earliest; `now`: at once.
  [[nodiscard]] MonoUs next(MonoUs now) const;

 private:
  void fill(MonoUs now);
  double per_second_;
  double tokens_ = 1;  ///< the first goes at once
  MonoUs filled_at_ = 0;
  bool has_begun_ = false;
};

class LetterJobs {
 public:
  LetterJobs(Loop& loop, LetterHost& host) : loop_(loop), host_(host) {}
  ~LetterJobs() { stop(); }
  LetterJobs(const LetterJobs&) = delete;
  LetterJobs& operator=(const LetterJobs&) = delete;

  /// Goes on with what was left. A job that cannot be read is said, and ends as cancelled.
  void start(const ServiceSnapshot& found);
  /// No more letters. What is on its way is carried out and not heard any more. Idempotent.
  void stop();

  using OnMade = std::function<void(const Result<std::int64_t>&)>;
  /// `done` with its number once its row is durable. `total`: how many letters its filter lets through now.
  void create(LetterJobAsk ask, std::int64_t total, const Actor& actor, OnMade done);
  using OnDone = std::function<void(const Status&)>;
  /// `done` when it is durable. not_found: there is no such job that is not through.
  void cancel(std::int64_t job_no, const Actor& actor, OnDone done);
  [[nodiscard]] std::size_t open_count() const { return jobs_.size(); }

  static constexpr std::size_t kPageMax = 1'000;  ///< letters in one batch
  static constexpr std::size_t kTurnMax = 200;    ///< that are redriven in one turn

 private:
  struct Job {
    BulkJobRow row;
    LetterJobAsk ask;
    JobPace pace;
    std::deque<DeadLetterRow> found;  ///< read, and not carried out
    std::size_t in_flight = 0;        ///< requests
    std::int64_t turn_end = 0;        ///< the last number of those
    std::vector<DeadLetterRow> again;  ///< of those, for which nobody had the time
    bool is_reading = false, is_read = false;  ///< to the end of its letters
    MonoUs written_at = 0;            ///< its progress
    Loop::TimerId timer = 0;
  };

  void go_on(std::int64_t job_no);
  void read(Job& job);
  void redrive(Job& job, std::size_t count);
  void discard(Job& job);
  void answered(std::int64_t job_no, const std::vector<DeadLetterRow>& letters, const Result<std::size_t>& how);
  void turn_ended(Job& job);
  void wake(Job& job, MonoUs at);
  void write_progress(Job& job);
  void end(Job& job, JobState how);
  [[nodiscard]] Job* find(std::int64_t job_no);

  /// Wraps what comes back later: it is not heard after the end.
  template <typename F>
  auto guarded(F f) {
    return [alive = is_alive_, f = std::move(f)](auto&&... args) {
      if (*alive) f(std::forward<decltype(args)>(args)...);
    };
  }

  Loop& loop_;
  LetterHost& host_;
  std::map<std::int64_t, Job> jobs_;  ///< that are not through
  std::int64_t last_no_ = 0;
  std::shared_ptr<bool> is_alive_ = std::make_shared<bool>(true);
};

}  // namespace baton
