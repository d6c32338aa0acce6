// What a try left in its report folder: the list of its files, and each of them. A file is the task's own words: it is
// never shown as a document of this server's. Its type follows from its name, it comes as an attachment, and where it is
// shown in place (`inline`), it lies in a sandbox without scripts, forms or an origin.
#include <algorithm>
#include <cstdlib>
#include <optional>

#include "scheduler/logs/report_files.h"
#include "web/api/answers.h"
#include "web/api/fields.h"
#include "web/api/list_query.h"
#include "web/api/objects.h"

namespace baton::api {

namespace {

/// Pictures and fonts only as they stand in the file itself: a report reaches nothing and nobody.
constexpr const char* kSandbox =
    "sandbox; default-src 'none'; img-src data:; font-src data:; style-src 'unsafe-inline'; frame-ancestors 'self'";

/// The folder of the try that the path names; not_found: there is no such instance or try. One that lives has none yet.
Result<std::string> folder_of_path(const Call& call) {
  const http::Request& request = call.request;
  auto reader = call.services.readers->take();
  if (!reader) return reader.error();
  const auto instance = instance_of_path(**reader, request);
  if (!instance) return instance.error();
  const auto tries = (*reader)->tries(instance->row.run_no, instance->row.instance_no);
  if (!tries) return tries.error();
  const std::string& text = request.param("try_number");
  const std::int64_t number = std::strtoll(text.c_str(), nullptr, 10);
  const auto last = std::find_if(tries->rbegin(), tries->rend(),
                                 [&](const TryView& one) { return one.row.try_number == number; });
  if (last == tries->rend()) {
    if (instance->row.try_number == number && number > 0) return std::string();
    return Error{"there is no try " + text + " of this task instance", ErrorKind::not_found};
  }
  return logs::report_path(call.services.state_folder, instance->row.run_no, instance->row.instance_no, last->row.epoch);
}

http::Response list_report(const Call& call) {
  const auto folder = folder_of_path(call);
  if (!folder) return read_error(folder.error(), call);
  const auto files = logs::list_report(*folder);  // of a try that lives: of no folder, empty
  if (!files) return read_error(files.error(), call);
  const auto total = static_cast<std::int64_t>(files->size());
  return hashed_response(list_body("files", *files, total,
                                   [](std::string& out, const logs::ReportFile& file) {
                                     JsonObject one(out);
                                     one.text("name", file.name);
                                     one.number("bytes", file.bytes);
                                     one.text("kind", logs::to_string(logs::report_kind(file.name)));
                                     one.text("content_type", logs::report_type(file.name));
                                   }),
                         call);
}

http::Response get_report_file(const Call& call) {
  const auto folder = folder_of_path(call);
  if (!folder) return read_error(folder.error(), call);
  const std::string& name = call.request.param("file");
  if (folder->empty()) return http::error_response(404, "this try has not ended: it has no report yet", &call.request);
  auto bytes = logs::read_report_file(*folder, name);
  if (!bytes) return read_error(bytes.error(), call);
  const bool in_place = flag(call.request, "inline").value_or(false);
  http::Response response;
  response.content_type = logs::report_type(name);
  // The name is of letters, digits, _ . - alone.
  response.headers = {{"Content-Disposition", (in_place ? "inline" : "attachment; filename=\"" + name + "\"")},
                      {"Content-Security-Policy", kSandbox},
                      {"Cross-Origin-Resource-Policy", "same-origin"},
                      {"Referrer-Policy", "no-referrer"}};
  response.body = std::move(*bytes);
  return response;
}

}  // namespace

void add_reports(Operations& operations) {
  operations.at_once["list_report"] = operations.at_once["list_mapped_report"] = list_report;
  operations.at_once["get_report_file"] = operations.at_once["get_mapped_report_file"] = get_report_file;
}

}  // namespace baton::api
