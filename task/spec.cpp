#include "task/spec.h"

#include <algorithm>

#include "scheduler/json/json_value.h"

namespace baton::task {
namespace {

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}

bool holds_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), is_control);
}

/// RFC 9110: a token.
bool is_token(std::string_view text) {
  static constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  const auto is_char = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kMarks.find(c) != std::string_view::npos;
  };
  return !text.empty() && std::all_of(text.begin(), text.end(), is_char);
}

bool is_same_name(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

bool is_scalar(const Value& value) {
  return !value.is_null() && value.type() != ValueType::list && value.type() != ValueType::map;
}

std::string text_at(const Value& map, std::string_view key) {
  const Value* const value = map.find(key);
  return value == nullptr || value->is_null() ? std::string() : text_of(*value);
}

bool flag_at(const Value& map, std::string_view key) {
  const Value* const value = map.find(key);
  return value != nullptr && value->type() == ValueType::boolean && value->as_bool();
}

Wanted wanted_of(const Value& told) {
  std::vector<std::pair<std::string, std::string>> outputs;
  const Value* const map = told.find("outputs");
  if (map == nullptr || map->type() != ValueType::map) return {};
  for (const auto& [name, type] : map->as_map()) outputs.emplace_back(name.as_string(), text_of(type));
  return Wanted(std::move(outputs));
}

Status read_url(HttpSpec& out) {
  const bool is_web = out.url.starts_with("http://") || out.url.starts_with("https://");
  if (!is_web) return Error{"the url does not begin with http:// or https://"};
  if (holds_control(out.url)) return Error{"the url holds a line end or another control character"};
  if (out.url.find(' ') != std::string::npos) return Error{"the url holds a space; write %20"};
  return Unit{};
}

Status read_headers(const Value& http, const Value& told, HttpSpec& out) {
  const Value* const headers = http.find("headers");
  if (headers == nullptr || headers->is_null()) return Unit{};
  if (headers->type() != ValueType::map) return Error{"the headers are no map"};
  const Value* const secrets = told.find("secret_headers");
  for (const auto& [key, value] : headers->as_map()) {
    Header header{key.as_string(), is_scalar(value) ? text_of(value) : std::string()};
    if (!is_scalar(value)) return Error{"the value of the header \"" + header.name + "\" is no text"};
    if (!is_token(header.name)) return Error{"\"" + header.name + "\" is not a name of a header"};
    // The value is not shown: it may be a secret.
    if (holds_control(header.value)) {
      return Error{"the value of the header \"" + header.name + "\" holds a line end or another control character"};
    }
    if (secrets != nullptr && secrets->type() == ValueType::list) {
      const auto& names = secrets->as_list();
      header.is_secret = std::find(names.begin(), names.end(), key) != names.end();
    }
    out.headers.push_back(std::move(header));
  }
  return Unit{};
}

bool has_header(const HttpSpec& spec, std::string_view name) {
  return std::any_of(spec.headers.begin(), spec.headers.end(),
                     [&](const Header& header) { return is_same_name(header.name, name); });
}

Status read_body(const Value& http, HttpSpec& out) {
  const Value* const json = http.find("json");
  const Value* const body = http.find("body");
  out.has_body = json != nullptr || body != nullptr;
  if (json != nullptr) {
    out.body = to_json(*json);
    if (!has_header(out, "Content-Type")) out.headers.push_back({"Content-Type", "application/json"});
  } else if (body != nullptr) {
    if (!is_scalar(*body)) return Error{"the body is no text; write it as `json`"};
    out.body = text_of(*body);
    if (!has_header(out, "Content-Type")) out.headers.push_back({"Content-Type", "text/plain; charset=utf-8"});
  }
  return Unit{};
}

void read_expect(const Value& http, HttpSpec& out) {
  const Value* const expect = http.find("expect");
  if (expect == nullptr) return;
  if (expect->type() == ValueType::integer) out.expect.push_back(expect->as_int());
  if (expect->type() != ValueType::list) return;
  for (const Value& status : expect->as_list()) {
    if (status.type() == ValueType::integer) out.expect.push_back(status.as_int());
  }
}

Status read_expect_json(const Value& http, HttpSpec& out) {
  const Value* const expect = http.find("expect_json");
  if (expect == nullptr || expect->is_null()) return Unit{};
  if (expect->type() != ValueType::map) return Error{"`expect_json` is no map"};
  for (const auto& [pointer, value] : expect->as_map()) {
    const std::string place = pointer.as_string();
    if (!place.empty() && place.front() != '/') {
      return Error{"\"" + place + "\" is no JSON pointer: write /" + place};
    }
    out.expect_json.emplace_back(place, value);
  }
  return Unit{};
}

}  // namespace

std::string text_of(const Value& value) {
  if (value.type() == ValueType::string) return value.as_string();
  return to_json(value);
}

bool Wanted::has(std::string_view name) const {
  return !type_of(name).empty();
}

std::string_view Wanted::type_of(std::string_view name) const {
  for (const auto& [output, type] : outputs_) {
    if (output == name) return type;
  }
  return {};
}

Result<HttpSpec> http_spec(const Value& told) {
  const Value* const http = told.find("http");
  if (http == nullptr) return Error{"there is no request"};
  HttpSpec out;
  out.wanted = wanted_of(told);
  out.look = flag_at(told, "look");
  // A text alone is the URL.
  out.url = http->type() == ValueType::map ? text_at(*http, "url") : text_of(*http);
  if (Status status = read_url(out); !status) return status.error();
  if (http->type() == ValueType::map) {
    if (Status status = read_headers(*http, told, out); !status) return status.error();
    if (Status status = read_body(*http, out); !status) return status.error();
    read_expect(*http, out);
    if (Status status = read_expect_json(*http, out); !status) return status.error();
    out.follow_redirects = flag_at(*http, "follow_redirects");
    out.method = text_at(*http, "method");
  }
  if (out.method.empty()) out.method = out.has_body ? "POST" : "GET";
  if (!is_token(out.method)) return Error{"the method is none"};
  return out;
}

Result<SqlSpec> sql_spec(const Value& told) {
  const Value* const sql = told.find("sql");
  const Value* const connection = told.find("connection");
  if (sql == nullptr || connection == nullptr) return Error{"there is no query or no connection"};
  SqlSpec out;
  out.wanted = wanted_of(told);
  out.connection_name = text_at(*connection, "name");
  out.sqlite = text_at(*connection, "sqlite");
  out.postgresql = text_at(*connection, "postgresql");
  out.password = text_at(*connection, "password");
  out.query = text_at(*sql, "query");
  out.file = text_at(*sql, "file");
  if (const Value* const params = sql->find("params")) out.params = *params;
  if (out.query.find('\0') != std::string::npos) return Error{"the query holds a NUL byte"};
  const bool is_whole = out.params.is_null() || out.params.type() == ValueType::list || out.params.type() == ValueType::map;
  if (!is_whole) return Error{"the params are neither a list nor a map"};
  return out;
}

}  // namespace baton::task
