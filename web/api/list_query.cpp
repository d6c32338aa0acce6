#include "web/api/list_query.h"

#include <algorithm>
#include <cstdlib>

#include "web/api/fields.h"

namespace baton::api {

namespace {

std::int64_t number(const http::Request& request, std::string_view name, std::int64_t otherwise) {
  const auto text = request.query_value(name);
  return text ? std::strtoll(std::string(*text).c_str(), nullptr, 10) : otherwise;
}

}  // namespace

std::optional<WallUs> time_word(const http::Request& request, const std::string& name) {
  const auto text = request.query_value(name);
  if (!text) return std::nullopt;
  const WallUs time = time_of_text(*text);
  return time != kNoTime ? std::optional(time) : std::nullopt;
}

PageRequest page_of(const http::Request& request) {
  PageRequest page;
  page.limit = std::clamp<std::int64_t>(number(request, "limit", kLimitDefault), 1, kLimitMax);
  page.offset = std::max<std::int64_t>(number(request, "offset", 0), 0);
  page.after = std::string(request.query_value("cursor").value_or(""));
  return page;
}

std::vector<std::string> words(const http::Request& request, std::string_view name) {
  std::vector<std::string> out;
  for (const auto& [word, value] : request.query) {
    if (word == name && !value.empty()) out.push_back(value);
  }
  return out;
}

std::optional<bool> flag(const http::Request& request, std::string_view name) {
  const auto text = request.query_value(name);
  if (!text) return std::nullopt;
  return *text == "true" || *text == "True" || *text == "1";
}

Range time_range(const http::Request& request, const std::string& name) {
  Range range;
  if (const auto time = time_word(request, name + "_gte")) range.at_least = *time;
  if (const auto time = time_word(request, name + "_gt")) range.at_least = std::max(range.at_least, *time + 1);
  const auto below = [&](WallUs time) { range.below = range.below == kNoTime ? time : std::min(range.below, time); };
  if (const auto time = time_word(request, name + "_lt")) below(*time);
  if (const auto time = time_word(request, name + "_lte")) below(*time + 1);
  return range;
}

TextMatch text_match(const http::Request& request, const std::string& name) {
  TextMatch match;
  for (std::string text : words(request, name + "_pattern")) {
    if (text == "~") continue;
    for (std::size_t at = 0; at <= text.size();) {
      const std::size_t end = std::min(text.find('|', at), text.size());
      if (end > at) match.parts.push_back(text.substr(at, end - at));
      at = end + 1;
    }
  }
  match.prefixes = words(request, name + "_prefix_pattern");
  return match;
}

}  // namespace baton::api
