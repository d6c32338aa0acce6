// Frames: a RunPicture as lines of a terminal, by its size. Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/display/run_picture.h"
#include "cli/display/tree_layout.h"
#include "cli/text/style.h"

namespace baton::display {

/// Runs of more task instances are shown as totals, what runs and what failed.
inline constexpr std::size_t kTreeInstancesMax = 30;

struct FrameOptions {
  text::Style style;
  std::size_t columns = 80, rows = 24;
  WallUs now = 0;
  std::optional<DurationUs> left_us;  ///< the estimate
  bool at_end = false;                ///< the last frame: it stays on the screen
};

/// No line is wider than the terminal, no frame higher. `tree` is tree_layout() of the picture's DAG; empty: totals.
std::vector<std::string> frame_of(const RunPicture& picture, const std::vector<TreeRow>& tree, const FrameOptions& options);

/// Whether the run is small enough for a tree on a terminal of so many rows.
bool fits_tree(const RunPicture& picture, std::size_t rows);

/// `filled` of `cells` as a bar; parts of a cell where there is Unicode.
std::string bar_of(double part, std::size_t cells, const text::Style& style);

/// `3 success, 1 failed`: what is not 0, the ends first.
std::string counts_words(const StateCounts& counts, const text::Style& style);

/// What stands beside a task instance: its reason, what it waits for, its last line.
std::string detail_of(const RunPicture& picture, const Row& row, WallUs now);

}  // namespace baton::display
