#include "cli/server_settings.h"

#include <algorithm>
#include <utility>

#include "scheduler/json/json_value.h"
#include "scheduler/timetable/time_text.h"

namespace baton {
namespace {

std::string joined(const std::vector<std::string>& parts) {
  std::string out;
  for (const std::string& part : parts) out += (out.empty() ? "" : ", ") + part;
  return out;
}

template <typename List, typename Text>
std::string joined(const List& list, Text text) {
  std::vector<std::string> parts;
  for (const auto& one : list) parts.push_back(text(one));
  return joined(parts);
}

/// What a declaration in the canonical form calls its things: keys of an object, `name` of each in a list.
std::vector<std::string> names_in(const std::string& json) {
  std::vector<std::string> names;
  const auto value = json.empty() ? Result<Value>(Value()) : from_json(json);
  if (!value) return names;
  if (value->type() == ValueType::map) {
    for (const auto& [key, ignored] : value->as_map()) {
      if (key.type() == ValueType::string) names.push_back(key.as_string());
    }
  } else if (value->type() == ValueType::list) {
    for (const Value& one : value->as_list()) {
      const Value* name = one.find("name");
      if (name != nullptr && name->type() == ValueType::string) names.push_back(name->as_string());
    }
  }
  return names;
}

std::string span_text(DurationUs span) {
  return span == 0 ? std::string() : timetable::format_duration_exact(span);
}

std::string size_text(std::int64_t bytes) {
  constexpr std::int64_t kMebi = 1 << 20;
  return bytes % kMebi == 0 ? std::to_string(bytes / kMebi) + "Mi" : std::to_string(bytes);
}

std::string kept_runs(const Retention& retention) {
  if (retention.runs_per_dag > 0) return std::to_string(retention.runs_per_dag) + " per dag";
  return retention.runs_us > 0 ? span_text(retention.runs_us) : "for ever";
}

/// Writes the list in its order.
struct Settings {
  const std::vector<std::string>& said;
  const GivenSettings& given;
  std::vector<api::SettingSeen> list = {};

  [[nodiscard]] bool is_said(const std::string& name) const {
    return std::find(said.begin(), said.end(), name) != said.end();
  }
  void add(const std::string& name, std::string value) {
    const std::string above = name.substr(0, name.find('.'));
    // `retention: 90d` speaks of its runs.
    const bool is_short = name == "retention.runs" && is_said(above) && !is_said("retention.logs");
    list.push_back({name, std::move(value), is_said(name) || is_short ? "file" : "default", false});
  }
  /// What was settled at the start, and holds until the next one whatever the file says now.
  void add_given(const std::string& name) {
    const auto found = given.find(name);
    if (found != given.end()) list.push_back({name, found->second.value, found->second.source, true});
  }
};

}  // namespace

GivenSettings given_settings(const Config& config, const std::vector<std::string>& said,
                             const std::vector<GivenWord>& words) {
  GivenSettings given;
  const auto is_said = [&](const char* name) { return std::find(said.begin(), said.end(), name) != said.end(); };
  const auto of_file = [&](const char* name, std::string value) {
    given[name] = {std::move(value), is_said(name) ? "file" : "default"};
  };
  of_file("listen", config.listen.empty() ? "127.0.0.1:8080" : config.listen);
  of_file("public_url", config.public_url);
  of_file("log.format", config.log_format.empty() ? "text" : config.log_format);
  of_file("profile", config.profile.name);
  of_file("pass_env", joined(config.pass_env));
  of_file("limits.instances", std::to_string(config.max_instances));
  for (const GivenWord& word : words) given[word.name] = {word.value, word.source};
  return given;
}

std::vector<api::SettingSeen> settings_of(const Config& config, const std::vector<std::string>& said,
                                          const GivenSettings& given) {
  Settings out{said, given};
  for (const char* name : {"listen", "public_url", "state", "dags", "slots", "secrets", "drain", "log.format", "profile",
                           "pass_env", "limits.instances"}) {
    out.add_given(name);
  }
  out.add("pools", joined(config.pools, [](const PoolSpec& pool) {
    return pool.name + " " + std::to_string(pool.slots);
  }));
  out.add("breakers", joined(names_in(config.breakers_json)));
  out.add("assets", joined(names_in(config.assets_json)));
  out.add("calendars", joined(names_in(config.calendars_json)));
  out.add("connections", joined(config.connections, [](const Connection& one) {
    return one.name + (one.kind == Connection::Kind::sqlite ? " (sqlite)" : " (postgresql)");
  }));
  out.add("hooks", joined(config.hooks, [](const WebhookSpec& hook) {
    return hook.name + " triggers " + hook.dag_id + ", signed with the secret " + hook.secret;
  }));
  const auto alerting = config.alerting_json.empty() ? Result<Value>(Value()) : from_json(config.alerting_json);
  for (const char* name : {"alerts", "receivers", "smtp", "dead_man"}) {
    const Value* found = alerting ? alerting->find(name) : nullptr;
    const bool has_names = found != nullptr && std::string_view(name) == "receivers";
    out.add(name, has_names ? joined(names_in(to_json(*found))) : found != nullptr ? "set" : "");
  }
  out.add("limits.file", size_text(config.max_file_bytes));
  out.add("limits.depth", std::to_string(config.max_depth));
  out.add("retention.runs", kept_runs(config.retention));
  out.add("retention.logs", config.retention.logs_us > 0 ? span_text(config.retention.logs_us) : "as long as their runs");
  const BackupSettings& backup = config.backup;
  out.add("backup.path", backup.folder);
  out.add("backup.every", backup.folder.empty() ? "" : span_text(backup.every_us));
  out.add("backup.keep", backup.folder.empty() ? "" : std::to_string(backup.keep));
  const auto price = [](double one) { return to_json(Value(one)); };
  out.add("prices.cpu_hour", config.prices.cpu_hour ? price(*config.prices.cpu_hour) : "");
  out.add("prices.pools", joined(config.prices.pools, [&](const auto& one) { return one.first + " " + price(one.second); }));
  return std::move(out.list);
}

}  // namespace baton
