#include "scheduler/rehearsal/deadline_watch.h"

#include <algorithm>
#include <utility>

namespace baton::rehearsal {

void DeadlineWatch::look() {
  const WallUs due = alerts_.next_deadline();
  if (due == kNoTime || (set_for_ != kNoTime && set_for_ <= due)) return;
  set_for_ = due;
  loop_.call_at(loop_.mono_now() + std::max<DurationUs>(0, due - loop_.wall_now()), [this] {
    ServiceRows rows;
    rows.outbox = alerts_.overdue(loop_.wall_now());
    set_for_ = kNoTime;
    look();
    if (!rows.empty()) engine_.write({{}, [](const PartVerdict&) {}, std::move(rows)});
  });
}

}  // namespace baton::rehearsal
