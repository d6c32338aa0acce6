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

std::vector<std::size_t> Table::widths(std::size_t room) const {
  std::vector<std::size_t> out(columns_.size());
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    out[i] = display_width(columns_[i].title);
    for (const auto& row : rows_) {
      if (i < row.size()) out[i] = std::max(out[i], display_width(row[i]));
    }
  }
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
  const std::vector<std::size_t> w = widths(room);
  std::string out;
  std::vector<std::string> titles;
  bool has_titles = false;
  for (const Column& column : columns_) {
    titles.push_back(style.paint(Ink::dim, column.title));
    has_titles = has_titles || !column.title.empty();
  }
  if (has_titles) out += line_of(titles, columns_, w, style, indent);
  for (const auto& row : rows_) out += line_of(row, columns_, w, style, indent);
  return out;
}

}  // namespace baton::text
