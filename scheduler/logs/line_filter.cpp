#include "scheduler/logs/line_filter.h"

#include <re2/re2.h>

namespace baton::logs {

LineFilter::LineFilter() = default;
LineFilter::~LineFilter() = default;
LineFilter::LineFilter(LineFilter&&) noexcept = default;
LineFilter& LineFilter::operator=(LineFilter&&) noexcept = default;

Result<LineFilter> LineFilter::matching(const std::string& expression) {
  return holding(expression, {true, true});
}

Result<LineFilter> LineFilter::holding(const std::string& text, Taken taken) {
  re2::RE2::Options options(re2::RE2::Quiet);
  options.set_literal(!taken.is_expression);
  options.set_case_sensitive(taken.heeds_case);
  LineFilter out;
  out.expression_ = std::make_unique<re2::RE2>(text, options);
  if (!out.expression_->ok()) return Error{out.expression_->error() + "; the syntax is RE2's"};
  return out;
}

bool LineFilter::wants(std::string_view line) const {
  return !expression_ || re2::RE2::PartialMatch(re2::StringPiece(line.data(), line.size()), *expression_);
}

}  // namespace baton::logs
