#include "scheduler/insight/line_diff.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

namespace baton::insight {
namespace {

using Lines = std::vector<std::string_view>;

/// With their ends: a last line without one differs from one that has it.
Lines lines_of(std::string_view text) {
  Lines out;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::size_t size = end == std::string_view::npos ? text.size() : end + 1;
    out.push_back(text.substr(0, size));
    text.remove_prefix(size);
  }
  return out;
}

struct Edit {
  char sign = ' ';  ///< ' ' both, '-' before alone, '+' after alone
  std::string_view line;
};
using Edits = std::vector<Edit>;

constexpr std::int64_t kDifferencesMax = 2'000;  // the trace takes its square

/// Furthest x of each diagonal, by the number of differences so far; none: there are too many.
std::optional<std::vector<std::vector<std::int64_t>>> trace_of(const Lines& a, const Lines& b) {
  const auto n = static_cast<std::int64_t>(a.size()), m = static_cast<std::int64_t>(b.size());
  const std::int64_t most = std::min(n + m, kDifferencesMax);
  const auto at = [most](std::int64_t k) { return static_cast<std::size_t>(k + most + 1); };
  std::vector<std::int64_t> furthest(static_cast<std::size_t>(2 * most + 3), 0);
  std::vector<std::vector<std::int64_t>> trace;
  for (std::int64_t d = 0; d <= most; ++d) {
    for (std::int64_t k = -d; k <= d; k += 2) {
      const bool is_insertion = k == -d || (k != d && furthest[at(k - 1)] < furthest[at(k + 1)]);
      std::int64_t x = is_insertion ? furthest[at(k + 1)] : furthest[at(k - 1)] + 1;
      while (x < n && x - k < m && a[static_cast<std::size_t>(x)] == b[static_cast<std::size_t>(x - k)]) ++x;
      furthest[at(k)] = x;
      if (x < n || x - k < m) continue;
      trace.emplace_back(furthest.begin() + static_cast<std::ptrdiff_t>(at(-d)),
                         furthest.begin() + static_cast<std::ptrdiff_t>(at(d)) + 1);
      return trace;
    }
    trace.emplace_back(furthest.begin() + static_cast<std::ptrdiff_t>(at(-d)),
                       furthest.begin() + static_cast<std::ptrdiff_t>(at(d)) + 1);
  }
  return std::nullopt;
}

/// From the end to the beginning, along the diagonals that were furthest.
Edits edits_of(const Lines& a, const Lines& b, const std::vector<std::vector<std::int64_t>>& trace) {
  Edits out;
  auto x = static_cast<std::int64_t>(a.size()), y = static_cast<std::int64_t>(b.size());
  const auto both = [&](std::int64_t to_x, std::int64_t to_y) {
    for (; x > to_x && y > to_y; --x, --y) out.push_back({' ', a[static_cast<std::size_t>(x - 1)]});
  };
  for (auto d = static_cast<std::int64_t>(trace.size()) - 1; d > 0; --d) {
    const std::vector<std::int64_t>& last = trace[static_cast<std::size_t>(d - 1)];  // of diagonals -(d-1) … d-1
    const auto of = [&](std::int64_t k) { return k < -(d - 1) || k > d - 1 ? -1 : last[static_cast<std::size_t>(k + d - 1)]; };
    const std::int64_t k = x - y;
    const bool is_insertion = k == -d || (k != d && of(k - 1) < of(k + 1));
    const std::int64_t from_k = is_insertion ? k + 1 : k - 1, from_x = of(from_k), from_y = from_x - from_k;
    both(is_insertion ? from_x : from_x + 1, is_insertion ? from_y + 1 : from_y);
    if (is_insertion) out.push_back({'+', b[static_cast<std::size_t>(--y)]});
    else out.push_back({'-', a[static_cast<std::size_t>(--x)]});
  }
  both(0, 0);
  std::ranges::reverse(out);
  return out;
}

Edits all_of(const Lines& a, const Lines& b) {
  Edits out;
  for (const std::string_view line : a) out.push_back({'-', line});
  for (const std::string_view line : b) out.push_back({'+', line});
  return out;
}

void add_line(std::string& out, const Edit& edit) {
  out += edit.sign;
  out += edit.line;
  if (!edit.line.ends_with('\n')) out += "\n\\ No newline at end of file\n";
}

/// `@@ -3,7 +3,8 @@`: where a hunk begins, and how many lines of each text it has.
std::string range_of(std::size_t begin, std::size_t count) {
  return std::to_string(count == 0 ? begin : begin + 1) + (count == 1 ? "" : "," + std::to_string(count));
}

}  // namespace

std::string unified_diff(std::string_view before, std::string_view after, std::string_view before_name,
                         std::string_view after_name, std::size_t context) {
  if (before == after) return {};
  Lines a = lines_of(before), b = lines_of(after);
  // What both begin and end with is no part of the search.
  std::size_t head = 0, tail = 0;
  while (head < a.size() && head < b.size() && a[head] == b[head]) ++head;
  while (tail < a.size() - head && tail < b.size() - head && a[a.size() - 1 - tail] == b[b.size() - 1 - tail]) ++tail;
  const Lines from(a.begin() + static_cast<std::ptrdiff_t>(head), a.end() - static_cast<std::ptrdiff_t>(tail));
  const Lines to(b.begin() + static_cast<std::ptrdiff_t>(head), b.end() - static_cast<std::ptrdiff_t>(tail));
  Edits edits;
  for (std::size_t i = 0; i < head; ++i) edits.push_back({' ', a[i]});
  const auto trace = trace_of(from, to);
  const Edits middle = trace ? edits_of(from, to, *trace) : all_of(from, to);
  edits.insert(edits.end(), middle.begin(), middle.end());
  for (std::size_t i = a.size() - tail; i < a.size(); ++i) edits.push_back({' ', a[i]});

  std::string out = "--- " + std::string(before_name) + "\n+++ " + std::string(after_name) + "\n";
  std::size_t in_a = 0, in_b = 0;  // lines before edits[i]
  for (std::size_t i = 0; i < edits.size();) {
    if (edits[i].sign == ' ') {
      ++i, ++in_a, ++in_b;
      continue;
    }
    const std::size_t begin = i - std::min({context, i, in_a, in_b});
    std::size_t end = i, quiet = 0;  // the hunk ends where more than two contexts of equal lines follow
    for (std::size_t j = i; j < edits.size() && quiet <= 2 * context; ++j) {
      quiet = edits[j].sign == ' ' ? quiet + 1 : 0;
      if (quiet == 0) end = j + 1;
    }
    end = std::min(end + context, edits.size());
    std::size_t count_a = 0, count_b = 0;
    std::string body;
    for (std::size_t j = begin; j < end; ++j) {
      count_a += edits[j].sign != '+' ? 1 : 0;
      count_b += edits[j].sign != '-' ? 1 : 0;
      add_line(body, edits[j]);
    }
    const std::size_t back = i - begin;
    out += "@@ -" + range_of(in_a - back, count_a) + " +" + range_of(in_b - back, count_b) + " @@\n" + body;
    for (; i < end; ++i) {
      in_a += edits[i].sign != '+' ? 1 : 0;
      in_b += edits[i].sign != '-' ? 1 : 0;
    }
  }
  return out;
}

}  // namespace baton::insight
