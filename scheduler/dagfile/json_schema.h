// JSON Schema 2020-12, as far as params may use it (docs/dag-language.md), over Values. Pure
// functions, any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "scheduler/dagfile/node.h"
#include "scheduler/dagfile/reporter.h"
#include "scheduler/model/value.h"

namespace baton::dagfile {

/// What is wrong with a value: where inside of it (`regions[2]`, empty at the top) and what.
struct SchemaFault {
  std::string path;
  std::string message;
};

/// All faults of `value` by `schema`, a map of keywords or a boolean. At most 20.
std::vector<SchemaFault> validate_value(const Value& schema, const Value& value);

/// Numbers as the schema types them: 5 becomes 5.0 under `number`, 5.0 becomes 5 under `integer`; else as it is.
Value coerce_numbers(const Value& schema, const Value& value);

/// The one type that a schema names; empty when it names none or several.
std::string single_type(const Value& schema);

/// Whether the schema allows values of this JSON type by its `type`.
bool allows_type(const Value& schema, std::string_view type);

/// Reports what a declaration that fits the table of keys still gets wrong: bounds that cross, patterns that do not
/// compile, `required` names that are no properties.
void check_schema(Node declaration, Reporter& reporter);

}  // namespace baton::dagfile
