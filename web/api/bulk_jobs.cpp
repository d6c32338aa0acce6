// Bulk jobs: work over many objects that a filter names, how far it has come, and runs changed by filter.
#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "scheduler/insight/letter_value.h"
#include "scheduler/json/json_value.h"
#include "web/api/answers.h"
#include "web/api/fields.h"
#include "web/api/job_door.h"
#include "web/api/list_query.h"
#include "web/api/objects.h"

namespace baton::api {
namespace {

/// Listed with what a job would do.
constexpr std::int64_t kRunsShown = 100;

std::optional<std::int64_t> job_of_path(const Call& call) {
  const std::string text(call.request.param("job_id"));
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number <= 0) return std::nullopt;
  return number;
}

http::Response no_such_job(const Call& call) {
  return http::error_response(Error{"there is no such job", ErrorKind::not_found}, &call.request);
}

http::Response list_bulk_jobs(const Call& call) {
  auto reader = call.services.readers->take();
  if (!reader) return read_error(reader.error(), call);
  NameQuery query;
  query.descending = true;
  query.page = page_of(call.request);
  const auto page = (*reader)->list_jobs(query);
  if (!page) return read_error(page.error(), call);
  std::string body = list_body("bulk_jobs", page->rows, page->total, [](std::string& out, const JobView& job) {
    append_json(out, Value(insight::job_value(job)));
  });
  return page_response(std::move(body), *page, call);
}

void cancel_bulk_job(const Call& call, const http::Reply& reply) {
  const auto number = job_of_path(call);
  if (!number || call.services.jobs == nullptr) return reply.send(no_such_job(call));
  {
    auto reader = call.services.readers->take();
    const auto job = reader ? (*reader)->job(*number) : Result<JobView>(reader.error());
    if (!job) return reply.send(read_error(job.error(), call));
    if (job->ended_at != kNoTime) {
      const Error through{"job " + std::to_string(*number) + " is through", ErrorKind::conflict};
      return reply.send(http::error_response(through, &call.request));
    }
  }
  call.services.jobs->cancel(*number, asker_of(call.request), [call, reply, number](Status done) {
    if (!done) return reply.send(http::error_response(done.error(), &call.request));
    reply.later([call, number] { return shown_bulk_job(call, *number, 200); });
  });
}

// ---- runs by filter ----

std::vector<std::string> texts_of(const Value& object, std::string_view name) {
  std::vector<std::string> out;
  const Value* list = object.find(name);
  if (list == nullptr || list->type() != ValueType::list) return out;
  for (const Value& one : list->as_list()) {
    if (one.type() == ValueType::string) out.push_back(one.as_string());
  }
  return out;
}

Range range_member(const Value& object, const std::string& name) {
  Range range;
  const auto time = [&](const char* end) { return time_of_text(text_member(object, name + end)); };
  if (const WallUs at = time("_gte"); at != kNoTime) range.at_least = at;
  if (const WallUs at = time("_gt"); at != kNoTime) range.at_least = std::max(range.at_least, at + 1);
  const auto below = [&](WallUs at) { range.below = range.below == kNoTime ? at : std::min(range.below, at); };
  if (const WallUs at = time("_lt"); at != kNoTime) below(at);
  if (const WallUs at = time("_lte"); at != kNoTime) below(at + 1);
  return range;
}

/// What an action may do something to; none: the filter names states that it cannot have.
std::vector<RunState> states_for(RunJobAction action, const std::vector<RunState>& wanted) {
  const auto fits = [&](RunState state) {
    switch (action) {
      case RunJobAction::remove: return is_final(state);
      case RunJobAction::cancel: return !is_final(state);
      case RunJobAction::clear:
      case RunJobAction::retry:
      case RunJobAction::mark_success:
      case RunJobAction::mark_failed: return true;
    }
    return false;
  };
  std::vector<RunState> out;
  for (const RunState state : {RunState::queued, RunState::running, RunState::success, RunState::failed}) {
    const bool is_wanted = wanted.empty() || std::ranges::find(wanted, state) != wanted.end();
    if (is_wanted && fits(state)) out.push_back(state);
  }
  return out;
}

Result<RunFilter> filter_of_body(const Call& call) {
  RunFilter out;
  const Value* const given = call.body.find("filter");
  const Value filter = given == nullptr || given->is_null() ? Value(ValueMap{}) : *given;
  const std::string& dag_id = call.request.param("dag_id");
  out.dag_ids = texts_of(filter, "dag_ids");
  if (dag_id != "~" && (out.dag_ids.empty() || out.dag_ids == std::vector{dag_id})) out.dag_ids = {dag_id};
  if (dag_id != "~" && out.dag_ids != std::vector{dag_id}) {
    return Error{"the filter names other DAGs than the path: ask `~` for several", ErrorKind::invalid};
  }
  out.run_ids = texts_of(filter, "dag_run_ids");
  if (const Value* part = filter.find("dag_run_id_part"); part != nullptr && part->type() == ValueType::string) {
    // Of every run it would be true: what a script has left empty must not mean all.
    if (part->as_string().empty())
      return Error{"dag_run_id_part is empty: leave it out for all runs", ErrorKind::invalid};
    out.run_id.parts = {part->as_string()};
    out.run_id.is_literal = true;
  }
  for (const std::string& name : texts_of(filter, "states")) out.states.push_back(*run_state_from(name));
  for (const std::string& name : texts_of(filter, "run_types")) out.types.push_back(*run_type_from(name));
  for (const std::string& text : texts_of(filter, "labels")) out.labels.push_back(label_wanted(text));
  out.logical_date = range_member(filter, "logical_date");
  out.run_after = range_member(filter, "run_after");
  out.started_at = range_member(filter, "start_date");
  out.ended_at = range_member(filter, "end_date");
  return out;
}

Result<RunJobAsk> run_job_of(const Call& call) {
  RunJobAsk ask;
  const std::string action = call.text("action");
  for (std::size_t k = 0; k < kRunJobActionCount; ++k) {
    if (to_string(static_cast<RunJobAction>(k)) == action) ask.action = static_cast<RunJobAction>(k);
  }
  auto filter = filter_of_body(call);
  if (!filter) return filter.error();
  ask.filter = std::move(*filter);
  const bool names_states = !ask.filter.states.empty();
  ask.filter.states = states_for(ask.action, ask.filter.states);
  if (names_states && ask.filter.states.empty()) {
    const char* way = ask.action == RunJobAction::remove ? "only runs that have ended are deleted: cancel them first"
                                                         : "what has ended cannot be cancelled";
    return Error{way, ErrorKind::invalid};
  }
  ask.takes_latest = call.flag("run_on_latest_version", false);
  ask.why = call.text("note");
  if (const std::string rate = call.text("rate"); !rate.empty()) {
    const auto per_second = parse_job_rate(rate);
    if (!per_second) return per_second.error();
    ask.per_second = *per_second;
  }
  return ask;
}

void begin_run_job(const Call& call, const http::Reply& reply) {
  auto ask = run_job_of(call);
  if (!ask) return reply.send(http::error_response(ask.error(), &call.request));
  std::int64_t total = 0;
  {
    auto reader = call.services.readers->take();
    if (!reader) return reply.send(read_error(reader.error(), call));
    if (Status known = check_dag(**reader, call.request.param("dag_id")); !known) {
      return reply.send(read_error(known.error(), call));
    }
    const bool is_dry = call.flag("dry_run", false);
    RunQuery query;
    query.filter = ask->filter;
    query.order = {{RunField::number, !is_dry}};  // the oldest are what it would begin with; the newest is where it ends
    query.page.limit = is_dry ? kRunsShown : 1;
    const auto page = (*reader)->list_runs(query);
    if (!page) return reply.send(read_error(page.error(), call));
    if (is_dry) {
      return reply.send(json_response(list_body("dag_runs", page->rows, page->total, [](std::string& out, const RunView& run) {
        append_run(out, run, {});
      })));
    }
    total = page->total;
    ask->filter.number_max = page->rows.empty() ? 1 : page->rows.front().row.run_no;  // nothing that comes later is of it
  }
  if (call.services.jobs == nullptr) {
    const Error none{"jobs need a server that works on runs", ErrorKind::unavailable};
    return reply.send(http::error_response(none, &call.request));
  }
  call.services.jobs->create(std::move(*ask), total, asker_of(call.request), once_of(call.request), [call, reply](Result<std::int64_t> made) {
    if (!made) return reply.send(http::error_response(made.error(), &call.request));
    reply.later([call, job_no = *made] { return shown_bulk_job(call, job_no, 202); });
  });
}

}  // namespace

http::Response shown_bulk_job(const Call& call, std::int64_t job_no, int status) {
  auto reader = call.services.readers->take();
  if (!reader) return read_error(reader.error(), call);
  const auto job = (*reader)->job(job_no);
  if (!job) return read_error(job.error(), call);
  return json_response(to_json(Value(insight::job_value(*job))), status);
}

void add_bulk_jobs(Operations& operations) {
  operations.at_once["list_bulk_jobs"] = list_bulk_jobs;
  operations.at_once["get_bulk_job"] = [](const Call& call) {
    const auto number = job_of_path(call);
    return number ? shown_bulk_job(call, *number, 200) : no_such_job(call);
  };
  operations.later["cancel_bulk_job"] = cancel_bulk_job;
  operations.later["change_dag_runs_by_filter"] = begin_run_job;
  operations.made["job"] = [](const Call& call, const std::string& name) {
    return shown_bulk_job(call, std::strtoll(name.c_str(), nullptr, 10), 202);
  };
}

}  // namespace baton::api
