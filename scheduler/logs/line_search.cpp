#include "scheduler/logs/line_search.h"

#include <algorithm>

namespace baton::logs {
namespace {

/// One behind the last line that is numbered. What the log got since is told the next time.
std::int64_t end_of(const LineIndex& index, bool has_ended) {
  return index.end().number + (has_ended && index.has_open_line() ? 1 : 0);
}

/// Reads from a place on: every line that has ended by now, or that ends with the log.
Status read_on(const LogFile& log, LineScan& scan, bool has_ended, const GoesOn& goes_on, const LineScan::Each& each) {
  for (;;) {
    const auto step = scan.step(log, each);
    if (!step) return step.error();
    if (*step == LineScan::Step::enough) return Unit{};
    if (*step == LineScan::Step::end) {
      if (has_ended) scan.finish(each);
      return Unit{};
    }
    if (!goes_on()) return Unit{};
  }
}

GivenLine given(const Line& line, std::int64_t number) {
  return {number, line.end, std::string(line.text), line.is_whole, line.cut_bytes};
}

bool finds(const LineFilter& filter, const Line& line, std::string& kept) {
  return line.cut_bytes == 0 && filter.wants(seen_text(line.text, kept));
}

Result<LinesFound> search_forward(const LogFile& log, const LineIndex& index, const LineSearch& search,
                                  const GoesOn& goes_on) {
  LinesFound found;
  std::string kept;
  const std::int64_t end = end_of(index, search.has_ended);
  std::int64_t next = search.from;
  if (next < end) {
    LineScan scan(index.place_before(next), kSearchedTextMax);
    const LineScan::Each look = [&](const Line& line) {
      if (line.number >= end) return false;
      if (line.number < search.from) return true;
      next = line.number + 1;
      if (!finds(search.filter, line, kept)) return true;
      ++found.count;
      if (search.most > 0) found.lines.push_back(line.number);
      return search.most == 0 || found.lines.size() < search.most;
    };
    const auto goes = [&] { return scan.next().number < search.from || goes_on(); };
    if (Status read = read_on(log, scan, search.has_ended, goes, look); !read) return read.error();
    if (next == search.from) scan.finish(look);  // its first line is so long that its end was not reached
  }
  found.next = next < end || !search.is_indexed ? next : 0;
  return found;
}

/// From one place of the index to the one before it, each forwards.
Result<LinesFound> search_backwards(const LogFile& log, const LineIndex& index, const LineSearch& search,
                                    const GoesOn& goes_on) {
  LinesFound found;
  std::string kept;
  const std::int64_t last = end_of(index, search.has_ended) - 1;
  found.next = search.from;
  if (search.from > last && !search.is_indexed) return found;
  found.next = std::min(search.from, last);
  while (found.next > 0) {
    const LinePlace begin = index.place_before(found.next);
    std::vector<std::int64_t> here;
    LineScan scan(begin, kSearchedTextMax);
    const LineScan::Each look = [&](const Line& line) {
      if (line.number > found.next) return false;
      if (finds(search.filter, line, kept)) here.push_back(line.number);
      return line.number < found.next;
    };
    // After a line that is longer than what is looked at, there is another place of the index.
    const auto goes = [&] { return scan.seen() - scan.next().offset < static_cast<std::int64_t>(kSearchedTextMax); };
    if (Status read = read_on(log, scan, search.has_ended, goes, look); !read) return read.error();
    if (scan.next().number <= found.next) scan.finish(look);
    std::ranges::reverse(here);
    found.next = begin.number - 1;
    for (const std::int64_t line : here) {
      ++found.count;
      if (search.most == 0) continue;
      found.lines.push_back(line);
      if (found.lines.size() < search.most) continue;
      found.next = line - 1;
      return found;
    }
    if (!goes_on()) break;
  }
  return found;
}

}  // namespace

Result<std::vector<GivenLine>> lines_from(const LogFile& log, const LineIndex& index, std::int64_t from,
                                          std::size_t most, bool has_ended, const GoesOn& goes_on) {
  std::vector<GivenLine> out;
  std::size_t bytes = 0;
  const std::int64_t end = end_of(index, has_ended);
  if (most == 0 || from >= end) return out;
  LineScan scan(index.place_before(from), kGivenTextMax);
  const LineScan::Each take = [&](const Line& line) {
    if (line.number >= end) return false;
    if (line.number < from) return true;
    out.push_back(given(line, line.number));
    bytes += line.text.size();
    return out.size() < most && bytes < kGivenBytesMax && line.number + 1 < end;
  };
  const auto goes = [&] { return scan.next().number < from || goes_on(); };
  if (Status read = read_on(log, scan, has_ended, goes, take); !read) return read.error();
  if (out.empty()) scan.finish(take);  // it is so long that its end was not reached
  return out;
}

Result<std::vector<GivenLine>> last_lines(const LogFile& log, std::size_t most, bool has_ended,
                                          const GoesOn& goes_on) {
  std::vector<GivenLine> out;
  const Result<std::int64_t> begin = tail_begin(log, static_cast<std::int64_t>(most));
  if (!begin) return begin.error();
  LineScan scan({1, *begin}, kGivenTextMax);
  std::size_t bytes = 0;
  const Status read = read_on(log, scan, has_ended, goes_on, [&](const Line& line) {
    out.push_back(given(line, 0));
    bytes += line.text.size();
    return bytes < kGivenBytesMax;
  });
  if (!read) return read.error();
  return out;
}

Result<LinesFound> search_lines(const LogFile& log, const LineIndex& index, const LineSearch& search,
                                const GoesOn& goes_on) {
  return search.backwards ? search_backwards(log, index, search, goes_on)
                          : search_forward(log, index, search, goes_on);
}

}  // namespace baton::logs
