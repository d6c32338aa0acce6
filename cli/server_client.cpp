#include "cli/server_client.h"

#include <charconv>
#include <chrono>
#include <fstream>
#include <thread>

#include "cli/contexts.h"
#include "cli/permissions.h"
#include "cli/reading.h"
#include "cli/state_lookup.h"
#include "cli/text/clock_text.h"
#include "scheduler/json/json_value.h"
#include "scheduler/store/state_folder.h"
#include "scheduler/timetable/time_text.h"
#include "web/http/target.h"

namespace baton::cli {
namespace {

constexpr const char* kSocketName = "control.sock";
constexpr std::string_view kServer = "server";  ///< what the lock says of a server
constexpr DurationUs kAnswerUs = 60 * kSecond;
/// A server that has only just begun, or is about to end, does not listen: it is asked again for a while.
constexpr auto kComesPause = std::chrono::milliseconds(20);
constexpr auto kPatience = std::chrono::seconds(5);

bool is_served(const std::filesystem::path& folder) {
  const Result<LockHolder> holder = StateFolder::holder(folder);
  return holder && holder->pid != 0 && holder->command == kServer;
}

ErrorKind kind_of(int status) {
  switch (status) {
    case 400:
    case 405:
    case 413:
    case 422: return ErrorKind::invalid;
    case 401: return ErrorKind::unauthenticated;
    case 403: return ErrorKind::denied;
    case 404: return ErrorKind::not_found;
    case 409: return ErrorKind::conflict;
    case 412: return ErrorKind::precondition;
    case 429: return ErrorKind::busy;
    case 503: return ErrorKind::unavailable;
    case 507: return ErrorKind::storage;
    default: return ErrorKind::internal;
  }
}

/// `detail`: a sentence, or a list of what does not fit and where.
std::string detail_of(const Value& problem) {
  const Value* detail = problem.find("detail");
  if (detail == nullptr) return {};
  if (detail->type() == ValueType::string) return detail->as_string();
  if (detail->type() != ValueType::list) return {};
  std::string out;
  for (const Value& fault : detail->as_list()) {
    const Value* what = fault.find("msg");
    const Value* where = fault.find("loc");
    if (what == nullptr || what->type() != ValueType::string) continue;
    std::string place;
    if (where != nullptr && where->type() == ValueType::list && !where->as_list().empty()) {
      const Value& last = where->as_list().back();
      place = last.type() == ValueType::string ? last.as_string() + ": " : "";
    }
    out += (out.empty() ? "" : "; ") + place + what->as_string();
  }
  return out;
}

Result<Value> document_of(const HttpAnswer& answer) {
  const Result<Value> document = answer.body.empty() ? Result<Value>(Value()) : from_json(answer.body);
  if (answer.status < 300 && document) return *document;
  std::string words = document ? detail_of(*document) : "";
  if (words.empty()) words = "the server answered " + std::to_string(answer.status);
  return Error{std::move(words), kind_of(answer.status)};
}

/// Read anew each time: tokens are exchanged.
Result<std::string> token_of(const Context& context) {
  if (context.token_file.empty()) return std::string();
  if (Status may = may_read(context.token_file); !may) return may.error();
  std::ifstream in(context.token_file);
  std::string token;
  std::getline(in, token);
  if (token.empty()) return Error{context.token_file + " holds no token", ErrorKind::unauthenticated};
  return token;
}

}  // namespace

Result<HttpPlace> place_of(const std::string& url) {
  constexpr std::string_view kScheme = "http://";
  const Error wrong{"a server's address is http://HOST:PORT, not \"" + url + "\""};
  if (!url.starts_with(kScheme)) return wrong;
  std::string rest = url.substr(kScheme.size());
  if (rest.ends_with('/')) rest.pop_back();
  const std::size_t colon = rest.rfind(':');
  if (colon == 0 || colon == std::string::npos) return wrong;
  HttpPlace place;
  place.host = rest.substr(0, colon);
  const std::string port = rest.substr(colon + 1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), place.port);
  const bool is_port = error == std::errc() && end == port.data() + port.size() && place.port != 0;
  if (!is_port || place.host.find_first_of("/@?#") != std::string::npos) return wrong;
  return place;
}

std::optional<ServerClient> ServerClient::beside(const std::filesystem::path& state_folder) {
  if (!is_served(state_folder)) return std::nullopt;
  return ServerClient(state_folder);
}

ServerClient::ServerClient(const std::filesystem::path& folder)
    : folder_(folder), place_{folder.string(), kSocketName, "", 0} {}

Result<ServerClient> ServerClient::of(const Arguments& arguments) {
  const auto context = context_of(arguments);
  if (!context) return context.error();
  if (*context) {
    const auto place = place_of((*context)->url);
    if (!place) return place.error();
    auto token = token_of(**context);
    if (!token) return token.error();
    return ServerClient(*place, std::move(*token));
  }
  const std::filesystem::path folder = state_folder_of(arguments);
  if (const auto server = beside(folder)) return *server;
  return Error{"no server works on " + shown_path(folder) +
                   ": start `baton server` there, or name another folder with --state",
               ErrorKind::unavailable};
}

bool ServerClient::is_worked_on(const std::filesystem::path& state_folder) {
  const Result<LockHolder> holder = StateFolder::holder(state_folder);
  return holder && holder->pid != 0;
}

std::optional<ServerClient> ServerClient::working_on(const std::filesystem::path& state_folder,
                                                     const std::string& run_id) {
  const auto give_up_at = std::chrono::steady_clock::now() + kPatience;
  while (true) {
    const Result<LockHolder> holder = StateFolder::holder(state_folder);
    if (!holder || holder->pid == 0) return std::nullopt;
    if (holder->command == kServer) return ServerClient(state_folder);
    if (!holder->run.empty() && holder->run != run_id) return std::nullopt;
    ServerClient terminal(state_folder);
    terminal.is_run_ = true;
    if (!holder->run.empty() && terminal.get("/api/v2/version")) return terminal;
    if (std::chrono::steady_clock::now() > give_up_at) return std::nullopt;
    std::this_thread::sleep_for(kComesPause);
  }
}

/// Whether who does not answer has only just begun, or is about to be followed by another.
bool ServerClient::may_come() const {
  if (!is_here()) return false;
  return is_run_ ? is_worked_on(folder_) : is_served(folder_);
}

bool ServerClient::has_left(const Error& error) const {
  const bool is_silent = error.kind == ErrorKind::unavailable || error.kind == ErrorKind::busy;
  return is_run_ && is_silent && !is_worked_on(folder_);
}

Result<Value> ServerClient::ask(HttpAsk ask) const {
  if (!token_.empty()) ask.headers.emplace_back("Authorization", "Bearer " + token_);
  const auto give_up_at = std::chrono::steady_clock::now() + kPatience;
  while (true) {
    const Result<HttpAnswer> answer = ask_http(place_, ask, kAnswerUs);
    if (answer) return document_of(*answer);
    const bool is_silent = answer.error().kind == ErrorKind::unavailable;
    if (!is_silent || !may_come() || std::chrono::steady_clock::now() > give_up_at) return answer.error();
    std::this_thread::sleep_for(kComesPause);
  }
}

Result<Value> ServerClient::get(const std::string& target) const {
  return ask({"GET", target, {}, ""});
}

Result<Value> ServerClient::post(const std::string& target, const ValueMap& body, Headers headers) const {
  return ask({"POST", target, std::move(headers), body.empty() ? "" : to_json(Value(body))});
}

Result<Value> ServerClient::put(const std::string& target) const {
  return ask({"PUT", target, {}, ""});
}

Result<Value> ServerClient::put(const std::string& target, const ValueMap& body) const {
  return ask({"PUT", target, {}, to_json(Value(body))});
}

Result<Value> ServerClient::patch(const std::string& target, const ValueMap& body) const {
  return ask({"PATCH", target, {}, to_json(Value(body))});
}

Result<Value> ServerClient::drop(const std::string& target) const {
  return ask({"DELETE", target, {}, ""});
}

std::int64_t number_member(const Value& object, std::string_view name) {
  const Value* found = object.find(name);
  return found != nullptr && found->type() == ValueType::integer ? found->as_int() : 0;
}

std::string text_member(const Value& object, std::string_view name) {
  const Value* found = object.find(name);
  return found != nullptr && found->type() == ValueType::string ? found->as_string() : std::string();
}

std::string time_member(const Value& object, std::string_view name) {
  const std::string text = text_member(object, name);
  if (text.empty()) return text;
  const Result<WallUs> at = timetable::parse_time(text, timetable::utc());
  return at ? text::local_time(*at) : text;
}

std::string dag_target(std::string_view dag_id) {
  return "/api/v2/dags/" + http::percent_encoded(dag_id);
}

std::string run_target(std::string_view dag_id, std::string_view run_id) {
  return dag_target(dag_id) + "/dagRuns/" + http::percent_encoded(run_id);
}

const ValueList& list_member(const Value& object, std::string_view name) {
  static const ValueList kNone;
  const Value* found = object.find(name);
  return found != nullptr && found->type() == ValueType::list ? found->as_list() : kNone;
}

}  // namespace baton::cli
