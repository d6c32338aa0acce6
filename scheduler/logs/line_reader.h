// LineReader: a log as lines, as it grows. Nothing is added or taken: the texts of all pieces, each with its newline
// where it has one, are the bytes of the log but for what was cut out. Owned by who reads; one thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "scheduler/model/result.h"

namespace baton::logs {

/// A line, a part of one that is very long, or the place of a cut.
struct Piece {
  std::string_view text;          ///< without its newline; valid during the call alone
  std::int64_t end_offset = 0;    ///< in the log, of the byte after it
  bool begins_line = true;        ///< false: it goes on with the line of the piece before
  bool ends_line = true;          ///< false: no newline followed (yet)
  std::int64_t cut_bytes = 0;     ///< > 0: no text; so many bytes were left out here
};

class LineReader {
 public:
  using Each = std::function<void(const Piece&)>;

  /// Lines longer than this come in several pieces, none of which ends inside a UTF-8 character.
  static constexpr std::size_t kLineBytesMax = 8 << 20;

  /// `from`: the offset of the first byte that counts.
  explicit LineReader(std::string path, std::int64_t from = 0, std::size_t line_bytes_max = kLineBytesMax)
      : path_(std::move(path)), offset_(from), line_bytes_max_(line_bytes_max) {}

  /// Gives each line that was completed since the last call. `is_complete`: nobody writes any more, what lacks its
  /// newline is a piece too. A log that is not there yet has no lines. Errors: denied, storage.
  Status read(bool is_complete, const Each& each);

 private:
  void take(std::string_view bytes, const Each& each);
  void give(std::string_view text, bool ends_line, const Each& each);
  void give_rest(const Each& each);
  void give_cut(std::int64_t end, const Each& each);

  std::string path_;
  std::int64_t offset_;     // of what has been read
  std::size_t line_bytes_max_;
  std::string rest_;        // of the line that has not ended
  bool begins_line_ = true;
};

}  // namespace baton::logs
