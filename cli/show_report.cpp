#include "cli/show_report.h"

#include <map>
#include <utility>

#include "cli/exit_codes.h"
#include "cli/text/clock_text.h"
#include "cli/text/display_width.h"
#include "cli/text/table.h"
#include "cli/views.h"
#include "scheduler/logs/report_files.h"

namespace baton::cli {
namespace {

using text::Ink;

struct Report {
  const InstanceView* instance = nullptr;
  std::int32_t try_number = 0;
  std::filesystem::path folder;
  std::vector<logs::ReportFile> files;
};

Result<std::vector<Report>> reports_of(OpenRun& run, const std::vector<InstanceView>& instances) {
  const Result<std::vector<TryView>> tries = run.reader->tries_of_run(run.run_no);
  if (!tries) return tries.error();
  // A try number has several epochs where a sensor looked again: the last one tells.
  std::map<std::pair<InstanceNo, std::int32_t>, Epoch> epochs;
  for (const TryView& one : *tries) epochs[{one.row.instance_no, one.row.try_number}] = one.row.epoch;
  std::vector<Report> out;
  for (const InstanceView& instance : instances) {
    const InstanceNo number = instance.row.instance_no;
    for (auto at = epochs.lower_bound({number, 0}); at != epochs.end() && at->first.first == number; ++at) {
      const std::string folder = logs::report_path(run.folder.string(), run.run_no, number, at->second);
      Result<std::vector<logs::ReportFile>> files = logs::list_report(folder);
      if (!files) return files.error();
      if (!files->empty()) out.push_back({&instance, at->first.second, folder, std::move(*files)});
    }
  }
  return out;
}

Value document_of(const RunView& run, const std::vector<Report>& reports) {
  ValueList list;
  for (const Report& report : reports) {
    ValueList files;
    for (const logs::ReportFile& file : report.files) {
      files.emplace_back(ValueMap{{"name", file.name},
                                  {"bytes", file.bytes},
                                  {"kind", logs::to_string(logs::report_kind(file.name))},
                                  {"content_type", logs::report_type(file.name)},
                                  {"path", (report.folder / file.name).string()}});
    }
    list.emplace_back(ValueMap{{"dag_run_id", run.row.run_id},
                               {"task_id", report.instance->task_id},
                               {"map_index", std::int64_t{report.instance->row.map_index}},
                               {"try_number", std::int64_t{report.try_number}},
                               {"files", std::move(files)}});
  }
  const auto total = static_cast<std::int64_t>(list.size());
  return ValueMap{{"reports", std::move(list)}, {"total_entries", total}};
}

}  // namespace

int show_reports(const Invocation& call, OpenRun& run, const std::vector<InstanceView>& instances) {
  if (run.elsewhere) {
    return call.fail({"reports are files where the server runs: the page of the run shows them, and `GET …/reports/{try}`"
                      " of the API",
                      ErrorKind::invalid});
  }
  const Result<std::vector<Report>> reports = reports_of(run, instances);
  if (!reports) return call.fail(reports.error());
  if (call.format() != Format::table) {
    call.print_document(document_of(run.run, *reports), "reports");
    return kOk;
  }
  if (reports->empty()) {
    call.note("no task has left a report; a task leaves one by writing files into the folder $BATON_REPORT_DIR");
    return kOk;
  }
  const text::Style& style = call.out_style();
  text::Table table({{"TASK"}, {"TRY", true}, {"SIZE", true}, {"FILE"}});
  for (const Report& report : *reports) {
    for (const logs::ReportFile& file : report.files) {
      table.add({text::printable(instance_name(*report.instance)), std::to_string(report.try_number),
                 text::size(file.bytes), text::printable(shown_path(report.folder / file.name))});
    }
  }
  Invocation::print(table.render(style, call.out_width(), ""));
  return kOk;
}

}  // namespace baton::cli
