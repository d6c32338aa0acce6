#include "web/api/whole_run.h"

namespace baton::api {

Result<RunNo> run_no_named(Reader& reader, const std::string& dag_id, const std::string& run_id) {
  RunQuery query;
  query.filter.dag_ids = {dag_id};
  query.filter.run_ids = {run_id};
  query.page.limit = 1;
  query.page.with_total = false;
  const auto page = reader.list_runs(query);
  if (!page) return page.error();
  if (!page->rows.empty()) return page->rows.front().row.run_no;
  return Error{"there is no run \"" + run_id + "\" of the DAG \"" + dag_id + "\"", ErrorKind::not_found};
}

Result<InstancePage> instances_of(Reader& reader, RunNo run_no) {
  InstanceQuery query;
  query.filter.run_no = run_no;
  query.page.limit = kInstancesMax;
  query.page.with_total = false;
  return reader.list_instances(query);
}

Result<WholeRun> whole_run_of_path(Reader& reader, const Call& call) {
  const auto run_no = run_no_named(reader, call.request.param("dag_id"), call.request.param("dag_run_id"));
  if (!run_no) return run_no.error();
  auto run = reader.run(*run_no);
  if (!run) return run.error();
  auto instances = instances_of(reader, *run_no);
  if (!instances) return instances.error();
  auto compiled = call.services.dags->get(reader, run->row.dag_id, run->row.dag_version);
  if (!compiled) return compiled.error();
  return WholeRun{std::move(*run), std::move(instances->rows), std::move(*compiled), instances->seq};
}

}  // namespace baton::api
