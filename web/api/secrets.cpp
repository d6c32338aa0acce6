// Secrets: names, and when they were set. A value is taken, encrypted, and shown to nobody again: it stands in no answer,
// no audit, no database; not even its hash as the key of a repetition.
#include <algorithm>

#include "scheduler/json/json_value.h"
#include "web/api/answers.h"
#include "web/api/fields.h"
#include "web/api/objects.h"
#include "web/api/secret_door.h"

namespace baton::api {

namespace {

void append_secret(std::string& out, const SecretView& secret) {
  JsonObject one(out);
  one.text("name", secret.name);
  time_field(one, "updated_at", secret.updated_at);
  text_field(one, "updated_by", secret.updated_by);
}

http::Response no_secrets(const Call& call) {
  return http::error_response(Error{"secrets are kept by the server of a state folder", ErrorKind::unavailable},
                              &call.request);
}

http::Response list_secrets(const Call& call) {
  if (call.services.secrets == nullptr) return no_secrets(call);
  const auto all = call.services.secrets->list();
  if (!all) return http::error_response(all.error(), &call.request);
  std::string body;
  {
    JsonObject list(body);
    std::string& rows = list.member("secrets");
    rows += '[';
    for (const SecretView& secret : *all) {
      if (rows.back() != '[') rows += ',';
      append_secret(rows, secret);
    }
    rows += ']';
    list.number("total_entries", static_cast<std::int64_t>(all->size()));
  }
  return json_response(std::move(body));
}

/// Who does it, and that it is to be done, is durable before it is done: nothing changes that the audit does not tell.
void change_secret(const Call& call, const http::Reply& reply, const char* action,
                   std::function<Status(SecretDoor&, const std::string& name)> what) {
  if (call.services.secrets == nullptr) return reply.send(no_secrets(call));
  const std::string name = call.request.param("secret_name");
  WriteRecords audit;
  audit.object = "secret/" + name;
  audit.audit.action = action;
  audit.audit.extra_json = to_json(Value(ValueMap{{"secret", name}}));
  call.services.door->change({std::move(audit), "", 204}, asker_of(call.request), {},
                             [call, reply, name, what = std::move(what)](const Result<Changed>& told) {
                               if (!told) return reply.send(http::error_response(told.error(), &call.request));
                               reply.later([call, name, what] {
                                 const Status done = what(*call.services.secrets, name);
                                 return done ? no_content() : http::error_response(done.error(), &call.request);
                               });
                             });
}

}  // namespace

void add_secrets(Operations& operations) {
  operations.at_once["get_secrets"] = list_secrets;
  operations.later["put_secret"] = [](const Call& call, const http::Reply& reply) {
    change_secret(call, reply, "set_secret",
                  [value = call.text("value"), by = call.request.principal.name](SecretDoor& door,
                                                                                 const std::string& name) {
                    return door.set(name, value, by);
                  });
  };
  operations.later["delete_secret"] = [](const Call& call, const http::Reply& reply) {
    change_secret(call, reply, "delete_secret",
                  [](SecretDoor& door, const std::string& name) { return door.remove(name); });
  };
}

}  // namespace baton::api
