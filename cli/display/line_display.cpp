#include "cli/display/line_display.h"

#include <algorithm>
#include <chrono>

#include "cli/display/frame.h"
#include "cli/text/clock_text.h"
#include "cli/text/display_width.h"
#include "cli/text/document_text.h"
#include "cli/text/reason_text.h"

namespace baton::display {
namespace {

constexpr std::size_t kNameColumnsMax = 40;
constexpr std::size_t kStateColumns = 15;  // upstream_failed; up_for_reschedule may stick out

bool is_told(TaskState state) {
  switch (state) {
    case TaskState::none:
    case TaskState::scheduled:
    case TaskState::queued:
    case TaskState::removed: return false;
    case TaskState::running:
    case TaskState::success:
    case TaskState::failed:
    case TaskState::skipped:
    case TaskState::upstream_failed:
    case TaskState::up_for_retry:
    case TaskState::up_for_reschedule:
    case TaskState::deferred: return true;
  }
  return false;
}

std::string task_name(const RunPicture& picture, const Row& row) {
  return text::instance_name(picture.dag().task(row.task_no).id, row.map_index, row.map_key);
}

/// When the change happened, as far as the row says.
WallUs time_of_change(const Row& row) {
  if (is_final(row.state) && row.ended_at != kNoTime) return row.ended_at;
  if (row.state == TaskState::running && row.started_at != kNoTime) return row.started_at;
  return wall_now();
}

}  // namespace

std::string change_line(const RunPicture& picture, const Row& row, WallUs at, std::size_t name_columns,
                        const text::Style& style) {
  std::string out = style.paint(text::Ink::dim, text::local_clock(at)) + "  ";
  out += text::pad_right(text::printable(task_name(picture, row)), name_columns) + "  ";
  const bool has_span = is_final(row.state) && row.started_at != kNoTime && row.ended_at != kNoTime;
  const std::string span = has_span ? text::span(row.ended_at - row.started_at) : "";
  const std::string detail = row.state == TaskState::running
                                 ? (row.try_number > 1 ? "try " + std::to_string(row.try_number) : "")
                                 : detail_of(picture, row, at);
  std::string rest = text::pad_right(text::painted(style, row.state), kStateColumns);
  if (!span.empty() || !detail.empty()) rest += "  " + text::pad_left(span, 6);
  if (!detail.empty()) rest += "  " + detail;
  while (!rest.empty() && rest.back() == ' ') rest.pop_back();
  return out + rest;
}

void LineDisplay::began(const RunPicture& picture) {
  for (const Task& task : picture.dag().tasks) {
    const std::size_t label = task.spec->mapping->kind == Mapping::Kind::none ? 0 : 4;
    name_columns_ = std::max(name_columns_, std::min(kNameColumnsMax, task.id.size() + label));
  }
  writer_.append(style_.paint(text::Ink::bold, picture.run().dag_id) + "  " + picture.run().run_id + "\n");
}

void LineDisplay::changed(const RunPicture& picture, const Row& row) {
  if (!is_told(row.state)) return;
  writer_.append(change_line(picture, row, time_of_change(row), name_columns_, style_) + "\n");
}

void LineDisplay::noticed(const std::string& text) {
  writer_.append(style_.paint(text::Ink::yellow, "note: ") + text::printable(text) + "\n");
}

void JsonLineDisplay::changed(const RunPicture& picture, const Row& row) {
  if (!is_told(row.state)) return;
  text::Object out;
  out.set("at", text::json_time(time_of_change(row)))
      .set("dag_id", picture.run().dag_id)
      .set("dag_run_id", picture.run().run_id)
      .set("task_id", picture.dag().task(row.task_no).id)
      .set("map_index", std::int64_t{row.map_index})
      .set("state", to_string(row.state))
      .set("state_reason", row.reason == Reason::none ? Value() : Value(to_string(row.reason)))
      .set("try_number", std::int64_t{row.try_number});
  if (is_final(row.state) && row.started_at != kNoTime && row.ended_at != kNoTime) {
    out.set("duration", static_cast<double>(std::max<DurationUs>(0, row.ended_at - row.started_at)) / kSecond);
  } else {
    out.set("duration", Value());
  }
  writer_.append(text::json_line(out.take()));
}

void QuietDisplay::noticed(const std::string& text) {
  write_all(fd_, "note: " + text::printable(text) + "\n");
}

}  // namespace baton::display
