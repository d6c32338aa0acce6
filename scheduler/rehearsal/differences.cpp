#include <algorithm>

#include "scheduler/rehearsal/rehearsal.h"
#include "scheduler/rehearsal/task_names.h"
#include "scheduler/timetable/time_text.h"

namespace baton::rehearsal {
namespace {

using Rows = std::vector<const InstanceReport*>;

Rows rows_of(const TaskName& who, const Report& report) {
  Rows out;
  for (const InstanceReport& row : report.instances) {
    if (names(who, row.task, row.map_index, row.map_key)) out.push_back(&row);
  }
  return out;
}

std::string name_of(const InstanceReport& row) {
  if (row.map_index < 0) return row.task;
  return row.task + "[" + (row.map_key.empty() ? std::to_string(row.map_index) : row.map_key) + "]";
}

std::string state_of(const InstanceReport& row) {
  std::string out(to_string(row.state));
  if (row.reason != Reason::none) out += " (" + std::string(to_string(row.reason)) + ")";
  if (!is_final(row.state)) out += ", waits for " + std::string(to_string(row.wait));
  if (!row.note.empty()) out += ": " + row.note;
  return out;
}

class Comparison {
 public:
  Comparison(const TestCase& test, const Report& report) : test_(test), report_(report) {}
  std::vector<Difference> all();

 private:
  void compare_run();
  void compare(const Expected& expected);
  void compare_env(const Expected& expected, const InstanceReport& row);
  void compare_order();
  void differ(std::uint32_t line, std::string what, std::string expected, std::string got) {
    out_.push_back({line, std::move(what), std::move(expected), std::move(got)});
  }

  const TestCase& test_;
  const Report& report_;
  std::vector<Difference> out_;
};

void Comparison::compare_run() {
  if (!report_.has_ended) {
    std::string waiting;
    for (const InstanceReport& row : report_.instances) {
      if (is_final(row.state) || waiting.size() > 200) continue;
      waiting += (waiting.empty() ? "" : "; ") + name_of(row) + " is " + state_of(row);
    }
    return differ(test_.line, "run", test_.run ? std::string(to_string(*test_.run)) : "an end", "it never ends: " + waiting);
  }
  if (test_.run && *test_.run != report_.state) {
    std::string got(to_string(report_.state));
    if (!report_.note.empty()) got += ": " + report_.note;
    differ(test_.line, "run", std::string(to_string(*test_.run)), std::move(got));
  }
  const DurationUs took = report_.ended_at - report_.began_at;
  if (test_.within_us && took > *test_.within_us) {
    differ(test_.line, "run: within", timetable::format_duration_exact(*test_.within_us),
           timetable::format_duration_exact(took));
  }
}

void Comparison::compare_env(const Expected& expected, const InstanceReport& row) {
  for (const auto& [name, value] : expected.env) {
    const std::string prefix = name + "=";
    const auto at = std::ranges::find_if(row.env, [&](const std::string& e) { return e.starts_with(prefix); });
    const std::string got = at == row.env.end() ? "it is not set" : at->substr(prefix.size());
    if (at == row.env.end() || got != value) differ(expected.who.line, name_of(row) + ": env " + name, value, got);
  }
}

void Comparison::compare(const Expected& expected) {
  const Rows rows = rows_of(expected.who, report_);
  if (rows.empty()) return differ(expected.who.line, to_text(expected.who), "a task instance", "there is none");
  if (expected.instances) {
    const auto count = std::ranges::count_if(rows, [](const InstanceReport* row) { return row->map_index >= 0; });
    if (count != *expected.instances) {
      differ(expected.who.line, to_text(expected.who) + ": instances", std::to_string(*expected.instances),
             std::to_string(count));
    }
  }
  for (const InstanceReport* row : rows) {
    if (expected.state && *expected.state != row->state) {
      differ(expected.who.line, name_of(*row) + ": state", std::string(to_string(*expected.state)), state_of(*row));
    }
    if (expected.reason && *expected.reason != to_string(row->reason)) {
      differ(expected.who.line, name_of(*row) + ": reason", *expected.reason, std::string(to_string(row->reason)));
    }
    if (expected.tries && *expected.tries != row->tries) {
      differ(expected.who.line, name_of(*row) + ": tries", std::to_string(*expected.tries), std::to_string(row->tries));
    }
    compare_env(expected, *row);
  }
}

/// The last end of one is not behind the first begin of the next. Who never ran is no part of an order.
void Comparison::compare_order() {
  for (std::size_t k = 1; k < test_.order.size(); ++k) {
    const Rows before = rows_of(test_.order[k - 1], report_), after = rows_of(test_.order[k], report_);
    WallUs ended = kNoTime, began = kNoTime;
    for (const InstanceReport* row : before) ended = std::max(ended, row->ended_at);
    for (const InstanceReport* row : after) {
      const WallUs at = row->started_at == kNoTime ? row->ended_at : row->started_at;
      if (at != kNoTime && (began == kNoTime || at < began)) began = at;
    }
    const std::string what = "order: " + to_text(test_.order[k - 1]) + ", then " + to_text(test_.order[k]);
    if (ended == kNoTime) {
      differ(test_.order[k].line, what, "both run", to_text(test_.order[k - 1]) + " has not ended");
    } else if (began == kNoTime) {
      differ(test_.order[k].line, what, "both run", to_text(test_.order[k]) + " has not begun");
    } else if (began < ended) {
      differ(test_.order[k].line, what, "the second begins after the first has ended",
             "it begins " + timetable::format_duration_exact(ended - began) + " before that");
    }
  }
}

std::vector<Difference> Comparison::all() {
  compare_run();
  for (const Expected& expected : test_.expected) compare(expected);
  compare_order();
  return std::move(out_);
}

}  // namespace

std::vector<Difference> differences(const TestCase& test, const Report& report) {
  return Comparison(test, report).all();
}

}  // namespace baton::rehearsal
