// `show`: one run and its task instances, or those of one task.
#include <algorithm>
#include <map>

#include "cli/handlers.h"
#include "cli/reading.h"
#include "cli/run_document.h"
#include "cli/show_report.h"
#include "cli/text/clock_text.h"
#include "cli/text/display_width.h"
#include "cli/text/document_text.h"
#include "cli/text/reason_text.h"
#include "cli/text/table.h"
#include "cli/views.h"
#include "cli/why_run.h"

namespace baton::cli {
namespace {

using text::Ink;

constexpr std::size_t kRowsMax = 500;  ///< of the table; the other formats have them all

/// Of the folder that the run's version was read from; empty: it lay in no git work tree, or cannot be read.
std::string commit_of(OpenRun& run) {
  const auto versions = run.reader->list_versions(run.run.row.dag_id);
  if (!versions) return {};
  const auto own = std::ranges::find(*versions, run.run.row.dag_version, &VersionView::version);
  return own == versions->end() ? std::string() : own->commit;
}

void show_head(const Invocation& call, OpenRun& opened) {
  const text::Style& style = call.out_style();
  const RunView& run = opened.run;
  const RunRow& row = run.row;
  const bool waits = row.state == RunState::queued;
  const WallUs begin = row.started_at == kNoTime ? row.queued_at : row.started_at;
  std::string head = style.paint(text::ink_of(row.state), std::string(text::sign_of(row.state, style.unicode)) + " " +
                                                              std::string(to_string(row.state)));
  head += "  " + style.paint(Ink::bold, row.dag_id);
  if (row.reason != Reason::none) head += "  " + text::reason_words(row.reason);
  Invocation::print(head + "\n");
  text::Table facts({{""}, {""}});
  const auto fact = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) facts.add({style.paint(Ink::dim, name), text::printable(value)});
  };
  fact("run", row.run_id);
  fact("type", std::string(to_string(row.type)) + (row.triggered_by.empty() ? "" : ", by " + row.triggered_by));
  if (waits) fact("waits", waiting_words(opened));
  fact(waits ? "queued" : "started",
       text::local_time(begin) + (row.ended_at == kNoTime ? "" : "  took " + text::span(row.ended_at - begin)));
  if (row.interval_start != kNoTime)
    fact("interval", text::utc_time(row.interval_start) + " / " + text::utc_time(row.interval_end));
  if (row.conf_json != "{}") fact("params", row.conf_json);
  const std::string commit = commit_of(opened);
  fact("version", std::to_string(run.version_number) + "  " + row.dag_version.substr(0, 12) +
                      (commit.empty() ? "" : "  of commit " + commit.substr(0, 12)));
  std::string labels;
  for (const auto& [name, value] : run.labels) labels += (labels.empty() ? "" : ", ") + name + "=" + value;
  fact("labels", labels);
  fact("note", row.note);
  if (!opened.elsewhere) fact("logs", shown_path(opened.folder / "logs" / std::to_string(row.run_no)));
  Invocation::print(facts.render(style, call.out_width(), "  "));
}

std::string tries_cell(const InstanceView& instance) {
  if (instance.row.try_number == 0) return "";
  return std::to_string(instance.row.try_number) +
         (instance.max_tries > 1 ? "/" + std::to_string(instance.max_tries) : "");
}

using Tries = std::map<InstanceNo, std::vector<const TryView*>>;

std::string reason_cell(const InstanceView& instance, const Tries& tries) {
  const auto own = tries.find(instance.row.instance_no);
  const TryRow* last = own == tries.end() || own->second.empty() ? nullptr : &own->second.back()->row;
  std::string out = last != nullptr && (last->reason == instance.row.reason) ? reason_words(*last)
                                                                             : text::reason_words(instance.row.reason);
  // Of a success only checks that did not hold have something to say.
  const bool has_more = !instance.row.note.empty() && instance.row.reason != Reason::exit_code &&
                        (instance.row.state != TaskState::success || instance.row.reason == Reason::none);
  if (has_more) out += (out.empty() ? "" : ": ") + text::printable(instance.row.note);
  return out;
}

std::string span_or_empty(WallUs begin, WallUs end, WallUs now) {
  const DurationUs span = duration_of(begin, end, now);
  return span < 0 ? "" : text::span(span);
}

void show_tasks(const Invocation& call, const RunView& run, const std::vector<InstanceView>& instances,
                const Tries& tries) {
  const text::Style& style = call.out_style();
  const WallUs now = now_us();
  const WallUs begin = run.row.queued_at;  // a retry begins later than the tasks that it keeps
  text::Table table({{""},
                     {"TASK", false, true, 12},
                     {"STATE"},
                     {"TRY", true},
                     {"START", true, false, 0, 1},
                     {"TOOK", true},
                     {"REASON", false, true, 8}});
  std::size_t rows = 0;
  for (const InstanceView& instance : instances) {
    const TaskRow& row = instance.row;
    if (instance.hook != Hook::none && row.state == TaskState::none) continue;
    if (++rows > kRowsMax) break;
    if (!instance.damage.empty()) {  // its name, what is wrong, and nothing that may be wrong
      table.add({style.paint(Ink::red, "!"), instance_name(instance), style.paint(Ink::red, "damaged"), "", "", "",
                 instance.damage});
      continue;
    }
    const bool live = row.state == TaskState::running;
    table.add({text::painted_sign(style, row.state), instance_name(instance), text::painted(style, row.state),
               tries_cell(instance),
               row.started_at == kNoTime || begin == kNoTime ? "" : "+" + text::span(row.started_at - begin),
               live || is_final(row.state) ? span_or_empty(row.started_at, row.ended_at, now) : "",
               reason_cell(instance, tries)});
    if (!call.args().has("tries")) continue;
    const auto own = tries.find(row.instance_no);
    if (own == tries.end()) continue;
    for (const TryView* view : own->second) {
      table.add({"", style.paint(Ink::dim, "  try " + std::to_string(view->row.try_number)),
                 text::painted(style, view->row.state), "",
                 view->row.started_at == kNoTime ? "" : "+" + text::span(view->row.started_at - begin),
                 span_or_empty(view->row.started_at, view->row.ended_at, now),
                 reason_words(view->row) + (view->row.reason == Reason::none ? "cpu " : "  cpu ") +
                     text::span(view->row.user_us + view->row.sys_us) + ", " + text::size(view->row.max_rss_bytes)});
    }
  }
  if (!table.empty()) Invocation::print("\n" + table.render(style, call.out_width(), "  "));
  if (rows > kRowsMax)
    call.note(text::grouped(static_cast<std::int64_t>(instances.size() - kRowsMax)) +
              " more task instances: -o jsonl has them all");
}

}  // namespace

Result<Value> run_document(Reader& reader, const RunView& run, bool with_tries) {
  const Result<std::vector<InstanceView>> instances = all_instances(reader, run.row.run_no);
  if (!instances) return instances.error();
  return run_document(reader, run, *instances, with_tries);
}

Result<Value> run_document(Reader& reader, const RunView& run, const std::vector<InstanceView>& instances,
                           bool with_tries) {
  std::map<InstanceNo, ValueList> tries;
  if (with_tries) {
    const Result<std::vector<TryView>> all = reader.tries_of_run(run.row.run_no);
    if (!all) return all.error();
    for (const TryView& view : *all) tries[view.row.instance_no].push_back(try_object(view));
  }
  ValueList list;
  list.reserve(instances.size());
  for (const InstanceView& instance : instances) {
    Value object = instance_object(instance, run);
    if (with_tries) {
      ValueMap entries = object.as_map();
      entries.emplace_back("tries", std::move(tries[instance.row.instance_no]));
      object = Value(std::move(entries));
    }
    list.push_back(std::move(object));
  }
  ValueMap out = run_object(run).as_map();
  const auto total = static_cast<std::int64_t>(list.size());
  out.emplace_back("task_instances", std::move(list));
  out.emplace_back("total_entries", total);
  return Value(std::move(out));
}

namespace {

/// What the table tells of tries. A server of another machine is asked for each instance: only what tells why, unless
/// all were asked for.
Result<std::vector<TryView>> tries_told(const Invocation& call, OpenRun& run,
                                        const std::vector<InstanceView>& instances) {
  if (!run.elsewhere || call.args().has("tries")) return run.reader->tries_of_run(run.run_no);
  std::vector<TryView> out;
  std::size_t asked = 0;
  for (const InstanceView& one : instances) {
    const bool tells = one.row.state == TaskState::failed || one.row.state == TaskState::up_for_retry;
    if (!tells || one.row.try_number == 0 || ++asked > kRowsMax) continue;
    Result<std::vector<TryView>> own = run.reader->tries(run.run_no, one.row.instance_no);
    if (!own) return own.error();
    std::move(own->begin(), own->end(), std::back_inserter(out));
  }
  return out;
}

}  // namespace

int show_command(const Invocation& call) {
  Result<OpenRun> run = open_run(call);
  if (!run) return call.fail(run.error());
  const Result<std::vector<InstanceView>> instances = chosen_instances(*run, call.args().at(1));
  if (!instances) return call.fail(instances.error());
  if (call.args().has("report")) return show_reports(call, *run, *instances);
  if (call.format() != Format::table) {
    const Result<Value> document = run_document(*run->reader, run->run, *instances, true);
    if (!document) return call.fail(document.error());
    call.print_document(*document, "task_instances");
    return kOk;
  }
  const Result<std::vector<TryView>> all_tries = tries_told(call, *run, *instances);
  if (!all_tries) return call.fail(all_tries.error());
  Tries tries;
  for (const TryView& view : *all_tries) tries[view.row.instance_no].push_back(&view);
  show_head(call, *run);
  show_tasks(call, run->run, *instances, tries);
  return kOk;
}

}  // namespace baton::cli
