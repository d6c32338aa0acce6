#include "scheduler/expr/call.h"
#include "scheduler/model/utf8.h"

namespace baton::expr {
namespace {

std::size_t code_point_size(std::string_view text, std::size_t at) {
  const std::size_t length = utf8_length(text, at);
  return length == 0 ? 1 : length;
}

bool is_blank(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

Value split_characters(std::string_view text, std::int64_t limit, Budget& budget) {
  ValueList parts;
  for (std::size_t i = 0; i < text.size() && budget.charge(1);) {
    const bool is_last = limit > 0 && static_cast<std::int64_t>(parts.size()) + 1 == limit;
    const std::size_t size = is_last ? text.size() - i : code_point_size(text, i);
    parts.emplace_back(text.substr(i, size));
    i += size;
  }
  return Value(std::move(parts));
}

Value insert_between(std::string_view text, std::string_view to, std::int64_t limit, Budget& budget) {
  std::string out;
  std::size_t i = 0;
  for (std::int64_t count = 0; budget.charge(1) && budget.charge_bytes(to.size()); ++count) {
    if (limit >= 0 && count == limit) break;
    out += to;
    if (i == text.size()) return Value(std::move(out));
    const std::size_t size = code_point_size(text, i);
    out += text.substr(i, size);
    i += size;
  }
  out += text.substr(i);
  return Value(std::move(out));
}

}  // namespace

Value split(std::string_view text, std::string_view separator, std::int64_t limit, Budget& budget) {
  if (limit == 0) return Value(ValueList());
  if (separator.empty()) return split_characters(text, limit, budget);
  ValueList parts;
  budget.charge_bytes(text.size());
  while (budget.charge(1)) {
    const bool is_last = limit > 0 && static_cast<std::int64_t>(parts.size()) + 1 == limit;
    const std::size_t at = is_last ? std::string_view::npos : text.find(separator);
    parts.emplace_back(text.substr(0, at));
    if (at == std::string_view::npos) break;
    text.remove_prefix(at + separator.size());
  }
  return Value(std::move(parts));
}

Value replace(std::string_view text, std::string_view from, std::string_view to, std::int64_t limit, Budget& budget) {
  if (from.empty()) return insert_between(text, to, limit, budget);
  std::string out;
  budget.charge_bytes(text.size());
  for (std::int64_t count = 0; limit < 0 || count < limit; ++count) {
    const std::size_t at = text.find(from);
    if (at == std::string_view::npos || !budget.charge(1) || !budget.charge_bytes(to.size())) break;
    out += text.substr(0, at);
    out += to;
    text.remove_prefix(at + from.size());
  }
  out += text;
  return Value(std::move(out));
}

Result<Value> join(const ValueList& parts, std::string_view separator, Budget& budget) {
  std::string out;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (parts[i].type() != ValueType::string) {
      return Error{"join takes a list of strings, but element " + std::to_string(i) + " is a value of type " +
                   std::string(to_string(parts[i].type())) + "; convert with .map(x, string(x))"};
    }
    if (!budget.charge(1) || !budget.charge_bytes(separator.size() + parts[i].as_string().size())) break;
    if (i > 0) out += separator;
    out += parts[i].as_string();
  }
  return Value(std::move(out));
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

std::string change_case(std::string_view text, bool to_upper) {
  std::string out(text);
  for (char& c : out) {
    if (to_upper && c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    if (!to_upper && c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

}  // namespace baton::expr
