// What the API holds: DAGs, the server; and how it is held. On the loop, through Control's requests, each audited.
#include "cli/api_door.h"

#include <utility>

namespace baton {
namespace {

HoldDag::Wish held_wish(api::DagHold::Wish wish) {
  switch (wish) {
    case api::DagHold::Wish::pause: return HoldDag::Wish::pause;
    case api::DagHold::Wish::drain: return HoldDag::Wish::drain;
    case api::DagHold::Wish::resume:
    case api::DagHold::Wish::end_drain: break;
  }
  return HoldDag::Wish::resume;
}

}  // namespace

void ApiDoor::hold_dag(api::DagHold wish, api::Asker asker, OnDone done) {
  server_.loop().post([this, alive = is_alive_, wish = std::move(wish), actor = actor_of(asker),
                       done = std::move(done)] {
    if (!*alive) return;
    const DagRow* dag = ticks_.dag(wish.dag_id);
    // The end of a drain is no end of a pause.
    const bool ends_nothing = wish.wish == api::DagHold::Wish::end_drain && dag != nullptr && !dag->draining.holds();
    if (ends_nothing) return done(Unit{});
    holds_.hold(HoldDag{wish.dag_id, held_wish(wish.wish), wish.why}, actor, done);
  });
}

void ApiDoor::hold_server(bool freeze, std::string why, api::Asker asker, OnDone done) {
  HoldServer request{freeze, std::move(why)};
  server_.loop().post([this, alive = is_alive_, request = std::move(request), actor = actor_of(asker),
                       done = std::move(done)] {
    if (*alive) holds_.hold(request, actor, done);
  });
}

void ApiDoor::server_hold(OnHolds done) {
  server_.loop().post([this, alive = is_alive_, done = std::move(done)] {
    if (!*alive) return;
    const ServerGate& gate = ticks_.gate();
    done({gate.frozen.since, gate.frozen.by, gate.frozen_why});
  });
}

void ApiDoor::find_wait(RunNo run_no, OnWait done) {
  server_.loop().post([this, alive = is_alive_, run_no, done = std::move(done)] {
    if (*alive) done(server_.host().engine().queue().why(run_no, server_.loop().wall_now()));
  });
}

}  // namespace baton
