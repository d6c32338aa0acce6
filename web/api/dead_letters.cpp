// Dead letters: which task instances gave up, one with what it was given, and a person who has them tried again or lets
// them go: one at once, many as a job.
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
constexpr std::int64_t kShownOfJob = 100;

std::optional<std::int64_t> number_in(const Call& call, const char* param) {
  const std::string text(call.request.param(param));
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number <= 0) return std::nullopt;
  return number;
}

http::Response nothing_such(const Call& call, const char* what) {
  return http::error_response(Error{std::string("there is no such ") + what, ErrorKind::not_found}, &call.request);
}

std::string letters_body(const LetterPage& page) {
  return list_body("dead_letters", page.rows, page.total, [](std::string& out, const LetterView& letter) {
    append_json(out, Value(insight::letter_value(letter.row)));
  });
}

/// The run of a filter, by the names of the query or body. not_found: there is none such.
Status take_run(Reader& reader, const std::vector<std::string>& dag_ids, const std::string& run_id, LetterFilter& filter) {
  if (run_id.empty()) return Unit{};
  if (dag_ids.size() != 1) return Error{"a run is named beside one DAG", ErrorKind::invalid};
  const auto run_no = reader.find_run(dag_ids.front() + "/" + run_id);
  if (!run_no) return run_no.error();
  filter.run_no = *run_no;
  return Unit{};
}

http::Response list_letters(const Call& call) {
  auto reader = call.services.readers->take();
  if (!reader) return read_error(reader.error(), call);
  LetterQuery query;
  query.filter.dag_ids = words(call.request, "dag_id");
  query.filter.task_ids = words(call.request, "task_id");
  query.filter.reasons = enums(call.request, "reason", static_cast<Reason>(kReasonCount - 1));
  query.filter.states = enums(call.request, "state", static_cast<LetterState>(kLetterStateCount - 1));
  if (query.filter.states.empty()) query.filter.states = {LetterState::open};
  query.filter.failed_at = time_range(call.request, "failed_at");
  const std::vector<std::string> runs = words(call.request, "dag_run_id");
  const std::string run_id = runs.empty() ? std::string() : runs.front();
  if (Status taken = take_run(**reader, query.filter.dag_ids, run_id, query.filter); !taken) {
    return http::error_response(taken.error(), &call.request);
  }
  const std::vector<std::string> order = words(call.request, "order_by");
  if (!order.empty() && order.front() != "id" && order.front() != "-id") return order_error(order.front(), call);
  query.descending = order.empty() || order.front() == "-id";
  query.page = page_of(call.request);
  const auto page = (*reader)->list_letters(query);
  if (!page) return read_error(page.error(), call);
  return page_response(letters_body(*page), *page, call);
}

http::Response shown_letter(const Call& call, std::int64_t letter_no) {
  auto reader = call.services.readers->take();
  if (!reader) return read_error(reader.error(), call);
  const auto letter = (*reader)->letter(letter_no);
  if (!letter) return read_error(letter.error(), call);
  return object_response(to_json(Value(insight::letter_shown(*letter))), letter->row.seq, call);
}

http::Response get_letter(const Call& call) {
  const auto number = number_in(call, "dead_letter_id");
  return number ? shown_letter(call, *number) : nothing_such(call, "dead letter");
}

/// The open letter that the path names; none: that has been answered.
std::optional<DeadLetterRow> open_letter(const Call& call, const http::Reply& reply) {
  const auto number = number_in(call, "dead_letter_id");
  if (!number) {
    reply.send(nothing_such(call, "dead letter"));
    return std::nullopt;
  }
  auto reader = call.services.readers->take();
  const auto letter = reader ? (*reader)->letter(*number) : Result<LetterView>(reader.error());
  if (!letter) {
    reply.send(read_error(letter.error(), call));
    return std::nullopt;
  }
  if (letter->row.state == LetterState::open) return letter->row;
  const Error closed{"dead letter " + std::to_string(*number) + " is " + std::string(to_string(letter->row.state)) +
                         " already",
                     ErrorKind::conflict};
  reply.send(http::error_response(closed, &call.request));
  return std::nullopt;
}

Door::OnChanged letter_shown_to(const Call& call, const http::Reply& reply, std::int64_t letter_no) {
  return [call, reply, letter_no](const Result<Changed>& done) {
    if (!done) return reply.send(http::error_response(done.error(), &call.request));
    reply.later([call, letter_no] { return shown_letter(call, letter_no); });
  };
}

void redrive_letter(const Call& call, const http::Reply& reply) {
  const auto letter = open_letter(call, reply);
  if (!letter) return;
  RedriveLetters ask;
  ask.run_no = letter->run_no;
  ask.letters = {{letter->letter_no, letter->instance_no, letter->epoch}};
  ask.why = call.text("note");
  const std::string latest_of = call.flag("latest", false) ? letter->dag_id : std::string();
  const std::int64_t letter_no = letter->letter_no;
  call.services.door->change({std::move(ask), latest_of, 200}, asker_of(call.request), once_of(call.request),
                             [call, reply, letter_no](const Result<Changed>& done) {
                               if (done && done->instances.empty()) {
                                 const Error moved{"its task instance runs again already, or has ended otherwise, or "
                                                   "somebody has just dealt with the letter",
                                                   ErrorKind::conflict};
                                 return reply.send(http::error_response(moved, &call.request));
                               }
                               letter_shown_to(call, reply, letter_no)(done);
                             });
}

void discard_letter(const Call& call, const http::Reply& reply) {
  const auto letter = open_letter(call, reply);
  if (!letter) return;
  const Asker asker = asker_of(call.request);
  WriteRecords ask;
  ask.rows.letter_closings.push_back({letter->run_no, letter->instance_no, letter->epoch, LetterState::discarded,
                                      call.services.now(), asker.name, 0});
  ask.audit.action = "discard_dead_letter";
  ask.audit.dag_id = letter->dag_id;
  ask.audit.run_id = letter->run_id;
  ask.audit.task_id = letter->task_id;
  ask.audit.map_index = letter->map_index;
  ValueMap extra = {{"letter", letter->letter_no}};
  if (const std::string why = call.text("note"); !why.empty()) extra.emplace_back("why", why);
  ask.audit.extra_json = to_json(Value(std::move(extra)));
  ask.object = "dead_letter/" + std::to_string(letter->letter_no);
  call.services.door->change({std::move(ask), "", 200}, asker, once_of(call.request),
                             letter_shown_to(call, reply, letter->letter_no));
}

// ── many: jobs ──────────────────────────────────────────────────────────────────────────────────────────────────────

std::vector<std::string> texts_in(const Call& call, std::string_view name) {
  std::vector<std::string> out;
  const Value* list = call.body.find(name);
  if (list == nullptr || list->type() != ValueType::list) return out;
  for (const Value& one : list->as_list()) {
    if (one.type() == ValueType::string) out.push_back(one.as_string());
  }
  return out;
}

/// What the body asks for.
Result<LetterJobAsk> job_of(const Call& call, Reader& reader, bool discards) {
  LetterJobAsk ask;
  ask.discards = discards;
  ask.filter.states = {LetterState::open};
  ask.filter.dag_ids = texts_in(call, "dag_ids");
  ask.filter.task_ids = texts_in(call, "task_ids");
  for (const std::string& name : texts_in(call, "reasons")) {
    if (const auto reason = reason_from(name)) ask.filter.reasons.push_back(*reason);
  }
  if (const Value* ids = call.body.find("ids"); ids != nullptr && ids->type() == ValueType::list) {
    for (const Value& id : ids->as_list()) ask.filter.numbers.push_back(id.as_int());
  }
  ask.filter.failed_at.at_least = call.time("failed_since");
  ask.filter.failed_at.below = call.time("failed_before");
  ask.takes_latest = call.flag("latest", false);
  ask.why = call.text("note");
  if (const std::string rate = call.text("rate"); !rate.empty()) {
    const auto per_second = parse_job_rate(rate);
    if (!per_second) return per_second.error();
    ask.per_second = *per_second;
  }
  if (Status taken = take_run(reader, ask.filter.dag_ids, call.text("dag_run_id"), ask.filter); !taken) {
    return taken.error();
  }
  return ask;
}

/// Who names letters by number means each of them: one that is not there, or dealt with already, is no part of a job.
Status check_named(Reader& reader, const std::vector<std::int64_t>& numbers) {
  constexpr std::size_t kAskedMost = 1'000;  // of more, the total is told alone
  if (numbers.size() > kAskedMost) return Unit{};
  for (const std::int64_t number : numbers) {
    const auto letter = reader.letter(number);
    if (!letter) return letter.error();
    if (letter->row.state != LetterState::open) {
      return Error{"dead letter " + std::to_string(number) + " is " + std::string(to_string(letter->row.state)) +
                       " already; nothing has been changed",
                   ErrorKind::conflict};
    }
  }
  return Unit{};
}

void begin_job(const Call& call, const http::Reply& reply, bool discards) {
  LetterJobAsk ask;
  std::int64_t total = 0;
  {
    auto reader = call.services.readers->take();
    if (!reader) return reply.send(read_error(reader.error(), call));
    auto wanted = job_of(call, **reader, discards);
    if (!wanted) return reply.send(http::error_response(wanted.error(), &call.request));
    ask = std::move(*wanted);
    const bool is_dry = call.flag("dry_run", false);
    if (Status open = check_named(**reader, ask.filter.numbers); !open) {
      return reply.send(http::error_response(open.error(), &call.request));
    }
    LetterQuery query;
    query.filter = ask.filter;
    query.descending = !is_dry;  // the oldest are what it would begin with; the newest is where it ends
    query.page.limit = is_dry ? kShownOfJob : 1;
    const auto page = (*reader)->list_letters(query);
    if (!page) return reply.send(read_error(page.error(), call));
    if (is_dry) return reply.send(json_response(letters_body(*page)));
    total = page->total;
    // Nothing that comes later is of this job: its own letters that fail again least of all.
    ask.filter.number_max = page->rows.empty() ? 1 : page->rows.front().row.letter_no;
  }
  if (call.services.jobs == nullptr) {
    const Error none{"jobs need a server that works on runs", ErrorKind::unavailable};
    return reply.send(http::error_response(none, &call.request));
  }
  call.services.jobs->create(std::move(ask), total, asker_of(call.request), once_of(call.request), [call, reply](Result<std::int64_t> made) {
    if (!made) return reply.send(http::error_response(made.error(), &call.request));
    reply.later([call, job_no = *made] { return shown_bulk_job(call, job_no, 202); });
  });
}

}  // namespace

void add_dead_letters(Operations& operations) {
  operations.at_once["list_dead_letters"] = list_letters;
  operations.at_once["get_dead_letter"] = get_letter;
  operations.later["redrive_dead_letter"] = redrive_letter;
  operations.later["discard_dead_letter"] = discard_letter;
  operations.later["redrive_dead_letters"] = [](const Call& call, const http::Reply& reply) {
    begin_job(call, reply, false);
  };
  operations.later["discard_dead_letters"] = [](const Call& call, const http::Reply& reply) {
    begin_job(call, reply, true);
  };
  operations.made["dead_letter"] = [](const Call& call, const std::string& name) {
    return shown_letter(call, std::strtoll(name.c_str(), nullptr, 10));
  };
}

}  // namespace baton::api
