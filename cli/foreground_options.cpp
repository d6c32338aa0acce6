#include "cli/foreground_options.h"

#include <sched.h>

#include <algorithm>

#include "cli/reading.h"
#include "cli/state_lookup.h"

namespace baton::cli {
namespace {

/// CPUs that this process may use.
std::int32_t cpu_count() {
  cpu_set_t set;
  CPU_ZERO(&set);
  return sched_getaffinity(0, sizeof set, &set) == 0 ? std::max(1, CPU_COUNT(&set)) : 1;
}

}  // namespace

Result<ForegroundOptions> foreground_options(const Invocation& call, Config config) {
  ForegroundOptions options;
  options.state_folder = state_folder_of(call.args()).string();
  options.config = std::move(config);
  const Result<std::int64_t> slots = number_of(call.args(), "slots", cpu_count(), 1);
  if (!slots) return slots.error();
  options.slots = static_cast<std::int32_t>(std::min<std::int64_t>(*slots, 100'000));
  options.wait_for_folder = call.args().has("wait");
  options.secrets_file = call.args().value("secrets");
  options.command = call.typed();
  return options;
}

}  // namespace baton::cli
