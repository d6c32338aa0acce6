#include "scheduler/store/audit_chain.h"

#include "scheduler/digest/digest.h"

namespace baton {
namespace {

/// With its length before it: two texts never read as one.
void put(std::string& bytes, std::string_view text) {
  bytes += std::to_string(text.size());
  bytes += ':';
  bytes += text;
}

}  // namespace

std::string audit_hash(std::string_view before, const AuditRow& row) {
  std::string bytes;
  put(bytes, before);
  put(bytes, std::to_string(row.at));
  put(bytes, std::to_string(row.map_index));
  for (const std::string* text : {&row.actor, &row.action, &row.dag_id, &row.run_id, &row.task_id, &row.extra_json,
                                  &row.address, &row.via, &row.before_json, &row.after_json}) {
    put(bytes, *text);
  }
  return sha256_hex(bytes);
}

}  // namespace baton
