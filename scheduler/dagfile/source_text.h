// SourceText: the bytes of one DAG file, and where a byte stands (line, column in code points). Immutable; the node
// tree and the diagnostics point into it by byte offset. One loading thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace baton::dagfile {

/// Half-open range of byte offsets in a SourceText.
struct Span {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
};

/// A place as people count: 1-based, columns in code points.
struct Place {
  std::uint32_t line = 1;
  std::uint32_t column = 1;
};

class SourceText {
 public:
  SourceText() = default;
  SourceText(std::string name, std::string text);

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] std::string_view text() const { return text_; }
  /// Fast in lines of any length.
  [[nodiscard]] Place place(std::uint32_t offset) const;
  [[nodiscard]] std::uint32_t line_of(std::uint32_t offset) const;
  /// A line without its end; empty when there is no such line.
  [[nodiscard]] std::string_view line(std::uint32_t line_number) const;
  [[nodiscard]] std::uint32_t line_begin(std::uint32_t line_number) const;
  /// Gives the bytes away; nothing may point into this afterwards.
  std::string release() { return std::move(text_); }
  [[nodiscard]] std::uint32_t line_count() const { return static_cast<std::uint32_t>(line_starts_.size()); }

 private:
  std::string name_;
  std::string text_;
  std::vector<std::uint32_t> line_starts_;
  /// For each block of the text: bytes before it that continue a code point. Made when first asked for.
  mutable std::vector<std::uint32_t> continuations_;

  [[nodiscard]] std::uint32_t continuations_before(std::uint32_t offset) const;
};

}  // namespace baton::dagfile
