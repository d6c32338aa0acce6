// Who a process of this machine acts for: the name of a user, as the audit keeps it.
#pragma once

#include <sys/types.h>

#include <string>

#include "scheduler/control/actor.h"

namespace baton {

/// The user `uid` who came by `via` (cli, socket); a user without a name goes by number: "uid 1000".
Actor actor_of(uid_t uid, std::string via);

}  // namespace baton
