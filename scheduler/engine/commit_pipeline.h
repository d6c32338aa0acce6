// CommitPipeline: one batch is with the store, the next one gathers meanwhile. It says what each outcome means:
//
//   gathering ──offer()──▶ writing ──▶ durable      what follows from the batch may have effect; without what was struck
//                           │  ▲
//                           │  └ a while later ┐
//                           ├──▶ rolled_back ──┘    the disk is full: the same batch again, nothing is lost
//                           └──▶ fenced, unknown    another process has taken over, or nobody knows what the disk holds:
//                                                   no more
//
// Owned by the engine; loop thread.
#pragma once

#include <string>

#include "scheduler/engine/loop.h"
#include "scheduler/engine/pending.h"

namespace baton {

/// Who is told how a commit ended: the engine.
class CommitEvents {
 public:
  virtual ~CommitEvents() = default;
  /// A part of `done`, which is durable otherwise, was struck: the run that it creates exists already. `done` and what
  /// `gathers` hold something of it still.
  virtual void creation_struck(RunNo run_no, const PartVerdict& verdict, Pending& done, Pending& gathers) = 0;
  /// `done` may have effect now. The next batch may be offered from within.
  virtual void batch_durable(Pending& done) = 0;
  /// Told once, until a commit succeeds.
  virtual void disk_is_full() = 0;
  /// Nothing more is written: what memory holds may not be what the disk holds.
  virtual void commits_ended(std::string why) = 0;
};

class CommitPipeline {
 public:
  /// `full_retry_us`: how often a full disk is tried again.
  CommitPipeline(Loop& loop, Store& store, CommitEvents& events, DurationUs full_retry_us)
      : loop_(loop), store_(store), events_(events), full_retry_us_(full_retry_us) {}
  ~CommitPipeline();
  CommitPipeline(const CommitPipeline&) = delete;
  CommitPipeline& operator=(const CommitPipeline&) = delete;

  /// What the next batch gathers.
  [[nodiscard]] Pending& next() { return next_; }
  [[nodiscard]] const Pending& next() const { return next_; }
  [[nodiscard]] bool is_writing() const { return is_writing_; }

  /// Gives what has been gathered to the store; not while another is being written. `at_once`: the caller has nothing
  /// else to do, and may be blocked for it.
  void offer(bool at_once);
  /// Gives what has been gathered, of which nothing is to be written.
  Pending take() { return std::exchange(next_, Pending(next_.no + 1)); }

 private:
  void commit();
  void ended(const CommitDone& how);
  void durable(const CommitDone& how);
  void rolled_back();
  void end(std::string why);

  Loop& loop_;
  Store& store_;
  CommitEvents& events_;
  const DurationUs full_retry_us_;
  Pending next_{1};               ///< gathers
  Pending writing_{0};            ///< with the store
  bool is_writing_ = false;
  bool is_over_ = false;
  bool told_full_ = false;
  Loop::TimerId retry_ = 0;
};

}  // namespace baton
