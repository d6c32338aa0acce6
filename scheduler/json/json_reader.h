// JsonReader: reads JSON (RFC 8259) from front to back, strictly, without a tree in between. Faults are sticky: after
// one every read gives nothing, and the caller asks ok() once at the end. No recursion but the caller's. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace baton {

class JsonReader {
 public:
  explicit JsonReader(std::string_view text) : text_(text) {}

  [[nodiscard]] bool ok() const { return message_.empty(); }
  /// What the first fault was, with the byte (1-based) where it is; empty without one.
  [[nodiscard]] const std::string& message() const { return message_; }
  /// How much has been read.
  [[nodiscard]] std::size_t offset() const { return at_; }
  /// The caller's own fault, at what was read last.
  void fail(std::string_view what = "this does not belong here");
  /// Nothing but blanks follows. Anything else is a fault.
  bool at_end();

  enum class Kind : std::uint8_t { none, null, boolean, number, string, array, object };
  /// What the next value begins as; `none` for what begins no value. Reads nothing but blanks.
  Kind peek();

  /// `enter_object(); while (next_member(name)) …one value…`
  void enter_object() { enter('{', "an object"); }
  bool next_member(std::string& name);
  /// `enter_array(); while (next_item()) …one value…`
  void enter_array() { enter('[', "an array"); }
  bool next_item() { return next(']'); }

  /// Valid UTF-8, with its escapes resolved.
  std::string string();
  /// Exact; a fraction, an exponent, or more than 64 bits is a fault.
  std::int64_t integer();
  bool boolean();
  void null() { take_word("null"); }
  /// The next number as it is written.
  std::string_view number();

 private:
  void enter(char open, std::string_view what);
  bool next(char close);
  void skip_blanks();
  bool take(char c);
  bool take_word(std::string_view word);
  void append_escape(std::string& out);
  char32_t hex4();
  void stop(std::string what, std::size_t at);

  std::string_view text_;
  std::size_t at_ = 0;
  std::string message_;
  bool is_fresh_ = false;  ///< right after { or [: no comma is due
};

}  // namespace baton
