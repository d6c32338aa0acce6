// What of tasks' logs is wanted, and how it is shown: the flags of `logs`, and what comes from them. Main thread.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "cli/log_printer.h"
#include "scheduler/engine/reader_views.h"
#include "scheduler/logs/line_filter.h"

namespace baton::cli {

/// What of the lines is wanted, and how they are shown.
struct LogWish {
  logs::LineFilter filter;
  std::int64_t tail = -1;       ///< −1: all
  std::int64_t try_number = 0;  ///< 0: the last one
  bool follow = false, timestamps = false, raw = false;
};

Result<LogWish> log_wish_of(const Arguments& arguments);
LogPrinter::Options options_of(const LogWish& wish, bool names);
bool wants(const LogWish& wish, const logs::Piece& piece);

/// The last lines that pass the filter, kept while a log is read to its end.
class LastLines {
 public:
  explicit LastLines(std::int64_t most) : most_(most) {}
  void add(const logs::Piece& piece) {
    kept_.push_back({std::string(piece.text), piece});
    if (static_cast<std::int64_t>(kept_.size()) > most_) kept_.pop_front();
  }
  template <typename Each>
  void for_each(Each each) {
    for (Kept& one : kept_) {
      one.piece.text = one.text;
      each(one.piece);
    }
  }

 private:
  struct Kept {
    std::string text;
    logs::Piece piece;
  };
  std::int64_t most_;
  std::deque<Kept> kept_;
};

/// Tasks in the order in which they began, the instances of each by their index.
void order_by_start(std::vector<InstanceView>& views);
/// No log of the try that was asked for, or of anything.
int say_no_log(const Invocation& call, const std::vector<InstanceView>& views, const LogWish& wish);

}  // namespace baton::cli
