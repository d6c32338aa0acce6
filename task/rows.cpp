#include "task/rows.h"

#include <algorithm>
#include <utility>

namespace baton::task {

void Rows::begin(std::vector<std::string> columns) {
  columns_.clear();
  for (std::string& name : columns) {
    const auto is_taken = [&](const std::string& wanted) {
      return std::find(columns_.begin(), columns_.end(), wanted) != columns_.end();
    };
    std::string unique = name;
    for (int n = 2; is_taken(unique); ++n) unique = name + "_" + std::to_string(n);
    columns_.push_back(std::move(unique));
  }
  rows_.clear();
  first_ = {};
  count_ = 0;
}

void Rows::add(ValueList row) {
  if (count_ == 0 && !row.empty()) first_ = row.front();
  ++count_;
  if (!wanted_.has("rows") || count_ > kRowsMax) return;
  ValueMap map;
  map.reserve(row.size());
  for (std::size_t i = 0; i < row.size() && i < columns_.size(); ++i) map.emplace_back(columns_[i], std::move(row[i]));
  rows_.emplace_back(std::move(map));
}

Result<ValueMap> Rows::outputs() const {
  ValueMap out;
  if (wanted_.has("rows")) {
    if (count_ > kRowsMax) {
      return Error{"the query gives " + std::to_string(count_) + " rows; \"rows\" holds at most " +
                   std::to_string(kRowsMax) + ": ask for fewer with LIMIT, or write them into a table"};
    }
    out.emplace_back("rows", rows_);
  }
  if (wanted_.has("row_count")) out.emplace_back("row_count", count_);
  if (wanted_.has("changes")) out.emplace_back("changes", changes_);
  if (wanted_.has("value")) out.emplace_back("value", first_);
  return out;
}

}  // namespace baton::task
