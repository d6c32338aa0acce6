// Backfills: the list, one, a dry run; made, paused, resumed, cancelled. Airflow's shapes, with what Baton has beside.
#include <algorithm>
#include <charconv>
#include <optional>

#include "scheduler/json/json_value.h"
#include "web/api/answers.h"
#include "web/api/backfill_door.h"
#include "web/api/fields.h"
#include "web/api/list_query.h"
#include "web/api/objects.h"

namespace baton::api {

namespace {

std::string_view name_of(Reprocess reprocess) {
  switch (reprocess) {
    case Reprocess::none: return "none";
    case Reprocess::failed: return "failed";
    case Reprocess::completed: return "completed";
  }
  return "none";
}

std::string_view name_of(BackfillState state) {
  switch (state) {
    case BackfillState::running: return "running";
    case BackfillState::paused: return "paused";
    case BackfillState::cancelled: return "cancelled";
    case BackfillState::completed: return "completed";
  }
  return "running";
}

void append_row(JsonObject& one, const BackfillRow& row) {
  one.number("id", row.backfill_no);
  one.text("dag_id", row.dag_id);
  one.text("dag_display_name", row.dag_id);
  time_field(one, "from_date", row.from);
  time_field(one, "to_date", row.to);
  one.member("dag_run_conf") += row.conf_json;
  bool_field(one, "is_paused", row.state == BackfillState::paused);
  one.text("reprocess_behavior", name_of(row.reprocess));
  one.number("max_active_runs", row.max_active_runs);
  time_field(one, "created_at", row.created_at);
  time_field(one, "completed_at", row.completed_at);
  time_field(one, "updated_at", row.updated_at);
  one.text("state", name_of(row.state));
  one.number("intervals_per_run", row.intervals_per_run);
  bool_field(one, "run_backwards", row.runs_backwards);
  text_field(one, "created_by", row.created_by);
  text_field(one, "note", row.note);
  labels_field(one, row.labels);
}

/// How much of it there is, and how much is still to come. Of one that is through: what it has come to.
void append_size(JsonObject& one, const BackfillRow& row, const std::optional<BackfillSize>& size) {
  const bool is_done = row.state == BackfillState::completed;
  if (!size && !is_done) {
    for (const char* name : {"total_runs", "total_intervals", "intervals_to_come"}) null_field(one, name);
    return;
  }
  const std::int64_t runs = is_done ? row.next_ordinal : std::max(size->runs, row.next_ordinal);
  one.number("total_runs", runs);
  if (size) {
    const std::int64_t intervals = size->intervals;
    const bool goes_on = row.completed_at == kNoTime;
    one.number("total_intervals", intervals);
    one.number("intervals_to_come",
               goes_on ? std::max<std::int64_t>(intervals - row.next_ordinal * row.intervals_per_run, 0) : 0);
  } else {
    null_field(one, "total_intervals");
    one.number("intervals_to_come", 0);
  }
}

/// By the schedule that its DAG has now.
std::optional<BackfillSize> size_of(Reader& reader, const BackfillRow& row, const Call& call) {
  if (call.services.backfills == nullptr || call.services.known_dags == nullptr) return std::nullopt;
  DagQuery query;
  query.filter.dag_ids = {row.dag_id};
  query.page.limit = 1;
  query.page.with_total = false;
  const auto dags = reader.list_dags(query);
  if (!dags || dags->rows.empty()) return std::nullopt;
  const auto known = call.services.known_dags->get(reader, row.dag_id, dags->rows.front().latest_version);
  if (!known || known->ticks == nullptr) return std::nullopt;
  return call.services.backfills->size_of(row, *known->ticks);
}

/// Only those that go on are counted: there is one for each DAG at most.
void append_listed(std::string& out, const BackfillView& backfill, Reader& reader, const Call& call) {
  JsonObject one(out);
  append_row(one, backfill.row);
  const bool goes_on = backfill.row.completed_at == kNoTime;
  append_size(one, backfill.row, goes_on ? size_of(reader, backfill.row, call) : std::nullopt);
}

void append_whole(std::string& out, const BackfillView& backfill, Reader& reader, const Call& call) {
  JsonObject one(out);
  append_row(one, backfill.row);
  append_size(one, backfill.row, size_of(reader, backfill.row, call));
  {
    JsonObject runs(one.member("runs"));
    for (std::size_t k = 0; k < backfill.runs.size(); ++k) {
      runs.number(to_string(static_cast<RunState>(k)), backfill.runs[k]);
    }
  }
  one.number("skipped", backfill.skipped);
  const auto ended = [&](RunState state) { return backfill.runs[static_cast<std::size_t>(state)]; };
  one.number("done", ended(RunState::success) + ended(RunState::failed) + backfill.skipped);
}

std::optional<std::int64_t> number_of_path(const Call& call) {
  const std::string text = call.request.param("backfill_id");
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

http::Response one_response(Reader& reader, std::int64_t backfill_no, const Call& call) {
  const auto found = reader.backfill(backfill_no);
  if (!found) return http::error_response(found.error(), &call.request);
  std::string body;
  append_whole(body, *found, reader, call);
  return json_response(std::move(body));
}

http::Response no_such(const Call& call) {
  const Error error{"there is no backfill " + call.request.param("backfill_id"), ErrorKind::not_found};
  return http::error_response(error, &call.request);
}

http::Response list_backfills(const Call& call) {
  auto reader = call.services.readers->take();
  if (!reader) return read_error(reader.error(), call);
  NameQuery query;
  for (const std::string& word : words(call.request, "order_by")) {
    if (word != "id" && word != "-id") return order_error(word, call);
    query.descending = word == "-id";
  }
  query.name.parts = words(call.request, "dag_id");
  query.page = page_of(call.request);
  const auto page = (*reader)->list_backfills(query);
  if (!page) return read_error(page.error(), call);
  const auto append = [&](std::string& out, const BackfillView& one) { append_listed(out, one, **reader, call); };
  return page_response("backfills", *page, append, call);
}

http::Response get_backfill(const Call& call) {
  auto reader = call.services.readers->take();
  if (!reader) return read_error(reader.error(), call);
  const auto number = number_of_path(call);
  return number ? one_response(**reader, *number, call) : no_such(call);
}

std::int64_t number_member(const Call& call, std::string_view name, std::int64_t otherwise) {
  const Value* found = call.body.find(name);
  return found != nullptr && found->type() == ValueType::integer ? found->as_int() : otherwise;
}

BackfillWanted wanted_of(const Call& call) {
  BackfillWanted wanted;
  wanted.dag_id = call.text("dag_id");
  wanted.from = call.time("from_date");
  wanted.to = call.time("to_date");
  wanted.max_active_runs = static_cast<std::int32_t>(number_member(call, "max_active_runs", 10));
  wanted.intervals_per_run = static_cast<std::int32_t>(number_member(call, "intervals_per_run", 1));
  if (const std::string reprocess = call.text("reprocess_behavior"); !reprocess.empty()) wanted.reprocess = reprocess;
  const Value* backwards = call.body.find("run_backwards");
  wanted.runs_backwards = backwards != nullptr && backwards->type() == ValueType::boolean && backwards->as_bool();
  const Value* conf = call.body.find("dag_run_conf");
  if (conf != nullptr && !conf->is_null()) wanted.conf_json = to_json(*conf);
  wanted.note = call.text("note");
  return wanted;
}

/// Whether this process makes backfills; else it is said.
bool has_door(const Call& call, const http::Reply& reply) {
  if (call.services.backfills != nullptr) return true;
  reply.send(http::error_response(Error{"this process makes no backfills", ErrorKind::unavailable}, &call.request));
  return false;
}

void create_backfill(const Call& call, const http::Reply& reply) {
  if (!has_door(call, reply)) return;
  BackfillWanted wanted = wanted_of(call);
  auto labels = labels_of_body(call);
  if (!labels) return reply.send(http::error_response(labels.error(), &call.request));
  wanted.labels = std::move(*labels);
  call.services.backfills->create(std::move(wanted), asker_of(call.request), [call, reply](Result<std::int64_t> made) {
    reply.later([call, made = std::move(made)]() -> http::Response {
      if (!made) return http::error_response(made.error(), &call.request);
      auto reader = call.services.readers->take();
      if (!reader) return read_error(reader.error(), call);
      return one_response(**reader, *made, call);
    });
  });
}

void append_planned(std::string& out, const BackfillPlanned& planned) {
  JsonObject one(out);
  time_field(one, "logical_date", planned.logical_date);
  null_field(one, "partition_key");
  null_field(one, "partition_date");
  time_field(one, "data_interval_start", planned.interval_start);
  time_field(one, "data_interval_end", planned.interval_end);
  one.text("step", planned.step);
}

void dry_run(const Call& call, const http::Reply& reply) {
  if (!has_door(call, reply)) return;
  call.services.backfills->plan(wanted_of(call), [call, reply](Result<BackfillPlan> plan) {
    reply.later([call, plan = std::move(plan)]() -> http::Response {
      if (!plan) return http::error_response(plan.error(), &call.request);
      // Of a list that is cut nobody has looked at the rest: it is as many as there are runs to be.
      const auto listed = static_cast<std::int64_t>(plan->list.size());
      const std::int64_t total = plan->is_whole ? listed : std::max(plan->size.runs, listed);
      std::string body = list_body("backfills", plan->list, total, append_planned);
      body.pop_back();
      body += ",\"total_runs\":" + std::to_string(plan->size.runs) +
              ",\"total_intervals\":" + std::to_string(plan->size.intervals) +
              ",\"left_out\":" + std::to_string(plan->size.left_out) +
              ",\"is_whole\":" + (plan->is_whole ? "true" : "false") + "}";
      return json_response(std::move(body));
    });
  });
}

OperateLater changing(BackfillDoor::Change change) {
  return [change](const Call& call, const http::Reply& reply) {
    if (!has_door(call, reply)) return;
    const auto number = number_of_path(call);
    if (!number) return reply.send(no_such(call));
    {
      auto reader = call.services.readers->take();
      if (!reader) return reply.send(read_error(reader.error(), call));
      const auto found = (*reader)->backfill(*number);
      if (!found) return reply.send(http::error_response(found.error(), &call.request));
      if (found->row.completed_at != kNoTime) {
        const Error through{"backfill " + std::to_string(*number) + " is through: " +
                                std::string(name_of(found->row.state)),
                            ErrorKind::conflict};
        return reply.send(http::error_response(through, &call.request));
      }
    }
    call.services.backfills->change(*number, change, asker_of(call.request), [call, reply, number](Status done) {
      reply.later([call, number, done = std::move(done)]() -> http::Response {
        if (!done) return http::error_response(done.error(), &call.request);
        auto reader = call.services.readers->take();
        if (!reader) return read_error(reader.error(), call);
        return one_response(**reader, *number, call);
      });
    });
  };
}

}  // namespace

void add_backfills(Operations& operations) {
  operations.at_once["list_backfills"] = list_backfills;
  operations.at_once["get_backfill"] = get_backfill;
  operations.later["create_backfill"] = create_backfill;
  operations.later["create_backfill_dry_run"] = dry_run;
  operations.later["pause_backfill"] = changing(BackfillDoor::Change::pause);
  operations.later["unpause_backfill"] = changing(BackfillDoor::Change::resume);
  operations.later["cancel_backfill"] = changing(BackfillDoor::Change::cancel);
}

}  // namespace baton::api
