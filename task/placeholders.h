// `:name` in a query for a database that knows `$1` alone (PostgreSQL). What stands in quotes, comments and dollar quotes
// is no placeholder, nor is the cast `::type`. Nothing of a value ever becomes part of the query. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace baton::task {

struct Numbered {
  std::string query;               ///< with $1, $2, …
  std::vector<std::string> names;  ///< names[0] is $1
};

Numbered number_placeholders(std::string_view query);

}  // namespace baton::task
