// Line diff: two texts as a unified diff, as `diff -u` and git show it. Pure; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace baton::insight {

/// The shortest way from `before` to `after` by lines (Myers: An O(ND) difference algorithm and its variations, 1986), in
/// hunks with `context` lines around; empty: they are equal. Where more than a few thousand lines differ, what lies
/// between the first and the last difference is one hunk: that costs what is there and no more.
std::string unified_diff(std::string_view before, std::string_view after, std::string_view before_name,
                         std::string_view after_name, std::size_t context = 3);

}  // namespace baton::insight
