// `cost`: what attempts have used, from the state folder, or from the server of the context in use.
#include <algorithm>
#include <cstdio>

#include "cli/contexts.h"
#include "cli/dag_lookup.h"
#include "cli/handlers.h"
#include "cli/reading.h"
#include "cli/server_client.h"
#include "cli/state_lookup.h"
#include "cli/text/clock_text.h"
#include "cli/text/table.h"
#include "scheduler/insight/accounting.h"
#include "scheduler/model/number.h"
#include "scheduler/model/time_value.h"
#include "scheduler/timetable/time_text.h"
#include "scheduler/timetable/zone.h"
#include "web/http/target.h"

namespace baton::cli {
namespace {

/// A time, or a duration: so long ago.
Result<WallUs> moment_of(const std::string& text, const char* flag, WallUs now) {
  if (const auto span = timetable::parse_duration(text)) return now - *span;
  const auto at = timetable::parse_time(text, timetable::utc());
  if (at) return *at;
  return Error{std::string(flag) + " is neither a time nor a duration: write 2026-01-31 or 30d", ErrorKind::invalid};
}

Result<AccountQuery> cost_query_of(const Arguments& arguments, WallUs now) {
  AccountQuery out;
  const std::string by = arguments.value("by", "dag");
  const auto named = std::ranges::find(kAccountByNames, by);
  if (named == kAccountByNames.end()) return Error{"--by is one of dag, owner, pool, task, day", ErrorKind::invalid};
  out.by = static_cast<AccountBy>(named - kAccountByNames.begin());
  out.until = now;
  if (arguments.has("until")) {
    const auto at = moment_of(arguments.value("until"), "--until", now);
    if (!at) return at.error();
    out.until = *at;
  }
  const auto since = moment_of(arguments.value("since", "30d"), "--since", now);
  if (!since) return since.error();
  out.since = *since;
  if (arguments.has("price")) {
    const std::string price = arguments.value("price");
    if (is_decimal(price)) out.prices.cpu_hour = read_double(price);
    if (out.prices.cpu_hour.value_or(-1) < 0) return Error{"--price is no amount: write 0.04", ErrorKind::invalid};
  }
  return out;
}

Result<ValueList> costs_here(const Invocation& call, AccountQuery query) {
  const Result<OpenState> state = open_state(call.args());
  if (!state) return state.error();
  if (!query.prices.are_set()) {
    // Not without the prices that a file with a mistake may hold: what is told would look like all of it.
    const auto config = load_config_beside(call, state_folder_of(call.args()).parent_path() / "baton.yaml");
    if (!config) return config.error();
    query.prices = config->prices;
  }
  auto rows = state->reader->accounts(query);
  if (!rows) return rows.error();
  insight::put_in_order(*rows, query.by);
  ValueList out;
  for (const AccountRow& row : *rows) out.emplace_back(insight::account_value(row, query.prices.are_set()));
  return out;
}

Result<ValueList> costs_elsewhere(const Invocation& call, const AccountQuery& query) {
  const auto server = ServerClient::of(call.args());
  if (!server) return server.error();
  const auto by = static_cast<std::size_t>(query.by);
  std::string target = "/api/v2/accounting?limit=100&by=" + std::string(kAccountByNames[by]) +
                       "&since=" + http::percent_encoded(timestamp_text(timestamp_from_us(query.since))) +
                       "&until=" + http::percent_encoded(timestamp_text(timestamp_from_us(query.until)));
  if (query.prices.are_set()) target += "&price_per_cpu_hour=" + http::percent_encoded(call.args().value("price"));
  ValueList out;
  for (std::int64_t total = 1; static_cast<std::int64_t>(out.size()) < total;) {
    const auto page = server->get(target + "&offset=" + std::to_string(out.size()));
    if (!page) return page.error();
    total = number_member(*page, "total_entries");
    const Value* rows = page->find("accounts");
    if (rows == nullptr || rows->type() != ValueType::list || rows->as_list().empty()) break;
    out.insert(out.end(), rows->as_list().begin(), rows->as_list().end());
  }
  return out;
}

double amount_of(const Value& object, std::string_view name) {
  const Value* found = object.find(name);
  if (found == nullptr) return 0;
  if (found->type() == ValueType::integer) return static_cast<double>(found->as_int());
  return found->type() == ValueType::floating ? found->as_double() : 0;
}

std::string span_of(double seconds) {
  return timetable::format_duration(static_cast<DurationUs>(seconds * kSecond));
}

std::string fixed(double amount, const char* form) {
  char text[64];
  std::snprintf(text, sizeof text, form, amount);
  return text;
}

/// What it waited for longest.
std::string main_wait_of(const Value& account) {
  const Value* waits = account.find("wait_seconds");
  std::string name;
  double longest = 0;
  if (waits != nullptr && waits->type() == ValueType::map) {
    for (const auto& [reason, span] : waits->as_map()) {
      const double seconds = amount_of(*waits, reason.as_string());
      if (seconds > longest) name = reason.as_string();
      longest = std::max(longest, seconds);
    }
  }
  return name.empty() ? "-" : name + " " + span_of(longest);
}

/// A price was asked with, or baton.yaml has some: here or where the server is.
bool has_cost(const ValueList& rows) { return !rows.empty() && rows.front().find("cost") != nullptr; }

void show_costs(const Invocation& call, const ValueList& rows) {
  const std::string by = call.args().value("by", "dag");
  std::string title = by;
  std::ranges::transform(title, title.begin(), [](char c) { return static_cast<char>(c - ('a' - 'A')); });
  std::vector<text::Column> columns = {{title, false, true, 12}, {"RUNS", true},   {"ATTEMPTS", true}, {"CPU", true},
                                       {"FOR NOTHING", true},    {"TIME", true}, {"MEMORY", true},   {"WAITED MOST FOR"}};
  if (has_cost(rows)) columns.insert(columns.begin() + 4, {"COST", true});
  text::Table table(std::move(columns));
  for (const Value& row : rows) {
    const std::string key = text_member(row, "key");
    const double cpu = amount_of(row, "cpu_seconds"), wasted = amount_of(row, "wasted_cpu_seconds");
    std::vector<std::string> cells = {key.empty() ? "-" : key,
                                      std::to_string(number_member(row, "runs")),
                                      std::to_string(number_member(row, "attempts")),
                                      span_of(cpu),
                                      cpu > 0 ? fixed(100 * wasted / cpu, "%.0f%%") : "-",
                                      span_of(amount_of(row, "run_seconds")),
                                      fixed(amount_of(row, "peak_memory_bytes") / (1 << 20), "%.0f MiB"),
                                      main_wait_of(row)};
    if (has_cost(rows)) cells.insert(cells.begin() + 4, fixed(amount_of(row, "cost"), "%.2f"));
    table.add(std::move(cells));
  }
  Invocation::print(table.render(call.out_style(), call.out_width()));
}

/// RFC 4180. A key that a spreadsheet would take for a formula is kept from being one.
std::string in_csv(std::string text) {
  if (!text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos) text.insert(0, "'");
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? "\"\"" : std::string(1, c);
  return out + "\"";
}

void print_csv(const ValueList& rows, const std::string& by, bool with_cost) {
  std::string out = by + ",runs,attempts,unsuccessful_attempts,run_seconds,cpu_seconds,wasted_cpu_seconds,"
                         "peak_memory_bytes,wait_seconds" + (with_cost ? ",cost\r\n" : "\r\n");
  for (const Value& row : rows) {
    double waited = 0;
    if (const Value* waits = row.find("wait_seconds"); waits != nullptr && waits->type() == ValueType::map) {
      for (const auto& entry : waits->as_map()) waited += amount_of(*waits, entry.first.as_string());
    }
    out += in_csv(text_member(row, "key"));
    for (const char* count : {"runs", "attempts", "unsuccessful_attempts"}) {
      out += "," + std::to_string(number_member(row, count));
    }
    for (const char* span : {"run_seconds", "cpu_seconds", "wasted_cpu_seconds"}) {
      out += "," + fixed(amount_of(row, span), "%.6f");
    }
    out += "," + std::to_string(number_member(row, "peak_memory_bytes")) + "," + fixed(waited, "%.6f");
    if (with_cost) out += "," + fixed(amount_of(row, "cost"), "%.6f");
    out += "\r\n";
  }
  Invocation::print(out);
}

}  // namespace

int cost_command(const Invocation& call) {
  const auto query = cost_query_of(call.args(), now_us());
  if (!query) return call.fail(query.error());
  const auto rows = is_elsewhere(call.args()) ? costs_elsewhere(call, *query) : costs_here(call, *query);
  if (!rows) return call.fail(rows.error());
  if (call.format() == Format::csv) {
    print_csv(*rows, call.args().value("by", "dag"), has_cost(*rows) || query->prices.are_set());
  } else if (call.format() != Format::table) {
    call.print_document(Value(ValueMap{{"accounts", *rows}}), "accounts");
  } else if (rows->empty()) {
    call.note("no attempt ended in that time");
  } else {
    show_costs(call, *rows);
  }
  return kOk;
}

}  // namespace baton::cli
