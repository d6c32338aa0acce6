#include "scheduler/dagfile/source_text.h"

#include <algorithm>
#include <cstring>

namespace baton::dagfile {
namespace {

constexpr std::uint32_t kBlockBytes = 4096;

std::uint32_t count_continuations(std::string_view text) {
  std::uint32_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0U) == 0x80U ? 1 : 0;
  return count;
}

}  // namespace

SourceText::SourceText(std::string name, std::string text) : name_(std::move(name)), text_(std::move(text)) {
  line_starts_.push_back(0);
  const char* const begin = text_.data();
  const char* const end = begin + text_.size();
  for (const char* at = begin; at < end;) {
    const void* newline = std::memchr(at, '\n', static_cast<std::size_t>(end - at));
    if (newline == nullptr) break;
    at = static_cast<const char*>(newline) + 1;
    line_starts_.push_back(static_cast<std::uint32_t>(at - begin));
  }
}

std::uint32_t SourceText::line_of(std::uint32_t offset) const {
  const auto after = std::upper_bound(line_starts_.begin(), line_starts_.end(), offset);
  return static_cast<std::uint32_t>(after - line_starts_.begin());
}

Place SourceText::place(std::uint32_t offset) const {
  offset = std::min(offset, static_cast<std::uint32_t>(text_.size()));
  const std::uint32_t line = line_of(offset);
  const std::uint32_t begin = line_begin(line);
  return {line, offset - begin - (continuations_before(offset) - continuations_before(begin)) + 1};
}

std::uint32_t SourceText::continuations_before(std::uint32_t offset) const {
  const std::string_view text = text_;
  if (continuations_.empty()) {
    std::uint32_t sum = 0;
    for (std::size_t block = 0; block <= text.size(); block += kBlockBytes) {
      continuations_.push_back(sum);
      sum += count_continuations(text.substr(block, kBlockBytes));
    }
  }
  const std::uint32_t block = offset / kBlockBytes;
  return continuations_[block] + count_continuations(text.substr(block * kBlockBytes, offset % kBlockBytes));
}

std::uint32_t SourceText::line_begin(std::uint32_t line_number) const {
  return line_starts_[std::min<std::size_t>(line_number, line_starts_.size()) - 1];
}

std::string_view SourceText::line(std::uint32_t line_number) const {
  if (line_number == 0 || line_number > line_count()) return {};
  const std::size_t begin = line_starts_[line_number - 1];
  std::size_t end = line_number < line_count() ? line_starts_[line_number] - 1 : text_.size();
  if (end > begin && text_[end - 1] == '\r') --end;
  return std::string_view(text_).substr(begin, end - begin);
}

}  // namespace baton::dagfile
