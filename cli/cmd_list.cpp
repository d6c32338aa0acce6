// `ls` and `ps`: runs, and what lives.
#include <algorithm>
#include <filesystem>
#include <map>

#include "cli/handlers.h"
#include "cli/reading.h"
#include "cli/text/clock_text.h"
#include "cli/text/display_width.h"
#include "cli/text/document_text.h"
#include "cli/text/reason_text.h"
#include "cli/text/table.h"
#include "cli/views.h"
#include "cli/state_lookup.h"
#include "scheduler/executor/local/worker_process.h"
#include "scheduler/model/did_you_mean.h"
#include "scheduler/store/state_folder.h"

namespace baton::cli {
namespace {

using text::Ink;

/// A state that was mistyped; empty: `word` is a folder, or like no state.
std::string state_meant_by(const std::string& word) {
  std::error_code ignored;
  if (word.find('/') != std::string::npos || std::filesystem::exists(word, ignored)) return {};
  std::vector<std::string> states;
  for (const RunState state : {RunState::queued, RunState::running, RunState::success, RunState::failed})
    states.emplace_back(to_string(state));
  return did_you_mean(word, states).value_or("");
}

/// `--state` names the folder, as everywhere, and for `ls` also states of runs: each word is taken for what it is.
struct LsArguments {
  Arguments arguments;  ///< with the folder alone under `state`
  RunQuery query;
};

Result<LsArguments> ls_arguments(const Arguments& typed) {
  LsArguments out{typed, {}};
  RunFilter& filter = out.query.filter;
  const Arguments& arguments = typed;
  if (arguments.has("dag")) filter.dag_ids = {arguments.value("dag")};
  for (const std::string& word : typed.values("label")) filter.labels.push_back(label_wanted(word));
  const Result<std::int64_t> limit = number_of(arguments, "limit", 20, 1);
  if (!limit) return limit.error();
  out.query.page.limit = *limit;
  out.arguments.flags.erase("state");
  for (const std::string& word : typed.values("state")) {
    if (const std::optional<RunState> state = run_state_from(word)) {
      filter.states.push_back(*state);
    } else if (const std::string meant = state_meant_by(word); !meant.empty()) {
      return Error{"--state \"" + word + "\" is neither a state of runs nor a folder; did you mean \"" + meant + "\"?"};
    } else if (!out.arguments.flags.try_emplace("state", std::vector{word}).second) {
      return Error{"--state names two folders, " + out.arguments.value("state") + " and " + word +
                       "; states of runs are queued, running, success and failed"};
    }
  }
  return out;
}

/// `8/9`: ended of all.
std::string tasks_words(const StateCounts& counts) {
  std::int64_t all = 0;
  std::int64_t ended = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const auto state = static_cast<TaskState>(i);
    if (state == TaskState::removed) continue;
    all += counts.at(i);
    if (is_final(state)) ended += counts.at(i);
  }
  return text::grouped(ended) + "/" + text::grouped(all);
}

std::string state_cell(const RunView& run, const text::Style& style) {
  return style.paint(text::ink_of(run.row.state), std::string(text::sign_of(run.row.state, style.unicode)) + " " +
                                                      std::string(to_string(run.row.state)));
}

std::string span_cell(const RunRow& row, WallUs now) {
  const DurationUs span = duration_of(row.started_at == kNoTime ? row.queued_at : row.started_at, row.ended_at, now);
  return span < 0 ? "-" : text::span(span);
}

text::Table runs_table(const std::vector<RunView>& runs, const text::Style& style, WallUs now) {
  text::Table table({{"STATE"},
                     {"DAG", false, true, 10},
                     {"RUN"},
                     {"TASKS", true, false, 0, 2},
                     {"TOOK", true},
                     {"STARTED", false, false, 0, 3},
                     {"REASON", false, true, 6, 1}});
  for (const RunView& run : runs) {
    if (!run.damage.empty()) {  // its number and its reason, and nothing that may be wrong
      table.add({style.paint(text::Ink::red, "! damaged"), "", std::to_string(run.row.run_no), "", "", "", run.damage});
      continue;
    }
    table.add({state_cell(run, style), run.row.dag_id, run.row.run_id, tasks_words(run.row.counts),
               span_cell(run.row, now), text::short_time(run.row.started_at, now),
               run.row.reason == Reason::none ? "" : text::reason_words(run.row.reason)});
  }
  return table;
}

Value runs_document(const std::vector<RunView>& runs, std::int64_t total) {
  ValueList list;
  for (const RunView& run : runs) list.push_back(run_object(run));
  return text::Object().set("dag_runs", std::move(list)).set("total_entries", total).take();
}

}  // namespace

int ls_command(const Invocation& call) {
  const Result<LsArguments> asked = ls_arguments(call.args());
  if (!asked) return call.fail(asked.error());
  Result<OpenState> state = open_view(asked->arguments);
  if (!state) return call.fail(state.error());
  const Result<RunPage> page = state->reader->list_runs(asked->query);
  if (!page) return call.fail(page.error());
  if (call.format() != Format::table) {
    call.print_document(runs_document(page->rows, page->total), "dag_runs");
    return kOk;
  }
  if (page->rows.empty()) {
    call.note("no runs; `baton run FILE` makes one");
    return kOk;
  }
  Invocation::print(runs_table(page->rows, call.out_style(), now_us()).render(call.out_style(), call.out_width()));
  const auto shown = static_cast<std::int64_t>(page->rows.size());
  if (page->total > shown)
    call.note(text::grouped(page->total - shown) + " older runs: -n " + std::to_string(page->total));
  return kOk;
}

namespace {

std::string doing(const InstanceView& instance, WallUs now) {
  const TaskRow& row = instance.row;
  switch (row.state) {
    case TaskState::running:
      return row.started_at == kNoTime ? "" : "for " + text::span(std::max<DurationUs>(0, now - row.started_at));
    case TaskState::up_for_retry:
    case TaskState::up_for_reschedule:
    case TaskState::deferred:
      if (row.wake_at != kNoTime && row.wake_at > now) return "again in " + text::span(row.wake_at - now);
      return "";
    case TaskState::none:
    case TaskState::scheduled:
    case TaskState::queued:
    case TaskState::success:
    case TaskState::failed:
    case TaskState::skipped:
    case TaskState::upstream_failed:
    case TaskState::removed: return "";
  }
  return "";
}

/// Who works on the folder here, and whether what lives there is worked on.
bool show_holder(const Invocation& call, const LockHolder& holder) {
  const text::Style& style = call.out_style();
  const auto kept =
      holder.pid > 0 ? std::vector<ListeningWorker>() : listening_workers(state_folder_of(call.args()).string());
  const auto runs_on = std::ranges::find(kept, true, &ListeningWorker::has_attempts);
  if (runs_on != kept.end()) {
    call.note("the server is gone, and its worker (process " + std::to_string(runs_on->pid) +
              ") still runs tasks: `baton server` takes them over");
  }
  if (holder.pid > 0) {
    Invocation::print(style.paint(Ink::dim, "held by ") + "pid " + std::to_string(holder.pid) +
                      style.paint(Ink::dim, "  baton " + text::printable(holder.command)) + "\n");
  }
  return holder.pid > 0 || runs_on != kept.end();
}

void show_live(const Invocation& call, const LiveView& live, bool is_worked_on) {
  const text::Style& style = call.out_style();
  const WallUs now = now_us();
  for (const RunView& run : live.runs) {
    Invocation::print("\n" + state_cell(run, style) + "  " + style.paint(Ink::bold, run.row.dag_id) + "  " +
                      run.row.run_id + "  " + tasks_words(run.row.counts) + "  " + span_cell(run.row, now) + "\n");
    if (!is_worked_on)
      Invocation::print("  nobody runs it: `baton resume " + run.row.run_id + state_flag_of(call.args()) +
                        "` goes on\n");
    text::Table table({{""}, {"TASK", false, true, 12}, {"STATE"}, {"TRY", true}, {"PID", true, false, 0, 1}, {""}});
    for (const InstanceView& instance : live.instances) {
      if (instance.row.run_no != run.row.run_no) continue;
      table.add({text::painted_sign(style, instance.row.state), instance_name(instance),
                 text::painted(style, instance.row.state), std::to_string(instance.row.try_number),
                 instance.row.pid == 0 ? "" : std::to_string(instance.row.pid), doing(instance, now)});
    }
    if (!table.empty()) Invocation::print(table.render(style, call.out_width(), "  "));
  }
}

}  // namespace

int ps_command(const Invocation& call) {
  Result<OpenState> state = open_view(call.args());
  if (!state) return call.fail(state.error());
  Result<LiveView> live = state->reader->live();
  if (!live) return call.fail(live.error());
  order_by_task(live->instances);
  const auto holder = state->elsewhere ? Result<LockHolder>(Error{""}) : StateFolder::holder(state->folder);
  if (call.format() != Format::table) {
    std::map<RunNo, const RunView*> runs;
    for (const RunView& run : live->runs) runs[run.row.run_no] = &run;
    ValueList run_list;
    for (const RunView& run : live->runs) run_list.push_back(run_object(run));
    ValueList list;
    for (const InstanceView& instance : live->instances) {
      if (runs.contains(instance.row.run_no)) list.push_back(instance_object(instance, *runs[instance.row.run_no]));
    }
    const auto total = static_cast<std::int64_t>(list.size());
    Value held =
        holder && holder->pid > 0
            ? text::Object().set("pid", holder->pid).set("command", holder->command).set("run", holder->run).take()
            : Value();
    call.print_document(text::Object()
                            .set("dag_runs", std::move(run_list))
                            .set("task_instances", std::move(list))
                            .set("total_entries", total)
                            .set("holder", std::move(held))
                            .take(),
                        "task_instances");
    return kOk;
  }
  if (live->runs.empty()) {
    call.note(state->elsewhere ? "nothing lives there" : "nothing lives in " + shown_path(state->folder));
    return kOk;
  }
  show_live(call, *live, state->elsewhere || show_holder(call, holder ? *holder : LockHolder{}));
  return kOk;
}

}  // namespace baton::cli
