// Labels of a run: short words by name that people and DAGs put on it, to find it again. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "scheduler/model/result.h"

namespace baton {

/// By name, each once.
using Labels = std::vector<std::pair<std::string, std::string>>;

/// Of one run, those of its DAG included.
inline constexpr std::size_t kLabelsMax = 64;

/// A name is an id of at most 63 characters; a value is UTF-8 of at most 250 bytes without control characters. invalid.
[[nodiscard]] Status check_label(std::string_view name, std::string_view value);

/// `name=value`, checked. invalid.
[[nodiscard]] Result<std::pair<std::string, std::string>> read_label(std::string_view text);

/// What a filter says: `name=value`, or `name` alone for whatever value.
[[nodiscard]] std::pair<std::string, std::optional<std::string>> label_wanted(std::string_view text);

/// Puts one among the others; one of the same name is replaced.
void put_label(Labels& labels, std::string name, std::string value);

}  // namespace baton
