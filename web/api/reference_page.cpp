// The description of the API as a page to read: its operations by what they are about, from the document that the
// server has inside. No script, nothing from elsewhere; made once.
#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "scheduler/digest/digest.h"
#include "scheduler/json/json_value.h"
#include "web/api/description.h"
#include "web/api/fields.h"
#include "web/api/services.h"
#include "web/http/markup.h"

namespace baton::api {

namespace {

/// The page holds what the document says and nothing of anybody's: its one style stands in it.
constexpr std::string_view kPolicy =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
constexpr std::string_view kHead =
    "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>Baton: REST API</title><style>"
    ":root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 "
    "1rem}"
    "code{font:13px/1.5 ui-monospace,monospace}h2{margin-top:2.5rem}details{border-top:1px solid #8884;padding:.4rem 0}"
    "summary{cursor:pointer}summary "
    "b{display:inline-block;min-width:4.5rem}table{border-collapse:collapse;margin:.5rem 0}"
    "td,th{text-align:left;vertical-align:top;padding:.15rem 1rem .15rem 0}small{opacity:.75}nav a{margin-right:.8rem}"
    "</style></head><body>";

/// `#/components/schemas/Run` → what stands there.
const Value* resolved(const Value& document, const Value& one) {
  const std::string reference = text_member(one, "$ref");
  if (reference.empty()) return &one;
  const Value* at = &document;
  for (std::size_t begin = 2; at != nullptr && begin <= reference.size();) {
    const std::size_t end = std::min(reference.find('/', begin), reference.size());
    at = at->find(std::string_view(reference).substr(begin, end - begin));
    begin = end + 1;
  }
  return at;
}

/// A schema in a word or two: its name, `integer`, `string (date-time)`, `list of Run`, `a, b or c`.
std::string type_words(const Value& schema) {
  if (const std::string reference = text_member(schema, "$ref"); !reference.empty()) {
    return reference.substr(reference.rfind('/') + 1);
  }
  if (const Value* choices = schema.find("enum")) {
    std::string out;
    for (const Value& one : choices->as_list()) {
      out += (out.empty() ? "" : ", ") + (one.type() == ValueType::string ? one.as_string() : to_json(one));
    }
    return out;
  }
  const Value* type = schema.find("type");
  if (type == nullptr) return "any";
  std::string name = type->type() == ValueType::string ? type->as_string() : std::string();
  if (type->type() == ValueType::list) {
    for (const Value& one : type->as_list()) name += (name.empty() ? "" : " or ") + one.as_string();
  }
  if (const Value* items = schema.find("items")) return "list of " + type_words(*items);
  const std::string format = text_member(schema, "format");
  return format.empty() ? name : name + " (" + format + ")";
}

void append_parameters(std::string& out, const Value& document, const Value& operation) {
  const Value* parameters = operation.find("parameters");
  if (parameters == nullptr || parameters->as_list().empty()) return;
  out += "<table>";
  for (const Value& one : parameters->as_list()) {
    const Value* parameter = resolved(document, one);
    if (parameter == nullptr) continue;
    const Value* schema = parameter->find("schema");
    const Value* required = parameter->find("required");
    const bool is_required = required != nullptr && required->type() == ValueType::boolean && required->as_bool();
    out += "<tr><td><code>" + http::in_markup(text_member(*parameter, "name")) + "</code></td><td><small>" +
           http::in_markup(text_member(*parameter, "in")) + (is_required ? ", required" : "") + "</small></td><td>" +
           (schema == nullptr ? std::string() : http::in_markup(type_words(*schema))) + "</td><td>" +
           http::in_markup(text_member(*parameter, "description")) + "</td></tr>";
  }
  out += "</table>";
}

/// What a content holds, by its media types.
std::string content_words(const Value& holder) {
  const Value* content = holder.find("content");
  if (content == nullptr) return {};
  std::string out;
  for (const auto& [media, what] : content->as_map()) {
    const Value* schema = what.find("schema");
    out += (out.empty() ? "" : ", ") + (schema == nullptr ? std::string() : type_words(*schema) + " ") + "as " +
           media.as_string();
  }
  return out;
}

void append_operation(std::string& out, const Value& document, const Operation& described, const Value& operation) {
  out += "<details id=\"" + http::in_markup(described.id) + "\"><summary><b>" +
         std::string(http::to_string(described.method)) + "</b><code>" + http::in_markup(described.path) + "</code> " +
         http::in_markup(text_member(operation, "summary")) + " <small>" +
         std::string(http::to_string(described.role)) + "</small></summary>";
  if (const std::string words = text_member(operation, "description"); !words.empty()) {
    out += "<p>" + http::in_markup(words) + "</p>";
  }
  append_parameters(out, document, operation);
  if (const Value* body = operation.find("requestBody"))
    out += "<p>Body: " + http::in_markup(content_words(*body)) + "</p>";
  out += "<table>";
  if (const Value* responses = operation.find("responses")) {
    for (const auto& [status, answer] : responses->as_map()) {
      const Value* response = resolved(document, answer);
      if (response == nullptr) continue;
      out += "<tr><td><code>" + http::in_markup(status.as_string()) + "</code></td><td>" +
             http::in_markup(text_member(*response, "description")) + "</td><td><small>" +
             http::in_markup(content_words(*response)) + "</small></td></tr>";
    }
  }
  out += "</table></details>";
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

std::string render() {
  const auto document = from_json(openapi_json());
  const auto description = Description::read(request_rules_json());
  if (!document || !description) return {};
  std::map<std::string, std::vector<const Operation*>> by_resource;
  for (const Operation& one : (*description)->operations()) by_resource[one.resource].push_back(&one);
  std::string out(kHead);
  const Value* info = document->find("info");
  out += "<h1>Baton: REST API</h1><p>" +
         http::in_markup(info == nullptr ? std::string() : text_member(*info, "description")) +
         "</p><p>The same for programs: <code>/openapi.json</code>.</p><nav>";
  for (const auto& [resource, operations] : by_resource) {
    out += "<a href=\"#about-" + http::in_markup(resource) + "\">" + http::in_markup(resource) + "</a>";
  }
  out += "</nav>";
  const Value* paths = document->find("paths");
  for (auto& [resource, operations] : by_resource) {
    std::ranges::stable_sort(operations, {}, [](const Operation* one) { return one->path; });
    out += "<h2 id=\"about-" + http::in_markup(resource) + "\">" + http::in_markup(resource) + "</h2>";
    for (const Operation* one : operations) {
      const Value* path = paths->find(one->path);
      const Value* operation = path == nullptr ? nullptr : path->find(lower(http::to_string(one->method)));
      if (operation != nullptr) append_operation(out, *document, *one, *operation);
    }
  }
  return out + "</body></html>";
}

http::Response reference(const Call&) {
  static const std::string page = render();
  static const std::string etag = sha256_hex(page).substr(0, 16);
  http::Response response;
  response.content_type = "text/html; charset=utf-8";
  response.headers = {{"Content-Security-Policy", std::string(kPolicy)}, {"Referrer-Policy", "no-referrer"}};
  response.body = page;
  response.etag = etag;
  return response;
}

}  // namespace

void add_reference_page(Operations& operations) {
  operations.at_once["get_docs"] = operations.at_once["get_docs_at_root"] = reference;
}

}  // namespace baton::api
