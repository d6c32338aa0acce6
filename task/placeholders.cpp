#include "task/placeholders.h"

#include <algorithm>

namespace baton::task {
namespace {

bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
bool is_name_char(char c) {
  return is_name_start(c) || (c >= '0' && c <= '9');
}

class Scanner {
 public:
  explicit Scanner(std::string_view query) : query_(query) {}

  Numbered take() {
    while (at_ < query_.size()) step();
    return std::move(out_);
  }

 private:
  [[nodiscard]] char peek(std::size_t ahead) const {
    return at_ + ahead < query_.size() ? query_[at_ + ahead] : '\0';
  }
  void copy(std::size_t until) {
    until = std::min(until, query_.size());
    out_.query += query_.substr(at_, until - at_);
    at_ = until;
  }
  [[nodiscard]] std::size_t after(std::string_view what, std::size_t from) const {
    const std::size_t found = query_.find(what, from);
    return found == std::string_view::npos ? query_.size() : found + what.size();
  }

  void step() {
    const char c = query_[at_];
    if (c == '\'') return copy(end_of_quote('\'', is_escape_string()));
    if (c == '"') return copy(end_of_quote('"', false));
    if (c == '-' && peek(1) == '-') return copy(after("\n", at_));
    if (c == '/' && peek(1) == '*') return copy(end_of_comment());
    if (c == '$') return copy(end_of_dollar_quote());
    if (c == ':' && peek(1) == ':') return copy(at_ + 2);
    if (c == ':' && is_name_start(peek(1))) return placeholder();
    copy(is_name_start(c) ? end_of_name(at_) : at_ + 1);
  }
  [[nodiscard]] std::size_t end_of_name(std::size_t from) const {
    while (from < query_.size() && (is_name_char(query_[from]) || (query_[from] == '$' && from > at_))) ++from;
    return from;
  }
  /// E'…' knows backslashes.
  [[nodiscard]] bool is_escape_string() const {
    if (at_ == 0 || (query_[at_ - 1] != 'E' && query_[at_ - 1] != 'e')) return false;
    return at_ == 1 || !is_name_char(query_[at_ - 2]);
  }
  /// Behind the quote that ends it; a doubled one does not.
  [[nodiscard]] std::size_t end_of_quote(char quote, bool has_escapes) const {
    std::size_t i = at_ + 1;
    for (; i < query_.size(); ++i) {
      if (has_escapes && query_[i] == '\\') {
        ++i;
      } else if (query_[i] == quote) {
        return i + 1;  // one that is doubled begins the next text at once
      }
    }
    return i;
  }
  /// Comments nest in PostgreSQL.
  [[nodiscard]] std::size_t end_of_comment() const {
    std::size_t i = at_ + 2;
    for (int depth = 1; depth > 0 && i < query_.size();) {
      const std::string_view two = query_.substr(i, 2);
      depth += two == "/*" ? 1 : two == "*/" ? -1 : 0;
      i += two == "/*" || two == "*/" ? 2 : 1;
    }
    return i;
  }
  /// `$tag$ … $tag$`; a `$1` is left alone.
  [[nodiscard]] std::size_t end_of_dollar_quote() const {
    std::size_t end = at_ + 1;
    if (end < query_.size() && !is_name_start(query_[end]) && query_[end] != '$') return at_ + 1;
    while (end < query_.size() && is_name_char(query_[end])) ++end;
    if (end >= query_.size() || query_[end] != '$') return at_ + 1;
    return after(query_.substr(at_, end + 1 - at_), end + 1);
  }

  void placeholder() {
    std::size_t end = at_ + 1;
    while (end < query_.size() && is_name_char(query_[end])) ++end;
    const std::string name(query_.substr(at_ + 1, end - at_ - 1));
    auto known = std::find(out_.names.begin(), out_.names.end(), name);
    if (known == out_.names.end()) known = out_.names.insert(known, name);
    out_.query += '$' + std::to_string(known - out_.names.begin() + 1);
    at_ = end;
  }

  std::string_view query_;
  std::size_t at_ = 0;
  Numbered out_;
};

}  // namespace

Numbered number_placeholders(std::string_view query) {
  return Scanner(query).take();
}

}  // namespace baton::task
