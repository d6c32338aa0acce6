// Table: aligned columns for a terminal or a pipe. Cells may hold colours. Pure; any thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "cli/text/style.h"

namespace baton::text {

struct Column {
  std::string title;
  bool right = false;        ///< aligned to the right
  bool shrinks = false;      ///< gives way first where the terminal is narrow
  std::size_t width_min = 4; ///< of a column that shrinks
  int droppable = 0;         ///< left out where not even that is enough, the highest first; 0: never
};

class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  /// A line break in what people have written would begin a row of its own: it becomes a blank.
  void add(std::vector<std::string> cells) {
    for (std::string& cell : cells) std::replace(cell.begin(), cell.end(), '\n', ' ');
    rows_.push_back(std::move(cells));
  }
  [[nodiscard]] bool empty() const { return rows_.empty(); }

  /// Lines with a header, no spaces at their ends, no wider than `width` if that can be had (0: no limit).
  [[nodiscard]] std::string render(const Style& style, std::size_t width, const std::string& indent = "") const;

 private:
  [[nodiscard]] std::vector<std::size_t> natural_widths() const;
  [[nodiscard]] Table fitted(std::size_t room) const;
  [[nodiscard]] std::vector<std::size_t> widths(std::size_t room) const;

  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace baton::text
