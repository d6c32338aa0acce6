#include "scheduler/logs/line_index.h"

#include <algorithm>
#include <string_view>

namespace baton::logs {
namespace {

constexpr std::size_t kNameBytes = 256;  // of a line, to see whether it begins or ends a group

bool has_prefix(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

/// The name of the group that a line begins; none: it begins none.
std::optional<std::string> group_name(std::string_view line) {
  for (const std::string_view prefix : {"::group::", "##[group]"}) {
    if (!has_prefix(line, prefix)) continue;
    line.remove_prefix(prefix.size());
    while (!line.empty() && line.front() == ' ') line.remove_prefix(1);
    while (!line.empty() && line.back() == ' ') line.remove_suffix(1);
    return line.empty() ? "group" : std::string(line);
  }
  return std::nullopt;
}

bool ends_group(std::string_view line) {
  return has_prefix(line, "::endgroup::") || has_prefix(line, "##[endgroup]");
}

bool is_same(const std::optional<Cut>& one, const std::optional<Cut>& other) {
  if (!one || !other) return !one && !other;
  return one->begin == other->begin && one->end == other->end;
}

std::int64_t begin_of(const std::optional<Cut>& cut) {
  return cut ? cut->begin : INT64_MAX;
}

}  // namespace

LineIndex::LineIndex(std::int64_t stride_bytes, std::size_t marks_max)
    : stride_bytes_(stride_bytes), marks_max_(marks_max), marks_{Mark{}}, scan_(LinePlace{}, kNameBytes) {}

void LineIndex::take(const Line& line) {
  const bool is_marker = line.cut_bytes == 0 && (has_prefix(line.text, "::") || has_prefix(line.text, "##["));
  if (is_marker) {
    std::string kept;
    const std::string_view text = seen_text(line.text, kept);
    if (auto name = group_name(text)) {
      is_in_group_ = groups_.size() < kGroupsMax;
      if (is_in_group_) groups_.push_back({line.number, line.number, std::move(*name)});
    } else if (ends_group(text)) {
      if (is_in_group_) groups_.back().last = line.number;
      is_in_group_ = false;
    }
  }
  if (is_in_group_) groups_.back().last = line.number;
  if (line.end - marks_.back().place.offset < stride_bytes_) return;
  marks_.push_back({{line.number + 1, line.end}, is_in_group_});
  if (marks_.size() > marks_max_) thin();
}

void LineIndex::thin() {
  std::size_t kept = 0;
  for (std::size_t k = 0; k < marks_.size(); k += 2) marks_[kept++] = marks_[k];
  marks_.resize(kept);
  stride_bytes_ *= 2;
}

/// What lies behind that byte is to be read again.
void LineIndex::take_back(std::int64_t offset) {
  while (marks_.size() > 1 && marks_.back().place.offset > offset) marks_.pop_back();
  const Mark& last = marks_.back();
  while (!groups_.empty() && groups_.back().first >= last.place.number) groups_.pop_back();
  if (!groups_.empty()) groups_.back().last = std::min(groups_.back().last, last.place.number - 1);
  is_in_group_ = last.is_in_group;
  scan_ = LineScan(last.place, kNameBytes);
}

Result<bool> LineIndex::grow(const LogFile& log, const GoesOn& goes_on) {
  const Result<std::int64_t> size = log.size();
  if (!size) return size.error();
  if (*size < scan_.seen()) take_back(0);  // it is another one
  const auto heed = [this](const std::optional<Cut>& now) {
    if (is_same(now, cut_)) return false;
    take_back(std::min(begin_of(now), begin_of(cut_)));
    cut_ = now;
    return true;
  };
  heed(log.cut());
  for (;;) {
    const auto step = scan_.step(log, [this](const Line& line) {
      take(line);
      return true;
    });
    if (!step) return step.error();
    const bool is_end = *step == LineScan::Step::end;
    // The mark of a cut stands before its bytes go: what was read before it was seen may be wrong, what follows is not.
    if (!is_end && goes_on()) continue;
    return !heed(log.cut()) && is_end;
  }
}

LinePlace LineIndex::place_before(std::int64_t number) const {
  const auto behind = std::ranges::upper_bound(marks_, number, {}, [](const Mark& one) { return one.place.number; });
  return behind == marks_.begin() ? LinePlace{} : std::prev(behind)->place;
}

std::vector<LineGroup> LineIndex::groups_from(std::int64_t number, std::size_t most) const {
  const auto first = std::ranges::lower_bound(groups_, number, {}, &LineGroup::last);
  const auto count = std::min<std::size_t>(most, static_cast<std::size_t>(groups_.end() - first));
  return {first, first + static_cast<std::ptrdiff_t>(count)};
}

std::shared_ptr<LineIndexes::Kept> LineIndexes::of(const std::string& path) {
  const std::lock_guard guard(mutex_);
  const auto found = std::ranges::find(logs_, path, [](const auto& one) { return one.first; });
  if (found != logs_.end()) {
    logs_.splice(logs_.begin(), logs_, found);
  } else {
    logs_.emplace_front(path, std::make_shared<Kept>());
    if (logs_.size() > logs_max_) logs_.pop_back();
  }
  return logs_.front().second;
}

}  // namespace baton::logs
