#include "scheduler/control/hold_dag.h"

namespace baton {
namespace {

std::string action_of(HoldDag::Wish wish) {
  switch (wish) {
    case HoldDag::Wish::pause: return "pause";
    case HoldDag::Wish::drain: return "drain";
    case HoldDag::Wish::resume: return "resume";
  }
  return {};
}

}  // namespace

Status check(const HoldServer& request) {
  if (request.freeze && request.why.empty()) return Error{"say why: everybody who finds the server frozen reads it"};
  return Unit{};
}

AuditRow audit_of(const HoldDag& request, const Actor& actor, WallUs at) {
  RunRow of;
  of.dag_id = request.dag_id;
  return audit_row(actor, action_of(request.wish), of, request.why, at);
}

AuditRow audit_of(const HoldServer& request, const Actor& actor, WallUs at) {
  return audit_row(actor, request.freeze ? "freeze" : "thaw", RunRow{}, request.why, at);
}

}  // namespace baton
