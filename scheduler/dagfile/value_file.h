// A value from a file that people write: JSON or YAML, with the strictness and the places of DAG files. Pure but for
// reading the file; one loading thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "scheduler/dagfile/diagnostic.h"
#include "scheduler/model/value.h"

namespace baton {

struct ValueResult {
  std::optional<Value> value;            ///< none where a finding is an error
  std::vector<Diagnostic> diagnostics;
};

/// One document, JSON or YAML. An empty text is null.
ValueResult load_value_text(std::string text, const std::string& name);

}  // namespace baton
