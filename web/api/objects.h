// The API's objects out of the rows of the Reader. All fields that any client of 3.0 to 3.3 requires are there; what
// Airflow has and Baton has not is null; enums hold only what those clients know. Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "scheduler/engine/reader_views.h"
#include "scheduler/engine/run_limits.h"

namespace baton::api {

/// `versions`: of its DAG, to show the one that it has; may be empty. `wait`: of one that is queued, where the
/// scheduler was asked.
void append_run(std::string& out, const RunView& run, const std::vector<VersionView>& versions,
                QueueWait wait = QueueWait::none);
void append_instance(std::string& out, const InstanceView& instance);
/// `instance`: what it is a try of.
void append_try(std::string& out, const TryView& one, const InstanceView& instance);
void append_version(std::string& out, const VersionView& version);

/// `{"name":[…],"total_entries":n}`.
template <typename Rows, typename Append>
std::string list_body(std::string_view name, const Rows& rows, std::int64_t total, Append append) {
  std::string out = "{\"";
  out.append(name).append("\":[");
  bool is_first = true;
  for (const auto& row : rows) {
    if (!is_first) out += ',';
    is_first = false;
    append(out, row);
  }
  out.append("],\"total_entries\":").append(std::to_string(total));
  return out + "}";
}

}  // namespace baton::api
