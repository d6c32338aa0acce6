#include "scheduler/control/idempotency.h"

#include <charconv>
#include <string_view>

namespace baton {
namespace {

constexpr std::string_view kRun = "run/";

}  // namespace

IdempotencyRow row_of(const IdempotencyKey& key, RunNo run_no, WallUs at) {
  return {key.principal, key.route, key.key, key.body_hash, key.status, std::string(kRun) + std::to_string(run_no), at};
}

RunNo run_of(const IdempotencyRow& row) {
  RunNo run_no = 0;
  if (!row.object.starts_with(kRun)) return 0;
  const char* end = row.object.data() + row.object.size();
  const auto [read_to, error] = std::from_chars(row.object.data() + kRun.size(), end, run_no);
  return error == std::errc() && read_to == end ? run_no : 0;
}

}  // namespace baton
