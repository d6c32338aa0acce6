#include "scheduler/json/json_reader.h"

#include <algorithm>

#include "scheduler/model/number.h"
#include "scheduler/model/utf8.h"

namespace baton {
namespace {

bool is_number_char(char c) {
  return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

}  // namespace

void JsonReader::stop(std::string what, std::size_t at) {
  if (message_.empty()) message_ = "no valid JSON at byte " + std::to_string(at + 1) + ": " + std::move(what);
  at_ = text_.size();
}

void JsonReader::fail(std::string_view what) {
  stop(std::string(what), at_ > 0 ? at_ - 1 : 0);
}

void JsonReader::skip_blanks() {
  while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t' || text_[at_] == '\r'))
    ++at_;
}

bool JsonReader::take(char c) {
  skip_blanks();
  if (at_ >= text_.size() || text_[at_] != c) return false;
  ++at_;
  return true;
}

bool JsonReader::take_word(std::string_view word) {
  skip_blanks();
  if (text_.substr(at_, word.size()) != word) {
    stop("a value should stand here", at_);
    return false;
  }
  at_ += word.size();
  return true;
}

bool JsonReader::at_end() {
  skip_blanks();
  if (at_ < text_.size()) stop("something follows after the value", at_);
  return ok();
}

JsonReader::Kind JsonReader::peek() {
  skip_blanks();
  if (at_ >= text_.size()) return Kind::none;
  switch (text_[at_]) {
    case '{': return Kind::object;
    case '[': return Kind::array;
    case '"': return Kind::string;
    case 't':
    case 'f': return Kind::boolean;
    case 'n': return Kind::null;
    default: return is_number_char(text_[at_]) ? Kind::number : Kind::none;
  }
}

void JsonReader::enter(char open, std::string_view what) {
  if (!take(open)) stop(std::string(what) + " should begin here", at_);
  is_fresh_ = true;
}

bool JsonReader::next(char close) {
  if (!ok()) return false;
  const bool is_first = is_fresh_;
  is_fresh_ = false;
  if (take(close)) return false;
  if (!is_first && !take(',')) {
    stop(at_ >= text_.size() ? "the text ends too early" : std::string("a comma or ") + close + " should stand here",
         at_);
    return false;
  }
  skip_blanks();
  if (at_ >= text_.size()) stop("the text ends too early", at_);
  return ok();
}

bool JsonReader::next_member(std::string& name) {
  if (!next('}')) return false;
  name = string();
  if (ok() && !take(':')) stop("a colon should stand here", at_);
  return ok();
}

char32_t JsonReader::hex4() {
  const auto value = read_integer(text_.substr(at_, 4), 16);
  if (text_.size() - at_ < 4 || !value || *value < 0 || text_[at_] == '-') {
    stop("\\u wants four hexadecimal digits", at_);
    return 0;
  }
  at_ += 4;
  return static_cast<char32_t>(*value);
}

void JsonReader::append_escape(std::string& out) {
  static constexpr std::string_view kLetters = "\"\\/bfnrt";
  static constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
  const std::size_t begin = at_ - 1;
  const char c = at_ < text_.size() ? text_[at_++] : '\0';
  if (const std::size_t letter = kLetters.find(c); c != '\0' && letter != std::string_view::npos) {
    out += kMeanings[letter];
    return;
  }
  if (c != 'u') return stop("this is no escape of JSON", begin);
  char32_t point = hex4();
  if (point >= 0xD800 && point < 0xDC00 && text_.substr(at_, 2) == "\\u") {
    at_ += 2;
    const char32_t low = hex4();
    if (low < 0xDC00 || low >= 0xE000) return stop("half of a surrogate pair", begin);
    point = 0x10000 + ((point - 0xD800) << 10U) + (low - 0xDC00);
  }
  if (point >= 0xD800 && point < 0xE000) return stop("half of a surrogate pair", begin);
  append_utf8(out, point);
}

std::string JsonReader::string() {
  std::string out;
  if (!take('"')) {
    stop("a string should stand here", at_);
    return out;
  }
  const std::size_t begin = at_ - 1;
  std::size_t kept = at_;
  while (at_ < text_.size()) {
    const auto c = static_cast<unsigned char>(text_[at_]);
    if (c == '"' || c == '\\') {
      out.append(text_, kept, at_ - kept);
      ++at_;
      if (c == '"') return out;
      append_escape(out);
      kept = at_;
      continue;
    }
    const std::size_t length = c < 0x20 ? 0 : c < 0x80 ? 1 : utf8_length(text_, at_);
    if (length == 0) {
      stop(c < 0x20 ? "a control character in a string is written as an escape" : "the text is not UTF-8", at_);
      return {};
    }
    at_ += length;
  }
  stop("this string does not end", begin);
  return {};
}

std::string_view JsonReader::number() {
  skip_blanks();
  const std::size_t begin = at_;
  while (at_ < text_.size() && is_number_char(text_[at_])) ++at_;
  const std::string_view found = text_.substr(begin, at_ - begin);
  if (!is_json_number(found)) {
    stop(found.empty() ? "a value should stand here" : "\"" + std::string(found.substr(0, 40)) + "\" is no number",
         begin);
    return {};
  }
  return found;
}

std::int64_t JsonReader::integer() {
  const std::string_view found = number();
  if (!ok()) return 0;
  const auto value = read_integer(found);
  if (!value) stop("the number " + std::string(found.substr(0, 40)) + " is no integer of 64 bits", at_ - found.size());
  return value.value_or(0);
}

bool JsonReader::boolean() {
  const bool is_true = peek() == Kind::boolean && text_[at_] == 't';
  take_word(is_true ? "true" : "false");
  return is_true && ok();
}

}  // namespace baton
