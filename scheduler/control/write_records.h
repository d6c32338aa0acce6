// Records: what a person writes and no run is decided by: notes, pools, variables, tokens. Whoever asks has looked
// whether it may be, and keeps others from asking about the same object meanwhile. A value.
#pragma once

#include <string>

#include "scheduler/engine/rows.h"
#include "scheduler/engine/service_rows.h"

namespace baton {

struct WriteRecords {
  ServiceRows rows;
  AuditRow audit;      ///< all but when, and who
  std::string object;  ///< as its idempotency key keeps it: `pool/warehouse`
};

}  // namespace baton
