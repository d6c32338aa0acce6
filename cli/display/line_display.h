// LineDisplay: a run as lines, one for each change that says something, for pipes and files; and the same as JSON lines.
#pragma once

#include <string>

#include "cli/display/paced_writer.h"
#include "cli/display/watched_run.h"
#include "cli/text/style.h"

namespace baton::display {

/// `12:00:01.123  load[3]  failed  0.4s  exit code 1`. Waiting states have no line: they change too often.
class LineDisplay final : public WatchedRun {
 public:
  LineDisplay(int fd, text::Style style) : style_(style), writer_(fd, false) {}
  void finish() override { writer_.close(); }

 protected:
  void began(const RunPicture& picture) override;
  void changed(const RunPicture& picture, const Row& row) override;
  void noticed(const std::string& text) override;

 private:
  text::Style style_;
  PacedWriter writer_;
  std::size_t name_columns_ = 12;
};

/// One object a change: {"at", "task_id", "map_index", "state", "state_reason", "try_number", "duration"}; loses none.
class JsonLineDisplay final : public WatchedRun {
 public:
  explicit JsonLineDisplay(int fd) : writer_(fd, true) {}
  void finish() override { writer_.close(); }

 protected:
  void changed(const RunPicture& picture, const Row& row) override;

 private:
  PacedWriter writer_;
};

/// Says nothing but notices, on `fd`.
class QuietDisplay final : public WatchedRun {
 public:
  explicit QuietDisplay(int fd) : fd_(fd) {}

 protected:
  void noticed(const std::string& text) override;

 private:
  int fd_;
};

/// One line of LineDisplay, without its newline; `at` is when it happened.
std::string change_line(const RunPicture& picture, const Row& row, WallUs at, std::size_t name_columns, const text::Style& style);

}  // namespace baton::display
