// How a version's row keeps the commit of its folder: behind the hash of its source, which is 64 characters, until the
// next migration of the schema brings a column for it. Rows without one are as they always were. Pure; any thread.
#pragma once

#include <string>

#include "scheduler/engine/rows.h"

namespace baton::sqlite {

inline std::string kept_source_hash(const VersionRow& row) {
  return row.commit.empty() ? row.source_hash : row.source_hash + " " + row.commit;
}

/// Splits what was kept; `Row` has both.
template <typename Row>
void take_source_hash(const std::string& kept, Row& row) {
  const std::size_t space = kept.find(' ');
  row.source_hash = kept.substr(0, space);
  row.commit = space == std::string::npos ? std::string() : kept.substr(space + 1);
}

}  // namespace baton::sqlite
