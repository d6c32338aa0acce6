#include "web/api/list_query.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "scheduler/model/number.h"
#include "web/api/fields.h"

namespace baton::api {

namespace {

/// As SQL's LIKE: `%` stands for anything, `_` for one character, ASCII letters of either case are the same.
bool is_like(std::string_view text, std::string_view pattern) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  std::size_t t = 0, p = 0, star = pattern.npos, resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '%') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && (pattern[p] == '_' || lower(pattern[p]) == lower(text[t]))) {
      ++t;
      ++p;
    } else if (star != pattern.npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '%') ++p;
  return p == pattern.size();
}


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
  page.limit = std::clamp<std::int64_t>(number(request, "limit", kLimitDefault), 0, kLimitMax);
  page.offset = std::max<std::int64_t>(number(request, "offset", 0), 0);
  if (const auto cursor = request.query_value("cursor")) {
    page.after = *cursor;
    page.offset = 0;
  }
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
      const std::string_view part = http::trimmed(std::string_view(text).substr(at, end - at));
      if (!part.empty()) match.parts.emplace_back(part);
      at = end + 1;
    }
  }
  match.prefixes = words(request, name + "_prefix_pattern");
  return match;
}

bool matches(std::string_view text, const TextMatch& match) {
  if (match.is_open()) return true;
  const auto holds = [&](const std::string& part) { return is_like(text, "%" + part + "%"); };
  const auto begins = [&](const std::string& prefix) { return text.starts_with(prefix); };
  return (match.parts.empty() || std::any_of(match.parts.begin(), match.parts.end(), holds)) &&
         (match.prefixes.empty() || std::any_of(match.prefixes.begin(), match.prefixes.end(), begins));
}

std::int32_t whole_number(const std::string& word) {
  const auto number = read_integer(word);
  return number && *number >= -1 && *number <= std::numeric_limits<std::int32_t>::max()
             ? static_cast<std::int32_t>(*number)
             : -2;
}

Range duration_range(const http::Request& request, const std::string& name) {
  const auto said = [&](const char* ending) -> std::optional<std::int64_t> {
    const auto word = request.query_value(name + ending);
    if (!word || word->empty()) return std::nullopt;
    return static_cast<std::int64_t>(std::llround(std::clamp(std::strtod(std::string(*word).c_str(), nullptr), -1e12, 1e12) *
                                                  static_cast<double>(kSecond)));
  };
  Range range;
  const auto at_least = [&](std::int64_t us) {
    range.at_least = range.at_least == kNoTime ? us : std::max(range.at_least, us);
  };
  const auto below = [&](std::int64_t us) { range.below = range.below == kNoTime ? us : std::min(range.below, us); };
  if (const auto us = said("_gte")) at_least(*us);
  if (const auto us = said("_gt")) at_least(*us + 1);
  if (const auto us = said("_lt")) below(*us);
  if (const auto us = said("_lte")) below(*us + 1);
  return range;
}

bool asks_for_nothing(const http::Request& request, std::initializer_list<std::string_view> names) {
  return std::any_of(names.begin(), names.end(), [&](std::string_view name) {
    const std::vector<std::string> given = words(request, name);
    return std::any_of(given.begin(), given.end(), [](const std::string& word) { return !word.empty() && word != "~" && word != "%"; });
  });
}

std::variant<bool, std::string> turned_around(const http::Request& request,
                                              std::initializer_list<std::string_view> names) {
  const std::vector<std::string> given = words(request, "order_by");
  for (const std::string& word : given) {
    const std::string_view name = std::string_view(word).substr(word.starts_with('-') ? 1 : 0);
    if (std::find(names.begin(), names.end(), name) == names.end()) return word;
  }
  return !given.empty() && given.front().starts_with('-');
}

}  // namespace baton::api
