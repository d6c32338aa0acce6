// `breaker ls|show|trip|reset`: the circuit breakers of a state folder. They are read from it, or asked of the server
// of the context in use. Who changes one asks the server that holds the folder; where nobody does, it is changed here.
#include <unistd.h>

#include <string>
#include <utility>
#include <vector>

#include "cli/contexts.h"
#include "cli/folder_change.h"
#include "cli/handlers_server.h"
#include "cli/reading.h"
#include "cli/server_client.h"
#include "cli/state_lookup.h"
#include "cli/text/clock_text.h"
#include "cli/text/table.h"
#include "scheduler/control/change_breaker.h"
#include "scheduler/host/local/local_actor.h"
#include "scheduler/insight/breaker_value.h"
#include "scheduler/model/did_you_mean.h"
#include "scheduler/timetable/time_text.h"
#include "web/http/target.h"

namespace baton::cli {
namespace {

constexpr std::int64_t kHistoryShown = 50;

std::string breaker_target(const std::string& name) {
  return "/api/v2/breakers/" + http::percent_encoded(name);
}

Result<Value> breaker_document(Reader& reader, const std::string& name) {
  const Result<BreakerRow> row = reader.breaker(name);
  if (!row && row.error().kind == ErrorKind::not_found) {
    std::vector<std::string> names;
    if (const auto all = reader.list_breakers()) {
      for (const BreakerRow& one : *all) names.push_back(one.spec.name);
    }
    return Error{row.error().message + did_you_mean_suffix(name, names), ErrorKind::not_found};
  }
  if (!row) return row.error();
  const auto events = reader.breaker_events(name, kHistoryShown);
  if (!events) return events.error();
  ValueMap shown = insight::breaker_value(*row, now_us());
  shown.emplace_back("history", insight::breaker_history(*events));
  return Value(std::move(shown));
}

Result<Value> all_of_folder(const Invocation& call) {
  const Result<OpenState> state = open_state(call.args());
  if (!state) return state.error();
  const auto rows = state->reader->list_breakers();
  if (!rows) return rows.error();
  ValueList list;
  for (const BreakerRow& row : *rows) list.emplace_back(insight::breaker_value(row, now_us()));
  const auto total = static_cast<std::int64_t>(list.size());
  return Value(ValueMap{{"breakers", std::move(list)}, {"total_entries", total}});
}

std::int64_t count_member(const Value& object, std::string_view name) {
  const Value* found = object.find(name);
  return found != nullptr && found->type() == ValueType::integer ? found->as_int() : 0;
}

/// What it counts: `2 of 5 within 10m`, `3 of 5 in a row`.
std::string counts_of(const Value& breaker) {
  const auto span_of = [&](std::string_view name) {
    const Value* found = breaker.find(name);
    const double seconds = found != nullptr && found->type() == ValueType::floating ? found->as_double()
                           : found != nullptr && found->type() == ValueType::integer
                               ? static_cast<double>(found->as_int())
                               : 0;
    return timetable::format_duration(static_cast<DurationUs>(seconds * kSecond));
  };
  std::string out;
  const std::int64_t failures = count_member(breaker, "failures");
  const std::string recent = std::to_string(count_member(breaker, "recent_failures"));
  if (failures > 0) out = recent + " of " + std::to_string(failures) + " within " + span_of("window_seconds");
  if (const std::int64_t in_row = count_member(breaker, "consecutive"); in_row > 0) {
    if (!out.empty()) out += ", ";
    out += std::to_string(count_member(breaker, "failures_in_row")) + " of " + std::to_string(in_row) + " in a row";
  }
  return out.empty() ? recent + " within " + span_of("window_seconds") : out;
}

std::string state_of(const Value& breaker) {
  std::string state = text_member(breaker, "state");
  return state == "half_open" ? "half open" : state;
}

std::string until_of(const Value& breaker) {
  if (text_member(breaker, "state") != "open") return "-";
  const std::string until = time_member(breaker, "until");
  return until.empty() ? "reset" : until;
}

void show_table(const Invocation& call, const ValueList& breakers) {
  text::Table table({{"BREAKER"}, {"STATE"}, {"SINCE"}, {"UNTIL"}, {"FAILURES"}, {"WHY", false, true}});
  for (const Value& one : breakers) {
    const std::string since = time_member(one, "since");
    table.add({text_member(one, "name"), state_of(one), since.empty() ? "-" : since, until_of(one), counts_of(one),
               text_member(one, "reason")});
  }
  Invocation::print(table.render(call.out_style(), call.out_width()));
}

int show_one(const Invocation& call, const Result<Value>& shown, bool with_history) {
  if (!shown) return call.fail(shown.error());
  if (call.format() != Format::table) {
    call.print_document(*shown, "history");
    return kOk;
  }
  show_table(call, {*shown});
  if (!with_history) return kOk;
  const Value* history = shown->find("history");
  if (history == nullptr || history->type() != ValueType::list || history->as_list().empty()) return kOk;
  text::Table table({{"WHEN"}, {"FROM"}, {"TO"}, {"BY"}, {"WHY", false, true}});
  for (const Value& event : history->as_list()) {
    const std::string actor = text_member(event, "actor");
    table.add({time_member(event, "when"), text_member(event, "from"), text_member(event, "to"),
               actor.empty() ? "-" : actor, text_member(event, "reason")});
  }
  Invocation::print("\n" + table.render(call.out_style(), call.out_width()));
  return kOk;
}

Result<ChangeBreaker> request_of(const Invocation& call, BreakerWish::Kind wish) {
  ChangeBreaker request;
  request.name = call.args().at(0);
  request.wish = wish;
  request.why = call.args().value("why");
  if (call.args().has("for")) {
    const auto span = timetable::parse_duration(call.args().value("for"));
    if (!span || *span <= 0) return Error{"--for is no duration: write 30m or 1h30m", ErrorKind::invalid};
    request.span_us = *span;
  }
  if (wish == BreakerWish::Kind::trip && request.why.empty()) {
    return Error{"say why with --why TEXT: everybody whose tasks wait reads it", ErrorKind::invalid};
  }
  return request;
}

Result<Value> change_at(const ServerClient& server, const ChangeBreaker& request, const Invocation& call) {
  ValueMap body;
  if (!request.why.empty()) body.emplace_back("reason", request.why);
  if (request.span_us > 0) body.emplace_back("for", call.args().value("for"));
  const bool trips = request.wish == BreakerWish::Kind::trip;
  return server.post(breaker_target(request.name) + (trips ? ":trip" : ":reset"), body);
}

/// The rows and the audit of the change, in one transaction.
Status write_change(SqliteStore& store, AsioLoop& loop, const ChangeBreaker& request) {
  const auto rows = store.breakers();
  if (!rows) return rows.error();
  const Moment now{loop.wall_now(), loop.mono_now()};
  Breakers breakers;
  for (const BreakerRow& row : *rows) breakers.restore(row, now);
  const Actor actor = actor_of(getuid(), "cli");
  if (Status changed = breakers.change(request.name, wish_of(request, actor), now); !changed) return changed;
  Part part;
  breakers.take_rows(part.service, now);
  part.audit.push_back(audit_of(request, actor, now.wall));
  CommitOutcome outcome = CommitOutcome::unknown;
  store.commit(std::move(part), [&](const CommitDone& done) {
    outcome = done.outcome;
    loop.stop();
  });
  loop.run();
  if (outcome != CommitOutcome::durable) return Error{"the change could not be written", ErrorKind::storage};
  return Unit{};
}

Result<Value> change_here(const Invocation& call, const ChangeBreaker& request) {
  Result<OpenState> state = open_state(call.args());
  if (!state) return state.error();
  const Status written = change_folder(*state, "breaker", [&](SqliteStore& store, AsioLoop& loop) {
    return write_change(store, loop, request);
  });
  if (!written) return written.error();
  return breaker_document(*state->reader, request.name);
}

int change_breaker(const Invocation& call, BreakerWish::Kind wish) {
  const Result<ChangeBreaker> request = request_of(call, wish);
  if (!request) return call.fail(request.error());
  const auto server = ServerClient::of(call.args());
  if (!server && server.error().kind != ErrorKind::unavailable) return call.fail(server.error());
  return show_one(call, server ? change_at(*server, *request, call) : change_here(call, *request), false);
}

}  // namespace

int breaker_ls_command(const Invocation& call) {
  Result<Value> all = Error{""};
  if (is_elsewhere(call.args())) {
    const auto server = ServerClient::of(call.args());
    if (!server) return call.fail(server.error());
    all = server->get("/api/v2/breakers?limit=100");
  } else {
    all = all_of_folder(call);
  }
  if (!all) return call.fail(all.error());
  if (call.format() != Format::table) {
    call.print_document(*all, "breakers");
    return kOk;
  }
  const Value* breakers = all->find("breakers");
  const bool has_some = breakers != nullptr && breakers->type() == ValueType::list && !breakers->as_list().empty();
  if (!has_some) {
    call.note("there are no circuit breakers: a DAG or baton.yaml declares them with `breakers:`");
    return kOk;
  }
  show_table(call, breakers->as_list());
  return kOk;
}

int breaker_show_command(const Invocation& call) {
  const std::string name = call.args().at(0);
  if (is_elsewhere(call.args())) {
    const auto server = ServerClient::of(call.args());
    if (!server) return call.fail(server.error());
    return show_one(call, server->get(breaker_target(name)), true);
  }
  const Result<OpenState> state = open_state(call.args());
  if (!state) return call.fail(state.error());
  return show_one(call, breaker_document(*state->reader, name), true);
}

int breaker_trip_command(const Invocation& call) {
  return change_breaker(call, BreakerWish::Kind::trip);
}

int breaker_reset_command(const Invocation& call) {
  return change_breaker(call, BreakerWish::Kind::reset);
}

}  // namespace baton::cli
