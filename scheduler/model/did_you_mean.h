// "did you mean": the nearest name to one that does not exist. Pure; any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace baton {

/// Damerau-Levenshtein distance (insert, delete, replace, swap neighbours; the optimal string alignment form) in bytes,
/// or `limit + 1` as soon as it is more than `limit`.
std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t limit);

/// The candidate nearest to `name`, at most 2 edits away and nearer than replacing all of it; the first of equals.
std::optional<std::string> did_you_mean(std::string_view name, std::span<const std::string> candidates);

/// "; did you mean \"x\"?" or "", to end a message with.
std::string did_you_mean_suffix(std::string_view name, std::span<const std::string> candidates);

}  // namespace baton
