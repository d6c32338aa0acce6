// Attempts: all live attempts of this worker: starts them, stops them, reaps them, and reports each end once the whole
// process tree is gone. attempts_start.cpp launches, attempts_end.cpp ends, attempts.cpp is what lies between.
// Owned by the agent; main thread only (the death signal of the children follows it).
#pragma once

#include <sys/resource.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "worker/attempt.h"
#include "worker/cgroup.h"
#include "worker/journal.h"
#include "worker/orphans.h"
#include "worker/poller.h"
#include "worker/program.h"
#include "worker/protocol/messages.h"

namespace baton::worker {

/// More live attempts than this are refused, whatever the scheduler wants.
inline constexpr std::size_t kLiveMax = 4096;

struct KeyHash {
  std::size_t operator()(const wire::AttemptKey& key) const {
    std::uint64_t hash = static_cast<std::uint64_t>(key.run_no) * 0x9e3779b97f4a7c15ULL;
    hash ^= static_cast<std::uint64_t>(static_cast<std::uint32_t>(key.task_no)) << 32;
    hash ^= static_cast<std::uint32_t>(key.map_index);
    return static_cast<std::size_t>((hash ^ (hash >> 29)) * 0xbf58476d1ce4e5b9ULL) +
           static_cast<std::uint32_t>(key.epoch);
  }
};

/// Open files: as many as the worker may have, and how many a program that it starts may have.
struct FileLimit {
  rlimit own{};
  rlimit of_tasks{};
};
/// Raises the soft limit of this process to the hard one, so that many attempts fit. Tasks keep the one that there was:
/// programs with select(2) break where descriptors get numbers beyond 1023.
[[nodiscard]] FileLimit raise_file_limit();

/// Where attempts tell what happened; the agent puts it into the journal and on the link, in this order.
struct Reports {
  std::function<void(const Begun&)> begun;
  std::function<void(const wire::Started&)> started;
  std::function<void(Reported)> ended;
};

/// "oom_kill" of /proc/vmstat: processes that the kernel has killed for memory since boot.
[[nodiscard]] std::int64_t host_oom_kills();

/// Which deaths the kernel's kills for memory explain, on a host where attempts have no memory controller of their own:
/// the kernel has killed somebody, and a SIGKILL that nobody here sent has just arrived. Each kill explains one death,
/// and only one that is heard of soon after the kill is seen: several may die before the first of them is looked at.
class OomKills {
 public:
  explicit OomKills(std::int64_t count) : count_(count) {}
  /// Whether one of the kills so far, `count` since boot, explains a death that is heard of now.
  bool explain(std::int64_t count, std::int64_t now_us);

 private:
  std::int64_t count_;            // as last read
  std::int64_t unexplained_ = 0;  // …of which no death has been put down to these
  std::int64_t seen_at_us_ = 0;   // …the last of which was seen then
};

class Attempts {
 public:
  /// `report_folder`: see ReportFolders.
  Attempts(std::string worker_id, std::string state_folder, std::string report_folder, Poller& poller,
           CgroupTree& cgroups, FileLimit files, Reports reports);

  [[nodiscard]] bool is_live(const wire::AttemptKey& key) const { return live_.contains(key); }
  [[nodiscard]] bool none_live() const { return live_.empty(); }
  [[nodiscard]] std::size_t live_count() const { return live_.size(); }
  /// How many attempts can live at once with the open files that this process may have; at least 1. Beyond it logs and
  /// outputs would be lost, so launches wait.
  [[nodiscard]] std::size_t capacity() const;
  [[nodiscard]] rlim_t files_max() const { return files_.own.rlim_cur; }

  /// Starts an attempt whose key is not live. Ends in begun+started, or in ended.
  void launch(wire::Launch launch);
  void release(const wire::AttemptKey& key);
  /// SIGTERM, after the grace SIGKILL; a negative grace means the attempt's own.
  void stop(const wire::AttemptKey& key, std::int64_t grace_us, bool kill_now);
  void stop_all(std::int64_t grace_us);
  /// The scheduler is gone: kills what is still gated, and stops what was not to be kept.
  void on_link_broken();

  /// Some child has changed state (SIGCHLD).
  void reap();
  /// The pipe of a masked attempt is readable.
  void pump(std::uint64_t serial);
  /// The alarm of the poller went off.
  void run_timers();

  /// Says Started again for a live attempt; a gated one is silent.
  void repeat_started(const wire::AttemptKey& key) const;
  [[nodiscard]] std::vector<wire::Live> inventory() const;
  [[nodiscard]] std::vector<Begun> begun() const;

 private:
  using Map = std::unordered_map<wire::AttemptKey, std::unique_ptr<Attempt>, KeyHash>;

  // attempts_start.cpp
  [[nodiscard]] bool open_files(Attempt& attempt, std::string& problem);
  [[nodiscard]] bool open_stdin(Attempt& attempt, std::string& problem);
  [[nodiscard]] bool write_script(Attempt& attempt, std::string& problem);
  [[nodiscard]] static bool write_state(const wire::Launch& launch, std::string& problem);
  [[nodiscard]] bool is_fenced(const wire::AttemptKey& key, std::string& problem) const;
  [[nodiscard]] bool prepare(Attempt& attempt, std::string& problem);
  void take_leaf(Attempt& attempt);
  [[nodiscard]] SpawnResult start_process(Attempt& attempt);
  void mark_running(Attempt& attempt);
  void report_not_started(Attempt& attempt, std::string message);

  // attempts.cpp
  [[nodiscard]] Attempt* find(const wire::AttemptKey& key) const;
  void schedule(const Attempt& attempt);
  void begin_stop(Attempt& attempt, StopCause cause, std::int64_t grace_us);
  void terminate_tree(Attempt& attempt);
  void kill_tree(Attempt& attempt);
  void check_running(Attempt& attempt, std::int64_t now_us);
  void check_heartbeat(Attempt& attempt, std::int64_t now_us);
  void renice_session(Attempt& attempt) const;

  // attempts_end.cpp
  void on_main_ended(Attempt& attempt, int status, const rusage& usage);
  /// Draining: ends the attempt if its tree is gone, else kills what is left (after the grace, if one runs).
  void drain(Attempt& attempt);
  [[nodiscard]] bool tree_gone(const Attempt& attempt);
  template <typename Visit>
  bool visit_orphans(const OwnerCandidate& owner, Visit visit);
  void set_aside(Attempt& attempt);
  void finish(Attempt& attempt, std::uint32_t flags);
  void describe_end(const Attempt& attempt, wire::Ended& ended);
  [[nodiscard]] bool killed_for_memory(const Attempt& attempt);
  void retry_stuck();

  const std::string worker_id_;
  const std::string state_folder_;
  const FileLimit files_;
  Poller& poller_;
  CgroupTree& cgroups_;
  const Reports reports_;
  ReportFolders report_folders_;
  Spawner spawner_;
  Orphans orphans_;
  ProgramCache programs_;
  Fd null_file_;
  std::string usable_folder_;  // Known to exist and to be writable.
  int own_nice_ = 0;
  bool sessions_are_scheduled_ = false;  // sched_autogroup: nice counts within a session only.
  OomKills oom_kills_;
  std::uint64_t next_serial_ = kFirstPipe;

  Map live_;
  std::unordered_map<pid_t, Attempt*> by_pid_;
  std::vector<Attempt*> draining_;
  std::vector<pid_t> children_;                            // Scratch of visit_orphans.
  std::vector<std::unique_ptr<CgroupLeaf>> stuck_leaves_;  // Of trees that could not be killed in time…
  std::vector<OwnerCandidate> stuck_owners_;               // …and those that had no leaf.
  std::int64_t retry_stuck_at_us_ = kNever;
};


}  // namespace baton::worker
