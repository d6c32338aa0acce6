// `dag next`, `dag ls`, `dag errors`, `dag versions`, `dag diff`, `dag source`.
#include "cli/dag_lookup.h"
#include "cli/handlers.h"
#include "cli/reading.h"
#include "cli/run_request.h"
#include "cli/text/clock_text.h"
#include "cli/text/display_width.h"
#include "cli/text/document_text.h"
#include "cli/text/table.h"
#include "scheduler/dagfile/diagnostic.h"
#include "scheduler/insight/line_diff.h"
#include "scheduler/json/json_value.h"
#include "scheduler/model/did_you_mean.h"
#include "scheduler/timetable/time_text.h"

namespace baton::cli {
namespace {

constexpr std::int64_t kTicksMax = 100'000;

void show_ticks(const Invocation& call, const std::vector<timetable::Tick>& ticks, const timetable::TimeZone& zone) {
  const WallUs now = now_us();
  const auto local = [&](WallUs at) { return timetable::format_rfc3339(at, zone); };
  text::Table table({{"RUN AFTER"}, {"INTERVAL START"}, {"INTERVAL END", false, false, 0, 1}, {"", true, false, 0, 2}});
  for (const timetable::Tick& tick : ticks) {
    const std::string distance =
        tick.run_after >= now ? "in " + text::span(tick.run_after - now) : text::span(now - tick.run_after) + " ago";
    table.add({local(tick.run_after), local(tick.data_interval.start), local(tick.data_interval.end),
               call.out_style().paint(text::Ink::dim, distance)});
  }
  Invocation::print(table.render(call.out_style(), call.out_width()));
}

}  // namespace

int dag_next_command(const Invocation& call) {
  const Result<LoadedDag> loaded = load_one_dag(call, call.args().at(0));
  if (!loaded) return call.fail(loaded.error());
  const Result<std::int64_t> count = number_of(call.args(), "count", 10, 1);
  if (!count) return call.fail(count.error());
  const Result<timetable::Timetable> timetable = timetable_of(*loaded);
  if (!timetable) return call.fail(timetable.error());
  WallUs from = now_us();
  if (call.args().has("from")) {
    const Result<WallUs> given = timetable::parse_time(call.args().value("from"), timetable->zone());
    if (!given) return call.fail({"--from: " + given.error().message});
    from = *given;
  }
  const std::vector<timetable::Tick> ticks =
      timetable->ticks_from(from, static_cast<std::size_t>(std::min(*count, kTicksMax)));
  if (call.format() != Format::table) {
    ValueList list;
    for (const timetable::Tick& tick : ticks) {
      list.push_back(text::Object()
                         .set("run_after", text::json_time(tick.run_after))
                         .set("logical_date", text::json_time(tick.logical_date))
                         .set("data_interval_start", text::json_time(tick.data_interval.start))
                         .set("data_interval_end", text::json_time(tick.data_interval.end))
                         .take());
    }
    call.print_document(Value(std::move(list)));
    return kOk;
  }
  if (!timetable->has_ticks()) {
    call.note(loaded->dag->id + " has no schedule: it runs when somebody asks for it");
  } else if (ticks.empty()) {
    call.note(loaded->dag->id + " has no ticks from then on: its schedule has ended");
  } else {
    show_ticks(call, ticks, timetable->zone());
  }
  return kOk;
}

namespace {

std::string last_run_cell(const RunView& run, const text::Style& style) {
  if (!run.damage.empty()) return style.paint(text::Ink::red, "! damaged");
  const WallUs at = run.row.started_at == kNoTime ? run.row.queued_at : run.row.started_at;
  return text::painted(style, run.row.state) + style.paint(text::Ink::dim, "  " + text::local_time(at));
}

/// What a DAG does by itself; empty: nothing is known of a file of its.
std::string state_cell(const DagView& dag, const text::Style& style) {
  if (dag.paused_since != kNoTime) return style.paint(text::Ink::yellow, "paused");
  if (dag.draining_since != kNoTime) return style.paint(text::Ink::yellow, "draining");
  if (dag.stale_since != kNoTime) return style.paint(text::Ink::dim, "file gone");
  if (dag.has_import_error) return style.paint(text::Ink::red, "file broken");
  return dag.file.empty() ? "" : "active";
}

/// A list without them would look whole.
void note_broken_files(const Invocation& call, Reader& reader) {
  ImportErrorQuery query;
  query.page.limit = 1;
  const Result<ImportErrorPage> errors = reader.list_import_errors(query);
  if (!errors || errors->total == 0) return;
  call.note((errors->total == 1 ? "a file" : std::to_string(errors->total) + " files") +
            " of the folder cannot be read as DAGs; `baton dag errors` shows them");
}

}  // namespace

int dag_ls_command(const Invocation& call) {
  Result<OpenState> state = open_view(call.args());
  if (!state) return call.fail(state.error());
  DagQuery query;
  query.page.limit = 10'000;
  query.last_runs = 1;
  const Result<DagPage> dags = state->reader->list_dags(query);
  if (!dags) return call.fail(dags.error());
  if (call.format() != Format::table) {
    ValueList list;
    for (const DagView& dag : dags->rows) {
      text::Object runs;
      for (std::size_t i = 0; i < dag.runs_by_state.size(); ++i)
        runs.set(to_string(static_cast<RunState>(i)), dag.runs_by_state.at(i));
      list.push_back(text::Object()
                         .set("dag_id", dag.dag_id)
                         .set("dag_display_name", dag.dag_id)
                         .set("is_paused", dag.paused_since != kNoTime)
                         .set("is_draining", dag.draining_since != kNoTime)
                         .set("is_stale", dag.stale_since != kNoTime)
                         .set("has_import_errors", dag.has_import_error)
                         .set("fileloc", dag.file)
                         .set("next_dagrun_run_after", text::json_time(dag.next_tick))
                         .set("latest_dag_version_number", std::int64_t{dag.latest_number})
                         .set("latest_dag_version", dag.latest_version)
                         .set("dag_run_counts", runs.take())
                         .take());
    }
    const std::int64_t total = dags->total;
    call.print_document(text::Object().set("dags", std::move(list)).set("total_entries", total).take(), "dags");
    return kOk;
  }
  const text::Style& style = call.out_style();
  text::Table table({{"DAG", false, true, 12},
                     {"STATE"},
                     {"NEXT RUN", false, false, 0, 1},
                     {"VERSION", true, false, 0, 3},
                     {"SUCCESS", true, false, 0, 2},
                     {"FAILED", true},
                     {"RUNNING", true},
                     {"LAST RUN"}});
  for (const DagView& dag : dags->rows) {
    const std::string last = dag.last_runs.empty() ? "" : last_run_cell(dag.last_runs.front(), style);
    const auto count = [&](RunState s) { return text::grouped(dag.runs_by_state.at(static_cast<std::size_t>(s))); };
    const std::string next = dag.next_tick == kNoTime ? "" : text::local_time(dag.next_tick);
    table.add({dag.dag_id, state_cell(dag, style), next, std::to_string(dag.latest_number), count(RunState::success), count(RunState::failed),
               count(RunState::running), last});
  }
  Invocation::print(table.render(style, call.out_width()));
  note_broken_files(call, *state->reader);
  return kOk;
}

int dag_errors_command(const Invocation& call) {
  Result<OpenState> state = open_view(call.args());
  if (!state) return call.fail(state.error());
  ImportErrorQuery query;
  query.page.limit = 10'000;
  const Result<ImportErrorPage> errors = state->reader->list_import_errors(query);
  if (!errors) return call.fail(errors.error());
  if (call.format() != Format::table) {
    ValueList list;
    for (const ImportErrorView& one : errors->rows) {
      auto findings = from_json(one.findings_json);
      list.push_back(text::Object()
                         .set("import_error_id", one.file_no)
                         .set("filename", one.path)
                         .set("timestamp", text::json_time(one.failed_since))
                         .set("findings", findings ? std::move(*findings) : Value(ValueList{}))
                         .take());
    }
    call.print_document(text::Object().set("import_errors", std::move(list)).take(), "import_errors");
    return kOk;
  }
  if (errors->rows.empty()) call.note("every file of the folder reads");
  for (const ImportErrorView& one : errors->rows) {
    Invocation::print(kept_findings_text(one.findings_json));
    Invocation::print(call.out_style().paint(text::Ink::dim, "  since " + text::local_time(one.failed_since)) + "\n");
  }
  return kOk;
}

namespace {

/// All versions of the DAG that is named, newest first, never none.
Result<std::vector<VersionView>> versions_of(const Invocation& call, Reader& reader) {
  const std::string id = call.args().at(0);
  Result<std::vector<VersionView>> versions = reader.list_versions(id);
  if (!versions || !versions->empty()) return versions;
  std::vector<std::string> ids;
  DagQuery query;
  query.page.limit = 10'000;
  if (const auto dags = reader.list_dags(query)) {
    for (const DagView& dag : dags->rows) ids.push_back(dag.dag_id);
  }
  return Error{"no DAG \"" + id + "\" has run here" + did_you_mean_suffix(id, ids) + "; `baton dag ls` lists them",
               ErrorKind::not_found};
}

/// Version `number`, whole; 0: the one that stands.
Result<VersionRow> version_numbered(Reader& reader, const std::vector<VersionView>& versions, std::int64_t number) {
  for (const VersionView& version : versions) {
    if (number == 0 ? version.stands : version.number == number) return reader.version(version.dag_id, version.version);
  }
  return Error{versions.front().dag_id + " has no version " + std::to_string(number) + "; the newest is " +
                   std::to_string(versions.front().number),
               ErrorKind::not_found};
}

/// Lines as a terminal may have them, in the colours that people know.
std::string painted_diff(std::string_view diff, const text::Style& style) {
  std::string out;
  while (!diff.empty()) {
    const std::size_t end = diff.find('\n');
    const std::string line = text::printable(diff.substr(0, end));
    const bool is_name = line.starts_with("--- ") || line.starts_with("+++ ");
    const auto ink = is_name                  ? text::Ink::bold
                     : line.starts_with("@@") ? text::Ink::cyan
                     : line.starts_with("+")  ? text::Ink::green
                     : line.starts_with("-")  ? text::Ink::red
                                              : text::Ink::plain;
    out += (ink == text::Ink::plain ? line : style.paint(ink, line)) + "\n";
    diff.remove_prefix(end == std::string_view::npos ? diff.size() : end + 1);
  }
  return out;
}

}  // namespace

int dag_versions_command(const Invocation& call) {
  Result<OpenState> state = open_view(call.args());
  if (!state) return call.fail(state.error());
  const auto versions = versions_of(call, *state->reader);
  if (!versions) return call.fail(versions.error());
  if (call.format() != Format::table) {
    ValueList list;
    for (const VersionView& version : *versions) {
      list.push_back(text::Object()
                         .set("number", std::int64_t{version.number})
                         .set("version", version.version)
                         .set("stands", version.stands)
                         .set("created_at", text::json_time(version.created_at))
                         .set("source_file", version.source_file)
                         .set("source_sha256", version.source_hash)
                         .set("git_commit", version.commit.empty() ? Value() : Value(version.commit))
                         .take());
    }
    call.print_document(text::Object().set("versions", std::move(list)).take(), "versions");
    return kOk;
  }
  text::Table table({{"VERSION", true}, {"STANDS"}, {"SINCE"}, {"HASH"}, {"COMMIT"}, {"FILE", false, true, 12}});
  for (const VersionView& version : *versions) {
    table.add({std::to_string(version.number), version.stands ? "yes" : "", text::local_time(version.created_at),
               version.version.substr(0, 12), version.commit.substr(0, 12),
               version.source_file.empty() ? std::string() : text::printable(shown_path(version.source_file))});
  }
  Invocation::print(table.render(call.out_style(), call.out_width()));
  return kOk;
}

int dag_diff_command(const Invocation& call) {
  Result<OpenState> state = open_view(call.args());
  if (!state) return call.fail(state.error());
  const auto versions = versions_of(call, *state->reader);
  if (!versions) return call.fail(versions.error());
  const Result<std::int64_t> to = number_of(call.args(), "to", standing(*versions).number, 1);
  if (!to) return call.fail(to.error());
  const Result<std::int64_t> from = number_of(call.args(), "from", std::max<std::int64_t>(*to - 1, 1), 1);
  if (!from) return call.fail(from.error());
  const Result<VersionRow> before = version_numbered(*state->reader, *versions, *from);
  if (!before) return call.fail(before.error());
  const Result<VersionRow> after = version_numbered(*state->reader, *versions, *to);
  if (!after) return call.fail(after.error());
  const auto name = [](const VersionRow& row, std::int64_t number) {
    return row.dag_id + " version " + std::to_string(number);
  };
  const std::string diff =
      insight::unified_diff(before->source, after->source, name(*before, *from), name(*after, *to));
  if (diff.empty()) {
    call.note(*from == *to ? "one version is no difference: name two with --from and --to"
                           : "their sources are equal: another setting made the new version");
  }
  Invocation::print(painted_diff(diff, call.out_style()));
  return kOk;
}

int dag_source_command(const Invocation& call) {
  Result<OpenState> state = open_view(call.args());
  if (!state) return call.fail(state.error());
  const Result<std::int64_t> number = number_of(call.args(), "number", 0, 1);
  if (!number) return call.fail(number.error());
  const auto versions = versions_of(call, *state->reader);
  if (!versions) return call.fail(versions.error());
  const Result<VersionRow> row = version_numbered(*state->reader, *versions, *number);
  if (!row) return call.fail(row.error());
  Invocation::print(row->source);
  return kOk;
}

}  // namespace baton::cli
