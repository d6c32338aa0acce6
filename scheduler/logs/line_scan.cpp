#include "scheduler/logs/line_scan.h"

#include <algorithm>
#include <optional>

namespace baton::logs {
namespace {

constexpr std::int64_t kScanBytes = 256 << 10;

/// Behind the escape sequence that begins at `at`: CSI with its last letter, OSC up to BEL or ST, or two bytes.
std::size_t behind_escape(std::string_view line, std::size_t at) {
  std::size_t k = at + 1;
  if (k >= line.size()) return line.size();
  if (line[k] == '[') {
    for (++k; k < line.size() && (line[k] < '@' || line[k] > '~');) ++k;
    return std::min(k + 1, line.size());
  }
  if (line[k] != ']') return k + 1;
  for (++k; k < line.size(); ++k) {
    if (line[k] == '\a') return k + 1;
    if (line[k] == '\x1b') return std::min(k + 2, line.size());
  }
  return line.size();
}

}  // namespace

bool LineScan::give(std::string_view text, std::int64_t end, std::int64_t cut_bytes, const Each& each) {
  Line line{next_.number, next_.offset, end, text.substr(0, text_max_), true, cut_bytes};
  const std::int64_t bytes = end - next_.offset - cut_bytes;
  line.is_whole = bytes <= static_cast<std::int64_t>(line.text.size()) + 1;
  next_ = {next_.number + 1, end};
  return each(line);
}

bool LineScan::take(std::string_view bytes, const Each& each) {
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    if (end == bytes.npos) {
      seen_ += static_cast<std::int64_t>(bytes.size());
      rest_ += bytes.substr(0, text_max_ - std::min(text_max_, rest_.size()));
      return true;
    }
    seen_ += static_cast<std::int64_t>(end) + 1;
    bool goes_on = true;
    if (rest_.empty()) {
      goes_on = give(bytes.substr(0, end), seen_, 0, each);
    } else {
      rest_ += bytes.substr(0, std::min(end, text_max_ - std::min(text_max_, rest_.size())));
      goes_on = give(rest_, seen_, 0, each);
      rest_.clear();
    }
    if (!goes_on) return false;
    bytes.remove_prefix(end + 1);
  }
  return true;
}

Result<LineScan::Step> LineScan::step(const LogFile& log, const Each& each) {
  const Result<std::string> block = log.read(seen_, kScanBytes);
  if (!block) return block.error();
  if (block->empty()) return Step::end;
  const std::string_view bytes = *block;
  const std::int64_t end = seen_ + static_cast<std::int64_t>(bytes.size());
  const std::optional<Cut> cut = log.cut();
  if (!cut || cut->begin >= end || cut->end <= seen_) return take(bytes, each) ? Step::more : Step::enough;
  if (!take(bytes.substr(0, static_cast<std::size_t>(std::max<std::int64_t>(0, cut->begin - seen_))), each)) {
    return Step::enough;
  }
  if (next_.offset < seen_) {
    const bool goes_on = give(rest_, seen_, 0, each);
    rest_.clear();
    if (!goes_on) return Step::enough;
  }
  seen_ = cut->end;
  return give({}, cut->end, cut->end - next_.offset, each) ? Step::more : Step::enough;
}

void LineScan::finish(const Each& each) {
  if (seen_ == next_.offset) return;
  give(rest_, seen_, 0, each);
  rest_.clear();
}

std::string_view seen_text(std::string_view line, std::string& kept) {
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  if (const std::size_t back = line.rfind('\r'); back != line.npos) line.remove_prefix(back + 1);
  std::size_t escape = line.find('\x1b');
  if (escape == line.npos) return line;
  kept.clear();
  while (escape != line.npos) {
    kept += line.substr(0, escape);
    line.remove_prefix(behind_escape(line, escape));
    escape = line.find('\x1b');
  }
  kept += line;
  return kept;
}

}  // namespace baton::logs
