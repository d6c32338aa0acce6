#include "cli/display/summary.h"

#include <algorithm>

#include "cli/display/frame.h"
#include "cli/display/log_glimpse.h"
#include "cli/text/clock_text.h"
#include "cli/text/display_width.h"
#include "cli/text/reason_text.h"
#include "scheduler/logs/log_place.h"

namespace baton::display {
namespace {

using text::Ink;
using text::Style;

constexpr std::size_t kFailuresShown = 5;
constexpr std::size_t kLinesShown = 8;
constexpr std::size_t kOutputsShown = 8;

std::string fit(const std::string& line, const SummaryOptions& options) {
  return options.columns == 0 ? line : text::clip(line, options.columns - 1, options.style.unicode);
}

std::string headline(const RunPicture& picture, const SummaryOptions& options) {
  const Style& style = options.style;
  const RunRow& run = picture.run();
  const WallUs begin = run.started_at == kNoTime ? run.queued_at : run.started_at;
  const std::string span = begin == kNoTime || run.ended_at == kNoTime ? "" : text::span(run.ended_at - begin);
  std::string out;
  if (run.state == RunState::success) {
    out = style.paint(Ink::bold_green,
                      std::string(text::sign_of(run.state, style.unicode)) + " " + run.dag_id + " succeeded");
    if (!span.empty()) out += " in " + span;
  } else if (run.state == RunState::failed) {
    out = style.paint(Ink::bold_red,
                      std::string(text::sign_of(run.state, style.unicode)) + " " + run.dag_id +
                          (options.interrupted || run.reason == Reason::stopped ? " was stopped" : " failed"));
    if (!span.empty()) out += " after " + span;
  } else {
    out = style.paint(Ink::bold, "  " + run.dag_id + " is " + std::string(to_string(run.state)));
  }
  const std::string counts = counts_words(picture.counts(), style);
  if (!counts.empty()) out += std::string(style.dot()) + counts;
  return out + "\n";
}

std::string quoted(const std::string& name) {
  return name.find_first_of("[]* ") == std::string::npos ? name : "'" + name + "'";
}

/// How a command names the instance: by its index, which is always unique.
std::string selector_of(const RunPicture& picture, const Row& row) {
  return quoted(text::instance_name(picture.dag().task(row.task_no).id, row.map_index, ""));
}

std::string failure(const RunPicture& picture, const Row& row, const SummaryOptions& options) {
  const Style& style = options.style;
  const std::string name = text::instance_name(picture.dag().task(row.task_no).id, row.map_index, row.map_key);
  std::string head = "  " + text::painted_sign(style, row.state) + " " + style.paint(Ink::bold, name);
  const std::string detail = detail_of(picture, row, 0);
  if (!detail.empty()) head += "  " + style.paint(Ink::red, detail);
  if (row.started_at != kNoTime && row.ended_at != kNoTime)
    head += std::string(style.dot()) + text::span(row.ended_at - row.started_at);
  std::string out = fit(head, options) + "\n";
  if (row.epoch == 0 || options.state_folder.empty()) return out;
  const std::string bar = style.paint(Ink::dim, style.unicode ? "    │ " : "    | ");
  for (const std::string& line :
       last_lines(logs::log_path(options.state_folder, picture.run().run_no, row.instance_no, row.epoch), kLinesShown)) {
    out += fit(bar + line, options) + "\n";
  }
  return out;
}

std::vector<const Row*> failures_of(const RunPicture& picture) {
  std::vector<const Row*> out;
  for (const auto& [i, row] : picture.rows()) {
    if (row.state == TaskState::failed) out.push_back(&row);
  }
  // What fails the run first, then what was allowed to fail; each in the order of time.
  std::ranges::stable_sort(
      out, {}, [&](const Row* r) { return std::pair(picture.dag().spec(r->task_no).allow_failure, r->ended_at); });
  return out;
}

/// Outputs of the tasks that nothing follows: what the run was for.
std::string outputs(const RunPicture& picture, const SummaryOptions& options) {
  std::vector<const Row*> rows;
  for (const auto& [i, row] : picture.rows()) {
    const bool is_last = picture.dag().downstream.of(row.task_no).empty();
    if (is_last && !row.outputs_json.empty() && row.outputs_json != "{}") rows.push_back(&row);
  }
  std::ranges::stable_sort(rows, {}, [](const Row* r) { return std::pair(r->task_no, r->map_index); });
  std::string out;
  for (std::size_t i = 0; i < rows.size() && i < kOutputsShown; ++i) {
    const Row& row = *rows[i];
    const std::string name = text::instance_name(picture.dag().task(row.task_no).id, row.map_index, row.map_key);
    out += fit("  " + options.style.paint(Ink::dim, name) + "  " + text::printable(row.outputs_json), options) + "\n";
  }
  return out.empty() ? out : "\n" + out;
}

std::string next_lines(const RunPicture& picture, const std::vector<const Row*>& failures,
                       const SummaryOptions& options) {
  struct Step {
    std::string command, what;
  };
  const std::string run = options.run_words;
  std::vector<Step> steps;
  if (picture.run().state == RunState::failed) {
    if (!failures.empty())
      steps.push_back({"baton logs " + run + " " + selector_of(picture, *failures.front()), "all it said"});
    steps.push_back({"baton retry " + run,
                     options.interrupted ? "go on with what was stopped" : "run again what failed, and what follows"});
  } else if (picture.run().state == RunState::success) {
    steps.push_back({"baton logs " + run, "what the tasks said"});
    steps.push_back({"baton explain " + run, "where the time went"});
  } else {
    steps.push_back({"baton resume " + run, "go on"});
  }
  std::size_t width = 0;
  for (Step& step : steps) {
    step.command += options.state_flag;
    width = std::max(width, text::display_width(step.command));
  }
  std::string out;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const std::string lead = i == 0 ? options.style.paint(Ink::dim, "  next  ") : "        ";
    out += fit(lead + text::pad_right(steps[i].command, width) + options.style.paint(Ink::dim, "   " + steps[i].what),
               options) +
           "\n";
  }
  return out;
}

}  // namespace

std::string summary_of(const RunPicture& picture, const SummaryOptions& options) {
  const Style& style = options.style;
  std::string out = headline(picture, options);
  const std::vector<const Row*> failures = failures_of(picture);
  if (picture.run().state != RunState::success && !picture.run().note.empty() && failures.empty()) {
    out += "  " + text::printable(picture.run().note) + "\n";
  }
  for (std::size_t i = 0; i < failures.size() && i < kFailuresShown; ++i) {
    out += "\n" + failure(picture, *failures[i], options);
  }
  const std::int32_t all_failed = picture.count(TaskState::failed);
  if (const auto shown = static_cast<std::int32_t>(std::min(failures.size(), kFailuresShown));
      all_failed > shown && shown > 0) {
    out += style.paint(Ink::dim, "\n  … and " + text::grouped(all_failed - shown) + " more failed\n");
  }
  out += outputs(picture, options);
  out += "\n" + fit(style.paint(Ink::dim, "  run   ") + picture.run().run_id, options) + "\n";
  if (!options.shown_folder.empty()) {
    const std::string logs = options.shown_folder + "/logs/" + std::to_string(picture.run().run_no);
    out += fit(style.paint(Ink::dim, "  logs  ") + logs, options) + "\n";
  }
  return out + next_lines(picture, failures, options);
}

}  // namespace baton::display
