// Approvals: what persons are asked, and their answers, as Airflow's human-in-the-loop operations.
#include <charconv>
#include <optional>
#include <utility>

#include "scheduler/insight/approval_value.h"
#include "scheduler/json/json_value.h"
#include "web/api/answers.h"
#include "web/api/fields.h"
#include "web/api/list_query.h"
#include "web/api/objects.h"

namespace baton::api {

namespace {

void append_approval(std::string& out, const ApprovalView& view) {
  JsonObject one(out);
  append_instance(one.member("task_instance"), view.instance);
  for (const auto& [name, value] : insight::approval_value(view.row)) append_json(one.member(name.as_string()), value);
}

std::optional<std::int64_t> approval_number(const std::string& text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// None: nothing can be so. The answered ones and the others are told by one flag, as Airflow has it.
bool read_approval_states(const http::Request& request, ApprovalFilter& filter) {
  const std::optional<bool> is_answered = flag(request, "response_received");
  const std::vector<std::string> states = words(request, "state");
  bool waits = states.empty(), ended = states.empty();
  for (const std::string& state : states) (state == "deferred" ? waits : ended) = true;
  for (const ApprovalState state :
       {ApprovalState::open, ApprovalState::answered, ApprovalState::withdrawn, ApprovalState::expired}) {
    const bool fits_flag = !is_answered || *is_answered == (state == ApprovalState::answered);
    const bool fits_state = state == ApprovalState::open ? waits : ended;
    if (fits_flag && fits_state) filter.states.push_back(state);
  }
  return !filter.states.empty();
}

http::Response list_approvals(const Call& call) {
  auto reader = call.services.readers->take();
  if (!reader) return read_error(reader.error(), call);
  ApprovalQuery query;
  for (const std::string& order : words(call.request, "order_by")) {
    const bool descends = order.substr(0, 1) == "-";
    const std::string name = order.substr(descends ? 1 : 0);
    if (name != "id" && name != "ti_id" && name != "created_at") return order_error(order, call);
    query.descending = descends;
  }
  ApprovalFilter& filter = query.filter;
  const std::string& dag_id = call.request.param("dag_id");
  if (call.request.param("dag_run_id") != "~") {
    const auto run_no = run_of_path(**reader, call.request);
    if (!run_no) return read_error(run_no.error(), call);
    filter.run_no = *run_no;
  } else if (dag_id != "~") {
    if (const auto known = check_dag(**reader, dag_id); !known) return read_error(known.error(), call);
    filter.dag_ids = {dag_id};
  }
  filter.dag_id = text_match(call.request, "dag_id");
  filter.task_id = text_match(call.request, "task_id");
  filter.task_ids = words(call.request, "task_id");
  for (const std::string& one : words(call.request, "id")) filter.numbers.push_back(approval_number(one).value_or(0));
  for (const std::string& one : words(call.request, "map_index")) {
    filter.map_indexes.push_back(static_cast<std::int32_t>(approval_number(one).value_or(-2)));
  }
  filter.closed_by = words(call.request, "responded_by_user_id");
  if (filter.closed_by.empty()) filter.closed_by = words(call.request, "responded_by_user_name");
  for (const char* name : {"subject_search", "body_search"}) {
    if (const auto found = words(call.request, name); !found.empty()) filter.words = found.front();
  }
  filter.created_at = time_range(call.request, "created_at");
  query.page = page_of(call.request);
  if (!read_approval_states(call.request, filter)) query.page.limit = 0;
  const auto page = (*reader)->list_approvals(query);
  if (!page) return read_error(page.error(), call);
  return page_response("hitl_details", *page, append_approval, call);
}

/// Of the task instance that the path names, the question of this try; 0: the newest.
Result<ApprovalView> asked_of_path(Reader& reader, const http::Request& request, std::int64_t try_number) {
  const auto instance = instance_of_path(reader, request);
  if (!instance) return instance.error();
  ApprovalQuery query;
  query.filter.run_no = instance->row.run_no;
  query.filter.instance_no = instance->row.instance_no;
  query.filter.with_earlier = true;
  if (try_number > 0) query.filter.try_number = static_cast<std::int32_t>(try_number);
  query.descending = true;
  query.page.limit = 1;
  query.page.with_total = false;
  auto page = reader.list_approvals(query);
  if (!page) return page.error();
  if (page->rows.empty()) {
    return Error{"task \"" + instance->task_id + "\" of this run has asked nobody", ErrorKind::not_found};
  }
  return std::move(page->rows.front());
}

http::Response shown_approval(const Call& call, std::int64_t try_number) {
  auto reader = call.services.readers->take();
  if (!reader) return read_error(reader.error(), call);
  const auto view = asked_of_path(**reader, call.request, try_number);
  if (!view) return read_error(view.error(), call);
  std::string body;
  append_approval(body, *view);
  return object_response(std::move(body), view->row.seq, call);
}

http::Response get_asked_try(const Call& call) {
  const auto number = approval_number(call.request.param("try_number"));
  if (number && *number > 0) return shown_approval(call, *number);
  return http::error_response(404, "there is no such try of this task instance", &call.request);
}

/// The answer as the store has it: another one may have come first.
http::Response answer_response(const Call& call) {
  auto reader = call.services.readers->take();
  if (!reader) return read_error(reader.error(), call);
  const auto view = asked_of_path(**reader, call.request, 0);
  if (!view) return read_error(view.error(), call);
  const Value all(insight::approval_value(view->row));
  std::string body;
  {
    JsonObject out(body);
    append_json(out.member("responded_by"), *all.find("responded_by_user"));
    for (const char* name : {"responded_at", "chosen_options", "params_input"}) {
      append_json(out.member(name), *all.find(name));
    }
  }
  return json_response(std::move(body));
}

void answer_approval(const Call& call, const http::Reply& reply) {
  AnswerAsk ask;
  {
    auto reader = call.services.readers->take();
    const auto view =
        reader ? asked_of_path(**reader, call.request, 0) : Result<ApprovalView>(reader.error());
    if (!view) return reply.send(read_error(view.error(), call));
    const ApprovalRow& row = view->row;
    if (row.state != ApprovalState::open) {
      const Error late{"nothing is asked any more: " + insight::words_of_close(row), ErrorKind::conflict};
      return reply.send(http::error_response(late, &call.request));
    }
    ask.what.run_no = row.run_no;
    ask.what.task = {row.task_id, row.map_index < 0 ? std::nullopt : std::optional(row.map_index)};
    ask.what.epoch = row.epoch;
    ask.what.requester = row.requester;
    ask.form_json = row.form_json;
  }
  if (const Value* chosen = call.body.find("chosen_options"); chosen != nullptr && chosen->type() == ValueType::list) {
    for (const Value& one : chosen->as_list()) {
      if (one.type() == ValueType::string) ask.what.chosen.push_back(one.as_string());
    }
  }
  if (const Value* params = call.body.find("params_input"); params != nullptr) ask.what.params = *params;
  ask.what.note = call.text("note");
  call.services.door->answer(std::move(ask), asker_of(call.request), once_of(call.request),
                             [call, reply](const Result<Changed>& done) {
                               if (!done) return reply.send(http::error_response(done.error(), &call.request));
                               reply.later([call] { return answer_response(call); });
                             });
}

}  // namespace

void add_approvals(Operations& operations) {
  operations.at_once["get_hitl_details"] = list_approvals;
  operations.at_once["get_hitl_detail"] = [](const Call& call) { return shown_approval(call, 0); };
  operations.at_once["get_hitl_detail_try_detail"] = get_asked_try;
  operations.later["update_hitl_detail"] = answer_approval;
  operations.made["answer"] = [](const Call& call, const std::string&) { return answer_response(call); };
}

}  // namespace baton::api
