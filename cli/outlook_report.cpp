#include "cli/outlook_report.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "cli/text/clock_text.h"
#include "cli/text/display_width.h"
#include "cli/text/document_text.h"
#include "cli/text/table.h"
#include "web/api/tick_story.h"
#include "scheduler/timetable/time_text.h"

namespace baton::cli {
namespace {

using rehearsal::DagOutlook;
using rehearsal::DurationSource;
using rehearsal::Outlook;
using rehearsal::SimulatedRun;
using rehearsal::SlotUse;
using rehearsal::TaskWaits;
using text::Ink;
using text::Table;

constexpr std::size_t kWaitsShown = 10, kMissesShown = 20, kRunsShown = 30, kBarWidth = 40;

std::string minute(WallUs at) {
  return at == kNoTime ? "-" : timetable::format_rfc3339(at, timetable::utc()).substr(0, 16).replace(10, 1, " ");
}

std::string one_decimal(double number) {
  std::array<char, 32> out{};
  const int n = std::snprintf(out.data(), out.size(), "%.1f", number);
  return {out.data(), static_cast<std::size_t>(n)};
}

double length_us(const Outlook& outlook) { return static_cast<double>(outlook.to - outlook.from); }

std::string count_of(std::int64_t n, const char* one, const char* many) {
  return text::grouped(n) + " " + (n == 1 ? one : many);
}

std::string mean_span(DurationUs sum, std::int64_t n) { return n == 0 ? "-" : text::span(sum / n); }

/// `pool 4h, slots 20m`: the longest first.
std::string waits_text(const WaitTimes& times) {
  std::vector<std::pair<DurationUs, Wait>> all;
  for (std::size_t w = 0; w < kWaitCount; ++w) {
    const auto wait = static_cast<Wait>(w);
    if (rehearsal::is_worth_telling(wait) && times.of(wait) > 0) all.emplace_back(times.of(wait), wait);
  }
  std::ranges::stable_sort(all, std::greater{}, &std::pair<DurationUs, Wait>::first);
  std::string out;
  for (const auto& [us, wait] : all) {
    out += (out.empty() ? "" : ", ") + std::string(to_string(wait)) + " " + text::span(us);
  }
  return out;
}

std::string ticks_text(const DagOutlook& dag) {
  std::string out;
  for (const auto& [reason, n] : dag.ticks) {
    out += (out.empty() ? "" : ", ") + text::grouped(n) + " " + std::string(api::to_string(reason));
  }
  return out;
}

std::string heading(const char* title, const text::Style& style) { return "\n" + style.paint(Ink::bold, title) + "\n"; }

// ---- text ----

std::string summary_text(const Outlook& o, const text::Style& style) {
  std::string out = style.paint(Ink::bold, minute(o.from) + " to " + minute(o.to) + " UTC") + ": " +
                    count_of(static_cast<std::int64_t>(o.dags.size()), "DAG", "DAGs") + ", " +
                    count_of(o.runs, "run", "runs") + ", " + count_of(o.tasks, "task instance", "task instances") +
                    ", " + count_of(static_cast<std::int64_t>(o.misses.size()), "miss", "misses") + "\n";
  const auto tasks = [&](DurationSource source) {
    const auto at = o.durations.find(source);
    return at == o.durations.end() ? 0 : at->second;
  };
  out += "durations: " + count_of(tasks(DurationSource::history), "task", "tasks") + " from history, " +
         text::grouped(tasks(DurationSource::expect)) + " from `expect`, " +
         text::grouped(tasks(DurationSource::unknown)) + " taken as " + text::span(rehearsal::kUnknownTryUs) + "\n";
  if (o.open > 0) out += count_of(o.open, "run has", "runs have") + " not ended by then\n";
  for (const std::string& task : o.empty_maps) {
    out += "note: " + text::printable(task) + " is mapped over what only a run knows: it has no instances here\n";
  }
  for (const std::string& line : o.said) out += "note: " + text::printable(line) + "\n";
  return out;
}

std::string dags_text(const Outlook& o, const text::Style& style, std::size_t width) {
  Table table({{"DAG", false, true, 8}, {"RUNS", true}, {"FAILED", true}, {"OPEN", true}, {"MEAN", true},
               {"LONGEST", true}, {"BEGINS LATE", true, false, 4, 2}, {"WAITS FOR", false, true, 10, 1},
               {"TICKS WITHOUT RUN", false, true, 10, 3}});
  for (const DagOutlook& dag : o.dags) {
    table.add({text::printable(dag.dag_id), text::grouped(dag.runs), text::grouped(dag.failed), text::grouped(dag.open),
               mean_span(dag.run_us, dag.runs - dag.open), text::span(dag.longest_run_us),
               dag.longest_begin_wait_us > 0 ? "up to " + text::span(dag.longest_begin_wait_us) : "",
               waits_text(dag.times), ticks_text(dag)});
  }
  return "\n" + table.render(style, width);
}

std::string slots_text(const Outlook& o, const text::Style& style, std::size_t width) {
  Table table({{"POOL", false, true, 8}, {"SLOTS", true}, {"PEAK", true}, {"MEAN", true}, {"FULL FOR", true}});
  const auto add = [&](const SlotUse& use, const std::string& name) {
    table.add({name, text::grouped(use.slots), text::grouped(use.peak), one_decimal(use.slot_us / length_us(o)),
               use.full_us > 0 ? text::span(use.full_us) : "-"});
  };
  add(o.slots, "(slots of the worker)");
  for (const SlotUse& pool : o.pools) add(pool, text::printable(pool.name));
  return "\n" + table.render(style, width);
}

/// `pool warehouse`, `breaker api`, `slots`.
std::string reason_text(const TaskWaits& waits, Wait wait) {
  std::string out(to_string(wait));
  const std::vector<std::string>* names = nullptr;
  if (wait == Wait::pool || wait == Wait::rate) names = &waits.pools;
  if (wait == Wait::breaker) names = &waits.breakers;
  if (names == nullptr) return out;
  for (std::size_t n = 0; n < names->size(); ++n) out += (n == 0 ? " " : ", ") + text::printable((*names)[n]);
  return out;
}

std::string waits_table(const Outlook& o, const text::Style& style, std::size_t width) {
  if (o.waits.empty()) return {};
  Table table({{"TASK", false, true, 10}, {"WAITS FOR"}, {"TIMES", true}, {"ALL TOGETHER", true}, {"LONGEST", true}});
  std::size_t shown = 0;
  for (const TaskWaits& waits : o.waits) {
    for (const auto& [wait, n] : waits.counts) {
      if (shown++ >= kWaitsShown) break;
      table.add({text::printable(waits.dag_id + "/" + waits.task_id), reason_text(waits, wait), text::grouped(n),
                 text::span(waits.times.of(wait)), text::span(waits.longest_us.at(wait))});
    }
  }
  return heading("Who waits for what", style) + table.render(style, width);
}

std::string misses_text(const Outlook& o, const text::Style& style, std::size_t width) {
  if (o.misses.empty()) return {};
  Table table({{"AT"}, {"WHAT"}, {"OF", false, true, 10}, {"WHY", false, true, 10}});
  for (std::size_t n = 0; n < std::min(o.misses.size(), kMissesShown); ++n) {
    const rehearsal::Miss& miss = o.misses[n];
    table.add({minute(miss.at), miss.what, text::printable(miss.object), text::printable(miss.note)});
  }
  std::string out = heading("Misses", style) + table.render(style, width);
  if (o.misses.size() > kMissesShown) {
    out += "and " + text::grouped(static_cast<std::int64_t>(o.misses.size() - kMissesShown)) + " more; -o json has all\n";
  }
  return out;
}

std::string runs_text(const Outlook& o, const text::Style& style, std::size_t width, bool lists_runs) {
  if (!lists_runs && o.list.size() > kRunsShown) {
    return "\n" + style.paint(Ink::dim, "--runs lists what runs when; -o json and -o jsonl hold each run") + "\n";
  }
  if (o.list.empty()) return {};
  Table table({{"BEGINS"}, {"ENDS"}, {"TOOK", true}, {"WAITED", true}, {"RUN", false, true, 16}, {"STATE"}});
  for (const SimulatedRun& run : o.list) {
    const bool has_begun = run.started_at != kNoTime, has_ended = run.ended_at != kNoTime && has_begun;
    table.add({minute(run.started_at), has_ended ? minute(run.ended_at) : "-",
               has_ended ? text::span(run.ended_at - run.started_at) : "-",
               text::span(std::max<DurationUs>(0, (has_begun ? run.started_at : o.to) - run.created_at)),
               text::printable(run.dag_id + "/" + run.run_id), std::string(to_string(run.state))});
  }
  return heading("What runs when", style) + table.render(style, width);
}

/// The mean of the slots that are held in each hour of the day, as a bar of the worker's.
std::string hours_text(const Outlook& o, const text::Style& style) {
  const double days = length_us(o) / static_cast<double>(kDay);
  double most = 0;
  for (const auto& hour : o.hours) most = std::max(most, hour.slot_us);
  if (most <= 0) return {};
  std::string out = heading("The day, by hour of UTC: slots in use, runs that begin", style);
  for (std::size_t h = 0; h < o.hours.size(); ++h) {
    const double share = o.hours[h].slot_us / most;
    const auto bar = static_cast<std::size_t>(share * static_cast<double>(kBarWidth) + 0.5);
    std::string line;
    for (std::size_t n = 0; n < bar; ++n) line += style.unicode ? "█" : "#";
    // In a span shorter than a day an hour is met once at most.
    const double held = o.hours[h].slot_us / static_cast<double>(kHour) / std::max(days, 1.0);
    out += (h < 10 ? "0" : "") + std::to_string(h) + " " + text::pad_left(one_decimal(held), 7) + " " +
           text::pad_left(text::grouped(o.hours[h].runs), 7) + " " + line + "\n";
  }
  return out;
}

// ---- document ----

Value seconds(DurationUs us) { return Value{static_cast<double>(us) / static_cast<double>(kSecond)}; }

Value times_document(const WaitTimes& times) {
  text::Object out;
  for (std::size_t w = 0; w < kWaitCount; ++w) {
    const auto wait = static_cast<Wait>(w);
    if (rehearsal::is_worth_telling(wait) && times.of(wait) > 0) out.set(to_string(wait), seconds(times.of(wait)));
  }
  return out.take();
}

Value dag_document(const DagOutlook& dag) {
  text::Object ticks;
  for (const auto& [reason, n] : dag.ticks) ticks.set(api::to_string(reason), n);
  return text::Object()
      .set("dag", dag.dag_id)
      .set("runs", dag.runs)
      .set("failed", dag.failed)
      .set("open", dag.open)
      .set("tasks", dag.tasks)
      .set("run_seconds", seconds(dag.run_us))
      .set("longest_run_seconds", seconds(dag.longest_run_us))
      .set("begin_wait_seconds", seconds(dag.begin_wait_us))
      .set("longest_begin_wait_seconds", seconds(dag.longest_begin_wait_us))
      .set("waits_seconds", times_document(dag.times))
      .set("ticks_without_run", ticks.take())
      .take();
}

Value slots_document(const Outlook& o, const SlotUse& use) {
  text::Object out;
  out.set("pool", use.name.empty() ? Value() : Value(use.name))
      .set("slots", use.slots)
      .set("peak", use.peak)
      .set("mean", use.slot_us / length_us(o))
      .set("full_seconds", seconds(use.full_us));
  if (!use.points.empty()) {
    const double part_us = length_us(o) / static_cast<double>(use.points.size());
    ValueList points;
    for (const rehearsal::UsePoint& point : use.points) {
      points.push_back(text::Object().set("mean", point.slot_us / part_us).set("peak", point.peak).take());
    }
    out.set("use", std::move(points));
  }
  return out.take();
}

ValueList waits_document(const Outlook& o) {
  ValueList out;
  for (const TaskWaits& waits : o.waits) {
    for (const auto& [wait, n] : waits.counts) {
      ValueList names;
      if (wait == Wait::pool || wait == Wait::rate) names.assign(waits.pools.begin(), waits.pools.end());
      if (wait == Wait::breaker) names.assign(waits.breakers.begin(), waits.breakers.end());
      out.push_back(text::Object()
                        .set("dag", waits.dag_id)
                        .set("task", waits.task_id)
                        .set("for", to_string(wait))
                        .set("names", std::move(names))
                        .set("times", n)
                        .set("seconds", seconds(waits.times.of(wait)))
                        .set("longest_seconds", seconds(waits.longest_us.at(wait)))
                        .take());
    }
  }
  return out;
}

Value task_document(const rehearsal::SimulatedTask& task) {
  return text::Object()
      .set("task", task.task_id)
      .set("map_index", task.map_index)
      .set("state", task.state == TaskState::none ? Value() : Value(std::string(to_string(task.state))))
      .set("started_at", text::json_time(task.started_at))
      .set("ended_at", text::json_time(task.ended_at))
      .set("waits_seconds", times_document(task.times))
      .take();
}

Value outlook_run(const SimulatedRun& run) {
  text::Object out;
  out.set("dag", run.dag_id)
      .set("run", run.run_id)
      .set("type", to_string(run.type))
      .set("state", to_string(run.state))
      .set("logical_date", text::json_time(run.logical_date))
      .set("created_at", text::json_time(run.created_at))
      .set("started_at", text::json_time(run.started_at))
      .set("ended_at", text::json_time(run.ended_at));
  if (!run.tasks.empty()) {
    ValueList tasks;
    for (const rehearsal::SimulatedTask& task : run.tasks) tasks.push_back(task_document(task));
    out.set("tasks", std::move(tasks));
  }
  return out.take();
}

Value durations_document(const Outlook& o) {
  text::Object out;
  const std::array names = {std::pair{DurationSource::history, "history"}, std::pair{DurationSource::expect, "expect"},
                            std::pair{DurationSource::unknown, "unknown"}};
  for (const auto& [source, name] : names) {
    const auto at = o.durations.find(source);
    out.set(name, at == o.durations.end() ? 0 : at->second);
  }
  return out.take();
}

}  // namespace

std::string text_of(const Outlook& o, const text::Style& style, std::size_t width, bool lists_runs) {
  return summary_text(o, style) + dags_text(o, style, width) + slots_text(o, style, width) +
         waits_table(o, style, width) + misses_text(o, style, width) + hours_text(o, style) +
         runs_text(o, style, width, lists_runs);
}

Value document_of(const Outlook& o) {
  ValueList dags, pools, misses, hours, runs, empty_maps, said;
  for (const DagOutlook& dag : o.dags) dags.push_back(dag_document(dag));
  for (const SlotUse& pool : o.pools) pools.push_back(slots_document(o, pool));
  for (const rehearsal::Miss& miss : o.misses) {
    misses.push_back(text::Object()
                         .set("at", text::json_time(miss.at))
                         .set("what", miss.what)
                         .set("of", miss.object)
                         .set("note", miss.note)
                         .take());
  }
  for (std::size_t h = 0; h < o.hours.size(); ++h) {
    hours.push_back(text::Object()
                        .set("hour", static_cast<std::int64_t>(h))
                        .set("runs", o.hours[h].runs)
                        .set("tasks", o.hours[h].tasks)
                        .set("slot_seconds", o.hours[h].slot_us / static_cast<double>(kSecond))
                        .take());
  }
  for (const SimulatedRun& run : o.list) runs.push_back(outlook_run(run));
  for (const std::string& task : o.empty_maps) empty_maps.push_back(Value(task));
  for (const std::string& line : o.said) said.push_back(Value(line));
  return text::Object()
      .set("from", text::json_time(o.from))
      .set("to", text::json_time(o.to))
      .set("total", text::Object()
                        .set("runs", o.runs)
                        .set("failed", o.failed)
                        .set("open", o.open)
                        .set("tasks", o.tasks)
                        .set("misses", static_cast<std::int64_t>(o.misses.size()))
                        .take())
      .set("durations", durations_document(o))
      .set("slots", slots_document(o, o.slots))
      .set("pools", std::move(pools))
      .set("dags", std::move(dags))
      .set("waits", waits_document(o))
      .set("misses", std::move(misses))
      .set("hours", std::move(hours))
      .set("notes", std::move(said))
      .set("mapped_without_instances", std::move(empty_maps))
      .set("runs", std::move(runs))
      .take();
}

}  // namespace baton::cli
