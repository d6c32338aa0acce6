#include "scheduler/model/labels.h"

#include <algorithm>

#include "scheduler/model/utf8.h"

namespace baton {
namespace {

constexpr std::size_t kNameMax = 63;
constexpr std::size_t kValueMax = 250;

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_name(std::string_view name) {
  const auto fits = [](char c) { return is_letter_or_digit(c) || c == '_' || c == '.' || c == '-'; };
  return !name.empty() && name.size() <= kNameMax && is_letter_or_digit(name.front()) &&
         std::all_of(name.begin(), name.end(), fits);
}

}  // namespace

Status check_label(std::string_view name, std::string_view value) {
  if (!is_name(name)) {
    return Error{"\"" + std::string(name) + "\" is no name of a label: letters, digits, \"_\", \".\" and \"-\", at most " +
                     std::to_string(kNameMax) + ", the first a letter or digit",
                 ErrorKind::invalid};
  }
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (value.size() > kValueMax || find_invalid_utf8(value) != std::string_view::npos || std::any_of(value.begin(), value.end(), is_control)) {
    return Error{"the value of label \"" + std::string(name) + "\" is longer than " + std::to_string(kValueMax) +
                     " bytes, or no plain text",
                 ErrorKind::invalid};
  }
  return Unit{};
}

Result<std::pair<std::string, std::string>> read_label(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) {
    return Error{"\"" + std::string(text) + "\" is no label: write name=value", ErrorKind::invalid};
  }
  const std::string_view name = text.substr(0, equals), value = text.substr(equals + 1);
  if (Status good = check_label(name, value); !good) return good.error();
  return std::pair(std::string(name), std::string(value));
}

std::pair<std::string, std::optional<std::string>> label_wanted(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) return {std::string(text), std::nullopt};
  return {std::string(text.substr(0, equals)), std::string(text.substr(equals + 1))};
}

void put_label(Labels& labels, std::string name, std::string value) {
  const auto at = std::lower_bound(labels.begin(), labels.end(), name,
                                   [](const auto& label, const std::string& wanted) { return label.first < wanted; });
  if (at != labels.end() && at->first == name) {
    at->second = std::move(value);
  } else {
    labels.emplace(at, std::move(name), std::move(value));
  }
}

}  // namespace baton
