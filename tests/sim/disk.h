// Disk: the rows that are durable, and nothing else. Every batch is held against the invariants of rows before it is
// written: this is where what the engine does becomes visible. Shared by all scheduler processes of a day.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "scheduler/engine/store.h"
#include "scheduler/engine/wait_times.h"
#include "tests/sim/asset_books.h"
#include "tests/sim/backfill_books.h"
#include "tests/sim/batch_check.h"
#include "tests/sim/doors.h"
#include "tests/sim/ground.h"
#include "tests/sim/letter_books.h"
#include "tests/sim/mirror.h"
#include "tests/sim/past_books.h"
#include "tests/sim/quality_books.h"
#include "tests/sim/requests.h"
#include "tests/sim/sim_keys.h"
#include "tests/sim/state_books.h"
#include "tests/sim/tick_books.h"
#include "tests/sim/witness.h"

namespace baton::sim {

/// What the simulation knows of an instance beyond its row.
struct Facts {
  std::int32_t generation = 0;   ///< clears so far
  MonoUs born_at = 0;            ///< when its time began to count: the run's start or the last clear
  bool is_timed = true;          ///< that is known: not where it began anew only when its cleared attempt was gone
  DurationUs tries_us = 0;       ///< the times of its ended tries since then
  std::int32_t claims = 0;       ///< since then
  std::int32_t tries = 0;        ///< try rows since then
  std::int32_t lost = 0;         ///< of them, lost or stopped with their worker
  std::int32_t begun = 0;        ///< claims that were tries of their own
  Epoch killed_before_start = 0;  ///< the try that somebody has killed before its program started: it may have failed
  std::int64_t cleared_seq = 0;  ///< the batch in which it began anew
  std::int64_t ended_seq = 0;    ///< the batch in which it ended, or was marked
  bool ended_in_stop = false;    ///< of its run, which has been taken back since: no retry followed
  MonoUs slept_at = -1;          ///< when it went to sleep
  MonoUs sleeps_until = -1;
};

struct DiskRun {
  RunRow row;
  std::shared_ptr<const Dag> dag;
  std::shared_ptr<const VersionRow> version;
  std::vector<TaskRow> instances;
  std::vector<Facts> facts;
  std::map<std::pair<InstanceNo, Epoch>, TryRow> tries;
  MonoUs began_at = 0;
  MonoUs changed_at = 0;         ///< when its row was written last
  bool only_retried = false;     ///< all that people have changed in it are retries, which take what follows with them
  std::int64_t cut_seq = 0;      ///< the batch in which its stop became durable; 0: none
  std::int64_t failed_seq = 0;   ///< the batch in which a failure should have stopped it; 0: none
  std::int64_t hold_seq = 0;     ///< the batch that paused it or let it go last
  bool was_killed = false;       ///< somebody has asked for its end at once
  bool was_marked = false;       ///< somebody has said how it, or a task instance of it, ended
  bool was_changed = false;      ///< somebody has cleared or retried it, or marked something of it

  [[nodiscard]] const TaskRow* find(std::int32_t task_no, std::int32_t map_index) const;
  [[nodiscard]] TaskRow& at(InstanceNo i) { return instances[static_cast<std::size_t>(i)]; }
  [[nodiscard]] const TaskRow& at(InstanceNo i) const { return instances[static_cast<std::size_t>(i)]; }
  [[nodiscard]] Facts& facts_of(InstanceNo i) { return facts[static_cast<std::size_t>(i)]; }
  [[nodiscard]] const Facts& facts_of(InstanceNo i) const { return facts[static_cast<std::size_t>(i)]; }
  /// Rows of a task that count: removed ones of an earlier expansion do not.
  [[nodiscard]] std::vector<const TaskRow*> of_task(TaskNo t) const;
  [[nodiscard]] bool is_finished() const;
  /// As recovery reads it.
  [[nodiscard]] RunSnapshot snapshot(std::vector<InstanceNo> held_events, std::vector<OpenLetter> letters) const {
    return {row, *version, instances, std::move(held_events), std::move(letters)};
  }
};

class Disk {
 public:
  Disk(Ground& ground, Witness& witness);

  /// Told of every instance that a batch has ended, once the batch is written.
  std::function<void(const DiskRun&, InstanceNo)> on_end;
  /// Told of every run that a person has changed with a batch, once the batch is written.
  std::function<void(const DiskRun&)> on_change;

  /// Writes a batch of the leader `epoch`, but for the parts whose runs or keys exist.
  CommitDone apply(const Batch& batch, std::int64_t epoch);

  [[nodiscard]] DiskRun* find(RunNo run_no);
  [[nodiscard]] const DiskRun* find(RunNo run_no) const;
  [[nodiscard]] std::map<RunNo, DiskRun>& runs() { return runs_; }
  [[nodiscard]] const std::map<RunNo, DiskRun>& runs() const { return runs_; }
  [[nodiscard]] const CacheRow* cached(const std::string& dag, const std::string& task, const std::string& key,
                                       const std::string& hash, WallUs now) const;
  [[nodiscard]] std::unordered_map<std::string, DurationUs> means(const std::string& dag_id) const;
  /// Somebody kills this run, perhaps before it is on disk.
  void note_kill(RunNo run_no);
  /// Somebody is told that a run is paused, or goes on.
  void accepted_pause(RunNo run_no, bool is_paused);
  /// Somebody kills the process of an attempt before its program has started. False where that cannot be told from
  /// what is on disk: a clear may be on its way.
  bool note_kill_before_start(const AttemptKey& key);
  /// Whether nobody has taken the state over since this one.
  [[nodiscard]] bool leads(std::int64_t epoch) const { return epoch == leader_epoch_; }
  /// Numbers of runs that were never written are given out again.
  std::int64_t take_lead() {
    last_run_no_ = runs_.empty() ? 0 : runs_.rbegin()->first;
    return ++leader_epoch_;
  }
  RunNo next_run_no() {
    asked_at_[++last_run_no_] = ground_.loop.now();
    killed_.erase(last_run_no_);
    return last_run_no_;
  }
  /// Who works on one run and leaves the others need not know how many of a DAG live.
  void note_leader(bool is_alone) { leader_is_alone_ = is_alone; }
  /// The number that was given out last.
  [[nodiscard]] RunNo last_run_no() const { return last_run_no_; }
  /// The circuit breakers as they were left, by name.
  [[nodiscard]] std::vector<BreakerRow> breakers() const { return doors_.rows(); }
  /// The real store beside it, on a day that has one.
  [[nodiscard]] Mirror* mirror() { return mirror_.get(); }
  [[nodiscard]] Requests& requests() { return requests_; }
  [[nodiscard]] LetterBooks& letters() { return letters_; }
  [[nodiscard]] StateBooks& states() { return states_; }
  [[nodiscard]] AssetBooks& assets() { return assets_; }
  [[nodiscard]] QualityBooks& quality() { return quality_; }
  [[nodiscard]] TickBooks& books() { return books_; }
  [[nodiscard]] KeyBooks& keys() { return keys_; }
  [[nodiscard]] BackfillBooks& backfills() { return backfills_; }
  [[nodiscard]] PastBooks& past() { return past_; }
  /// As Store::load_service().
  [[nodiscard]] ServiceSnapshot service() const;
  /// Versions of a DAG that were ever written.
  [[nodiscard]] const std::map<std::pair<std::string, std::string>, std::shared_ptr<const VersionRow>>& versions() const {
    return versions_;
  }
  /// How many batches were written.
  [[nodiscard]] std::int64_t seq() const { return seq_; }

 private:
  void apply(const Part& part);
  /// What a person has asked for of one run: a clear of any kind, or a mark.
  struct Change {
    WallUs at = kNoTime;
    bool at_start = false;  ///< of a scheduler: it has recovered the run with it
    bool is_mark = false;
    bool is_one = true;  ///< else which of them changed a row cannot be told
  };
  using Changes = std::map<RunNo, Change>;
  Changes changes_of(const Part& part);
  void apply_change(const Part& part, DiskRun& run, const Change& change);
  void apply_instances(const Part& part, const Changes& changes);
  void apply_to_mirror(const Batch& batch, const CommitDone& expected);
  void create(const RunCreation& creation);
  std::shared_ptr<const VersionRow> version_of(const RunCreation& creation);
  void begin_runs(const Part& part);
  void check_begin(const DiskRun& run);
  // disk_order.cpp
  void check_turn(const DiskRun& run);
  void make_instance(const TaskRow& row);
  void write_try(const TryRow& row);
  void write_instance(const TaskRow& row, const Change* change);
  void write_run(const RunRow& row);
  void let_go(const Part& part);
  void hold_runs(const Part& part);
  void check_move(const DiskRun& run, const TaskRow& old, const TaskRow& row, bool by_person);
  void check_claim(const DiskRun& run, const TaskRow& old, const TaskRow& row, Facts& facts);
  [[nodiscard]] bool clock_holds() const;
  void note_sleep(const TaskRow& row, Facts& facts) const;
  void check_end(const DiskRun& run, const TaskRow& row, const Facts& facts);
  void fail(const std::string& invariant, const DiskRun& run, const TaskRow& row, const std::string& what);

  Ground& ground_;
  Witness& witness_;
  std::unique_ptr<Mirror> mirror_;
  std::map<RunNo, DiskRun> runs_;
  TakenNames taken_;
  Doors doors_;
  Requests requests_;
  LetterBooks letters_;
  StateBooks states_;
  TickBooks books_;
  AssetBooks assets_;
  QualityBooks quality_;
  BackfillBooks backfills_;
  PastBooks past_;
  KeyBooks keys_;
  std::map<std::pair<std::string, std::string>, std::shared_ptr<const VersionRow>> versions_;  ///< by DAG and version
  std::map<std::tuple<std::string, std::string, std::string, std::string>, CacheRow> cache_;
  struct Mean {
    DurationUs us = 0;
    std::int64_t samples = 0;
  };
  std::map<std::pair<std::string, std::string>, Mean> means_;  ///< by DAG and task
  std::int64_t leader_epoch_ = 0;
  bool leader_is_alone_ = false;
  RunNo last_run_no_ = 0;
  std::set<RunNo> killed_;
  MonoUs held_moved_at_ = 0;  ///< when a DAG or the server was held or let go last, or might have been
  std::map<RunNo, MonoUs> asked_at_;  ///< when each run number was given out: the run begins in that instant
  std::int64_t seq_ = 0;
  std::vector<std::pair<RunNo, InstanceNo>> ended_;  ///< by the batch that is being written
  std::set<RunNo> changed_;                          ///< by people, in this batch
};

}  // namespace baton::sim
