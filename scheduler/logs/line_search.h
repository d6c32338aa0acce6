// Which lines of a log are asked for: those from a number on, the last ones, or those that a search finds, in one
// direction and in bounded steps. Functions over a log and its index; any thread that holds the index.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "scheduler/logs/line_filter.h"
#include "scheduler/logs/line_index.h"
#include "scheduler/logs/line_scan.h"

namespace baton::logs {

/// A line with its text, which ends inside it where it is longer than may be given.
struct GivenLine {
  std::int64_t number = 1, end = 0;
  std::string text;
  bool is_whole = true;
  std::int64_t cut_bytes = 0;
};

inline constexpr std::size_t kGivenTextMax = 64 << 10;   ///< bytes of one line
inline constexpr std::size_t kGivenBytesMax = 1 << 20;   ///< of all lines of one answer, but for the last of them
inline constexpr std::size_t kSearchedTextMax = 8 << 20;  ///< bytes of one line that a search sees

/// From line `from` on, at most `most`; fewer at the end, or where they are long: ask for what follows the last.
/// `has_ended`: what lacks its newline is a line too (once the index has come to the end). Where `goes_on` says no, the
/// line that is being read is the last.
Result<std::vector<GivenLine>> lines_from(const LogFile& log, const LineIndex& index, std::int64_t from,
                                          std::size_t most, bool has_ended, const GoesOn& goes_on);
/// The last ones, by the bytes of the log alone: their numbers are 0. For a log that is not indexed to its end yet.
Result<std::vector<GivenLine>> last_lines(const LogFile& log, std::size_t most, bool has_ended,
                                          const GoesOn& goes_on);

struct LineSearch {
  LineFilter filter;
  std::int64_t from = 1;     ///< the first line that is looked at
  bool backwards = false;    ///< from there towards the first line
  std::size_t most = 1'000;  ///< that are told; the search ends with the last of them. 0: all are counted, none told
  bool has_ended = false;
  bool is_indexed = true;    ///< up to the end of the log; else what was found ends where the index does
};
struct LinesFound {
  std::vector<std::int64_t> lines;  ///< in the direction of the search
  std::int64_t count = 0;           ///< of those that were found, told or not
  std::int64_t next = 0;            ///< the line to go on from; 0: all was looked at
};
/// Until enough was found, or `goes_on` says no; then `next` says where to go on.
Result<LinesFound> search_lines(const LogFile& log, const LineIndex& index, const LineSearch& search,
                                const GoesOn& goes_on);

}  // namespace baton::logs
