// LiveDisplay: a run as a picture that a terminal keeps up to date, at most ten times a second. A thread of its own
// draws; the loop thread only changes the picture. The terminal is as it was after finish().
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "cli/display/eta.h"
#include "cli/display/frame.h"
#include "cli/display/watched_run.h"

namespace baton::display {

struct LiveOptions {
  int fd = 2;
  text::Style style;
  std::string state_folder;             ///< where logs lie; empty: last lines are not shown
  std::int32_t slots = 1;
  std::function<Means()> means;         ///< asked once, on the drawing thread
};

/// Lines on a terminal that replace those drawn before. Remembers what it drew to find its first line again, also after
/// the terminal became narrower. One thread.
class Canvas {
 public:
  explicit Canvas(int fd) : fd_(fd) {}
  /// The bytes that turn the last frame into this one; `columns` is the terminal's width now.
  [[nodiscard]] std::string redraw(const std::vector<std::string>& lines, std::size_t columns);
  /// Lines above the frame, which move it down for good.
  [[nodiscard]] std::string insert_above(const std::string& text, std::size_t columns);
  void show(const std::string& bytes) const;

 private:
  [[nodiscard]] std::string to_first_line(std::size_t columns) const;
  int fd_;
  std::vector<std::string> drawn_;
};

class LiveDisplay final : public WatchedRun {
 public:
  explicit LiveDisplay(LiveOptions options);
  ~LiveDisplay() override;

  void finish() override;

 protected:
  void noticed(const std::string& text) override;

 private:
  void run();
  void draw(bool at_end);
  void refresh_glimpses();

  LiveOptions options_;
  Canvas canvas_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool finishing_ = false;
  std::vector<std::string> notices_;
  // The drawing thread's own:
  std::vector<TreeRow> tree_;
  bool knows_tree_ = false;
  bool asked_means_ = false;
  Means means_;
  std::optional<DurationUs> left_us_;
  WallUs next_glimpse_at_ = 0;
  std::thread thread_;
};

}  // namespace baton::display
