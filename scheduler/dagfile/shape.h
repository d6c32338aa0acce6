// The strict check of a node against the table of keys: unknown and missing keys, types, words, durations, sizes,
// times, ids. What passes may be read without looking twice; readers after it say nothing of these again.
#pragma once

#include <string_view>

#include "scheduler/dagfile/keys.h"
#include "scheduler/dagfile/node.h"
#include "scheduler/dagfile/reporter.h"

namespace baton::dagfile {

/// Checks the mapping `map` as the object `object`; `owner` names it in messages ("task \"load\""), `at` is where a
/// missing key is shown. Goes down into nested objects, but not into the tasks of a DAG.
void check_object(Node map, std::string_view object, std::string_view owner, Span at, Reporter& reporter);

/// Checks one value against a row.
void check_value(Node key, Node value, const Key& row, std::string_view owner, Reporter& reporter);

/// Whether the language has this key here, but for what `defaults` and hooks leave out.
bool is_known_key(std::string_view object, const Key& row);

}  // namespace baton::dagfile
