// SimWorker: the worker of the simulated machine, as worker/ is: starts processes, stops them with grace, reports each
// end until it is acknowledged, and keeps a journal that outlives it. A stream carries what it and the scheduler say.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tests/sim/behaviour.h"

namespace baton::sim {

/// One direction of a stream socket: in order, some time after it was sent; what is cut off never comes.
class Pipe {
 public:
  Pipe(Ground& ground) : ground_(ground), open_(std::make_shared<bool>(true)) {}
  void send(ProcessId to, std::function<void()> deliver);
  void cut() { *open_ = false; }

 private:
  Ground& ground_;
  std::shared_ptr<bool> open_;
  MonoUs last_at_ = 0;
};

/// What the worker says at the begin of a connection.
struct Inventory {
  struct Live {
    AttemptKey key;
    std::int32_t pid;
    WallUs started_at;  ///< kNoTime: it is held before its start
  };
  std::vector<Live> live;
  std::vector<AttemptEnd> ended;
};

/// The scheduler's end of a connection.
class WorkerPeer {
 public:
  virtual ~WorkerPeer() = default;
  virtual void heard_inventory(const Inventory& inventory) = 0;
  virtual void heard_started(AttemptKey key, std::int32_t pid, WallUs at) = 0;
  virtual void heard_ended(const AttemptEnd& end) = 0;
  virtual void connection_ended() = 0;
  /// A newer scheduler has been there.
  virtual void refused() = 0;
};

/// A connected socket between a scheduler process and the worker.
struct Connection {
  Connection(Ground& ground, ProcessId process, std::int64_t scheduler_epoch, WorkerPeer& other)
      : scheduler(process), epoch(scheduler_epoch), peer(other), to_worker(ground), to_scheduler(ground) {}
  ProcessId scheduler;
  std::int64_t epoch;    ///< of the scheduler
  WorkerPeer& peer;      ///< only called in calls of the process `scheduler`
  Pipe to_worker, to_scheduler;
};

struct WorkerSettings {
  bool keeps_tasks = false;  ///< what a lost scheduler means: false: stop everything
};

class SimWorker {
 public:
  SimWorker(Ground& ground, Disk& disk, Witness& witness, const Behaviours& behaviours, WorkerSettings settings)
      : ground_(ground), disk_(disk), witness_(witness), behaviours_(behaviours), settings_(settings) {}

  /// Starts a new worker process where none lives; it reads the journal first.
  void start();
  /// kill -9: its tasks die with it, and the journal stays.
  void kill();
  /// The program of an attempt ends by itself, now.
  void end_program(AttemptKey key, std::int32_t exit_code) {
    if (live_.contains(key)) die(key, exit_code, 0);
  }
  void stall(DurationUs span) { ground_.loop.stall(process_, ground_.loop.now() + span); }
  [[nodiscard]] bool is_alive() const { return alive_; }
  /// It stops what it runs, for a scheduler that is gone, and then exits.
  [[nodiscard]] bool is_shutting_down() const { return alive_ && shutting_down_; }
  [[nodiscard]] bool is_stalled() const { return alive_ && ground_.loop.is_stalled(process_); }
  [[nodiscard]] ProcessId process() const { return process_; }

  /// A scheduler has connected; hello() follows once the worker reads. If it dies before, the connection ends.
  void dial(std::shared_ptr<Connection> connection) { dialed_ = std::move(connection); }

  // What arrives from the scheduler, in calls of process().
  void hello(std::shared_ptr<Connection> connection);
  /// `gated`: everything but the start, which waits for release().
  void launch(const Connection& from, const LaunchSpec& spec, bool gated);
  void release(const Connection& from, AttemptKey key);
  void stop(const Connection& from, AttemptKey key, DurationUs grace_us, bool kill_now);
  void acknowledge(const Connection& from, AttemptKey key);
  void end_of_stream(const Connection& from);

  [[nodiscard]] std::size_t live_count() const { return live_.size(); }
  [[nodiscard]] bool remembers(AttemptKey key) const { return live_.contains(key) || journal_.contains(key); }
  [[nodiscard]] std::size_t unacknowledged() const { return journal_.size(); }

 private:
  enum class Cause : std::uint8_t { none, timeout, stop, scheduler_lost };
  struct Process {
    LaunchSpec spec;
    Behaviour behaviour;
    std::int32_t pid = 0;
    WallUs started_at = kNoTime;
    MonoUs started_mono = 0;
    Cause cause = Cause::none;
    bool is_gated = false;     ///< there is a process, and the author's program has not started in it
    bool exec_failed = false;  ///< its gate was opened, and the program could not be started
    bool is_dead = false;      ///< the kernel says so; the worker may not have heard of it
    MonoUs dead_at = 0;
    std::int32_t exit_code = -1, signal = 0;
  };
  struct Journaled {
    WallUs started_at = kNoTime;
    std::int32_t pid = 0;
    bool has_ended = false;
    AttemptEnd end;
  };

  [[nodiscard]] bool is_current(const Connection& from) const { return connection_.get() == &from; }
  void start_program(Process& process);
  [[nodiscard]] bool cannot_start(const LaunchSpec& spec, bool gated) const;
  [[nodiscard]] Behaviour behaviour_of(const TaskRow& row) const;
  [[nodiscard]] const TaskRow* find_row(const AttemptKey& key) const;
  void check_fence(const AttemptKey& key) const;
  void tell_started(const Process& process);
  void report_unstarted(AttemptKey key, AttemptEnd::Outcome outcome);
  void maybe_kill_gated(const Process& process);
  void kill_gated();
  void begin_stop(AttemptKey key, Cause cause, DurationUs grace_us, bool kill_now);
  void die(AttemptKey key, std::int32_t exit_code, std::int32_t signal);
  void reap(AttemptKey key);
  void report(AttemptEnd end);
  void tell_ended(const AttemptEnd& end);
  void maybe_repeat(AttemptKey key);
  void exit_if_done();

  Ground& ground_;
  Disk& disk_;
  Witness& witness_;
  const Behaviours& behaviours_;
  WorkerSettings settings_;
  bool alive_ = false;
  bool shutting_down_ = false;
  ProcessId process_ = kMachine;
  std::int32_t next_pid_ = 1000;
  std::int64_t scheduler_epoch_ = 0;          ///< the newest that has been heard, by an earlier process too
  std::shared_ptr<Connection> connection_;
  std::shared_ptr<Connection> dialed_;        ///< and not heard yet
  std::set<std::string> logs_;                ///< every log that a process was given
  std::map<AttemptKey, Process> live_;
  std::map<AttemptKey, Journaled> journal_;   ///< begun or ended, and not acknowledged; outlives the process
};

}  // namespace baton::sim
