// Reporter: collects the findings of one file while it is loaded. Bounded: beyond kDiagnosticsMax errors, and as many
// others, it only counts.
// One loading thread.
#pragma once

#include <string>
#include <vector>

#include "scheduler/dagfile/diagnostic.h"
#include "scheduler/dagfile/source_text.h"

namespace baton::dagfile {

inline constexpr std::size_t kDiagnosticsMax = 1000;

class Reporter {
 public:
  explicit Reporter(const SourceText& source) : source_(source) {}
  Reporter(const Reporter&) = delete;
  Reporter& operator=(const Reporter&) = delete;

  void error(Rule rule, Span where, std::string message, std::string hint = {}) {
    add(Severity::error, rule, where, std::move(message), std::move(hint));
  }
  void warning(Rule rule, Span where, std::string message, std::string hint = {}) {
    add(Severity::warning, rule, where, std::move(message), std::move(hint));
  }
  void hint(Rule rule, Span where, std::string message, std::string hint_text = {}) {
    add(Severity::hint, rule, where, std::move(message), std::move(hint_text));
  }
  void note(Rule rule, Span where, std::string message) { add(Severity::note, rule, where, std::move(message), {}); }

  /// A finding of this rule at this place that is not collected: for those who may tell it later.
  [[nodiscard]] Diagnostic finding(Severity severity, Rule rule, Span where) const;

  [[nodiscard]] const SourceText& source() const { return source_; }
  [[nodiscard]] std::size_t error_count() const { return error_count_; }
  /// No further error will be shown: whoever looks for more may stop.
  [[nodiscard]] bool is_full() const { return kept_errors_ >= kDiagnosticsMax; }
  [[nodiscard]] std::size_t count() const { return diagnostics_.size() + dropped_; }
  /// did_you_mean_hint(), or empty once no further error is shown: a file may have a hundred thousand unknown names.
  [[nodiscard]] std::string did_you_mean(std::string_view given, const std::vector<std::string_view>& known) const;
  /// The findings in the order of the file; notes stay behind the finding they belong to.
  std::vector<Diagnostic> take();

 private:
  void add(Severity severity, Rule rule, Span where, std::string message, std::string hint);

  const SourceText& source_;
  std::vector<Diagnostic> diagnostics_;
  std::size_t error_count_ = 0;
  std::size_t kept_errors_ = 0, kept_others_ = 0;
  std::size_t dropped_ = 0;
  bool is_dropping_ = false;  ///< the finding before was dropped, and its notes go with it
};

/// `"text"`, shortened beyond 80 characters: for names in messages.
std::string in_quotes(std::string_view text);
/// `did you mean "x"?`, or empty when nothing is near (Damerau-Levenshtein ≤ 2).
std::string did_you_mean_hint(std::string_view given, const std::vector<std::string_view>& known);

}  // namespace baton::dagfile
