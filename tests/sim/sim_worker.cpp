#include "tests/sim/sim_worker.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "scheduler/model/seeded_bug.h"

namespace baton::sim {

void Pipe::send(ProcessId to, std::function<void()> deliver) {
  last_at_ = std::max(last_at_, ground_.loop.now() + ground_.latency.log_between(20, 2 * kMillisecond));
  ground_.loop.call(to, last_at_, [open = open_, deliver = std::move(deliver)] {
    if (*open) deliver();
  });
}

void SimWorker::start() {
  alive_ = true;
  shutting_down_ = false;
  if (BATON_BUG(worker_forgets_its_scheduler)) scheduler_epoch_ = 0;
  process_ = ground_.loop.spawn();
  ground_.say("worker starts");
  for (auto& [key, entry] : journal_) {
    if (entry.has_ended) continue;
    entry.has_ended = true;
    entry.end.key = key;
    entry.end.outcome = AttemptEnd::Outcome::lost;
    entry.end.started = entry.started_at != kNoTime;
    entry.end.started_at = entry.started_at;
    entry.end.ended_at = ground_.loop.wall();
    entry.end.pid = entry.pid;
  }
}

void SimWorker::kill() {
  if (!alive_) return;
  ground_.say("worker dies");
  ground_.loop.kill(process_);
  alive_ = false;
  for (auto& [key, process] : live_) {
    if (process.is_gated) {
      ground_.strike(Fault::gated_lost);
    } else if (!process.is_dead) {
      witness_.ends(key, -1, 9);
    }
  }
  live_.clear();
  for (auto* held : {&connection_, &dialed_}) {
    auto connection = std::exchange(*held, nullptr);
    if (!connection) continue;
    connection->to_worker.cut();
    WorkerPeer& peer = connection->peer;
    connection->to_scheduler.send(connection->scheduler, [&peer, connection] { peer.connection_ended(); });
  }
}

void SimWorker::hello(std::shared_ptr<Connection> connection) {
  if (connection->epoch < scheduler_epoch_ && !BATON_BUG(worker_takes_any_scheduler)) {
    ground_.strike(Fault::deposed_refused);
    if (dialed_ == connection) dialed_ = nullptr;
    connection->to_worker.cut();
    WorkerPeer& peer = connection->peer;
    connection->to_scheduler.send(connection->scheduler, [&peer, connection] { peer.refused(); });
    return;
  }
  scheduler_epoch_ = connection->epoch;
  if (connection_) {  // a newer scheduler: what the older one still sends is not read, and its stream ends
    connection_->to_worker.cut();
    WorkerPeer& peer = connection_->peer;
    const auto old = connection_;
    connection_->to_scheduler.send(old->scheduler, [&peer, old] { peer.connection_ended(); });
    kill_gated();
  }
  if (dialed_ == connection) dialed_ = nullptr;
  connection_ = std::move(connection);
  Inventory inventory;
  for (const auto& [key, process] : live_) inventory.live.push_back({key, process.pid, process.started_at});
  for (const auto& [key, entry] : journal_) {
    if (!entry.has_ended) continue;
    inventory.ended.push_back(entry.end);
    const TaskRow* row = find_row(key);
    if (row == nullptr || row->epoch < key.epoch) ground_.strike(Fault::unwritten_claim_told);
    ground_.strike(Fault::end_repeated);
  }
  WorkerPeer& peer = connection_->peer;
  connection_->to_scheduler.send(connection_->scheduler, [&peer, inventory] { peer.heard_inventory(inventory); });
}

void SimWorker::launch(const Connection& from, const LaunchSpec& spec, bool gated) {
  if (!is_current(from)) return;
  const AttemptKey key = spec.key;
  if (const auto at = live_.find(key); at != live_.end()) {
    ground_.strike(Fault::launch_repeated);
    if (!at->second.is_gated) tell_started(at->second);
    return;
  }
  if (const auto at = journal_.find(key); at != journal_.end()) {
    ground_.strike(Fault::launch_repeated);
    return tell_ended(at->second.end);
  }
  if (!gated && find_row(key) == nullptr) {
    ground_.findings.fail("INV-02", "launched " + text_of(key) + " which is not on disk");
    return;
  }
  check_fence(key);
  if (shutting_down_) return report_unstarted(key, AttemptEnd::Outcome::lost);
  if (cannot_start(spec, gated)) return report_unstarted(key, AttemptEnd::Outcome::spawn_failed);
  Process process;
  process.spec = spec;
  process.pid = ++next_pid_;
  process.is_gated = gated;
  journal_[key].pid = process.pid;
  Process& placed = live_.emplace(key, std::move(process)).first->second;
  if (!gated) return start_program(placed);
  ground_.say("process is held before its start " + text_of(key));
  maybe_kill_gated(placed);
}

void SimWorker::release(const Connection& from, AttemptKey key) {
  if (!is_current(from)) return;
  const auto at = live_.find(key);
  if (at == live_.end() || !at->second.is_gated || at->second.is_dead || at->second.cause != Cause::none) return;
  start_program(at->second);
}

const TaskRow* SimWorker::find_row(const AttemptKey& key) const {
  const DiskRun* run = disk_.find(key.run_no);
  return run == nullptr ? nullptr : run->find(key.task_no, key.map_index);
}

/// The last guard of the real worker would refuse such a launch, and the author would pay for it with a try.
void SimWorker::check_fence(const AttemptKey& key) const {
  for (const auto& [other, process] : live_) {
    if (instance_of(other) != instance_of(key)) continue;
    ground_.findings.fail("INV-06", text_of(key) + " is launched while the worker holds " + text_of(other));
  }
}

Behaviour SimWorker::behaviour_of(const TaskRow& row) const {
  const DiskRun& run = *disk_.find(row.run_no);
  const std::int32_t generation = run.facts_of(row.instance_no).generation;
  const InstanceKey instance{row.run_no, row.task_no, row.map_index};
  if (run.dag->spec(row.task_no).kind != TaskKind::sensor) {
    return behaviours_.of(run, instance, generation, row.failures);
  }
  return behaviours_.of_look(run, instance, generation, row.failures, witness_.looks(instance, generation));
}

/// A program that is not there. Before the claim is on disk that is only told where it is sure which try this will be.
bool SimWorker::cannot_start(const LaunchSpec& spec, bool gated) const {
  const TaskRow* row = find_row(spec.key);
  if (row == nullptr) return false;
  const bool sure = row->epoch < spec.key.epoch && !is_final(row->state) && !is_live(row->state);
  return (!gated || sure) && behaviour_of(*row).end == Behaviour::End::cannot_start;
}

void SimWorker::start_program(Process& process) {
  const AttemptKey key = process.spec.key;
  const TaskRow* row = find_row(key);
  if (row == nullptr) {
    ground_.findings.fail("INV-02", "started " + text_of(key) + " which is not on disk");
    return;
  }
  const DiskRun& run = *disk_.find(key.run_no);
  process.behaviour = behaviour_of(*row);
  const Behaviour& b = process.behaviour;
  if (b.end == Behaviour::End::cannot_start) {  // known only now that its gate is open
    process.exec_failed = true;
    return die(key, -1, 0);
  }
  if (run.dag->spec(key.task_no).kind == TaskKind::sensor) ground_.strike(Fault::sensor_looked);
  if (run.dag->task(key.task_no).hook != Hook::none) ground_.strike(Fault::hook_ran);
  const MonoUs now = ground_.loop.now();
  process.is_gated = false;
  process.started_at = ground_.loop.wall();
  process.started_mono = now;
  journal_[key].started_at = process.started_at;
  witness_.starts(key, run.facts_of(row->instance_no).generation);
  disk_.states().starts(run, process.spec);
  if (!logs_.insert(process.spec.log_path).second) {
    ground_.findings.fail("LOGS", text_of(key) + " writes over the log of another try");
  }
  if (b.end == Behaviour::End::exits || b.end == Behaviour::End::signaled) {
    ground_.loop.call(kMachine, now + b.takes_us,
                      [this, key, pid = process.pid, exit = b.exit_code, signal = b.signal] {
                        const auto at = live_.find(key);
                        if (at != live_.end() && at->second.pid == pid) die(key, signal == 0 ? exit : -1, signal);
                      });
  }
  if (process.spec.timeout_us > 0) {
    ground_.loop.call(process_, now + process.spec.timeout_us,
                      [this, key, grace = process.spec.grace_us] { begin_stop(key, Cause::timeout, grace, false); });
  }
  tell_started(process);
}

void SimWorker::tell_started(const Process& process) {
  if (!connection_) return;
  WorkerPeer& peer = connection_->peer;
  connection_->to_scheduler.send(connection_->scheduler,
                                 [&peer, key = process.spec.key, pid = process.pid, at = process.started_at] {
                                   peer.heard_started(key, pid, at);
                                 });
}

void SimWorker::report_unstarted(AttemptKey key, AttemptEnd::Outcome outcome) {
  AttemptEnd end;
  end.key = key;
  end.outcome = outcome;
  end.ended_at = ground_.loop.wall();
  report(std::move(end));
}

/// Somebody (the kernel, when memory is short) kills a process whose gate is closed, or the worker that holds it.
void SimWorker::maybe_kill_gated(const Process& process) {
  const bool with_worker = ground_.faults.percent(40);
  if (!ground_.faults.per_mille(20) || !ground_.may_harm()) return;
  const MonoUs at = ground_.loop.now() + ground_.faults.log_between(10, 2 * kMillisecond);
  ground_.loop.call(kMachine, at, [this, key = process.spec.key, pid = process.pid, with_worker] {
    const auto found = live_.find(key);
    if (found == live_.end() || found->second.pid != pid || !found->second.is_gated || found->second.is_dead) return;
    if (with_worker) {
      if (ground_.harm(Fault::worker_killed)) kill();
    } else if (ground_.may_harm() && disk_.note_kill_before_start(key) && ground_.harm(Fault::gated_killed)) {
      die(key, -1, 9);
    }
  });
}

void SimWorker::begin_stop(AttemptKey key, Cause cause, DurationUs grace_us, bool kill_now) {
  const auto at = live_.find(key);
  if (at == live_.end() || at->second.is_dead) return;
  Process& process = at->second;
  if (process.cause == Cause::none) process.cause = cause;
  const std::int32_t pid = process.pid;
  const MonoUs now = ground_.loop.now();
  const auto end_at = [&](ProcessId by, MonoUs when, std::int32_t signal) {
    ground_.loop.call(by, when, [this, key, pid, signal] {
      const auto found = live_.find(key);
      if (found != live_.end() && found->second.pid == pid) die(key, -1, signal);
    });
  };
  if (process.is_gated) ground_.strike(Fault::gated_stopped);
  if (kill_now || process.is_gated) return end_at(kMachine, now, 9);
  if (process.behaviour.ignores_term) {
    ground_.strike(Fault::term_ignored);
  } else {
    end_at(kMachine, now + process.behaviour.dies_after_us, 15);
  }
  end_at(process_, now + grace_us, 9);
}

void SimWorker::stop(const Connection& from, AttemptKey key, DurationUs grace_us, bool kill_now) {
  if (!is_current(from)) return;
  if (live_.contains(key)) return begin_stop(key, Cause::stop, grace_us, kill_now);
  if (const auto at = journal_.find(key); at != journal_.end()) return tell_ended(at->second.end);
  AttemptEnd unknown;  // an answer, not news: neither kept nor to be acknowledged
  unknown.key = key;
  unknown.outcome = AttemptEnd::Outcome::lost;
  unknown.ended_at = ground_.loop.wall();
  tell_ended(unknown);
}

void SimWorker::acknowledge(const Connection& from, AttemptKey key) {
  if (!is_current(from)) return;
  const auto at = journal_.find(key);
  if (at != journal_.end() && at->second.has_ended) journal_.erase(at);
}

void SimWorker::end_of_stream(const Connection& from) {
  if (!is_current(from)) return;
  connection_ = nullptr;
  if (settings_.keeps_tasks) return kill_gated();
  shutting_down_ = true;
  for (auto& [key, process] : live_) {
    if (!process.is_gated) ground_.strike(Fault::tasks_stopped_with_scheduler);
    begin_stop(key, Cause::scheduler_lost, process.spec.grace_us, false);
  }
  exit_if_done();
}

/// Nobody knows whether the claims of these are durable.
void SimWorker::kill_gated() {
  std::vector<AttemptKey> gated;
  for (const auto& [key, process] : live_) {
    if (process.is_gated) gated.push_back(key);
  }
  for (const AttemptKey& key : gated) begin_stop(key, Cause::scheduler_lost, 0, true);
}

void SimWorker::die(AttemptKey key, std::int32_t exit_code, std::int32_t signal) {
  Process& process = live_.at(key);
  if (process.is_dead) return;
  process.is_dead = true;
  process.dead_at = ground_.loop.now();
  process.exit_code = exit_code;
  process.signal = signal;
  if (process.is_gated) {
    ground_.say("process ends before its start " + text_of(key));
  } else {
    Life& life = *witness_.find(key);
    life.timed_out = process.cause == Cause::timeout;
    life.is_stopped = process.cause == Cause::stop || process.cause == Cause::scheduler_lost;
    witness_.ends(key, exit_code, signal);
  }
  ground_.loop.call(process_, ground_.loop.now() + ground_.latency.between(5, 200), [this, key] { reap(key); });
}

void SimWorker::reap(AttemptKey key) {
  const auto at = live_.find(key);
  if (at == live_.end()) return;
  const Process process = std::move(at->second);
  live_.erase(at);
  AttemptEnd end;
  end.key = key;
  end.started = !process.is_gated;
  end.started_at = process.started_at;
  end.ended_at = ground_.loop.wall();
  if (end.started) end.run_us = ground_.loop.now() - process.started_mono;
  end.pid = process.pid;
  end.exit_code = process.exit_code;
  end.signal = process.signal;
  switch (process.cause) {
    case Cause::none:
      end.outcome = process.exec_failed   ? AttemptEnd::Outcome::spawn_failed
                    : process.signal == 0 ? AttemptEnd::Outcome::exited
                                          : AttemptEnd::Outcome::signaled;
      break;
    case Cause::timeout:
      end.outcome = AttemptEnd::Outcome::timed_out;
      ground_.strike(Fault::task_timed_out);
      break;
    case Cause::stop:
    case Cause::scheduler_lost: end.outcome = AttemptEnd::Outcome::stopped; break;
  }
  if (end.outcome == AttemptEnd::Outcome::exited && end.exit_code == 0) {
    end.output = process.behaviour.output;
    end.output_too_large = process.behaviour.output_too_large;
    end.state = disk_.states().left_by(process.spec);
  }
  report(std::move(end));
  exit_if_done();
}

void SimWorker::report(AttemptEnd end) {
  Journaled& entry = journal_[end.key];
  entry.has_ended = true;
  entry.end = std::move(end);
  if (Life* life = witness_.find(entry.end.key)) life->is_recorded = true;
  const AttemptKey key = entry.end.key;
  tell_ended(entry.end);
  maybe_repeat(key);
}

/// Until an end is acknowledged it may be told again.
void SimWorker::maybe_repeat(AttemptKey key) {
  if (!ground_.faults.per_mille(30) || !ground_.may_harm()) return;
  const MonoUs at = ground_.loop.now() + ground_.faults.log_between(50, 3 * kSecond);
  ground_.loop.call(process_, at, [this, key] {
    if (const auto found = journal_.find(key); found != journal_.end() && found->second.has_ended) {
      ground_.strike(Fault::end_repeated);
      tell_ended(found->second.end);
    }
  });
}

void SimWorker::tell_ended(const AttemptEnd& end) {
  if (!connection_) return;
  WorkerPeer& peer = connection_->peer;
  connection_->to_scheduler.send(connection_->scheduler, [&peer, end] { peer.heard_ended(end); });
}

void SimWorker::exit_if_done() {
  if (!shutting_down_ || !live_.empty() || !alive_) return;
  ground_.say("worker exits");
  kill();
}

}  // namespace baton::sim
