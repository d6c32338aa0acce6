// Connections in Airflow's shape: databases that tasks of the kind sql may ask, as baton.yaml and DAGs declare them. They
// stand in files alone, so that what a DAG asks is reviewed with it; passwords are secrets, and are never shown.
#include <algorithm>
#include <optional>

#include "scheduler/json/json_value.h"
#include "scheduler/model/number.h"
#include "web/api/answers.h"
#include "web/api/fields.h"
#include "web/api/list_query.h"
#include "web/api/objects.h"

namespace baton::api {
namespace {

constexpr std::string_view kMaskedPassword = "***";

/// Where a connection leads, without any password.
struct ConnectionPlace {
  std::string host, login, schema, port;
  bool has_password = false;
};

/// `user:password@host:port/name?options`, as libpq takes it.
ConnectionPlace place_of_url(std::string_view url) {
  ConnectionPlace out;
  url = url.substr(0, url.find('?'));
  const std::size_t slash = url.find('/');
  if (slash != std::string_view::npos) out.schema = url.substr(slash + 1);
  std::string_view authority = url.substr(0, slash);
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
    const std::string_view who = authority.substr(0, at);
    out.has_password = who.find(':') != std::string_view::npos;
    out.login = who.substr(0, who.find(':'));
    authority = authority.substr(at + 1);
  }
  const std::size_t colon = authority.rfind(':');
  const bool has_port = colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos;
  out.host = authority.substr(0, has_port ? colon : std::string_view::npos);
  if (has_port) out.port = authority.substr(colon + 1);
  return out;
}

/// `host=db user='a b' dbname=x`: pairs of libpq.
ConnectionPlace place_of_words(std::string_view words) {
  ConnectionPlace out;
  std::size_t at = 0;
  while (at < words.size()) {
    const std::size_t eq = words.find('=', at);
    if (eq == std::string_view::npos) break;
    std::string name(words.substr(at, eq - at));
    std::erase(name, ' ');
    at = words.find_first_not_of(' ', eq + 1);
    if (at == std::string_view::npos) break;
    const bool is_quoted = words[at] == '\'';
    std::string value;
    for (at += is_quoted ? 1 : 0; at < words.size() && words[at] != (is_quoted ? '\'' : ' '); ++at) {
      if (words[at] == '\\' && at + 1 < words.size()) ++at;
      value += words[at];
    }
    ++at;
    if (name == "host" || name == "hostaddr") out.host = value;
    if (name == "user") out.login = value;
    if (name == "dbname") out.schema = value;
    if (name == "port") out.port = value;
    if (name == "password") out.has_password = true;
  }
  return out;
}

ConnectionPlace place_of_connection(const Connection& connection) {
  const std::string& target = connection.target;
  if (connection.kind == Connection::Kind::sqlite) return {target, "", "", "", false};
  for (const std::string_view scheme : {"postgresql://", "postgres://"}) {
    if (target.starts_with(scheme)) return place_of_url(std::string_view(target).substr(scheme.size()));
  }
  return place_of_words(target);
}

void append_connection(std::string& out, const Connection& connection) {
  const ConnectionPlace place = place_of_connection(connection);
  JsonObject one(out);
  one.text("connection_id", connection.name);
  one.text("conn_type", connection.kind == Connection::Kind::sqlite ? "sqlite" : "postgres");
  null_field(one, "description");
  text_field(one, "host", place.host);
  text_field(one, "login", place.login);
  text_field(one, "schema", place.schema);
  if (const auto port = read_integer(place.port)) {
    one.number("port", *port);
  } else {
    null_field(one, "port");
  }
  const bool has_password = place.has_password || !connection.password_secret.empty();
  text_field(one, "password", has_password ? kMaskedPassword : std::string_view());
  text_field(one, "extra", connection.password_secret.empty()
                               ? std::string()
                               : to_json(Value(ValueMap{{"password_secret", connection.password_secret}})));
  null_field(one, "team_name");
}

/// By name: those of baton.yaml, and of the DAG that the query names what these do not stand before.
Result<std::vector<Connection>> known_connections(const Call& call) {
  std::vector<Connection> out;
  if (call.services.connections) out = call.services.connections();
  const std::string dag_id(call.request.query_value("dag_id").value_or(""));
  if (!dag_id.empty()) {
    auto reader = call.services.readers->take();
    if (!reader) return reader.error();
    DagQuery query;
    query.filter.dag_ids = {dag_id};
    query.page.limit = 1;
    const auto page = (*reader)->list_dags(query);
    if (!page) return page.error();
    if (page->rows.empty()) return Error{"there is no DAG \"" + dag_id + "\"", ErrorKind::not_found};
    if (call.services.known_dags == nullptr) return Error{"its version cannot be read here", ErrorKind::unavailable};
    const auto known = call.services.known_dags->get(**reader, dag_id, page->rows.front().latest_version);
    if (!known) return known.error();
    for (const Connection& connection : known->dag->connections) {
      if (find_connection(out, connection.name) == nullptr) out.push_back(connection);
    }
  }
  std::ranges::sort(out, {}, &Connection::name);
  return out;
}

http::Response list_connections(const Call& call) {
  auto all = known_connections(call);
  if (!all) return read_error(all.error(), call);
  const TextMatch names = text_match(call.request, "connection_id");
  std::erase_if(*all, [&](const Connection& one) { return !matches(one.name, names); });
  for (const std::string& word : words(call.request, "order_by")) {
    const bool descends = word.starts_with('-');
    const std::string name = word.substr(descends ? 1 : 0);
    if (name != "connection_id" && name != "conn_id" && name != "id" && name != "conn_type") return order_error(word, call);
    if (name == "conn_type") std::ranges::stable_sort(*all, {}, &Connection::kind);
    if (descends) std::ranges::reverse(*all);
  }
  const PageRequest page = page_of(call.request);
  const auto total = static_cast<std::int64_t>(all->size());
  const std::vector<Connection> rows = rows_of_page(*all, page);
  return hashed_response(list_body("connections", rows, total, append_connection), call);
}

http::Response get_connection(const Call& call) {
  const auto all = known_connections(call);
  if (!all) return read_error(all.error(), call);
  const std::string& name = call.request.param("connection_id");
  const Connection* const found = find_connection(*all, name);
  if (found == nullptr) return http::error_response(404, "there is no connection \"" + name + "\"", &call.request);
  std::string body;
  append_connection(body, *found);
  return hashed_response(std::move(body), call);
}

http::Response stands_in_files(const Call& call) {
  return http::error_response(409,
                              "connections stand in files: declare it under `connections:` in baton.yaml or in the DAG; a "
                              "server takes up either when it is saved",
                              &call.request);
}

http::Response change_connection(const Call& call) {
  const auto all = known_connections(call);
  if (!all) return read_error(all.error(), call);
  const std::string& name = call.request.param("connection_id");
  if (find_connection(*all, name) != nullptr) return stands_in_files(call);
  return http::error_response(404, "there is no connection \"" + name + "\"", &call.request);
}

http::Response no_connection_test(const Call& call) {
  return http::error_response(403,
                              "a server asks no database by itself: run a task of the kind sql with `select 1` over the "
                              "connection",
                              &call.request);
}

}  // namespace

void add_connections(Operations& operations) {
  operations.at_once["get_connections"] = list_connections;
  operations.at_once["get_connection"] = get_connection;
  operations.at_once["post_connection"] = operations.at_once["bulk_connections"] =
      operations.at_once["create_default_connections"] = stands_in_files;
  operations.at_once["patch_connection"] = operations.at_once["delete_connection"] = change_connection;
  operations.at_once["test_connection"] = no_connection_test;
}

}  // namespace baton::api
