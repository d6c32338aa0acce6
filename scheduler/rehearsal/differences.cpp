#include <algorithm>
#include <set>

#include "scheduler/rehearsal/rehearsal.h"
#include "scheduler/json/json_value.h"
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

std::string text_of(const Span& span) {
  const auto text = [](DurationUs us) { return timetable::format_duration_exact(us); };
  if (span.at_least_us && span.at_least_us == span.at_most_us) return text(*span.at_least_us);
  std::string out;
  if (span.at_least_us) out = "at least " + text(*span.at_least_us);
  if (span.at_most_us) out += (out.empty() ? "" : ", ") + ("at most " + text(*span.at_most_us));
  return out;
}

bool holds(const Span& span, DurationUs us) {
  return us >= span.at_least_us.value_or(us) && us <= span.at_most_us.value_or(us);
}

bool is_bad(TaskState state) { return state == TaskState::failed || state == TaskState::upstream_failed; }

class Comparison {
 public:
  Comparison(const TestCase& test, const Report& report, const Dag& dag)
      : expect_(test.expect), line_(test.line), report_(report), dag_(dag) {}
  std::vector<Difference> all();

 private:
  void compare_run();
  void compare_takes();
  void compare(const ExpectedTask& expected);
  void compare_env(const ExpectedTask& expected, const InstanceReport& row);
  void compare_order();
  [[nodiscard]] bool is_upstream(const TaskName& first, const TaskName& second) const;
  void compare_waits();
  void compare_alerts();
  void compare_assets();
  void compare_state();
  void compare_checks();
  void compare_quarantined();
  [[nodiscard]] const InstanceReport* root_of(const InstanceReport& row) const;
  Difference& differ(std::uint32_t line, std::string what, std::string expected, std::string got) {
    return out_.emplace_back(Difference{line, std::move(what), std::move(expected), std::move(got), 0, {}});
  }
  /// It is so because of what became of `row`; null: because of nothing in the DAG.
  void blame(Difference& difference, const InstanceReport* row) const;

  const Expect& expect_;
  const std::uint32_t line_;
  const Report& report_;
  const Dag& dag_;
  std::vector<Difference> out_;
};

/// Who did not run for another's sake did not do so by itself: the nearest above it that did.
const InstanceReport* Comparison::root_of(const InstanceReport& row) const {
  if (row.state != TaskState::upstream_failed && row.reason != Reason::trigger_rule) return &row;
  const auto t = dag_.find(row.task);
  if (!t) return &row;
  for (const TaskNo above : dag_.upstream.of(*t)) {
    for (const InstanceReport& other : report_.instances) {
      if (other.task == dag_.task(above).id && other.state != TaskState::success) return root_of(other);
    }
  }
  return &row;
}

void Comparison::blame(Difference& difference, const InstanceReport* row) const {
  if (row == nullptr) return;
  const InstanceReport* root = root_of(*row);
  const auto t = dag_.find(root->task);
  if (!t || dag_.task(*t).line == 0) return;
  difference.dag_line = dag_.task(*t).line;
  difference.cause = "task " + name_of(*root) + ": " + state_of(*root);
}

void Comparison::compare_run() {
  const std::uint32_t line = expect_.run ? expect_.run_line : line_;
  const std::string wanted = expect_.run ? std::string(to_string(*expect_.run)) : "an end";
  if (!report_.has_ended) {
    std::string waiting;
    const InstanceReport* first = nullptr;
    for (const InstanceReport& row : report_.instances) {
      if (is_final(row.state) || waiting.size() > 200) continue;
      if (first == nullptr) first = &row;
      waiting += (waiting.empty() ? "" : "; ") + name_of(row) + " is " + state_of(row);
    }
    return blame(differ(line, "run", wanted, "it never ends: " + waiting), first);
  }
  if (!expect_.run || *expect_.run == report_.state) return;
  std::string got(to_string(report_.state));
  if (!report_.note.empty()) got += ": " + report_.note;
  const auto bad = std::ranges::find_if(report_.instances, [](const InstanceReport& row) { return is_bad(row.state); });
  blame(differ(line, "run", wanted, std::move(got)), bad == report_.instances.end() ? nullptr : &*bad);
}

void Comparison::compare_takes() {
  if (!report_.has_ended) return;
  const DurationUs took = report_.ended_at - report_.began_at;
  if (holds(expect_.takes, took)) return;
  const InstanceReport* last = nullptr;
  for (const InstanceReport& row : report_.instances) {
    const bool is_within = row.ended_at != kNoTime && row.ended_at <= report_.ended_at;  // hooks come behind
    if (is_within && (last == nullptr || row.ended_at > last->ended_at)) last = &row;
  }
  blame(differ(expect_.takes_line, "takes", text_of(expect_.takes), timetable::format_duration_exact(took)), last);
}

void Comparison::compare_env(const ExpectedTask& expected, const InstanceReport& row) {
  for (const auto& [name, value] : expected.env) {
    const std::string prefix = name + "=";
    const auto at = std::ranges::find_if(row.env, [&](const std::string& e) { return e.starts_with(prefix); });
    const std::string got = at == row.env.end() ? "it is not set" : at->substr(prefix.size());
    if (at != row.env.end() && got == value) continue;
    blame(differ(expected.who.line, name_of(row) + ": env " + name, value, got), &row);
  }
}

void Comparison::compare(const ExpectedTask& expected) {
  const Rows rows = rows_of(expected.who, report_);
  const std::uint32_t line = expected.who.line;
  if (rows.empty()) return void(differ(line, to_text(expected.who), "a task instance", "there is none"));
  if (expected.instances) {
    const auto count = std::ranges::count_if(rows, [](const InstanceReport* row) { return row->map_index >= 0; });
    if (count != *expected.instances) {
      blame(differ(line, to_text(expected.who) + ": instances", std::to_string(*expected.instances),
                   std::to_string(count)),
            rows.front());
    }
  }
  for (const InstanceReport* row : rows) {
    const std::string name = name_of(*row);
    if (expected.state && *expected.state != row->state) {
      blame(differ(line, name + ": state", std::string(to_string(*expected.state)), state_of(*row)), row);
    }
    if (expected.reason && *expected.reason != to_string(row->reason)) {
      blame(differ(line, name + ": reason", *expected.reason, std::string(to_string(row->reason))), row);
    }
    if (expected.tries && *expected.tries != row->tries) {
      blame(differ(line, name + ": tries", std::to_string(*expected.tries), std::to_string(row->tries)), row);
    }
    compare_env(expected, *row);
  }
}

/// Whether `first` comes before `second` by what the DAG says, however many tasks lie between.
bool Comparison::is_upstream(const TaskName& first, const TaskName& second) const {
  const auto from = dag_.find(first.task), to = dag_.find(second.task);
  if (!from || !to) return false;
  std::vector<TaskNo> open{*to};
  std::set<TaskNo> seen;
  while (!open.empty()) {
    const TaskNo t = open.back();
    open.pop_back();
    for (const TaskNo u : dag_.upstream.of(t)) {
      if (u == *from) return true;
      if (seen.insert(u).second) open.push_back(u);
    }
  }
  return false;
}

/// The last end of one is not behind the first begin of the next. Who never ran is no part of an order.
void Comparison::compare_order() {
  for (std::size_t k = 1; k < expect_.order.size(); ++k) {
    const TaskName &first = expect_.order[k - 1], &second = expect_.order[k];
    const Rows before = rows_of(first, report_), after = rows_of(second, report_);
    WallUs ended = kNoTime, began = kNoTime;
    for (const InstanceReport* row : before) ended = std::max(ended, row->ended_at);
    for (const InstanceReport* row : after) {
      const WallUs at = row->started_at == kNoTime ? row->ended_at : row->started_at;
      if (at != kNoTime && (began == kNoTime || at < began)) began = at;
    }
    const std::string what = "order: " + to_text(first) + ", then " + to_text(second);
    if (ended == kNoTime) {
      blame(differ(second.line, what, "both run", to_text(first) + " has not ended"),
            before.empty() ? nullptr : before.front());
    } else if (began == kNoTime) {
      blame(differ(second.line, what, "both run", to_text(second) + " has not begun"),
            after.empty() ? nullptr : after.front());
    } else if (began == ended && is_upstream(second, first)) {  // both took no time at all
      blame(differ(second.line, what, "the second begins after the first has ended",
                   to_text(first) + " needs " + to_text(second)),
            after.front());
    } else if (began < ended) {
      blame(differ(second.line, what, "the second begins after the first has ended",
                   "it begins " + timetable::format_duration_exact(ended - began) + " before that"),
            after.front());
    }
  }
}

void Comparison::compare_waits() {
  for (const ExpectedWait& expected : expect_.waits) {
    const Rows rows = rows_of(expected.who, report_);
    const std::string reason(to_string(expected.reason));
    if (rows.empty()) differ(expected.line, to_text(expected.who), "a task instance", "there is none");
    for (const InstanceReport* row : rows) {
      const DurationUs waited = row->times.of(expected.reason);
      if (holds(expected.span, waited)) continue;
      blame(differ(expected.line, name_of(*row) + ": waits for " + reason, text_of(expected.span),
                   timetable::format_duration_exact(waited)),
            row);
    }
  }
}

/// Each expected one takes one that was sent; who names what it is of chooses first.
void Comparison::compare_alerts() {
  if (!expect_.alerts) return;
  std::vector<bool> is_taken(report_.alerts.size(), false), is_met(expect_.alerts->size(), false);
  for (const bool names_it : {true, false}) {
    for (std::size_t e = 0; e < expect_.alerts->size(); ++e) {
      const ExpectedAlert& expected = (*expect_.alerts)[e];
      if (expected.of.empty() == names_it) continue;
      for (std::size_t a = 0; a < report_.alerts.size() && !is_met[e]; ++a) {
        const AlertReport& alert = report_.alerts[a];
        if (is_taken[a] || alert.event != expected.event || (names_it && alert.of != expected.of)) continue;
        is_taken[a] = is_met[e] = true;
      }
    }
  }
  for (std::size_t e = 0; e < is_met.size(); ++e) {
    const ExpectedAlert& expected = (*expect_.alerts)[e];
    if (is_met[e]) continue;
    differ(expected.line, "alerts: " + expected.event + (expected.of.empty() ? "" : " of " + expected.of), "it is sent",
           "it is not; `alerts:` of the DAG and of baton.yaml say what is");
  }
  for (std::size_t a = 0; a < is_taken.size(); ++a) {
    const AlertReport& alert = report_.alerts[a];
    if (is_taken[a]) continue;
    Difference& difference = differ(expect_.alerts_line, "alerts: " + alert.event + " of " + alert.of,
                                    "it is not sent", "it is" + (alert.note.empty() ? "" : ": " + alert.note));
    const Rows rows = rows_of(task_name_of(alert.of, 0), report_);
    const auto bad = std::ranges::find_if(report_.instances, [](const auto& row) { return is_bad(row.state); });
    blame(difference, !rows.empty() ? rows.front() : bad == report_.instances.end() ? nullptr : &*bad);
  }
}

void Comparison::compare_assets() {
  if (!expect_.assets) return;
  for (const ExpectedAsset& expected : *expect_.assets) {
    const auto is_it = [&](const auto& one) { return one.first == expected.name; };
    if (std::ranges::any_of(report_.assets, is_it)) continue;
    Difference& difference = differ(expected.line, "assets: " + expected.name, "an event of it", "there is none");
    for (const Task& task : dag_.tasks) {  // who would have raised one
      if (std::ranges::find(task.spec->produces, expected.name) == task.spec->produces.end()) continue;
      const Rows rows = rows_of({task.id, std::nullopt, 0}, report_);
      if (!rows.empty()) blame(difference, rows.front());
    }
  }
  for (const auto& [asset, task] : report_.assets) {
    const auto is_it = [&asset = asset](const ExpectedAsset& one) { return one.name == asset; };
    if (std::ranges::any_of(*expect_.assets, is_it)) continue;
    const Rows rows = rows_of({task, std::nullopt, 0}, report_);
    blame(differ(expect_.assets_line, "assets: " + asset, "no event of it", "an event by " + task),
          rows.empty() ? nullptr : rows.front());
  }
}

void Comparison::compare_state() {
  for (const ExpectedState& expected : expect_.state) {
    const auto at = std::ranges::find(report_.state_kept, expected.name, &std::pair<std::string, Value>::first);
    const std::string got = at == report_.state_kept.end() ? "null" : to_json(at->second);
    if (got != to_json(expected.value)) differ(expected.line, "state: " + expected.name, to_json(expected.value), got);
  }
}

/// Of the last try of a task; of a mapped one, of any instance.
void Comparison::compare_checks() {
  for (const ExpectedCheck& expected : expect_.checks) {
    std::string got = "it was not run";
    std::string why;
    for (const CheckRow& row : report_.checks) {
      if (row.task_id != expected.task || row.name != expected.name) continue;
      got = std::string(to_string(row.state));
      why = row.message;
    }
    if (got == expected.state) continue;
    if (!why.empty()) got += " (" + why + ")";
    const Rows rows = rows_of({expected.task, std::nullopt, 0}, report_);
    blame(differ(expected.line, "checks: " + expected.task + ": " + expected.name, expected.state, got),
          rows.empty() ? nullptr : rows.front());
  }
}

void Comparison::compare_quarantined() {
  if (!expect_.quarantined) return;
  for (const ExpectedAsset& expected : *expect_.quarantined) {
    if (std::ranges::find(report_.quarantined, expected.name) != report_.quarantined.end()) continue;
    differ(expected.line, "quarantined: " + expected.name, "it is held back", "it is not");
  }
  for (const std::string& asset : report_.quarantined) {
    const auto is_it = [&](const ExpectedAsset& one) { return one.name == asset; };
    if (std::ranges::any_of(*expect_.quarantined, is_it)) continue;
    differ(expect_.quarantined_line, "quarantined: " + asset, "it is not held back", "it is");
  }
}

std::vector<Difference> Comparison::all() {
  compare_run();
  compare_takes();
  for (const ExpectedTask& expected : expect_.tasks) compare(expected);
  compare_order();
  compare_waits();
  compare_alerts();
  compare_assets();
  compare_state();
  compare_checks();
  compare_quarantined();
  std::ranges::stable_sort(out_, {}, &Difference::line);
  return std::move(out_);
}

}  // namespace

std::vector<Difference> differences(const TestCase& test, const Report& report, const Dag& dag) {
  return Comparison(test, report, dag).all();
}

}  // namespace baton::rehearsal
