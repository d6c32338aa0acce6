#include "cli/text/table.h"

#include <algorithm>

#include "cli/text/display_width.h"

namespace baton::text {
namespace {

constexpr std::size_t kGap = 2;

std::string line_of(const std::vector<std::string>& cells, const std::vector<Column>& columns,
                    const std::vector<std::size_t>& widths, const Style& style, const std::string& indent) {
  std::string line = indent;
  for (std::size_t i = 0; i < cells.size() && i < columns.size(); ++i) {
    if (i > 0) line.append(kGap, ' ');
    const std::string cell = clip(cells[i], widths[i], style.unicode);
    line += columns[i].right ? pad_left(cell, widths[i]) : pad_right(cell, widths[i]);
  }
  while (!line.empty() && line.back() == ' ') line.pop_back();
  line += '\n';
  return line;
}

}  // namespace

std::vector<std::size_t> Table::natural_widths() const {
  std::vector<std::size_t> out(columns_.size());
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    out[i] = display_width(columns_[i].title);
    for (const auto& row : rows_) {
      if (i < row.size()) out[i] = std::max(out[i], display_width(row[i]));
    }
  }
  return out;
}

/// Without the columns that a terminal of `room` has no place for.
Table Table::fitted(std::size_t room) const {
  const std::vector<std::size_t> natural = natural_widths();
  std::vector<bool> kept(columns_.size(), true);
  while (true) {
    std::size_t least = 0;
    std::size_t drop = columns_.size();
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (!kept[i]) continue;
      least +=
          (least > 0 ? kGap : 0) + (columns_[i].shrinks ? std::min(natural[i], columns_[i].width_min) : natural[i]);
      const int best = drop == columns_.size() ? 0 : columns_[drop].droppable;
      if (columns_[i].droppable > best) drop = i;
    }
    if (room == 0 || least <= room || drop == columns_.size()) break;
    kept[drop] = false;
  }
  const auto keep = [&](const auto& from, auto& to) {
    for (std::size_t i = 0; i < from.size() && i < kept.size(); ++i) {
      if (kept[i]) to.push_back(from[i]);
    }
  };
  std::vector<Column> columns;
  keep(columns_, columns);
  Table out(std::move(columns));
  for (const auto& row : rows_) {
    std::vector<std::string> cells;
    keep(row, cells);
    out.add(std::move(cells));
  }
  return out;
}

std::vector<std::size_t> Table::widths(std::size_t room) const {
  std::vector<std::size_t> out = natural_widths();
  if (room == 0) return out;
  std::size_t total = columns_.empty() ? 0 : kGap * (columns_.size() - 1);
  for (const std::size_t w : out) total += w;
  while (total > room) {  // the widest of those that may shrink gives a column, until it fits or none may
    std::size_t widest = columns_.size();
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (!columns_[i].shrinks || out[i] <= columns_[i].width_min) continue;
      if (widest == columns_.size() || out[i] > out[widest]) widest = i;
    }
    if (widest == columns_.size()) break;
    --out[widest];
    --total;
  }
  return out;
}

std::string Table::render(const Style& style, std::size_t width, const std::string& indent) const {
  const std::size_t room = width > indent.size() ? width - indent.size() : width;
  const Table table = fitted(room);
  const std::vector<std::size_t> w = table.widths(room);
  std::string out;
  std::vector<std::string> titles;
  bool has_titles = false;
  for (const Column& column : table.columns_) {
    titles.push_back(style.paint(Ink::dim, column.title));
    has_titles = has_titles || !column.title.empty();
  }
  if (has_titles) out += line_of(titles, table.columns_, w, style, indent);
  for (const auto& row : table.rows_) out += line_of(row, table.columns_, w, style, indent);
  return out;
}

}  // namespace baton::text
