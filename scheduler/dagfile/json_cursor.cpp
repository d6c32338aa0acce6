#include "scheduler/dagfile/json_cursor.h"

#include <charconv>

namespace baton::dagfile {
namespace {

void append_utf8(std::string& out, unsigned c) {
  const auto byte = [&](unsigned b) { out += static_cast<char>(b); };
  if (c < 0x80) {
    byte(c);
  } else if (c < 0x800) {
    byte(0xC0U | (c >> 6U));
    byte(0x80U | (c & 0x3FU));
  } else if (c < 0x10000) {
    byte(0xE0U | (c >> 12U));
    byte(0x80U | ((c >> 6U) & 0x3FU));
    byte(0x80U | (c & 0x3FU));
  } else {
    byte(0xF0U | (c >> 18U));
    byte(0x80U | ((c >> 12U) & 0x3FU));
    byte(0x80U | ((c >> 6U) & 0x3FU));
    byte(0x80U | (c & 0x3FU));
  }
}

}  // namespace

void JsonCursor::skip_blanks() {
  while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t' || text_[at_] == '\r'))
    ++at_;
}

bool JsonCursor::take(char c) {
  skip_blanks();
  if (at_ >= text_.size() || text_[at_] != c) return false;
  ++at_;
  return true;
}

bool JsonCursor::at_end() {
  skip_blanks();
  return at_ == text_.size();
}

void JsonCursor::enter(char open) {
  if (!take(open)) fail();
  is_fresh_ = true;
}

bool JsonCursor::next(char close) {
  if (take(close)) {
    is_fresh_ = false;
    return false;
  }
  if (!is_fresh_ && !take(',')) {
    fail();
    return false;
  }
  is_fresh_ = false;
  skip_blanks();
  if (at_ >= text_.size()) fail();
  return ok_;
}

bool JsonCursor::next_member(std::string& name) {
  if (!next('}')) return false;
  name = text();
  if (!take(':')) fail();
  return ok_;
}

unsigned JsonCursor::hex4() {
  unsigned value = 0;
  const char* const begin = text_.data() + at_;
  if (text_.size() - at_ < 4 || std::from_chars(begin, begin + 4, value, 16).ptr != begin + 4) {
    fail();
    return 0;
  }
  at_ += 4;
  return value;
}

void JsonCursor::append_escape(std::string& out) {
  const char c = at_ < text_.size() ? text_[at_++] : '\0';
  switch (c) {
    case '"':
    case '\\':
    case '/':
      out += c;
      return;
    case 'b':
      out += '\b';
      return;
    case 'f':
      out += '\f';
      return;
    case 'n':
      out += '\n';
      return;
    case 'r':
      out += '\r';
      return;
    case 't':
      out += '\t';
      return;
    case 'u':
      break;
    default:
      return fail();
  }
  unsigned point = hex4();
  if (point >= 0xD800 && point < 0xDC00 && text_.substr(at_, 2) == "\\u") {
    at_ += 2;
    const unsigned low = hex4();
    if (low < 0xDC00 || low >= 0xE000) return fail();
    point = 0x10000 + ((point - 0xD800) << 10U) + (low - 0xDC00);
  }
  if (point >= 0xD800 && point < 0xE000) return fail();
  append_utf8(out, point);
}

std::string JsonCursor::text() {
  std::string out;
  if (!take('"')) {
    fail();
    return out;
  }
  while (at_ < text_.size()) {
    const std::size_t stop = text_.find_first_of("\"\\", at_);
    if (stop == std::string_view::npos) break;
    out.append(text_, at_, stop - at_);
    at_ = stop + 1;
    if (text_[stop] == '"') return out;
    append_escape(out);
  }
  fail();
  return out;
}

std::int64_t JsonCursor::integer() {
  skip_blanks();
  std::int64_t value = 0;
  const char* const begin = text_.data() + at_;
  const auto read = std::from_chars(begin, text_.data() + text_.size(), value);
  if (read.ec != std::errc()) {
    fail();
    return 0;
  }
  at_ += static_cast<std::size_t>(read.ptr - begin);
  return value;
}

bool JsonCursor::boolean() {
  const std::string_view word = raw();
  if (word != "true" && word != "false") fail();
  return word == "true";
}

std::string_view JsonCursor::raw() {
  skip_blanks();
  const std::size_t begin = at_;
  int depth = 0;
  bool in_text = false;
  for (; at_ < text_.size(); ++at_) {
    const char c = text_[at_];
    if (in_text) {
      if (c == '\\') ++at_;
      if (c == '"') in_text = false;
    } else if (c == '"') {
      in_text = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      if (depth == 0) break;
      --depth;
    } else if (c == ',' && depth == 0) {
      break;
    }
  }
  if (depth != 0 || in_text || at_ > text_.size()) {
    fail();
    return {};
  }
  std::string_view value = text_.substr(begin, at_ - begin);
  while (!value.empty() && (value.back() == ' ' || value.back() == '\n')) value.remove_suffix(1);
  if (value.empty()) fail();
  return value;
}

}  // namespace baton::dagfile
