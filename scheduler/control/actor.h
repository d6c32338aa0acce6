// Actor: who asks for a change, from where, through which door. Each request names one, and so does its row of the
// audit. A value.
#pragma once

#include <string>

#include "scheduler/engine/rows.h"

namespace baton {

struct Actor {
  std::string name;     ///< the person, the token or the program
  std::string address;  ///< where it came from; empty: from this machine
  std::string via;      ///< cli, api, page, socket
};

/// The row of the audit for `action` on a run, at `at`. `why` may be empty.
AuditRow audit_row(const Actor& actor, const std::string& action, const RunRow& run, const std::string& why, WallUs at);

}  // namespace baton
