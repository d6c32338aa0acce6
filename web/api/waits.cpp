// The wait for a run: its state as lines of JSON, every so often, until it has ended.
#include <cstdlib>
#include <string>

#include "scheduler/json/json_value.h"
#include "scheduler/json/json_writer.h"
#include "web/api/answers.h"
#include "web/api/followers.h"
#include "web/api/list_query.h"
#include "web/api/run_choice.h"

namespace baton::api {

namespace {

/// The outputs of the tasks that the request names, by task.
std::string results_of(Reader& reader, RunNo run_no, const std::vector<std::string>& tasks) {
  InstanceQuery query;
  query.filter.run_no = run_no;
  query.filter.task_ids = tasks;
  query.page.limit = 1'000;
  query.page.with_total = false;
  const auto page = reader.list_instances(query);
  std::string out;
  {
    JsonObject results(out);
    for (std::size_t k = 0; page && k < page->rows.size(); ++k) {
      const InstanceView& one = page->rows[k];
      if (one.row.map_index > 0) continue;
      results.member(one.task_id) += one.row.outputs_json.empty() ? "null" : one.row.outputs_json;
    }
  }
  return out;
}

std::string line_of(Reader& reader, const RunRow& run, const std::vector<std::string>& tasks) {
  std::string line;
  {
    JsonObject one(line);
    one.text("state", to_string(run.state));
    if (is_final(run.state) && !tasks.empty()) one.member("results") += results_of(reader, run.run_no, tasks);
  }
  return line + "\n";
}

http::Response wait(const Call& call) {
  auto reader = call.services.readers->take();
  if (!reader) return read_error(reader.error(), call);
  const auto run = run_named(**reader, call.request.param("dag_id"), call.request.param("dag_run_id"));
  if (!run) return read_error(run.error(), call);
  const double seconds = std::strtod(std::string(call.request.query_value("interval").value_or("1")).c_str(), nullptr);
  const auto every = static_cast<DurationUs>(std::min(std::max(seconds, 0.1), 3'600.0) * kSecond);
  const std::vector<std::string> tasks = words(call.request, "result");
  http::Response response;
  response.content_type = "application/x-ndjson";
  response.body = line_of(**reader, *run, tasks);
  response.stream = [call, run_no = run->run_no, is_over = is_final(run->state), every, tasks](
                        const http::StreamWriter& writer) {
    if (is_over) return writer->close();
    WallUs next = call.services.now() + every;
    call.services.followers->add(writer, [call, run_no, every, tasks, next](Reader& from, http::StreamSink& to) mutable {
      const auto now_is = from.run(run_no);
      if (!now_is) return false;
      const bool is_final_now = is_final(now_is->row.state);
      if (!is_final_now && call.services.now() < next) return true;
      next = call.services.now() + every;
      return to.write(line_of(from, now_is->row, tasks)) && !is_final_now;
    });
  };
  return response;
}

}  // namespace

void add_waits(Operations& operations) { operations.at_once["wait_dag_run_until_finished"] = wait; }

}  // namespace baton::api
