// Pause, drain and resume a DAG; freeze and thaw the server. What each means for ticks, queued runs and retries is the
// table of docs/ARCHITECTURE.md. Asking for what holds already is no error, and nothing is written.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "scheduler/control/actor.h"
#include "scheduler/model/result.h"

namespace baton {

struct HoldDag {
  enum class Wish : std::uint8_t { pause, drain, resume };
  std::string dag_id;
  Wish wish = Wish::pause;
  std::string why;
};

struct HoldServer {
  bool freeze = true;  ///< false: thaw
  std::string why;     ///< what people read in the banner
};

/// Who keeps what is held: the ticks of a server. Loop thread.
class Holds {
 public:
  virtual ~Holds() = default;
  using OnHeld = std::function<void(const Status&)>;
  /// `done` once, when it is durable. not_found: there is no such DAG.
  virtual void hold(const HoldDag& request, const Actor& actor, OnHeld done) = 0;
  virtual void hold(const HoldServer& request, const Actor& actor, OnHeld done) = 0;
};

/// invalid: a freeze that says no reason.
[[nodiscard]] Status check(const HoldServer& request);
[[nodiscard]] AuditRow audit_of(const HoldDag& request, const Actor& actor, WallUs at);
[[nodiscard]] AuditRow audit_of(const HoldServer& request, const Actor& actor, WallUs at);

}  // namespace baton
