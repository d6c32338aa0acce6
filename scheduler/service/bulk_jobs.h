// BulkJobs: what a filter names by the thousand, and what becomes of it: dead letters that are redriven or discarded, runs
// that are deleted, cleared, retried, cancelled or marked; and what is left of a large run that was deleted. A job is one
// row when it is accepted; its objects follow, oldest first, a few in each turn of the loop, at the rate that was asked for.
//
//   accepted ──▶ running ──▶ completed        read a page ─▶ so many as the rate lets ─▶ one request for each run ─▶ …
//                   └──────▶ cancelled        what is on its way is carried out
//
// Who starts again goes on at the cursor, and each object is changed once, however often the server dies: a letter is
// closed in the part of the clear that redrives it, and one that is closed is passed over; a change of a run leaves a key
// (idempotency.h) in its part; deletions are one part with how far the job has come. What a job brings forth (letters of
// what failed again, runs) lies beyond its end: a job comes to its end whatever its tasks do.
//
// Owned by who serves; loop thread.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "scheduler/control/letter_job.h"
#include "scheduler/control/run_job.h"
#include "scheduler/engine/loop.h"
#include "scheduler/engine/service_store.h"
#include "scheduler/service/job_host.h"

namespace baton {

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

using JobAsk = std::variant<LetterJobAsk, RunJobAsk>;

struct NewJob {
  BulkJobRow row;
  AuditRow audit;
};

class BulkJobs {
 public:
  BulkJobs(Loop& loop, JobHost& host) : loop_(loop), host_(host) {}
  ~BulkJobs() { stop(); }
  BulkJobs(const BulkJobs&) = delete;
  BulkJobs& operator=(const BulkJobs&) = delete;

  /// Goes on with what was left. A job that cannot be read is said, and ends as cancelled.
  void start(const ServiceSnapshot& found);
  /// Nothing more is changed. What is on its way is carried out and not heard any more. Idempotent.
  void stop();

  /// A job with a number of its own, for whoever writes its row. `total`: how many objects its filter lets through now.
  [[nodiscard]] NewJob prepare(JobAsk ask, std::int64_t total, const Actor& actor);
  using OnMade = std::function<void(const Result<std::int64_t>&)>;
  /// The same, written. `done` with its number once its row is durable.
  void create(JobAsk ask, std::int64_t total, const Actor& actor, OnMade done);
  /// For a job whose row somebody else writes; given to nobody else.
  [[nodiscard]] std::int64_t take_number() { return ++last_no_; }
  /// Its row is durable: goes on with it. One that is through is none of ours.
  void begin(const BulkJobRow& row);
  using OnDone = std::function<void(const Status&)>;
  /// `done` when it is durable. not_found: there is no such job that is not through. conflict: what it does has been
  /// answered for already.
  void cancel(std::int64_t job_no, const Actor& actor, OnDone done);
  [[nodiscard]] std::size_t open_count() const { return jobs_.size(); }

  static constexpr std::size_t kPageMax = 1'000;  ///< objects in one batch
  // Of one turn, which others wait for: each must be through well within 200 ms on a busy disk.
  static constexpr std::size_t kLettersATurn = 200;
  static constexpr std::size_t kRunsATurn = 50;   ///< that are changed
  static constexpr std::size_t kRunsAPart = 16;   ///< that are deleted

 private:
  /// A letter or a run, as far as a job needs it.
  struct Item {
    std::int64_t number = 0;  ///< of the letter, or the run
    RunNo run_no = 0;
    std::string dag_id, name;
    InstanceNo instance_no = 0;
    Epoch epoch = 0;
    std::int64_t instances = 0;  ///< of a run
    bool has_ended = false;      ///< the run
  };
  struct Job {
    BulkJobRow row;
    std::variant<LetterJobAsk, RunJobAsk, RunRestAsk> ask;
    JobPace pace;
    std::deque<Item> found;           ///< read, and not carried out
    std::size_t in_flight = 0;        ///< requests
    std::int64_t turn_end = 0;        ///< the last number of those
    std::vector<Item> again;          ///< of those, for which nobody had the time
    bool is_reading = false, is_read = false;  ///< to the end of its objects
    MonoUs written_at = 0;            ///< its progress
    Loop::TimerId timer = 0;
  };

  void go_on(std::int64_t job_no);
  void read(Job& job);
  void page_read(std::int64_t job_no, const Error* why, std::vector<Item> found);
  void change(Job& job, std::size_t count);
  void discard(Job& job);
  void answered(std::int64_t job_no, const std::vector<Item>& items, const Result<std::size_t>& how);
  void turn_ended(Job& job);
  void wake(Job& job, MonoUs at);
  void write_progress(Job& job);
  void end(Job& job, JobState how);
  [[nodiscard]] Job* find(std::int64_t job_no);
  // bulk_runs.cpp
  void read_runs(Job& job, const RunJobAsk& ask);
  void remove(Job& job, const RunJobAsk& ask, std::size_t count);
  void removed(std::int64_t job_no, const std::vector<Item>& asked, const std::vector<RunNo>& gone,
               const std::vector<BulkJobRow>& rests);
  void remove_rest(Job& job, const RunRestAsk& ask);

  /// Wraps what comes back later: it is not heard after the end.
  template <typename F>
  auto guarded(F f) {
    return [alive = is_alive_, f = std::move(f)](auto&&... args) {
      if (*alive) f(std::forward<decltype(args)>(args)...);
    };
  }

  Loop& loop_;
  JobHost& host_;
  std::map<std::int64_t, Job> jobs_;  ///< that are not through
  std::int64_t last_no_ = 0;
  std::shared_ptr<bool> is_alive_ = std::make_shared<bool>(true);
};

/// What a job asks of one run. Pure.
[[nodiscard]] JobChange change_of_run(const RunJobAsk& ask, RunNo run_no);

}  // namespace baton
