#include "scheduler/engine/run_timers.h"

#include <utility>

namespace baton {

void RunTimers::set(InstanceNo i, MonoUs at, std::function<void()> f) {
  Loop::TimerId& timer = of_instances_[i];
  if (timer != 0) loop_.cancel(timer);
  timer = loop_.call_at(at, [this, i, f = std::move(f)] {
    of_instances_.erase(i);
    f();  // the run may end in it, and with it this object
  });
}

void RunTimers::set_limit(MonoUs at, std::function<void()> f) {
  if (limit_ != 0) loop_.cancel(limit_);
  limit_ = loop_.call_at(at, [this, f = std::move(f)] {
    limit_ = 0;
    f();
  });
}

void RunTimers::cancel_all() {
  for (const auto& [i, timer] : of_instances_) loop_.cancel(timer);
  of_instances_.clear();
  if (limit_ != 0) loop_.cancel(limit_);
  limit_ = 0;
}

}  // namespace baton
