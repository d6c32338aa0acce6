// LineFilter: which lines of a log are wanted. Values; any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "scheduler/model/result.h"

namespace re2 {
class RE2;
}

namespace baton::logs {

class LineFilter {
 public:
  LineFilter();  ///< lets every line through
  ~LineFilter();
  LineFilter(LineFilter&&) noexcept;
  LineFilter& operator=(LineFilter&&) noexcept;

  /// Lines in which the expression (RE2's syntax, linear in time) matches somewhere; invalid where it is none.
  static Result<LineFilter> matching(const std::string& expression);

  struct Taken {
    bool is_expression = false;  ///< else the text itself
    bool heeds_case = false;
  };
  /// Lines that hold the text.
  static Result<LineFilter> holding(const std::string& text, Taken taken);

  [[nodiscard]] bool lets_all_through() const { return expression_ == nullptr; }
  [[nodiscard]] bool wants(std::string_view line) const;

 private:
  std::unique_ptr<re2::RE2> expression_;
};

}  // namespace baton::logs
