// Scalars of YAML's core schema (1.2.2, §10.3) and the language's own: numbers, sizes, ids, names. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "scheduler/dagfile/node.h"
#include "scheduler/dagfile/reporter.h"
#include "scheduler/model/number.h"
#include "scheduler/model/value.h"

namespace baton::dagfile {

/// `true`, `True`, `TRUE` and the same of false; `yes`, `on` and `y` are text.
std::optional<bool> core_bool(std::string_view text);

/// `512Mi`, `16Gi`, `1500M`, `64Ki`, bytes without a unit; a fraction where it gives whole bytes.
std::optional<std::int64_t> parse_size(std::string_view text);

/// Ids of DAGs, tasks, groups: `[A-Za-z0-9_.-]`, at most 250, first a letter or digit (docs/dag-language.md).
bool is_id(std::string_view text);
/// `[A-Za-z_][A-Za-z0-9_]*`: names of variables, of the environment and in expressions.
bool is_name(std::string_view text);

/// A whole node as a Value, by the core schema. Reports numbers that are none.
Value value_of(Node node, Reporter& reporter);

/// "a mapping", "a list", "nothing", `text "x"`, for messages.
std::string describe_node(Node node);

}  // namespace baton::dagfile
