// Personal tokens: `bat_` and 256 bits that nobody can guess, told once, when they are made. The store keeps the SHA-256.
#include <algorithm>
#include <optional>
#include <set>

#include "scheduler/digest/digest.h"
#include "scheduler/json/json_value.h"
#include "web/api/answers.h"
#include "web/api/condition.h"
#include "web/api/fields.h"
#include "web/api/list_query.h"
#include "web/api/objects.h"

namespace baton::api {

namespace {

constexpr std::size_t kSecretBytes = 32;

void append_token(std::string& out, const TokenView& token, const std::string& secret) {
  JsonObject one(out);
  one.number("token_id", token.token_no);
  one.text("name", token.name);
  one.text("role", token.role);
  one.member("scopes") += token.scopes_json;
  text_field(one, "created_by", token.principal);
  time_field(one, "created_at", token.created_at);
  time_field(one, "expires_at", token.expires_at);
  time_field(one, "revoked_at", token.revoked_at);
  if (!secret.empty()) one.text("token", secret);
}

http::Response list_tokens(const Call& call) {
  auto reader = call.services.readers->take();
  if (!reader) return read_error(reader.error(), call);
  NameQuery query;
  query.page = page_of(call.request);
  const auto page = (*reader)->list_tokens(query);
  if (!page) return read_error(page.error(), call);
  const auto append = [](std::string& out, const TokenView& token) { append_token(out, token, ""); };
  return page_response("tokens", *page, append, call);
}

http::Response made_response(const Call& call, const std::string& hash, const std::string& secret) {
  auto reader = call.services.readers->take();
  if (!reader) return read_error(reader.error(), call);
  const auto token = (*reader)->token(hash);
  if (!token) return read_error(token.error(), call);
  std::string body;
  append_token(body, *token, secret);
  http::Response response = json_response(std::move(body), 201);
  response.headers.push_back({"Cache-Control", "no-store"});
  return response;
}

/// What the audit keeps of it: all that it may, and until when.
std::string extra_of(const TokenRow& row) {
  std::string out;
  {
    JsonObject one(out);
    one.text("name", row.name);
    one.text("role", row.role);
    one.member("scopes") += row.scopes_json;
    time_field(one, "expires_at", row.expires_at);
  }
  return out;
}

/// The first scope of the body that is none: `RESOURCE`, `*`, each with `:read` or without.
std::optional<std::string> no_scope(const Call& call) {
  const Value* scopes = call.body.find("scopes");
  if (scopes == nullptr || scopes->type() != ValueType::list) return std::nullopt;
  for (const Value& scope : scopes->as_list()) {
    std::string_view resource = scope.as_string();
    constexpr std::string_view kRead = ":read";
    if (resource.ends_with(kRead)) resource.remove_suffix(kRead.size());
    const auto& known = call.services.resources;
    if (resource != "*" && std::ranges::find(known, resource) == known.end()) return scope.as_string();
  }
  return std::nullopt;
}

std::string resources_text(const Call& call) {
  std::string out = "*";
  for (const std::string& one : std::set<std::string>(call.services.resources.begin(), call.services.resources.end())) {
    out += ", " + one;
  }
  return out;
}

/// Nobody makes one that may do more than he may.
void create_token(const Call& call, const http::Reply& reply) {
  const auto role = http::role_named(call.text("role"));
  if (!role || *role == http::Role::anyone) {
    return reply.send(http::error_response(Error{"there is no such role", ErrorKind::invalid}, &call.request));
  }
  const http::Principal& who = call.request.principal;
  if (*role > who.role || !who.scopes.empty()) {
    return reply.send(http::error_response(403, "a token may not do more than who makes it", &call.request));
  }
  TokenRow row;
  row.name = call.text("name");
  row.role = call.text("role");
  row.principal = who.name;
  row.created_at = call.services.now();
  if (const Value* scopes = call.body.find("scopes"); scopes != nullptr && !scopes->is_null()) {
    row.scopes_json = to_json(*scopes);
  }
  if (const auto wrong = no_scope(call)) {
    const Error error{
        "there is no scope \"" + *wrong + "\"; there are " + resources_text(call) + ", each also with :read",
        ErrorKind::invalid};
    return reply.send(http::error_response(error, &call.request));
  }
  row.expires_at = call.time("expires_at");
  if (row.expires_at != kNoTime && row.expires_at <= row.created_at) {
    return reply.send(http::error_response(Error{"expires_at is past", ErrorKind::invalid}, &call.request));
  }
  const std::string secret = "bat_" + random_hex(kSecretBytes);
  const std::string hash = row.hash = sha256_hex(secret);
  WriteRecords what;
  what.object = "token/" + hash;
  what.audit.action = "create_token";
  what.audit.extra_json = extra_of(row);
  what.rows.tokens.push_back(std::move(row));
  call.services.door->change({std::move(what), "", 201}, asker_of(call.request), once_of(call.request),
                             [call, reply, hash, secret](const Result<Changed>& done) {
                               if (!done) return reply.send(http::error_response(done.error(), &call.request));
                               reply.later([call, hash, secret] { return made_response(call, hash, secret); });
                             });
}

Result<TokenView> token_of_path(Reader& reader, const Call& call) {
  const std::string& wanted = call.request.param("token_id");
  NameQuery query;
  query.page.limit = 10'000;
  const auto page = reader.list_tokens(query);
  if (!page) return page.error();
  for (const TokenView& token : page->rows) {
    if (std::to_string(token.token_no) == wanted) return token;
  }
  return Error{"there is no token " + wanted, ErrorKind::not_found};
}

void revoke(const Call& call, const http::Reply& reply) {
  WriteRecords what;
  {
    auto reader = call.services.readers->take();
    if (!reader) return reply.send(read_error(reader.error(), call));
    const auto token = token_of_path(**reader, call);
    if (!token) return reply.send(read_error(token.error(), call));
    TokenRow row;
    row.hash = token->hash;
    row.revoked_at = call.services.now();
    what.audit.action = "revoke_token";
    what.audit.extra_json = to_json(Value(ValueMap{{Value("name"), Value(token->name)}}));
    what.rows.tokens.push_back(std::move(row));
  }
  call.services.door->change({std::move(what), ""}, asker_of(call.request), {},
                             [call, reply](const Result<Changed>& done) {
                               reply.send(done ? no_content() : http::error_response(done.error(), &call.request));
                             });
}

}  // namespace

void add_tokens(Operations& operations) {
  operations.at_once["get_tokens"] = list_tokens;
  operations.later["create_personal_token"] = create_token;
  operations.later["revoke_token"] = revoke;
  // A repetition shows which token it was; the secret is told once.
  operations.made["token"] = [](const Call& call, const std::string& hash) { return made_response(call, hash, ""); };
}

}  // namespace baton::api
