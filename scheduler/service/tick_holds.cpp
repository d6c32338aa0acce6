#include "scheduler/service/tick_holds.h"

#include <utility>

namespace baton {

void TickHolds::hold(const HoldDag& request, const Actor& actor, OnHeld done) {
  const WallUs now = loop_.wall_now();
  AuditRow audit = audit_of(request, actor, now);
  switch (request.wish) {
    case HoldDag::Wish::pause:
      return ticks_.pause(request.dag_id, {now, actor.name}, std::move(audit), std::move(done));
    case HoldDag::Wish::drain:
      return ticks_.drain(request.dag_id, {now, actor.name}, std::move(audit), std::move(done));
    case HoldDag::Wish::resume:
      return ticks_.resume(request.dag_id, std::move(audit), std::move(done));
  }
}

void TickHolds::hold(const HoldServer& request, const Actor& actor, OnHeld done) {
  const WallUs now = loop_.wall_now();
  if (Status good = check(request); !good) return done(good);
  AuditRow audit = audit_of(request, actor, now);
  if (!request.freeze) return ticks_.thaw(std::move(audit), std::move(done));
  ticks_.freeze({now, actor.name}, request.why, std::move(audit), std::move(done));
}

}  // namespace baton
