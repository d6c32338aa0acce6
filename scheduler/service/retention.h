// Retention: what bounds the database and the logs of a server. Now and then it walks over what has ended, oldest
// first, and lets go what the settings do not keep (retention_plan.h): in small transactions with a rest after each, so
// that those who write beside it wait for none of them long. Folders go when the rows are durably gone; those of a
// crash in between are swept later. What people ask for (`db prune`) are passes of their own.
//
//   at rest ──a minute, or somebody asks──▶ runs, page by page ──▶ rows of the service ──▶ versions ──▶ folders ──▶ rest
//
// Owned by who serves; loop thread only.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "scheduler/control/actor.h"
#include "scheduler/engine/loop.h"
#include "scheduler/engine/old_runs.h"
#include "scheduler/model/dag.h"
#include "scheduler/model/result.h"

namespace baton {

/// What the service stands on. No callback comes from within its call; all come on the loop, once.
class RetentionHost {
 public:
  virtual ~RetentionHost() = default;
  using OnDags = std::function<void(const Result<std::vector<std::string>>&)>;
  /// DAGs with more runs than this.
  virtual void find_dags_over(std::int64_t runs, OnDags done) = 0;
  using OnOld = std::function<void(const Result<OldRunPage>&)>;
  /// A page of the runs that a rule lets go, behind `after`, the oldest first.
  virtual void find_old(const KeepRule& rule, const OldRunPlace& after, OnOld done) = 0;
  using OnGone = std::function<void(const std::vector<RunNo>&)>;
  /// Deletes them in one part, but for those that somebody needs again; `done` when it is durable.
  virtual void retire(const std::vector<OldRun>& runs, const Actor& by, OnGone done) = 0;
  using OnCount = std::function<void(const Result<std::int64_t>&)>;
  /// One limited transaction each; how many rows went. 0: nothing is left.
  virtual void prune_rows(const OldRows& rows, OnCount done) = 0;
  virtual void prune_versions(const std::set<std::string>& dag_ids, OnCount done) = 0;
  /// Folders of these runs, where their rows are gone.
  virtual void remove_folders(const std::vector<RunNo>& runs) = 0;
  /// Of all folders those without a run, and logs of runs that ended before `logs_before` (kNoTime: none).
  virtual void sweep_folders(WallUs logs_before, OnCount done) = 0;
  using OnDone = std::function<void(const Status&)>;
  /// Writes that a DAG is to go, so that a restart goes on with it.
  virtual void begin_deletion(const std::string& dag_id, const Actor& by, OnDone done) = 0;
  /// Of a DAG, however they stand.
  virtual void count_runs(const std::string& dag_id, OnCount done) = 0;
  /// With `is_empty` all that is left of the DAG goes, unless its file has come back; the deletion is over in any case.
  virtual void end_deletion(const std::string& dag_id, bool is_empty, const Actor& by, OnDone done) = 0;
  virtual void say(const std::string& line) = 0;
};

/// A deletion of a DAG that an earlier server has begun.
struct BegunDeletion {
  std::string dag_id, by;
};

struct RetentionCounts {
  std::int64_t runs = 0, rows = 0, versions = 0, folders = 0;

  RetentionCounts& operator+=(const RetentionCounts& more) {
    runs += more.runs;
    rows += more.rows;
    versions += more.versions;
    folders += more.folders;
    return *this;
  }
};

/// A pass that is through.
struct RetentionJob {
  std::int64_t job = 0;        ///< numbered from 1, in the order in which they are asked for and done
  std::string by;
  WallUs began = kNoTime, ended = kNoTime;
  RetentionCounts removed;
  std::string error;           ///< empty: it went well
};

/// As people are told.
struct RetentionStatus {
  Retention kept;
  bool is_busy = false;
  std::deque<RetentionJob> jobs;  ///< the last ones, the newest at the end
  RetentionCounts total;          ///< since the server began
};

class RetentionService {
 public:
  RetentionService(Loop& loop, RetentionHost& host) : loop_(loop), host_(host) {}
  ~RetentionService() { stop(); }
  RetentionService(const RetentionService&) = delete;
  RetentionService& operator=(const RetentionService&) = delete;

  /// The first pass comes a little later: a server has better things to do when it starts.
  void start(const Retention& kept, const std::vector<BegunDeletion>& begun = {});
  /// From the next pass on; it comes soon.
  void set(const Retention& kept);
  /// Nothing more is deleted. Idempotent.
  void stop();

  /// Runs by `rule`, and without a DAG also rows of the service that are as old. The number of the job, which is among
  /// status().jobs when it is through.
  std::int64_t prune(const KeepRule& rule, const Actor& by);
  /// All that is kept of a DAG. `done` when it is durable that it goes; what is left of it goes as a job.
  void delete_dag(const std::string& dag_id, const Actor& by, RetentionHost::OnDone done);
  /// A run was deleted otherwise, durably.
  void run_deleted(RunNo run_no) { host_.remove_folders({run_no}); }

  [[nodiscard]] const RetentionStatus& status() const { return status_; }

 private:
  struct Pass {
    RetentionJob job;
    Actor by;
    std::deque<KeepRule> rules;
    OldRows rows;
    bool is_whole = false;  ///< by the settings: also folders
    std::string deletes;    ///< a DAG; empty: none
    std::deque<std::vector<OldRun>> parts;
    OldRunPlace after;
    bool is_last_page = true;
    std::set<std::string> dags;  ///< of which runs have gone
  };

  void wait(DurationUs span);
  void make_pass();
  void next_pass();
  void find_crowded();
  void step();
  void read_page();
  void delete_part();
  void prune_rows();
  void end_deletion();
  void prune_versions();
  void add_deletion(const std::string& dag_id, const Actor& by);
  void sweep();
  void end_pass();
  void rest_then(void (RetentionService::*next)());
  void fail(const Error& why);

  /// Wraps what comes back later: it is not heard after the end.
  template <typename F>
  auto guarded(F f) {
    return [alive = is_alive_, f = std::move(f)](auto&&... args) {
      if (*alive) f(std::forward<decltype(args)>(args)...);
    };
  }

  Loop& loop_;
  RetentionHost& host_;
  RetentionStatus status_;
  std::deque<Pass> waiting_;
  std::optional<Pass> pass_;
  std::int64_t last_given_ = 0;
  MonoUs swept_at_ = 0;
  bool was_swept_ = false;
  bool is_stopped_ = true;
  std::string said_;
  Loop::TimerId timer_ = 0;  ///< of the next pass by the settings
  std::shared_ptr<bool> is_alive_ = std::make_shared<bool>(true);
};

}  // namespace baton
