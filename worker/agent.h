// Agent: the worker's event loop: takes the scheduler's messages, drives the attempts, keeps the journal, and says on
// the link what happened, each end until it is acknowledged. What is said was in the journal before. One thread.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>

#include "worker/attempts.h"
#include "worker/cgroup.h"
#include "worker/journal.h"
#include "worker/link.h"
#include "worker/poller.h"
#include "worker/protocol/messages.h"
#include "worker/worker_folder.h"

namespace baton::worker {

struct AgentOptions {
  std::string state_folder;  ///< Absolute; exists.
  int worker_no = 1;         ///< Of its folder there.
  int link_fd = -1;          ///< A connected socket, or -1.
  bool listens = false;      ///< At `sock` in its folder: a later scheduler can connect.
  bool cgroups = true;       ///< Use cgroups where there are some.
};

/// Exit codes of baton-worker.
enum class Exit : int { kDone = 0, kNotYet = 1, kUsage = 2, kLocked = 5, kInternal = 70 };

/// Without a link and without live attempts a listening worker ends after this time; its journal keeps what counts.
inline constexpr std::int64_t kIdleUs = 30'000'000;
/// How often a worker without a scheduler looks whether one can still find it.
inline constexpr std::int64_t kLookUs = 5'000'000;
/// A start is told after this time, unless its end is told before.
inline constexpr std::int64_t kSayStartUs = 25'000;
/// While launches wait here, so that no slot waits for the scheduler, ends are sent together: within this time.
inline constexpr std::int64_t kGatherEndsUs = 5'000;

class Agent {
 public:
  explicit Agent(AgentOptions options);
  ~Agent();
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;

  /// Lock, recovery, loop. Returns when told to shut down, or when the link is lost for good.
  [[nodiscard]] Exit run();

 private:
  [[nodiscard]] Exit open();
  void open_signals();
  [[nodiscard]] bool done();
  void look_for_socket();
  void turn();
  void flush();
  void say_starts();
  [[nodiscard]] bool may_wait(std::int64_t now_us);

  void on_signals();
  void on_alarm();
  void on_listener();
  void on_readable(std::unique_ptr<Link>& link);
  void take_frames(std::unique_ptr<Link>& link);
  void lose(std::unique_ptr<Link>& link);
  void begin_shutdown(std::int64_t grace_us);
  void abandon();

  void greet(std::unique_ptr<Link>& link, const wire::Hello& hello);
  void refuse(std::unique_ptr<Link>& link, std::string reason);
  void send_inventory();
  [[nodiscard]] std::string notes(std::size_t slots_wanted) const;
  void on(wire::Launch& message);
  void on(const wire::Release& message);
  void on(const wire::Stop& message);
  void on(const wire::Ack& message);
  void on(const wire::Shutdown& message);
  void on(const wire::Ping& message);

  /// Starts what waits, as long as slots are free.
  void start_waiting();
  /// Takes a launch that waits out of the line; false if it does not wait.
  bool withdraw(const wire::AttemptKey& key);
  /// An end without a process: never started, or not any more.
  void report_unstarted(const wire::AttemptKey& key, wire::Outcome outcome, std::string message);
  [[nodiscard]] Reports reports();
  void report(Reported reported);
  [[nodiscard]] JournalContent content() const;

  const AgentOptions options_;
  WorkerFolder folder_;
  Fd signals_;
  Fd listener_;
  Poller poller_;
  Journal journal_;
  WorkerRecord record_;
  std::string worker_id_;
  std::unique_ptr<CgroupTree> cgroups_;
  std::unique_ptr<Attempts> attempts_;
  std::unordered_map<wire::AttemptKey, Reported, KeyHash> unacknowledged_;
  std::list<wire::Launch> waiting_;  // In the order of the launches, for a free slot.
  std::unordered_map<wire::AttemptKey, std::list<wire::Launch>::iterator, KeyHash> waiting_by_key_;
  std::size_t slots_ = 1;

  std::unique_ptr<Link> link_;      // Greeted, or the inherited one.
  std::unique_ptr<Link> newcomer_;  // Accepted, has not said hello yet.
  std::vector<wire::Started> unsaid_starts_;  // Of processes that may end before anybody needs to know.
  std::int64_t say_starts_at_us_ = kNever;
  std::int64_t flush_at_us_ = kNever;  // When ends that wait for company are sent at the latest.
  bool greeted_ = false;
  bool link_waits_to_write_ = false;
  std::int64_t scheduler_epoch_ = 0;
  bool shutting_down_ = false;
  std::int64_t idle_at_us_ = kNever;
  std::int64_t look_at_us_ = 0;
};

}  // namespace baton::worker
