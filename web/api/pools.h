// Pools as the API shows them: those that a person has set, those that files and DAGs declare, and default_pool, which is
// the slots of the workers. One thread at a time, with the Reader that it is given.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "scheduler/engine/reader.h"
#include "web/api/services.h"

namespace baton::api {

struct PoolNow {
  PoolView view;
  bool is_set = false;  ///< by a person: only these are changed and deleted here
  bool is_of_files = false;
  std::int32_t retry_millionths = 0;
  std::int64_t waiting_for_rate = 0;
  WallUs next_start_at = kNoTime;
  std::int64_t running = 0, queued = 0, scheduled = 0, deferred = 0;  ///< slots
  [[nodiscard]] std::int64_t occupied() const { return running + queued + (view.include_deferred ? deferred : 0); }
};

/// All of them by name, default_pool first.
Result<std::vector<PoolNow>> all_pools(Reader& reader, const Call& call);

/// `[…]` of the workers, for Home and their own list.
void append_workers(std::string& out, const Call& call);

}  // namespace baton::api
