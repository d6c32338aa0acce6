#include "cli/display/frame.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "cli/text/clock_text.h"
#include "cli/text/display_width.h"
#include "cli/text/reason_text.h"

namespace baton::display {
namespace {

using text::Ink;
using text::Style;

constexpr std::size_t kMappedRowsMax = 6;  ///< instances of one mapped task that are shown beneath it
constexpr std::size_t kSpanColumns = 6;

/// In the order in which a summary names them.
constexpr std::array<TaskState, kTaskStateCount> kOrder = {
    TaskState::success,           TaskState::failed,   TaskState::upstream_failed,
    TaskState::skipped,           TaskState::running,  TaskState::up_for_retry,
    TaskState::up_for_reschedule, TaskState::deferred, TaskState::queued,
    TaskState::scheduled,         TaskState::none,     TaskState::removed};

std::int32_t at(const StateCounts& counts, TaskState state) {
  return counts[static_cast<std::size_t>(state)];
}

DurationUs span_of(const Row& row, WallUs now) {
  if (row.started_at == kNoTime) return -1;
  if (row.state == TaskState::running) return std::max<DurationUs>(0, now - row.started_at);
  return row.ended_at == kNoTime ? -1 : std::max<DurationUs>(0, row.ended_at - row.started_at);
}

std::string name_of(const RunPicture& picture, const Row& row) {
  return text::instance_name(picture.dag().task(row.task_no).id, row.map_index, row.map_key);
}

std::string percent_of(std::int32_t progress) {
  return std::to_string(progress) + "%";
}

std::string upstream_words(const RunPicture& picture, TaskNo task_no) {
  std::string out;
  int named = 0;
  int open = 0;
  for (const TaskNo u : picture.dag().upstream.of(task_no)) {
    const TaskCounts& counts = picture.of_task(u);
    if (counts.total() > 0 && counts.ended() == counts.total()) continue;
    ++open;
    if (named < 2) {
      out += (named > 0 ? ", " : "") + picture.dag().task(u).id;
      ++named;
    }
  }
  if (open > named) out += " and " + std::to_string(open - named) + " more";
  return out.empty() ? "ready" : "waits for " + out;
}

/// The upstreams that failed, for what cannot run any more.
std::string failed_upstreams(const RunPicture& picture, TaskNo task_no) {
  std::string out;
  int named = 0;
  int failed = 0;
  for (const TaskNo u : picture.dag().upstream.of(task_no)) {
    const StateCounts& counts = picture.of_task(u).by_state;
    if (at(counts, TaskState::failed) + at(counts, TaskState::upstream_failed) == 0) continue;
    if (++failed > 2) continue;
    out += (named++ > 0 ? ", " : "") + picture.dag().task(u).id;
  }
  if (failed > 2) out += " and " + std::to_string(failed - 2) + " more";
  return out.empty() ? "" : "after " + out;
}

/// How the rows of a frame are laid out: sign and name, span, detail.
class RowWriter {
 public:
  RowWriter(const RunPicture& picture, const FrameOptions& options) : picture_(picture), options_(options) {}

  void fit(std::size_t name_columns) { name_columns_ = std::max(name_columns_, name_columns); }
  void limit() { name_columns_ = std::min(name_columns_, std::max<std::size_t>(12, options_.columns / 2)); }

  [[nodiscard]] std::string line(const std::string& lead, TaskState state, const std::string& name, DurationUs span,
                                 const std::string& detail) const {
    const Style& style = options_.style;
    const bool quiet = state == TaskState::none || state == TaskState::removed || state == TaskState::skipped;
    const std::size_t lead_columns = text::display_width(lead);
    const std::size_t room = name_columns_ > lead_columns ? name_columns_ - lead_columns : 4;
    std::string out = " " + style.paint(Ink::dim, lead) + text::painted_sign(style, state) + " ";
    const std::string shown = text::pad_right(text::clip(name, room, style.unicode), room);
    out += quiet ? style.paint(Ink::dim, shown) : shown;
    out += "  " + text::pad_left(span < 0 ? "" : text::span(span), kSpanColumns);
    if (!detail.empty()) out += "  " + style.paint(detail_ink(state), detail);
    while (!out.empty() && out.back() == ' ') out.pop_back();
    return text::clip(out, options_.columns - 1, style.unicode);
  }

  [[nodiscard]] std::string line(const std::string& lead, const Row& row, const std::string& name) const {
    return line(lead, row.state, name, span_of(row, options_.now), detail_of(picture_, row, options_.now));
  }

 private:
  static Ink detail_ink(TaskState state) {
    return state == TaskState::failed ? Ink::red : state == TaskState::up_for_retry ? Ink::yellow : Ink::dim;
  }
  const RunPicture& picture_;
  const FrameOptions& options_;
  std::size_t name_columns_ = 8;
};

/// The state in which a mapped task as a whole is shown.
TaskState overall(const TaskCounts& counts) {
  for (const TaskState state : {TaskState::running, TaskState::up_for_retry, TaskState::queued, TaskState::scheduled,
                                TaskState::up_for_reschedule, TaskState::deferred}) {
    if (at(counts.by_state, state) > 0) return state;
  }
  if (counts.ended() < counts.total()) return counts.ended() > 0 ? TaskState::scheduled : TaskState::none;
  for (const TaskState state :
       {TaskState::failed, TaskState::upstream_failed, TaskState::success, TaskState::skipped}) {
    if (at(counts.by_state, state) > 0) return state;
  }
  return TaskState::none;
}

std::string signs_words(const StateCounts& counts, const Style& style) {
  std::string out;
  for (const TaskState state : kOrder) {
    if (state == TaskState::removed || at(counts, state) == 0) continue;
    if (!out.empty()) out += "  ";
    out += style.paint(text::ink_of(state),
                       std::string(text::sign_of(state, style.unicode)) + " " + text::grouped(at(counts, state)));
  }
  return out;
}

class TreeFrame {
 public:
  TreeFrame(const RunPicture& picture, const std::vector<TreeRow>& tree, const FrameOptions& options)
      : picture_(picture), tree_(tree), options_(options), writer_(picture, options) {
    for (const auto& [i, row] : picture_.rows()) of_task(row.task_no).push_back(&row);
  }

  std::vector<std::string> run() {
    for (const TreeRow& row : tree_) measure(row);
    writer_.limit();
    std::vector<std::string> out;
    for (const TreeRow& row : tree_) write(row, out);
    return out;
  }

 private:
  std::vector<const Row*>& of_task(TaskNo t) {
    rows_.resize(picture_.dag().tasks.size());
    return rows_[static_cast<std::size_t>(t)];
  }
  [[nodiscard]] bool is_mapped(TaskNo t) const { return picture_.dag().spec(t).mapping->kind != Mapping::Kind::none; }
  /// Hooks that are not due, and tasks that --task left out, are not shown.
  bool is_shown(TaskNo t) {
    const auto& rows = of_task(t);
    if (rows.empty()) return picture_.dag().task(t).hook == Hook::none;
    if (rows.front()->state == TaskState::removed) return false;
    const bool hook = picture_.dag().task(t).hook != Hook::none;
    return !hook || (rows.front()->state != TaskState::none && rows.front()->state != TaskState::skipped);
  }
  bool is_expanded(TaskNo t) {
    return is_mapped(t) && !of_task(t).empty() && of_task(t).front()->map_index >= 0 &&
           (of_task(t).size() > 1 || of_task(t).front()->state != TaskState::none);
  }

  void measure(const TreeRow& row) {
    if (!is_shown(row.task_no)) return;
    writer_.fit(text::display_width(row.lead) + text::display_width(picture_.dag().task(row.task_no).id));
    if (!is_expanded(row.task_no)) return;
    for (const Row* child : of_task(row.task_no)) {
      writer_.fit(text::display_width(row.below) + 2 + text::display_width(label(*child)));
    }
  }
  static std::string label(const Row& row) { return text::instance_name("", row.map_index, row.map_key); }

  void write(const TreeRow& tree, std::vector<std::string>& out) {
    if (!is_shown(tree.task_no)) return;
    const std::string& id = picture_.dag().task(tree.task_no).id;
    const auto& rows = of_task(tree.task_no);
    if (rows.empty()) {
      out.push_back(writer_.line(tree.lead, TaskState::none, id, -1, upstream_words(picture_, tree.task_no)));
      return;
    }
    if (!is_expanded(tree.task_no)) {
      out.push_back(writer_.line(tree.lead, *rows.front(), id));
      return;
    }
    const TaskCounts& counts = picture_.of_task(tree.task_no);
    out.push_back(writer_.line(tree.lead, overall(counts), id, whole_span(rows),
                               signs_words(counts.by_state, Style{false, options_.style.unicode})));
    write_children(tree, rows, out);
  }

  [[nodiscard]] DurationUs whole_span(const std::vector<const Row*>& rows) const {
    WallUs begin = kNoTime;
    WallUs end = kNoTime;
    for (const Row* row : rows) {
      if (row->started_at == kNoTime) continue;
      begin = begin == kNoTime ? row->started_at : std::min(begin, row->started_at);
      end = std::max(end, row->state == TaskState::running || row->ended_at == kNoTime ? options_.now : row->ended_at);
    }
    return begin == kNoTime ? -1 : std::max<DurationUs>(0, end - begin);
  }

  /// What runs and what failed first; the rest as far as there is room.
  void write_children(const TreeRow& tree, const std::vector<const Row*>& rows, std::vector<std::string>& out) const {
    std::vector<const Row*> shown = rows;
    if (shown.size() > kMappedRowsMax) {
      std::ranges::stable_sort(shown, {}, [](const Row* r) { return rank(r->state); });
      shown.resize(kMappedRowsMax - 1);
      std::ranges::sort(shown, {}, [](const Row* r) { return r->instance_no; });
    }
    for (const Row* row : shown) out.push_back(writer_.line(tree.below + "  ", *row, label(*row)));
    if (shown.size() < rows.size()) {
      out.push_back(options_.style.paint(
          Ink::dim, " " + tree.below + "    … " + std::to_string(rows.size() - shown.size()) + " more"));
    }
  }
  static int rank(TaskState state) {
    if (state == TaskState::failed) return 0;
    if (is_live(state)) return 1;
    if (state == TaskState::up_for_retry) return 2;
    return is_final(state) ? 4 : 3;
  }

  const RunPicture& picture_;
  const std::vector<TreeRow>& tree_;
  const FrameOptions& options_;
  RowWriter writer_;
  std::vector<std::vector<const Row*>> rows_;
};

std::string headline(const RunPicture& picture, const FrameOptions& options) {
  const Style& style = options.style;
  const RunRow& run = picture.run();
  const std::string left =
      " " + style.paint(Ink::bold, run.dag_id) + style.paint(Ink::dim, std::string(style.dot()) + run.run_id);
  return text::clip(left, options.columns - 1, style.unicode);
}

/// ` ████████░░░░  12/40 · 3 running · 12s · about 8s left`
std::string bottom_line(const RunPicture& picture, const FrameOptions& options) {
  const Style& style = options.style;
  const std::int32_t total = picture.total();
  const std::int32_t ended = picture.ended();
  std::string words = text::grouped(ended) + "/" + text::grouped(total);
  if (const std::int32_t failed = picture.count(TaskState::failed); failed > 0) {
    words += std::string(style.dot()) + style.paint(Ink::red, text::grouped(failed) + " failed");
  }
  if (const std::int32_t running = picture.count(TaskState::running); running > 0) {
    words += std::string(style.dot()) + style.paint(Ink::cyan, text::grouped(running) + " running");
  }
  const WallUs begin = picture.run().started_at != kNoTime ? picture.run().started_at : picture.run().queued_at;
  if (begin != kNoTime) words += std::string(style.dot()) + text::span(std::max<DurationUs>(0, options.now - begin));
  if (options.left_us && ended < total)
    words += std::string(style.dot()) + "about " + text::span(*options.left_us) + " left";
  const std::size_t taken = text::display_width(words) + 4;
  const std::size_t cells = options.columns > taken ? std::min<std::size_t>(40, options.columns - taken) : 0;
  std::string line = " ";
  if (cells >= 8) {
    const double part = total == 0 ? 0 : static_cast<double>(ended) / total;
    line +=
        style.paint(picture.count(TaskState::failed) > 0 ? Ink::red : Ink::green, bar_of(part, cells, style)) + "  ";
  }
  return text::clip(line + words, options.columns - 1, style.unicode);
}

/// Rows of one kind with a title, at most `rows_max` with it.
void append_section(const RunPicture& picture, const FrameOptions& options, const std::string& title,
                    const std::vector<const Row*>& rows, std::size_t rows_max, std::vector<std::string>& out) {
  if (rows.empty() || rows_max < 3) return;
  RowWriter writer(picture, options);
  const std::size_t shown = std::min(rows.size(), rows.size() > rows_max - 2 ? rows_max - 3 : rows.size());
  for (std::size_t i = 0; i < shown; ++i) writer.fit(text::display_width(name_of(picture, *rows[i])));
  writer.limit();
  out.emplace_back();
  out.push_back(" " + options.style.paint(Ink::bold, title));
  for (std::size_t i = 0; i < shown; ++i) out.push_back(writer.line("", *rows[i], name_of(picture, *rows[i])));
  if (shown < rows.size()) {
    out.push_back(options.style.paint(
        Ink::dim, "   … " + text::grouped(static_cast<std::int64_t>(rows.size() - shown)) + " more"));
  }
}

std::vector<std::string> totals_frame(const RunPicture& picture, const FrameOptions& options) {
  std::vector<const Row*> live;
  std::vector<const Row*> failed;
  for (const auto& [i, row] : picture.rows()) {
    if (row.state == TaskState::running || row.state == TaskState::up_for_retry) live.push_back(&row);
    if (row.state == TaskState::failed) failed.push_back(&row);
  }
  std::ranges::stable_sort(live, {}, [](const Row* r) { return r->started_at; });
  std::ranges::stable_sort(failed, std::greater<>(), [](const Row* r) { return r->ended_at; });
  std::vector<std::string> out;
  out.push_back(
      text::clip(" " + signs_words(picture.counts(), options.style), options.columns - 1, options.style.unicode));
  const std::size_t room = options.rows > 8 ? options.rows - 6 : 0;
  const std::size_t failed_room = std::min<std::size_t>(room / 2, failed.empty() ? 0 : failed.size() + 2);
  if (!options.at_end)
    append_section(picture, options, "running", live, std::min<std::size_t>(room - failed_room, 14), out);
  append_section(picture, options, "failed", failed, std::min<std::size_t>(failed_room, 12), out);
  return out;
}

}  // namespace

std::string bar_of(double part, std::size_t cells, const Style& style) {
  part = std::clamp(part, 0.0, 1.0);
  if (!style.unicode) {
    const auto filled = static_cast<std::size_t>(part * static_cast<double>(cells));
    return std::string(filled, '#') + std::string(cells - filled, '.');
  }
  constexpr std::array<std::string_view, 8> kParts = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const auto eighths = static_cast<std::size_t>(std::floor(part * static_cast<double>(cells) * 8));
  std::string out;
  for (std::size_t i = 0; i < eighths / 8; ++i) out += "█";
  std::size_t used = eighths / 8;
  if (eighths % 8 > 0) {
    out += kParts.at(eighths % 8);
    ++used;
  }
  for (; used < cells; ++used) out += "░";
  return out;
}

std::string counts_words(const StateCounts& counts, const Style& style) {
  std::string out;
  for (const TaskState state : kOrder) {
    if (state == TaskState::removed || at(counts, state) == 0) continue;
    if (!out.empty()) out += ", ";
    out += style.paint(text::ink_of(state), text::grouped(at(counts, state)) + " " + std::string(to_string(state)));
  }
  return out;
}

std::string detail_of(const RunPicture& picture, const Row& row, WallUs now) {
  const std::int32_t tries = 1 + picture.dag().spec(row.task_no).retries->max;
  std::string try_words;
  if (row.try_number > 1 || (row.try_number == 1 && tries > 1 && row.state != TaskState::success)) {
    try_words = "try " + std::to_string(row.try_number);
    if (row.try_number <= tries) try_words += " of " + std::to_string(tries);
  }
  const auto join = [](std::string a, const std::string& b) {
    if (!a.empty() && !b.empty()) a += ", ";
    return a + b;
  };
  std::string reason = text::reason_words(row.reason, row.exit_code, row.signal);
  switch (row.state) {
    case TaskState::none: return upstream_words(picture, row.task_no);
    case TaskState::scheduled:
      if (row.wait == Wait::ended || row.wait == Wait::upstream) return "waits for a free slot";
      return "waits for " + std::string(text::wait_words(row.wait));
    case TaskState::queued: return "starting";
    case TaskState::running: {
      std::string out = row.progress >= 0 ? percent_of(row.progress) : "";
      if (row.try_number > 1) out = join(out, try_words);
      if (!row.last_line.empty()) out += (out.empty() ? "" : "  ") + row.last_line;
      return out;
    }
    case TaskState::up_for_retry: {
      std::string out = join(reason, try_words);
      if (row.wake_at != kNoTime && row.wake_at > now) out = join(out, "again in " + text::span(row.wake_at - now));
      return out;
    }
    case TaskState::up_for_reschedule:
      return row.wake_at != kNoTime && row.wake_at > now ? "looks again in " + text::span(row.wake_at - now) : "waits";
    case TaskState::success: return join(reason, try_words);
    case TaskState::failed:
      return join(join(reason, try_words), row.reason == Reason::exit_code ? "" : text::printable(row.note));
    case TaskState::upstream_failed: {
      if (row.reason == Reason::expression) return join(reason, text::printable(row.note));  // it could not expand
      std::string out = failed_upstreams(picture, row.task_no);
      return out.empty() ? reason : out;
    }
    case TaskState::skipped:
    case TaskState::deferred:
    case TaskState::removed: return reason;
  }
  return "";
}

bool fits_tree(const RunPicture& picture, std::size_t rows) {
  return picture.instances() <= kTreeInstancesMax && picture.dag().tasks.size() + 5 <= rows;
}

std::vector<std::string> frame_of(const RunPicture& picture, const std::vector<TreeRow>& tree,
                                  const FrameOptions& options) {
  std::vector<std::string> out;
  out.push_back(headline(picture, options));
  out.emplace_back();
  std::vector<std::string> body;
  if (!tree.empty()) body = TreeFrame(picture, tree, options).run();
  if (tree.empty() || (!options.at_end && body.size() + 5 > options.rows)) body = totals_frame(picture, options);
  for (std::string& line : body) out.push_back(std::move(line));
  if (!options.at_end) {
    out.emplace_back();
    out.push_back(bottom_line(picture, options));
  }
  return out;
}

}  // namespace baton::display
