// SimLink: the Executor of a simulated scheduler: it keeps attempts in the order of their launch, gives the worker as
// many as there are slots, and says after each reconnect what the worker holds. Dies with its scheduler.
#pragma once

#include <deque>
#include <map>
#include <set>

#include "tests/sim/sim_worker.h"

namespace baton::sim {

class SimLink final : public Executor, private WorkerPeer {
 public:
  /// `epoch`: of its scheduler, by which workers know the newer one.
  SimLink(Ground& ground, SimWorker& worker, ProcessId process, std::int32_t slots, std::int64_t epoch)
      : ground_(ground), worker_(worker), process_(process), slots_(slots), epoch_(epoch) {}

  /// Whether the engine has gone on from this attempt: what is told of it then is stale.
  std::function<bool(const AttemptKey&)> is_stale;

  /// The worker has heard of a newer scheduler: this one ends.
  std::function<void()> on_refused;

  /// Begins the talk with a worker, started if there is none: `events` hears worker_ready().
  void connect(ExecutorEvents& events);
  /// The process is killed: the worker still gets what was sent, and then the end of the stream.
  void die();
  /// Both directions end, with what is on its way.
  void reset();
  /// The worker has been silent for too long: it is killed, and another one takes over.
  void give_up_worker();

  void launch(LaunchSpec spec) override;
  void prepare(LaunchSpec spec) override;
  void release(AttemptKey key) override;
  void stop(AttemptKey key, DurationUs grace_us, bool kill_now) override;
  void acknowledge(AttemptKey key) override;
  void flush() override;

  [[nodiscard]] bool is_up() const { return is_ready_; }
  [[nodiscard]] bool holds(AttemptKey key) const;
  [[nodiscard]] bool is_waiting(AttemptKey key) const;

 private:
  struct Order {
    LaunchSpec spec;
    bool gated = false;  ///< prepared, and not released yet
  };
  struct Stop {
    DurationUs grace_us;
    bool kill_now;
  };

  void heard_inventory(const Inventory& inventory) override;
  void heard_started(AttemptKey key, std::int32_t pid, WallUs at) override;
  void heard_ended(const AttemptEnd& end) override;
  void connection_ended() override;
  void refused() override;
  void greet();
  void reconnect();
  void pump();
  void launch_early();
  void maybe_kill_before_inventory();
  void maybe_lose();
  void maybe_repeat(AttemptKey key);
  void queue(LaunchSpec spec, bool gated);
  [[nodiscard]] std::deque<Order>::iterator find_waiting(AttemptKey key);
  void tell_ended(const AttemptEnd& end);
  void send_launch(const Order& order);
  void send_stop(AttemptKey key, const Stop& stop);
  template <typename F>
  void send(F f);

  Ground& ground_;
  SimWorker& worker_;
  ProcessId process_;
  std::int32_t slots_;
  std::int64_t epoch_;
  ExecutorEvents* events_ = nullptr;
  std::shared_ptr<Connection> connection_;
  const WorkerRef name_ = std::make_shared<const Worker>(Worker{"simulated", "1", "host"});
  bool is_ready_ = false;
  bool is_settled_ = false;
  std::deque<Order> waiting_;                ///< not given to the worker yet
  std::map<AttemptKey, Order> given_;        ///< to the worker, and not ended; adopted ones without a spec
  std::map<AttemptKey, Stop> stops_;         ///< asked for, and not ended
  std::vector<std::function<void()>> outbox_;
};

}  // namespace baton::sim
