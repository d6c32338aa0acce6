#include "web/page/page.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <optional>
#include <sstream>

#include "scheduler/digest/digest.h"
#include "web/http/errors.h"
#include "web/http/markup.h"
#include "web/http/target.h"
#include "web/page/built_page.h"

namespace baton::page {

namespace {

constexpr std::string_view kBase = "<base href=\"./\"";
constexpr std::size_t kEtagSize = 16;
/// No script or style but the page's own files: what a log or a DAG says can never run.
constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; frame-src 'self'; "
    "base-uri 'self'; form-action 'self'; frame-ancestors 'none'";
/// Where the document is, the script of what belongs there beside the first one (empty: that has it), and what the page
/// asks of the API first, word by word as it does (first.svelte.ts, Dags.svelte): another text would be asked for twice.
struct Place {
  std::string_view path, script, data = {};
};
constexpr std::string_view kLines = "logs/latest/lines?limit=300&groups_from=1&task_instance=true";
constexpr std::string_view kOfTask = "api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/";
constexpr std::string_view kOfItem = "api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}/";
constexpr std::array kPlaces = {
    Place{"/", "", "api/v2/home"},
    Place{"/dags", "", "api/v2/dags?limit=26&offset=0&recent_runs=12"},
    Place{"/dags/{dag_id}", "Dag", "api/v2/dags/{dag_id}/grid?limit=25&dag_details=true"},
    Place{"/dags/{dag_id}/runs/{dag_run_id}", "Run",
          "api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/explain?dag_run=true"},
    Place{"/dags/{dag_id}/runs/{dag_run_id}/tasks/{task_id}", "Task", kOfTask},
    Place{"/dags/{dag_id}/runs/{dag_run_id}/tasks/{task_id}/{map_index}", "Task", kOfItem},
    Place{"/runs", "Runs"},
    Place{"/backfills", "Backfills"},
    Place{"/backfills/{backfill_id}", "Backfill"},
    Place{"/approvals", "Approvals"},
    Place{"/assets", "Assets"},
    Place{"/deadletters", "DeadLetters"},
    Place{"/breakers", "Breakers"},
    Place{"/pools", "Pools"},
    Place{"/workers", "Workers"},
    Place{"/variables", "Variables"},
    Place{"/errors", "ImportErrors"},
    Place{"/audit", "Audit"},
    Place{"/health", "Health"},
    Place{"/accounting", "Accounting"},
    Place{"/alerts", "Alerts"},
    Place{"/tokens", "Tokens"},
    Place{"/secrets", "Secrets"},
    Place{"/simulate", "Simulate"},
};

struct Type {
  std::string_view ending, type;
};
constexpr std::array kTypes = {
    Type{".js", "text/javascript; charset=utf-8"},
    Type{".css", "text/css; charset=utf-8"},
    Type{".svg", "image/svg+xml"},
    Type{".html", "text/html; charset=utf-8"},
};

std::string type_of(std::string_view name) {
  for (const Type& one : kTypes) {
    if (name.size() > one.ending.size() && name.substr(name.size() - one.ending.size()) == one.ending) {
      return std::string(one.type);
    }
  }
  return "application/octet-stream";
}


std::optional<BuiltFile> find_built(const std::string& name) {
  const auto& files = built_files();
  const auto found =
      std::lower_bound(files.begin(), files.end(), name, [](const BuiltFile& f, const std::string& n) { return f.name < n; });
  if (found == files.end() || found->name != name) return std::nullopt;
  return *found;
}

/// `name` is one segment of a path: the server has refused `..`, and a hidden file is none of the page's.
std::optional<std::string> read_file(const std::string& folder, const std::string& name) {
  if (name.empty() || name.front() == '.' || name.find('\0') != name.npos) return std::nullopt;
  std::ifstream in(folder + "/" + name, std::ios::binary);
  if (!in) return std::nullopt;
  std::ostringstream bytes;
  bytes << in.rdbuf();
  return bytes.str();
}

http::Response not_there(const http::Request& request) {
  return http::error_response(404, "there is nothing at this path", &request);
}

/// Names of assets carry a digest of what is inside: whoever has one has it for good.
http::Response built_asset(const http::Request& request) {
  const std::string& name = request.param("file");
  const auto file = find_built("assets/" + name);
  if (!file) return not_there(request);
  http::Response response;
  response.content_type = type_of(name);
  response.headers = {{"Cache-Control", "public, max-age=31536000, immutable"}, {"Vary", "Accept-Encoding"}};
  const std::string_view accepted = request.header("accept-encoding");
  if (!file->brotli.empty() && accepts(accepted, "br")) {
    response.headers.push_back({"Content-Encoding", "br"});
    response.body = file->brotli;
  } else if (!file->gzip.empty() && accepts(accepted, "gzip")) {
    response.headers.push_back({"Content-Encoding", "gzip"});
    response.body = file->gzip;
  } else {
    response.headers.push_back({"Content-Encoding", "identity"});  // not packed again for each request
    response.body = file->bytes;
  }
  return response;
}

http::Response asset_on_disk(const std::string& folder, const http::Request& request) {
  const std::string& name = request.param("file");
  auto bytes = name.find('/') == name.npos ? read_file(folder + "/assets", name) : std::nullopt;
  if (!bytes) return not_there(request);
  http::Response response;
  response.content_type = type_of(name);
  response.headers = {{"Cache-Control", "no-store"}};
  response.body = std::move(*bytes);
  return response;
}

/// Its script beside the first one, asked for at once instead of when that has run.
std::string preload_of(std::string_view script) {
  if (script.empty()) return {};
  const std::string begin = "assets/" + std::string(script) + "-";
  for (const BuiltFile& file : built_files()) {
    if (file.name.substr(0, begin.size()) != begin || !file.name.ends_with(".js")) continue;
    return "<link rel=\"modulepreload\" crossorigin href=\"./" + std::string(file.name) + "\">";
  }
  return {};
}

/// What is asked for first, beside the scripts instead of by them. With a query in the address it would be another thing.
std::string data_link_of(const Place& place, const http::Request& request) {
  if (place.data.empty() || !request.query.empty()) return {};
  std::string path(place.data);
  if (place.script == "Task") path += kLines;
  for (const auto& [name, value] : request.params) {
    const std::string mark = "{" + name + "}";
    const std::size_t at = path.find(mark);
    if (at != path.npos) path.replace(at, mark.size(), http::percent_encoded(value));
  }
  return "<link rel=\"preload\" as=\"fetch\" crossorigin href=\"" + http::in_markup(path) + "\">";
}

/// Who asks is in it, so that the page need not ask that first: its own for each session, and never shared.
http::Response document(std::string_view text, const http::Request& request, const PageOptions& options,
                        const Place& place) {
  const std::string_view path = request.path();
  const auto depth = static_cast<std::size_t>(std::count(path.begin(), path.end(), '/'));
  http::Response response;
  response.content_type = "text/html; charset=utf-8";
  response.headers = {{"Content-Security-Policy", std::string(kPolicy)},
                      {"Referrer-Policy", "no-referrer"},
                      {"Cache-Control", "private, no-cache"},
                      {"Vary", "Cookie"},
                      {"Cross-Origin-Opener-Policy", "same-origin"}};
  response.body = document_at(text, depth == 0 ? 0 : depth - 1);
  std::string head = options.folder.empty() ? preload_of(place.script) : std::string();
  if (options.who) {
    const std::string who = options.who(request);
    head += "<meta name=\"session\" content=\"" + http::in_markup(who) + "\">";
    if (!who.empty()) head += data_link_of(place, request);
  }
  if (const std::size_t end = response.body.find("</head>"); end != response.body.npos) response.body.insert(end, head);
  response.etag = sha256_hex(response.body).substr(0, kEtagSize);
  return response;
}

http::Response document_of(const PageOptions& options, const http::Request& request, const Place& place) {
  if (options.folder.empty()) {
    const auto built = find_built("index.html");
    return built ? document(built->bytes, request, options, place) : not_there(request);
  }
  const auto text = read_file(options.folder, "index.html");
  return text ? document(*text, request, options, place) : not_there(request);
}

Status add(http::Router& router, std::string path, http::Handler handler) {
  http::Route route;
  route.path = std::move(path);
  route.operation = "page";
  route.resource = "page";
  route.role = http::Role::anyone;
  route.handler = std::move(handler);
  return router.add(std::move(route));
}

}  // namespace

bool accepts(std::string_view accept_encoding, std::string_view coding) {
  while (!accept_encoding.empty()) {
    const std::size_t end = std::min(accept_encoding.find(','), accept_encoding.size());
    std::string_view one = accept_encoding.substr(0, end);
    accept_encoding.remove_prefix(std::min(end + 1, accept_encoding.size()));
    while (!one.empty() && one.front() == ' ') one.remove_prefix(1);
    const std::size_t name = std::min(one.find_first_of("; "), one.size());
    if (one.substr(0, name) != coding) continue;
    const std::string_view weight = one.substr(name);
    return weight.find('=') == weight.npos || weight.find_first_of("123456789") != weight.npos;
  }
  return false;
}

std::string document_at(std::string_view document, std::size_t depth) {
  std::string out(document);
  const std::size_t at = out.find(kBase);
  if (at == out.npos || depth == 0) return out;
  std::string base = "<base href=\"";
  for (std::size_t k = 0; k < depth; ++k) base += "../";
  out.replace(at, kBase.size(), base + "\"");
  return out;
}

std::optional<http::Response> not_found(const http::Request& request, const PageOptions& options) {
  const bool is_read = request.method == http::Method::get || request.method == http::Method::head;
  if (!is_read || request.header("accept").find("text/html") == std::string_view::npos) return std::nullopt;
  for (const std::string_view root : {"/api/", "/auth/", "/assets/", "/hooks/", "/schema/"}) {
    if (request.path().substr(0, root.size()) == root) return std::nullopt;
  }
  http::Response response = document_of(options, request, {});
  response.status = 404;
  response.etag.clear();
  return response;
}

Status add_page(http::Router& router, const PageOptions& options) {
  const auto asset = [folder = options.folder](const http::Request& request) {
    return folder.empty() ? built_asset(request) : asset_on_disk(folder, request);
  };
  if (Status added = add(router, "/assets/{file}", http::at_once(asset)); !added) return added;
  for (const Place& place : kPlaces) {
    const auto serve = [options, place](const http::Request& request) {
      return document_of(options, request, place);
    };
    if (Status added = add(router, std::string(place.path), http::at_once(serve)); !added) return added;
  }
  return Unit{};
}

}  // namespace baton::page
