// LineScan: the lines of a log by number, from a place that is known on. Numbers begin with 1; what was cut out of the
// middle counts as one line, and so do the ends of the lines that it goes through. Owned by who reads; one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "scheduler/logs/log_file.h"
#include "scheduler/model/result.h"

namespace baton::logs {

/// A line that begins at this byte.
struct LinePlace {
  std::int64_t number = 1;
  std::int64_t offset = 0;
};

struct Line {
  std::int64_t number = 1;
  std::int64_t begin = 0, end = 0;  ///< its bytes in the log, with its newline
  std::string_view text;            ///< its first bytes, without the newline; valid during the call alone
  bool is_whole = true;             ///< false: there is more of it than the text says
  std::int64_t cut_bytes = 0;       ///< > 0: no text; so many bytes were left out here
};

class LineScan {
 public:
  /// false: enough.
  using Each = std::function<bool(const Line&)>;
  enum class Step : std::uint8_t { more, end, enough };

  /// `text_max`: bytes of a line that are kept and given.
  LineScan(LinePlace from, std::size_t text_max) : next_(from), seen_(from.offset), text_max_(text_max) {}

  /// Looks at one block of the log: a bounded time. After `enough` it is not to be used again.
  Result<Step> step(const LogFile& log, const Each& each);
  /// Gives what lacks its newline, if there is any: for a log that nobody writes to any more.
  void finish(const Each& each);

  /// The first line that has not ended.
  [[nodiscard]] LinePlace next() const { return next_; }
  /// How far the log has been read.
  [[nodiscard]] std::int64_t seen() const { return seen_; }

 private:
  bool take(std::string_view bytes, const Each& each);
  bool give(std::string_view text, std::int64_t end, std::int64_t cut_bytes, const Each& each);

  LinePlace next_;
  std::int64_t seen_;
  std::size_t text_max_;
  std::string rest_;  // of the line that has not ended; no more than text_max_
};

/// What a person sees of a line: without the escapes of a terminal, and of a line that was written over (by carriage
/// returns) what stood there last. `kept` holds the text where it is another one than the line's own.
std::string_view seen_text(std::string_view line, std::string& kept);

}  // namespace baton::logs
