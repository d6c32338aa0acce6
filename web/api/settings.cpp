// The settings that a server goes by: what holds, and where each comes from. Secrets are names here, never values.
#include "web/api/answers.h"
#include "web/api/fields.h"
#include "web/api/objects.h"

namespace baton::api {

namespace {

void append_setting(std::string& out, const SettingSeen& setting) {
  JsonObject one(out);
  one.text("name", setting.name);
  text_field(one, "value", setting.value);
  one.text("source", setting.source);
  bool_field(one, "needs_restart", setting.needs_restart);
}

http::Response get_settings(const Call& call) {
  if (!call.services.settings) {
    const Error none{"settings are told by the server of a state folder", ErrorKind::unavailable};
    return http::error_response(none, &call.request);
  }
  const SettingsSeen seen = call.services.settings();
  std::string body;
  {
    JsonObject out(body);
    append_json_array(out.member("settings"), seen.list, append_setting);
    out.number("total_entries", std::ssize(seen.list));
    text_field(out, "file", seen.file);
    text_field(out, "trouble", seen.trouble);
  }
  return json_response(std::move(body));
}

}  // namespace

void add_settings(Operations& operations) {
  operations.at_once["get_server_settings"] = get_settings;
}

}  // namespace baton::api
