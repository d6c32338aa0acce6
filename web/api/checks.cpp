// What checks of data quality have come to: of one run, or of all.
#include "scheduler/insight/check_value.h"
#include "scheduler/json/json_value.h"
#include "web/api/answers.h"
#include "web/api/list_query.h"

namespace baton::api {
namespace {

bool is_asked(const Call& call, std::string_view name) {
  const auto found = words(call.request, name);
  return !found.empty() && found.front() == "true";
}

http::Response list_checks(const Call& call) {
  auto reader = call.services.readers->take();
  if (!reader) return read_error(reader.error(), call);
  CheckQuery query;
  const std::string dag_id = call.request.param("dag_id");
  if (Status known = check_dag(**reader, dag_id); !known) return read_error(known.error(), call);
  if (dag_id != "~") query.dag_id = dag_id;
  if (call.request.param("dag_run_id") != "~") {
    const auto run_no = run_of_path(**reader, call.request);
    if (!run_no) return read_error(run_no.error(), call);
    query.run_no = *run_no;
  }
  query.not_passed = is_asked(call, "failed");
  query.last_try = is_asked(call, "last_try");
  query.limit = page_of(call.request).limit;
  if (const auto before = words(call.request, "before"); !before.empty()) query.before = std::atoll(before.front().c_str());
  if (const auto task = words(call.request, "task_id"); !task.empty() && query.run_no != 0) {
    const auto instance_no = (*reader)->find_instance(query.run_no, task.front());
    if (!instance_no) return read_error(instance_no.error(), call);
    query.instance_no = *instance_no;
  }
  const auto rows = (*reader)->list_checks(query);
  if (!rows) return read_error(rows.error(), call);
  return hashed_response(to_json(insight::check_list(*rows)), call);
}

}  // namespace

void add_checks(Operations& operations) { operations.at_once["list_checks"] = list_checks; }

}  // namespace baton::api
