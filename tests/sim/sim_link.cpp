#include "tests/sim/sim_link.h"

#include <algorithm>
#include <utility>

#include "scheduler/model/seeded_bug.h"

namespace baton::sim {

template <typename F>
void SimLink::send(F f) {
  if (!connection_) return;
  connection_->to_worker.send(
      worker_.process(), [connection = connection_, f = std::move(f), &worker = worker_] { f(worker, *connection); });
}

void SimLink::connect(ExecutorEvents& events) {
  events_ = &events;
  reconnect();
}

void SimLink::reconnect() {
  const MonoUs at = ground_.loop.now() + ground_.latency.log_between(kMillisecond, 300 * kMillisecond);
  ground_.loop.call(process_, at, [this] { greet(); });
}

void SimLink::greet() {
  if (connection_) return;
  if (worker_.is_stalled() && ground_.faults.percent(50) && ground_.strike(Fault::silent_worker_killed)) worker_.kill();
  if (worker_.is_shutting_down()) {  // it holds the folder until its tasks have ended, or until it is killed
    if (ground_.latency.percent(60)) return reconnect();
    worker_.kill();
  }
  if (!worker_.is_alive()) worker_.start();
  connection_ = std::make_shared<Connection>(ground_, process_, epoch_, static_cast<WorkerPeer&>(*this));
  worker_.dial(connection_);
  connection_->to_worker.send(worker_.process(),
                              [connection = connection_, &worker = worker_] { worker.hello(connection); });
  if (BATON_BUG(launched_before_inventory)) launch_early();
  maybe_kill_before_inventory();
}

/// The defect that is planted here: who has said hello is taken for who has said what it holds.
void SimLink::launch_early() {
  if (!connection_ || is_ready_) return;
  for (Order& order : std::exchange(waiting_, {})) {
    send_launch(order);
    given_[order.spec.key] = std::move(order);
  }
}

/// The worker dies again between its hello and the moment when its inventory is heard.
void SimLink::maybe_kill_before_inventory() {
  if (!ground_.faults.percent(5) || !ground_.harm(Fault::killed_before_inventory)) return;
  const MonoUs at = ground_.loop.now() + ground_.faults.log_between(10, 4 * kMillisecond);
  ground_.loop.call(kMachine, at, [process = worker_.process(), &worker = worker_] {
    if (worker.process() == process) worker.kill();
  });
}

void SimLink::die() {
  is_ready_ = false;
  if (!connection_) return;
  connection_->to_scheduler.cut();
  send([](SimWorker& worker, const Connection& from) { worker.end_of_stream(from); });
  connection_ = nullptr;
}

void SimLink::reset() {
  if (!connection_) return;
  connection_->to_worker.cut();
  connection_->to_scheduler.cut();
  const auto old = std::exchange(connection_, nullptr);
  ground_.loop.call(worker_.process(), ground_.loop.now() + 10,
                    [old, &worker = worker_] { worker.end_of_stream(*old); });
  ground_.loop.call(process_, ground_.loop.now() + 10, [this] { connection_ended(); });
}

void SimLink::give_up_worker() {
  if (!connection_ || !worker_.is_alive()) return;
  connection_->to_scheduler.cut();
  connection_ = nullptr;
  worker_.kill();
  connection_ended();
}

void SimLink::connection_ended() {
  connection_ = nullptr;
  outbox_.clear();
  is_ready_ = false;
  events_->worker_gone(name_, "its connection ended");
  reconnect();
}

void SimLink::refused() {
  connection_ = nullptr;
  is_ready_ = false;
  on_refused();
}

void SimLink::launch(LaunchSpec spec) {
  queue(std::move(spec), false);
}
void SimLink::prepare(LaunchSpec spec) {
  queue(std::move(spec), true);
}

void SimLink::queue(LaunchSpec spec, bool gated) {
  if (!holds(spec.key)) waiting_.push_back({std::move(spec), gated});
}

void SimLink::release(AttemptKey key) {
  if (const auto at = find_waiting(key); at != waiting_.end()) {
    at->gated = false;
    return;
  }
  if (const auto at = given_.find(key); at != given_.end()) at->second.gated = false;
  outbox_.emplace_back([this, key] {
    maybe_lose();
    send([key](SimWorker& worker, const Connection& from) { worker.release(from, key); });
  });
}

std::deque<SimLink::Order>::iterator SimLink::find_waiting(AttemptKey key) {
  return std::find_if(waiting_.begin(), waiting_.end(), [&](const Order& o) { return o.spec.key == key; });
}

bool SimLink::is_waiting(AttemptKey key) const {
  return std::any_of(waiting_.begin(), waiting_.end(), [&](const Order& o) { return o.spec.key == key; });
}

bool SimLink::holds(AttemptKey key) const {
  return given_.contains(key) || is_waiting(key);
}

void SimLink::stop(AttemptKey key, DurationUs grace_us, bool kill_now) {
  if (const auto at = find_waiting(key); at != waiting_.end()) {
    waiting_.erase(at);
    ground_.loop.call(process_, ground_.loop.now(), [this, key] {
      AttemptEnd end;
      end.key = key;
      end.outcome = AttemptEnd::Outcome::stopped;
      end.ended_at = ground_.loop.wall();
      events_->attempt_ended(end);
    });
    return;
  }
  stops_[key] = {grace_us, kill_now};
  outbox_.emplace_back([this, key, s = stops_[key]] { send_stop(key, s); });
}

void SimLink::send_stop(AttemptKey key, const Stop& s) {
  send([key, s](SimWorker& worker, const Connection& from) { worker.stop(from, key, s.grace_us, s.kill_now); });
}

/// The connection may break while something is on its way.
void SimLink::maybe_lose() {
  if (!ground_.faults.per_mille(6) || !ground_.harm(Fault::message_lost)) return;
  const MonoUs at = ground_.loop.now() + ground_.faults.log_between(10, 3 * kMillisecond);
  ground_.loop.call(process_, at, [this] { reset(); });
}

/// A launch whose arrival nobody has confirmed may be sent again.
void SimLink::maybe_repeat(AttemptKey key) {
  if (!ground_.faults.per_mille(8) || !ground_.may_harm()) return;
  const MonoUs at = ground_.loop.now() + ground_.faults.log_between(kMillisecond, 3 * kSecond);
  ground_.loop.call(process_, at, [this, key] {
    const auto given = given_.find(key);
    if (is_ready_ && given != given_.end() && !given->second.spec.argv.empty()) send_launch(given->second);
  });
}

void SimLink::tell_ended(const AttemptEnd& end) {
  given_.erase(end.key);
  stops_.erase(end.key);
  // The worker knew this key before it was given the launch, which is a no-op then.
  if (const auto at = find_waiting(end.key); at != waiting_.end()) waiting_.erase(at);
  if (is_stale(end.key)) ground_.strike(Fault::stale_end);
  events_->attempt_ended(end);
}

void SimLink::acknowledge(AttemptKey key) {
  outbox_.emplace_back([this, key] {
    maybe_lose();
    send([key](SimWorker& worker, const Connection& from) { worker.acknowledge(from, key); });
  });
}

void SimLink::send_launch(const Order& order) {
  send([order](SimWorker& worker, const Connection& from) { worker.launch(from, order.spec, order.gated); });
}

void SimLink::pump() {
  while (is_ready_ && !waiting_.empty() && static_cast<std::int32_t>(given_.size()) < slots_) {
    Order order = std::move(waiting_.front());
    waiting_.pop_front();
    send_launch(order);
    maybe_lose();
    const AttemptKey key = order.spec.key;
    maybe_repeat(key);
    given_[key] = std::move(order);
  }
}

void SimLink::flush() {
  if (BATON_BUG(launched_before_inventory)) launch_early();
  if (!is_ready_) return;
  for (const auto& f : std::exchange(outbox_, {})) f();
  pump();
}

void SimLink::heard_started(AttemptKey key, std::int32_t pid, WallUs at) {
  events_->attempt_started(key, name_, pid, at);
}

void SimLink::heard_ended(const AttemptEnd& end) {
  tell_ended(end);
  pump();
}

void SimLink::heard_inventory(const Inventory& inventory) {
  std::vector<AttemptKey> held;
  for (const AttemptEnd& end : inventory.ended) tell_ended(end);
  std::set<AttemptKey> live;
  for (const Inventory::Live& one : inventory.live) {
    live.insert(one.key);
    held.push_back(one.key);
    if (!given_.contains(one.key)) {
      given_[one.key].spec.key = one.key;
      ground_.strike(Fault::attempt_adopted);
    }
    if (one.started_at != kNoTime) events_->attempt_started(one.key, name_, one.pid, one.started_at);
  }
  is_ready_ = true;
  for (auto at = given_.begin(); at != given_.end();) {  // sent, and never arrived
    if (live.contains(at->first)) {
      ++at;
      continue;
    }
    ground_.strike(Fault::launch_lost);
    if (stops_.erase(at->first) > 0) {  // sent once more, it would start what nobody wants
      AttemptEnd end;
      end.key = at->first;
      end.outcome = AttemptEnd::Outcome::stopped;
      end.ended_at = ground_.loop.wall();
      at = given_.erase(at);
      held.push_back(end.key);
      ground_.loop.call(process_, ground_.loop.now(), [this, end] { events_->attempt_ended(end); });
      continue;
    }
    if (ground_.latency.percent(50)) {
      send_launch(at->second);
      held.push_back(at->first);
      ++at;
    } else {
      stops_.erase(at->first);
      at = given_.erase(at);
    }
  }
  for (const Order& order : waiting_) held.push_back(order.spec.key);
  events_->worker_capacity(name_, slots_, {}, "");
  events_->worker_ready(name_, held);
  if (!std::exchange(is_settled_, true)) events_->executor_settled(name_->executor);
  for (const auto& [key, s] : stops_) send_stop(key, s);
  pump();
}

}  // namespace baton::sim
