#include "scheduler/control/idempotency.h"

#include <charconv>
#include <string_view>

namespace baton {
namespace {

constexpr std::string_view kRun = "run/";

}  // namespace

std::string run_object(RunNo run_no, const std::vector<InstanceNo>& instances) {
  std::string out = std::string(kRun) + std::to_string(run_no);
  for (std::size_t k = 0; k < instances.size();) {
    std::size_t last = k;
    while (last + 1 < instances.size() && instances[last + 1] == instances[last] + 1) ++last;
    out += (k == 0 ? '/' : ',') + std::to_string(instances[k]);
    if (last > k) out += '-' + std::to_string(instances[last]);
    k = last + 1;
  }
  return out;
}

IdempotencyRow row_of(const IdempotencyKey& key, std::string object, WallUs at) {
  return {key.principal, key.route, key.key, key.body_hash, key.status, std::move(object), at};
}

RunNo run_of(const IdempotencyRow& row) {
  RunNo run_no = 0;
  if (!row.object.starts_with(kRun)) return 0;
  const char* end = row.object.data() + row.object.size();
  const auto [read_to, error] = std::from_chars(row.object.data() + kRun.size(), end, run_no);
  return error == std::errc() && (read_to == end || *read_to == '/') ? run_no : 0;
}

std::vector<InstanceNo> instances_of(const IdempotencyRow& row) {
  std::vector<InstanceNo> out;
  const std::size_t slash = row.object.find('/', kRun.size());
  if (run_of(row) == 0 || slash == std::string::npos) return out;
  const char* at = row.object.data() + slash;
  const char* const end = row.object.data() + row.object.size();
  const auto number = [&](InstanceNo& value) {
    const auto [read_to, error] = std::from_chars(at + 1, end, value);
    at = read_to;
    return error == std::errc();
  };
  for (InstanceNo first = 0; at != end && number(first);) {
    InstanceNo last = first;
    if (at != end && *at == '-' && !number(last)) break;
    for (InstanceNo i = first; i <= last; ++i) out.push_back(i);
  }
  return out;
}

}  // namespace baton
