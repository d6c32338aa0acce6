#include "cli/display/live_display.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "cli/display/log_glimpse.h"
#include "cli/display/paced_writer.h"
#include "cli/text/display_width.h"
#include "scheduler/logs/log_place.h"

namespace baton::display {
namespace {

constexpr auto kFirstFrame = std::chrono::milliseconds(60);  // a run that is over by then draws once
constexpr auto kFrame = std::chrono::milliseconds(100);
constexpr DurationUs kGlimpseEvery = 500 * kMillisecond;
constexpr std::size_t kGlimpsesMax = 32;

winsize size_of(int fd) {
  winsize size{};
  if (ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) size = {24, 80, 0, 0};
  return size;
}

}  // namespace

// ---- Canvas -------------------------------------------------------------------------------------------------------

std::string Canvas::to_first_line(std::size_t columns) const {
  std::size_t rows = 0;  // a line wider than the terminal is now has been wrapped
  for (const std::string& line : drawn_) {
    rows += std::max<std::size_t>(1, (text::display_width(line) + columns - 1) / columns);
  }
  return rows == 0 ? "\r" : "\r\x1b[" + std::to_string(rows) + "A";
}

std::string Canvas::redraw(const std::vector<std::string>& lines, std::size_t columns) {
  if (lines == drawn_) return {};
  std::string out = "\x1b[?2026h\x1b[?25l" + to_first_line(columns);
  for (const std::string& line : lines) out += line + "\x1b[K\n";
  out += "\x1b[J\x1b[?25h\x1b[?2026l";
  drawn_ = lines;
  return out;
}

std::string Canvas::insert_above(const std::string& text, std::size_t columns) {
  std::string out = to_first_line(columns) + "\x1b[J" + text;
  drawn_.clear();
  return out;
}

void Canvas::show(const std::string& bytes) const {
  if (!bytes.empty()) write_all(fd_, bytes);
}

// ---- LiveDisplay --------------------------------------------------------------------------------------------------

LiveDisplay::LiveDisplay(LiveOptions options) : options_(std::move(options)), canvas_(options_.fd) {
  thread_ = start_quiet_thread([](void* self) { static_cast<LiveDisplay*>(self)->run(); }, this);
}

LiveDisplay::~LiveDisplay() {
  LiveDisplay::finish();
}

void LiveDisplay::finish() {
  {
    const std::lock_guard lock(mutex_);
    finishing_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void LiveDisplay::noticed(const std::string& text) {
  const std::lock_guard lock(mutex_);
  if (notices_.size() < 100) notices_.push_back(text);
}

void LiveDisplay::run() {
  auto pause = kFirstFrame;
  while (true) {
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, pause, [&] { return finishing_; });
    const bool at_end = finishing_;
    lock.unlock();
    draw(at_end);
    if (at_end) return;
    pause = kFrame;
  }
}

/// Reads what running tasks say, outside the lock of the picture.
void LiveDisplay::refresh_glimpses() {
  if (options_.state_folder.empty() || wall_now() < next_glimpse_at_) return;
  next_glimpse_at_ = wall_now() + kGlimpseEvery;
  struct Wanted {
    InstanceNo instance_no;
    std::string path;
  };
  std::vector<Wanted> wanted;
  read([&](const RunPicture& picture) {
    for (const auto& [i, row] : picture.rows()) {
      if (row.state != TaskState::running || wanted.size() >= kGlimpsesMax) continue;
      wanted.push_back({i, logs::log_path(options_.state_folder, picture.run().run_no, i, row.epoch)});
    }
  });
  for (const Wanted& one : wanted) {
    Glimpse glimpse = glimpse_of(one.path);
    read([&](RunPicture& picture) {
      const Row* row = picture.row(one.instance_no);
      const std::int32_t progress = glimpse.progress < 0 && row != nullptr ? row->progress : glimpse.progress;
      picture.set_glimpse(one.instance_no, std::move(glimpse.last_line), progress);
    });
  }
}

void LiveDisplay::draw(bool at_end) {
  if (!at_end) refresh_glimpses();
  const winsize size = size_of(options_.fd);
  std::vector<std::string> notices;
  {
    const std::lock_guard lock(mutex_);
    notices.swap(notices_);
  }
  std::vector<std::string> lines;
  bool wants_means = false;
  read([&](const RunPicture& picture) {
    FrameOptions frame;
    frame.style = options_.style;
    frame.columns = size.ws_col;
    frame.rows = size.ws_row;
    frame.now = wall_now();
    frame.at_end = at_end;
    if (!std::exchange(knows_tree_, true) && picture.dag().tasks.size() <= kTreeInstancesMax) {
      tree_ = tree_layout(picture.dag(), options_.style.unicode);
    }
    const WallUs begin = picture.run().started_at == kNoTime ? picture.run().queued_at : picture.run().started_at;
    wants_means = !asked_means_ && begin != kNoTime && frame.now - begin > kSecond;
    if (asked_means_) frame.left_us = estimate_left(picture, means_, options_.slots, frame.now);
    static const std::vector<TreeRow> kTotals;
    lines = frame_of(picture, fits_tree(picture, size.ws_row) ? tree_ : kTotals, frame);
  });
  if (wants_means) {
    asked_means_ = true;
    if (options_.means) means_ = options_.means();
  }
  std::string bytes;
  for (const std::string& notice : notices) {
    bytes += canvas_.insert_above(options_.style.paint(text::Ink::yellow, " ! ") + text::printable(notice) + "\n",
                                  size.ws_col);
  }
  bytes += canvas_.redraw(lines, size.ws_col);
  canvas_.show(bytes);
}

}  // namespace baton::display
