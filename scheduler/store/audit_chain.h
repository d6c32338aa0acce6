// The chain of the audit rows: each row's hash covers the hash of the row before it, so that a row that was changed,
// left out or put in afterwards shows. What retention deletes is a beginning that goes as a whole. Pure: any thread.
#pragma once

#include <string>
#include <string_view>

#include "scheduler/engine/rows.h"

namespace baton {

/// SHA-256 in hex over `before` (the hash of the row before; empty for the first) and all that `row` says.
std::string audit_hash(std::string_view before, const AuditRow& row);

}  // namespace baton
