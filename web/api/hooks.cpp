// Messages of others that trigger a DAG: signed with a secret that both know, young, and each taken once.
#include <charconv>
#include <cstdlib>

#include "scheduler/digest/digest.h"
#include "scheduler/json/json_value.h"
#include "web/api/answers.h"

namespace baton::api {
namespace {

/// Older ones, or those from so far ahead, are somebody's who has listened.
constexpr DurationUs kOldestUs = 5 * kMinute;

/// In a time that does not depend on where they differ.
bool are_same(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]);
  }
  return difference == 0;
}

/// What a message is known by, so that it is taken once; none: it is not signed by whom it should be, or too old.
std::optional<std::string> id_of(const http::Request& request, const SignedWebhook& hook, WallUs now) {
  if (hook.spec.is_github) {  // they say no time: their id is what keeps one from being taken twice
    const std::string wanted = "sha256=" + hmac_sha256_hex(hook.key, request.body);
    const std::string id(request.header("x-github-delivery"));
    if (id.empty() || !are_same(wanted, request.header("x-hub-signature-256"))) return std::nullopt;
    return id;
  }
  const std::string_view signature = request.header("baton-signature");  // t=SECONDS,v1=HEX
  const std::size_t comma = signature.find(",v1=");
  if (signature.substr(0, 2) != "t=" || comma == std::string_view::npos) return std::nullopt;
  const std::string_view at = signature.substr(2, comma - 2);
  std::int64_t seconds = 0;
  const auto [end, bad] = std::from_chars(at.data(), at.data() + at.size(), seconds);
  if (bad != std::errc() || end != at.data() + at.size()) return std::nullopt;
  const std::string wanted = hmac_sha256_hex(hook.key, std::string(at) + "." + request.body);
  if (!are_same(wanted, signature.substr(comma + 4))) return std::nullopt;
  if (std::abs(now / kSecond - seconds) > kOldestUs / kSecond) return std::nullopt;
  const std::string_view id = request.header("baton-id");
  return id.empty() ? wanted : std::string(id);
}

/// Whoever cannot sign does not learn which hooks there are.
http::Response refused(const Call& call) {
  return http::error_response(401, "there is no such hook, or the message is not signed by its secret, or too old",
                              &call.request);
}

void take_hook(const Call& call, const http::Reply& reply) {
  const std::string name = call.request.param("hook_name");
  std::optional<SignedWebhook> hook;
  if (call.services.hook) hook = call.services.hook(name);
  if (!hook || hook->key.empty()) return reply.send(refused(call));
  const auto id = id_of(call.request, *hook, call.services.now());
  if (!id) return reply.send(refused(call));
  Value params = call.body;
  if (!hook->spec.param.empty()) params = Value(ValueMap{{Value(hook->spec.param), call.body}});
  if (params.type() != ValueType::map) {
    const Error wrong{"the message is no JSON object, and the hook names no `param` that could take it",
                      ErrorKind::invalid};
    return reply.send(http::error_response(wrong, &call.request));
  }
  TriggerAsk ask;
  ask.dag_id = hook->spec.dag_id;
  ask.conf_json = to_json(params);
  const Asker asker{"hook:" + name, call.request.peer.address, "hook"};
  Once once = once_of(call.request);
  once.key = *id;
  once.route = call.request.route->operation;
  once.body_hash = sha256_hex(name + "\n" + call.request.body);
  call.services.door->trigger(std::move(ask), asker, once, [call, reply](Result<RunNo> done) {
    reply.later([call, done = std::move(done)]() -> http::Response {
      if (!done) return http::error_response(done.error(), &call.request);
      auto reader = call.services.readers->take();
      if (!reader) return read_error(reader.error(), call);
      return run_response(**reader, *done, 200, call);
    });
  });
}

}  // namespace

void add_hooks(Operations& operations) { operations.later["take_hook"] = take_hook; }

}  // namespace baton::api
