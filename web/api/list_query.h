// What lists have in common: limit, offset, order, times and patterns of the query, as the Reader wants them. The words
// fit their description already. Pure; any thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "scheduler/engine/reader_queries.h"
#include "scheduler/model/result.h"
#include "web/http/message.h"

namespace baton::api {

inline constexpr std::int64_t kLimitDefault = 50, kLimitMax = 100;

PageRequest page_of(const http::Request& request);
/// What a page shows of a list that is in memory as a whole.
template <typename Row>
std::vector<Row> rows_of_page(const std::vector<Row>& all, const PageRequest& page) {
  const auto total = static_cast<std::int64_t>(all.size());
  const auto from = std::min(page.offset, total);
  return {all.begin() + from, all.begin() + from + std::min(page.limit, total - from)};
}

/// All values of a word, in order.
std::vector<std::string> words(const http::Request& request, std::string_view name);
std::optional<bool> flag(const http::Request& request, std::string_view name);

/// A time; none where the word is not given, or is no time.
std::optional<WallUs> time_word(const http::Request& request, const std::string& name);

/// `name_gte`, `_gt`, `_lte`, `_lt`.
Range time_range(const http::Request& request, const std::string& name);

/// `name_pattern` (parts, `|` between several, `~` for any) and `name_prefix_pattern`.
TextMatch text_match(const http::Request& request, const std::string& name);

/// Enums by their names; the words that are none are left out (the description has refused them).
template <typename Enum>
std::vector<Enum> enums(const http::Request& request, std::string_view name, Enum last) {
  std::vector<Enum> out;
  for (const std::string& word : words(request, name)) {
    for (int k = 0; k <= static_cast<int>(last); ++k) {
      if (to_string(static_cast<Enum>(k)) == word) out.push_back(static_cast<Enum>(k));
    }
  }
  return out;
}

/// Whether a filter lets `text` through that no query has looked at.
bool matches(std::string_view text, const TextMatch& match);
/// Of a word that the schema holds to be a whole number; what no number here can be is -2, which nothing has.
std::int32_t whole_number(const std::string& word);
/// Seconds as `NAME_gte` and the like say them, as µs.
Range duration_range(const http::Request& request, const std::string& name);
/// Words that ask for what nothing here ever has, such as a partition: whether one of them is given.
bool asks_for_nothing(const http::Request& request, std::initializer_list<std::string_view> names);

/// `order_by=-start_date`, several times. The text: the first word that orders nothing here, for a 400.
template <typename Field>
std::variant<std::vector<OrderBy<Field>>, std::string> order_of(
    const http::Request& request, const std::vector<std::pair<std::string_view, Field>>& fields,
    std::vector<OrderBy<Field>> otherwise) {
  std::vector<OrderBy<Field>> out;
  for (const std::string& word : words(request, "order_by")) {
    const bool descending = word.substr(0, 1) == "-";
    const std::string name = word.substr(descending ? 1 : 0);
    bool is_known = false;
    for (const auto& [text, field] : fields) {
      if (text != name) continue;
      out.push_back({field, descending});
      is_known = true;
    }
    if (!is_known) return word;
  }
  return out.empty() ? std::move(otherwise) : std::move(out);
}

/// Of a list that has one order, or a few that are the same to it: whether it is turned around. The text: the first
/// word that is none of `names`, for a 400.
std::variant<bool, std::string> turned_around(const http::Request& request,
                                              std::initializer_list<std::string_view> names);

}  // namespace baton::api
