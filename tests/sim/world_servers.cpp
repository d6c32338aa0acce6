// More than one server on the state of the day: who comes beside another, in the moment in which it dies, or after the
// lock file is gone.
#include <fmt/format.h>

#include <utility>

#include "tests/sim/world.h"

namespace baton::sim {
namespace {

constexpr DurationUs kPollUs = 20 * kMillisecond;  ///< how often one that waits for the folder looks
constexpr DurationUs kDeposedMaxUs = 40 * kMinute;  ///< until somebody sees that there are two
constexpr std::int32_t kLooksForTasks = 500;  ///< until there are some that a worker could die with

}  // namespace

void World::plan_servers() {
  const MonoUs last = ground_.calm_at - 10 * kMinute;
  for (std::int64_t n = rivals_.between(2, 4); n > 0; --n) {
    at(rivals_.between(kMinute, last), [this] { want_second_server(false); });
    at(rivals_.between(kMinute, last), [this] { want_second_server(true); });
  }
  if (!keeps_tasks_) return;  // such a worker goes with its scheduler, and has none to choose between
  for (std::int64_t n = rivals_.between(4, 6); n > 0; --n) {
    at(rivals_.between(kMinute, last), [this] { lose_lock(); });
  }
}

/// It is refused, and hears by whom. `beside_stopped`: the other does not answer; it is not gone for that.
void World::want_second_server(bool beside_stopped) {
  if (!scheduler_ || !ground_.may_harm() || is_lock_lost_) return;
  const ProcessId process = scheduler_->process();
  if (beside_stopped && !ground_.loop.is_stalled(process)) {
    if (!ground_.strike(Fault::scheduler_stall)) return;
    ground_.say("scheduler is stopped for a while");
    ground_.loop.stall(process, ground_.loop.now() + rivals_.log_between(100 * kMillisecond, 3 * kMinute));
  }
  const auto second = lock_.take("a second server");
  ground_.strike(ground_.loop.is_stalled(process) ? Fault::refused_beside_stopped : Fault::second_refused);
  if (second) return ground_.findings.fail("LOCK", "two servers hold one state");
  const std::string& said = second.error().message;
  if (second.error().kind != ErrorKind::conflict || said.find("(baton " + holder_ + ")") == std::string::npos) {
    ground_.findings.fail("LOCK", holder_ + " holds the state, and a second server is told: " + said);
  }
}

/// How long nobody holds the state after a death: mostly somebody has to start the next one, some wait for it.
DurationUs World::until_next_server(DurationUs down_us) {
  if (!ground_.may_harm() || !rivals_.percent(25) || !ground_.strike(Fault::succeeded_at_once)) return down_us;
  return rivals_.percent(50) ? 0 : rivals_.below(kPollUs);
}

/// A server is stopped, and whoever wants to start another removes the file that is in the way.
void World::lose_lock() {
  const bool up = scheduler_ && !scheduler_->is_fatal() && !scheduler_->is_alone();
  if (!up || deposed_ || !ground_.harm(Fault::server_deposed)) return;
  ground_.say("scheduler is stopped, and its lock file removed");
  const ProcessId process = scheduler_->process();
  const DurationUs until_next = rivals_.log_between(kMillisecond, kMinute);
  ground_.loop.stall(process, ground_.loop.now() + until_next + rivals_.below(100 * kMillisecond));
  lock_.lose();
  is_lock_lost_ = true;
  later(until_next, [this, process] {
    if (!scheduler_ || scheduler_->process() != process) return;  // it has died of something else
    deposed_ = std::move(scheduler_);
    deposed_until_ = ground_.loop.now() + kDeposedMaxUs;
    checks_.check_event(nullptr, false);
    start_scheduler();
    const MonoUs asked_at = ground_.loop.now() + rivals_.log_between(100, 300 * kMillisecond);
    if (rivals_.percent(70)) ground_.loop.call(process, asked_at, [this] { ask_deposed(); });
    if (rivals_.percent(70)) {
      kill_between(kLooksForTasks);
    } else {
      ground_.loop.stall(process, ground_.loop.now() + rivals_.log_between(100 * kMillisecond, 5 * kMinute));
    }
  });
}

/// The worker dies with tasks of the one that leads, and the one that was deposed goes on in that moment: of the next
/// worker both want to be heard first.
void World::kill_between(std::int32_t looks) {
  const DurationUs wait = rivals_.log_between(10 * kMillisecond, 20 * kSecond);
  ground_.loop.stall(deposed_->process(), ground_.loop.now() + wait + kMillisecond);
  later(wait, [this, looks] {
    if (!deposed_ || !ground_.may_harm()) return;
    if (witness_.live().empty() || !worker_.is_alive()) return looks > 0 ? kill_between(looks - 1) : void();
    if (ground_.harm(Fault::killed_between_servers)) worker_.kill();
  });
}

/// Who has a connection to it from before goes on to talk with it.
void World::ask_deposed() {
  if (workload_.dags.empty() || deposed_->is_fatal()) return;
  NewRun request;
  request.dag = workload_.dags.front().dag;
  request.version = version_row_of(*request.dag);
  request.run_id = fmt::format("deposed__{}", servers_);
  request.interval_start = request.interval_end = ground_.loop.wall();
  ground_.say("the deposed scheduler is asked for a run");
  deposed_->create(std::move(request), [](RunNo, const Result<Answer>&) {});
}

/// It ends with the first thing that it wants written, or says to its worker.
void World::look_at_deposed() {
  if (!deposed_) return;
  const bool sees = deposed_->is_fatal();
  if (deposed_->store().is_fenced()) ground_.strike(Fault::deposed_fenced);
  if (!sees && deposed_->store().is_fenced()) {
    return ground_.findings.fail("LOCK", "a scheduler whose rows were refused goes on");
  }
  if (!sees && ground_.loop.now() < deposed_until_ && ground_.may_harm()) return;
  ground_.say(sees ? "the deposed scheduler ends" : "somebody ends the deposed scheduler");
  deposed_.reset();
}

}  // namespace baton::sim
