// Users of the API who send what they want under a key: twice at once, again because no answer came, again though one
// did, and now and then something else under a key that they have used.
#include <fmt/format.h>

#include <utility>

#include "tests/sim/world.h"

namespace baton::sim {
namespace {

constexpr std::int32_t kTriesMax = 400;

}  // namespace

void World::plan_keys() {
  for (std::int64_t n = callers_.between(2, 3); n > 0; --n) {
    const auto asked = std::make_shared<KeyedWish>();
    asked->key = {fmt::format("user{}", callers_.below(2)), kKeyedRoute, fmt::format("k{}", n), "", 200};
    asked->dag = static_cast<std::int32_t>(callers_.below(static_cast<std::int64_t>(workload_.dags.size())));
    asked->repeats = static_cast<std::int32_t>(callers_.between(1, 3));
    at(callers_.between(kMinute, ground_.calm_at - kHour), [this, asked] { want_keyed(asked); });
  }
}

/// Comes again until there is an answer, and some times more.
void World::want_keyed(const std::shared_ptr<KeyedWish>& wish) {
  if (++wish->tries > kTriesMax || ground_.loop.now() > ground_.calm_at) return;
  const bool up = scheduler_ && !scheduler_->is_fatal() && !ground_.loop.is_stalled(scheduler_->process()) &&
                  scheduler_->takes_runs() && !is_clock_off_;
  if (!up) return later(2 * kSecond, [this, wish] { want_keyed(wish); });
  send_keyed(wish, "body");
  if (callers_.percent(45)) send_keyed(wish, "body");  // the finger was twice on the button
  if (callers_.percent(20)) send_keyed(wish, "another");
  if (callers_.percent(30)) {  // long after the first one was answered
    later(callers_.log_between(100 * kMillisecond, kMinute), [this, wish] {
      const bool is_there = scheduler_ && !scheduler_->is_fatal() && scheduler_->takes_runs() &&
                            !ground_.loop.is_stalled(scheduler_->process());
      if (is_there && !is_clock_off_) send_keyed(wish, "another");
    });
  }
  if (callers_.percent(45)) {  // and the server is gone before it has answered
    later(callers_.log_between(50, 10 * kMillisecond), [this] {
      if (!scheduler_ || !ground_.harm(Fault::scheduler_crash)) return;
      crash_scheduler(callers_.log_between(kMillisecond, kMinute));
    });
  }
  later(callers_.log_between(10 * kMillisecond, kMinute), [this, wish] {
    if (wish->is_answered && --wish->repeats < 0) return;
    want_keyed(wish);
  });
}

void World::send_keyed(const std::shared_ptr<KeyedWish>& wish, const std::string& body) {
  const DagPlan& plan = workload_.dags[static_cast<std::size_t>(wish->dag)];
  IdempotencyKey key = wish->key;
  key.body_hash = body;
  NewRun request;
  request.dag = plan.dag;
  request.version = version_row_of(*request.dag);
  request.interval_start = ground_.loop.wall();
  request.interval_end = request.interval_start + kHour;
  request.params = value_of(params_of(ground_.options.seed, disk_.last_run_no() + 1));
  request.run_id = fmt::format("keyed__{}", disk_.last_run_no() + 1);
  request.triggered_by = "key " + key.principal + " " + key.key;
  ground_.say(fmt::format("user {} asks for a run of {} under {} ({})", key.principal, plan.dag->id, key.key, body));
  const bool is_it = body == "body";
  scheduler_->create(std::move(request), key, [this, wish, key, is_it](const Result<Answer>& how) {
    disk_.keys().told(key, how);
    if (how) checks_.expect_present(how->run_no);
    wish->is_answered = wish->is_answered || how.ok() || (is_it && how.error().kind == ErrorKind::invalid);
  });
}

}  // namespace baton::sim
