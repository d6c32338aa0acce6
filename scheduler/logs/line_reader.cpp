#include "scheduler/logs/line_reader.h"

#include <algorithm>

#include "scheduler/logs/log_file.h"

namespace baton::logs {
namespace {

constexpr std::int64_t kBlockBytes = 256 << 10;

/// How many bytes at the end of `text` begin a UTF-8 character that is not whole; 0 too where they are no UTF-8.
std::size_t open_character_bytes(std::string_view text) {
  for (std::size_t back = 1; back <= std::min<std::size_t>(3, text.size()); ++back) {
    const auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if ((byte & 0xC0U) == 0x80) continue;
    const std::size_t size = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1;
    return size > back ? back : 0;
  }
  return 0;
}

}  // namespace

void LineReader::give(std::string_view text, bool ends_line, const Each& each) {
  each({text, offset_, begins_line_, ends_line, 0});
  begins_line_ = ends_line;
}

void LineReader::give_rest(const Each& each) {
  if (rest_.empty()) return;
  give(rest_, false, each);
  rest_.clear();
}

void LineReader::give_cut(std::int64_t end, const Each& each) {
  give_rest(each);
  const std::int64_t bytes = end - offset_;
  offset_ = end;
  each({{}, offset_, true, true, bytes});
  begins_line_ = true;
}

void LineReader::take(std::string_view bytes, const Each& each) {
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    if (end == std::string_view::npos) {
      rest_ += bytes;
      offset_ += static_cast<std::int64_t>(bytes.size());
      if (rest_.size() < line_bytes_max_) return;
      const std::size_t open = open_character_bytes(rest_);
      const std::string begun = rest_.substr(rest_.size() - open);
      rest_.resize(rest_.size() - open);
      give_rest(each);
      rest_ = begun;
      return;
    }
    offset_ += static_cast<std::int64_t>(end) + 1;
    if (rest_.empty()) {
      give(bytes.substr(0, end), true, each);
    } else {
      rest_ += bytes.substr(0, end);
      give(rest_, true, each);
      rest_.clear();
    }
    bytes.remove_prefix(end + 1);
  }
}

Status LineReader::read(bool is_complete, const Each& each) {
  const Result<LogFile> log = LogFile::open(path_);
  if (!log && log.error().kind != ErrorKind::not_found) return log.error();
  while (log) {
    const Result<std::string> block = log->read(offset_, kBlockBytes);
    if (!block) return block.error();
    if (block->empty()) break;
    std::string_view bytes = *block;
    const std::int64_t block_end = offset_ + static_cast<std::int64_t>(bytes.size());
    if (const std::optional<Cut> cut = log->cut(); cut && cut->begin < block_end && cut->end > offset_) {
      take(bytes.substr(0, static_cast<std::size_t>(std::max<std::int64_t>(0, cut->begin - offset_))), each);
      give_cut(cut->end, each);
      continue;
    }
    take(bytes, each);
  }
  if (is_complete) give_rest(each);
  return Unit{};
}

}  // namespace baton::logs
