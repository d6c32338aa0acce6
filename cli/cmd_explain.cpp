// `explain`: where the time of a run went.
#include <algorithm>

#include "cli/display/frame.h"
#include "cli/handlers.h"
#include "cli/reading.h"
#include "cli/text/clock_text.h"
#include "cli/text/display_width.h"
#include "cli/text/document_text.h"
#include "cli/text/reason_text.h"
#include "cli/text/table.h"
#include "cli/views.h"
#include "scheduler/insight/explain.h"

namespace baton::cli {
namespace {

using insight::Explanation;
using insight::InstanceTimes;
using insight::PathStep;
using insight::WaitSums;
using text::Ink;

constexpr std::size_t kTasksShown = 15;
constexpr std::size_t kStepsShown = 30;
constexpr DurationUs kQueuedShown = 100 * kMillisecond;

/// `running 1.2s, slots 0.3s`: the most first.
std::string sums_words(const WaitSums& sums, std::size_t most) {
  std::vector<std::pair<DurationUs, Wait>> parts;
  for (std::size_t i = 0; i < sums.size(); ++i) {
    if (sums.at(i) >= 100) parts.emplace_back(sums.at(i), static_cast<Wait>(i));
  }
  std::ranges::stable_sort(parts, std::greater<>(), [](const auto& p) { return p.first; });
  std::string out;
  for (std::size_t i = 0; i < parts.size() && i < most; ++i) {
    out += (out.empty() ? "" : ", ") + std::string(to_string(parts[i].second)) + " " + text::span(parts[i].first);
  }
  return out;
}

Value seconds(DurationUs us) {
  return static_cast<double>(us) / kSecond;
}

Value sums_object(const WaitSums& sums) {
  text::Object out;
  for (std::size_t i = 0; i < sums.size(); ++i) {
    if (sums.at(i) > 0) out.set(to_string(static_cast<Wait>(i)), seconds(sums.at(i)));
  }
  return out.take();
}

Value document(const RunView& run, const Explanation& e) {
  ValueList path;
  for (const PathStep& step : e.path) {
    const InstanceTimes& times = e.instances[step.instance];
    path.push_back(text::Object()
                       .set("task_id", times.view->task_id)
                       .set("map_index", std::int64_t{times.view->row.map_index})
                       .set("start", text::json_time(step.begin))
                       .set("end", text::json_time(step.end))
                       .set("duration", seconds(step.end - step.begin))
                       .set("times", sums_object(step.by_wait))
                       .take());
  }
  ValueList tasks;
  for (const InstanceTimes& times : e.instances) {
    tasks.push_back(
        text::Object()
            .set("task_id", times.view->task_id)
            .set("map_index", std::int64_t{times.view->row.map_index})
            .set("state", times.view->row.state == TaskState::none ? Value() : Value(to_string(times.view->row.state)))
            .set("lifetime", seconds(times.lifetime_us))
            .set("tries", std::int64_t{times.tries})
            .set("times", sums_object(times.by_wait))
            .take());
  }
  ValueList advice;
  for (const std::string& text : e.advice) advice.emplace_back(text);
  return text::Object()
      .set("dag_id", run.row.dag_id)
      .set("dag_run_id", run.row.run_id)
      .set("state", to_string(run.row.state))
      .set("duration", e.begin == kNoTime ? Value() : seconds(e.end - e.begin))
      .set("queued", seconds(e.queued_us))
      .set("critical_path", std::move(path))
      .set("critical_path_times", sums_object(e.on_path))
      .set("totals", sums_object(e.totals))
      .set("task_instances", std::move(tasks))
      .set("advice", std::move(advice))
      .take();
}

void show_path(const Invocation& call, const Explanation& e) {
  const text::Style& style = call.out_style();
  text::Table table({{"", false, true, 12}, {"", true}, {""}, {"", false, true, 16}});
  const DurationUs whole = std::max<DurationUs>(1, e.end - e.begin);
  const std::size_t shown = std::min(e.path.size(), kStepsShown);
  for (std::size_t i = e.path.size() - shown; i < e.path.size(); ++i) {
    const PathStep& step = e.path[i];
    const DurationUs own = std::max<DurationUs>(0, step.end - step.begin);
    table.add(
        {instance_name(*e.instances[step.instance].view), text::span(own),
         style.paint(Ink::cyan, display::bar_of(static_cast<double>(own) / static_cast<double>(whole), 12, style)),
         style.paint(Ink::dim, sums_words(step.by_wait, 4))});
  }
  Invocation::print("\n" + style.paint(Ink::bold, "critical path") + "\n");
  if (shown < e.path.size())
    Invocation::print(style.paint(
        Ink::dim, "  … " + text::grouped(static_cast<std::int64_t>(e.path.size() - shown)) + " steps before\n"));
  Invocation::print(table.render(style, call.out_width(), "  "));
}

void show_totals(const Invocation& call, const Explanation& e) {
  const text::Style& style = call.out_style();
  DurationUs sum = 0;
  std::vector<std::pair<DurationUs, Wait>> parts;
  for (std::size_t i = 0; i < e.totals.size(); ++i) {
    sum += e.totals.at(i);
    if (e.totals.at(i) > 0) parts.emplace_back(e.totals.at(i), static_cast<Wait>(i));
  }
  std::ranges::stable_sort(parts, std::greater<>(), [](const auto& p) { return p.first; });
  text::Table table({{""}, {"", true}, {""}, {""}});
  for (const auto& [us, wait] : parts) {
    table.add({std::string(to_string(wait)), text::span(us),
               style.paint(Ink::blue,
                           display::bar_of(static_cast<double>(us) / static_cast<double>(std::max<DurationUs>(1, sum)),
                                           12, style)),
               style.paint(Ink::dim, std::string(text::wait_words(wait)))});
  }
  Invocation::print("\n" + style.paint(Ink::bold, "all tasks, by reason") +
                    style.paint(Ink::dim, "  " + text::span(sum) + " in sum") + "\n");
  Invocation::print(table.render(style, call.out_width(), "  "));
}

void show_tasks(const Invocation& call, const Explanation& e) {
  const text::Style& style = call.out_style();
  std::vector<const InstanceTimes*> tasks;
  for (const InstanceTimes& times : e.instances) {
    if (times.lifetime_us > 0) tasks.push_back(&times);
  }
  // What ran longest first: waiting for upstreams says nothing of a task itself.
  const auto own_time = [](const InstanceTimes* t) {
    return t->lifetime_us - t->by_wait[static_cast<std::size_t>(Wait::upstream)];
  };
  std::ranges::stable_sort(tasks, std::greater<>(), own_time);
  text::Table table({{"TASK", false, true, 12}, {"LIFETIME", true}, {"BY REASON", false, true, 16}});
  for (std::size_t i = 0; i < tasks.size() && i < kTasksShown; ++i) {
    table.add({instance_name(*tasks[i]->view), text::span(tasks[i]->lifetime_us),
               style.paint(Ink::dim, sums_words(tasks[i]->by_wait, 6))});
  }
  if (table.empty()) return;
  Invocation::print("\n" + style.paint(Ink::bold, "task by task") + "\n" + table.render(style, call.out_width(), "  "));
  if (tasks.size() > kTasksShown)
    Invocation::print(style.paint(Ink::dim, "  … " +
                                                text::grouped(static_cast<std::int64_t>(tasks.size() - kTasksShown)) +
                                                " more: -o json has them all\n"));
}

/// `amount` seconds of an answer.
DurationUs seconds_of(const Value& object) {
  const Value* found = object.find("seconds");
  if (found == nullptr) return 0;
  if (found->type() == ValueType::integer) return found->as_int() * kSecond;
  return found->type() == ValueType::floating ? static_cast<DurationUs>(found->as_double() * kSecond) : 0;
}

/// A list of the answer: who or what, how long, and a bar against the whole.
void show_spans(const Invocation& call, const char* title, const ValueList& spans, DurationUs whole,
                std::string (*name_of)(const Value&)) {
  if (spans.empty()) return;
  const text::Style& style = call.out_style();
  text::Table table({{"", false, true, 12}, {"", true}, {""}});
  for (const Value& one : spans) {
    const DurationUs own = seconds_of(one);
    table.add({name_of(one), text::span(own),
               style.paint(Ink::cyan, display::bar_of(static_cast<double>(own) /
                                                          static_cast<double>(std::max<DurationUs>(1, whole)),
                                                      12, style))});
  }
  Invocation::print("\n" + style.paint(Ink::bold, title) + "\n" + table.render(style, call.out_width(), "  "));
}

/// As the server of another machine tells it.
int explain_elsewhere(const Invocation& call, const OpenRun& run) {
  const RunRow& row = run.run.row;
  const auto told = run.elsewhere->get(run_target(row.dag_id, row.run_id) + "/explain");
  if (!told) return call.fail(told.error());
  if (call.format() != Format::table) {
    call.print_document(*told);
    return kOk;
  }
  const text::Style& style = call.out_style();
  const DurationUs whole = seconds_of(*told);
  Invocation::print(style.paint(Ink::bold, row.dag_id) + style.paint(Ink::dim, "  " + row.run_id) + "  " +
                    text::painted(style, row.state) + "  " + text::span(whole) + "\n");
  show_spans(call, "critical path", list_member(*told, "critical_path"), whole, [](const Value& step) {
    const Value* index = step.find("map_index");
    const bool is_mapped = index != nullptr && index->type() == ValueType::integer && index->as_int() >= 0;
    return text::printable(text_member(step, "task_id")) +
           (is_mapped ? "[" + std::to_string(index->as_int()) + "]" : "");
  });
  const ValueList& shares = list_member(*told, "shares");
  DurationUs sum = 0;
  for (const Value& one : shares) sum += seconds_of(one);
  show_spans(call, "all tasks, by reason", shares, sum,
             [](const Value& share) { return text::printable(text_member(share, "reason")); });
  return kOk;
}

}  // namespace

int explain_command(const Invocation& call) {
  Result<OpenRun> run = open_run(call);
  if (!run) return call.fail(run.error());
  if (run->elsewhere) return explain_elsewhere(call, *run);
  const Result<std::shared_ptr<const Dag>> dag = dag_of_run(*run->reader, run->run_no);
  if (!dag) return call.fail(dag.error());
  const Result<std::vector<InstanceView>> instances = all_instances(*run->reader, run->run_no);
  if (!instances) return call.fail(instances.error());
  const Result<std::vector<TryView>> tries = run->reader->tries_of_run(run->run_no);
  if (!tries) return call.fail(tries.error());
  const Explanation e = insight::explain(**dag, run->run, *instances, *tries, now_us());
  if (call.format() != Format::table) {
    call.print_document(document(run->run, e));
    return kOk;
  }
  const text::Style& style = call.out_style();
  const RunRow& row = run->run.row;
  Invocation::print(style.paint(Ink::bold, row.dag_id) + style.paint(Ink::dim, "  " + row.run_id) + "  " +
                    text::painted(style, row.state) + (e.begin == kNoTime ? "" : "  " + text::span(e.end - e.begin)) +
                    "\n");
  if (e.queued_us >= kQueuedShown)
    Invocation::print(style.paint(Ink::dim, "  before that it waited " + text::span(e.queued_us) + " to begin\n"));
  if (!e.path.empty()) show_path(call, e);
  show_totals(call, e);
  show_tasks(call, e);
  if (!e.advice.empty()) Invocation::print("\n" + style.paint(Ink::bold, "what would have made it faster") + "\n");
  for (const std::string& advice : e.advice)
    Invocation::print(std::string("  ") + (style.unicode ? "• " : "* ") + text::printable(advice) + "\n");
  return kOk;
}

}  // namespace baton::cli
