// JsonCursor: reads JSON text from front to back, without a tree in between. Faults are sticky: after one every read
// gives nothing, and the caller asks ok() once at the end. No recursion but the caller's. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace baton::dagfile {

class JsonCursor {
 public:
  explicit JsonCursor(std::string_view text) : text_(text) {}

  [[nodiscard]] bool ok() const { return ok_; }
  /// How much has been read.
  [[nodiscard]] std::size_t offset() const { return at_; }
  void fail() {
    ok_ = false;
    at_ = text_.size();
  }
  /// Nothing but blanks follows.
  [[nodiscard]] bool at_end();

  /// `enter_object(); while (next_member(name)) …one value…`
  void enter_object() { enter('{'); }
  bool next_member(std::string& name);
  /// `enter_array(); while (next_item()) …one value…`
  void enter_array() { enter('['); }
  bool next_item() { return next(']'); }

  std::string text();
  std::int64_t integer();
  bool boolean();
  /// The next value as its text, whatever it is.
  std::string_view raw();

 private:
  void enter(char open);
  bool next(char close);
  void skip_blanks();
  bool take(char c);
  void append_escape(std::string& out);
  unsigned hex4();

  std::string_view text_;
  std::size_t at_ = 0;
  bool ok_ = true;
  bool is_fresh_ = false;  ///< right after { or [: no comma is due
};

}  // namespace baton::dagfile
