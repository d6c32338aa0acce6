// baton.yaml.
#include <algorithm>
#include <optional>
#include <string_view>

#include "scheduler/json/json_value.h"
#include "scheduler/model/did_you_mean.h"
#include "scheduler/dagfile/connections.h"
#include "scheduler/dagfile/loader.h"
#include "scheduler/dagfile/scalar.h"
#include "scheduler/dagfile/schedule_reader.h"
#include "scheduler/dagfile/shape.h"
#include "scheduler/dagfile/task_reader.h"
#include "scheduler/dagfile/yaml_reader.h"
#include "scheduler/timetable/time_text.h"

namespace baton {
namespace {

using dagfile::Node;
using dagfile::Reporter;

void read_limits(Node limits, Config& config) {
  if (!limits || !limits.is_map()) return;
  if (const Node file = limits.find("file"); file && file.is_scalar()) {
    config.max_file_bytes = dagfile::parse_size(file.text()).value_or(config.max_file_bytes);
  }
  config.max_depth = std::min(dagfile::read_int(limits.find("depth"), config.max_depth), 400);
  config.max_instances = dagfile::read_int(limits.find("instances"), config.max_instances);
}

/// `1000 per dag`; none: it is not of this form.
std::optional<std::int64_t> runs_per_dag(std::string_view text) {
  constexpr std::string_view kWords = " per dag";
  if (!text.ends_with(kWords)) return std::nullopt;
  const CoreNumber number = core_number(text.substr(0, text.size() - kWords.size()));
  if (number.kind != CoreNumber::Kind::integer || number.integer < 1) return std::nullopt;
  return number.integer;
}

/// A span, or a number of runs of each DAG.
void read_kept_runs(Node runs, Retention& out, Reporter& reporter) {
  if (!runs || !runs.is_scalar()) return;
  if (const auto count = runs_per_dag(runs.text())) {
    out.runs_per_dag = *count;
  } else if (const auto span = timetable::parse_duration(runs.text()); span && *span > 0) {
    out.runs_us = *span;
  } else {
    reporter.error(Rule::invalid_value, runs.span(),
                   dagfile::in_quotes(runs.text()) + " is neither a span of time nor a number of runs",
                   "write 90d, or 1000 per dag");
  }
}

Retention read_retention(Node node, Reporter& reporter) {
  Retention out;
  if (!node) return out;
  if (!node.is_map()) {
    read_kept_runs(node, out, reporter);
    return out;
  }
  read_kept_runs(node.find("runs"), out, reporter);
  out.logs_us = dagfile::read_duration(node.find("logs"), 0);
  return out;
}

BackupSettings read_backup(Node node, Reporter& reporter) {
  BackupSettings out;
  if (!node || !node.is_map()) return out;
  if (const Node path = node.find("path"); path && path.is_scalar()) out.folder = path.text();
  if (!out.folder.empty() && out.folder.front() != '/') {
    reporter.error(Rule::invalid_value, node.find("path").span(),
                   dagfile::in_quotes(out.folder) + " is not an absolute path");
  }
  out.every_us = dagfile::read_duration(node.find("every"), kDay);
  out.keep = dagfile::read_int(node.find("keep"), 7);
  return out;
}

std::optional<double> read_price(Node node, Reporter& reporter) {
  if (!node || !node.is_scalar()) return std::nullopt;
  const CoreNumber number = core_number(node.text());
  const bool is_whole = number.kind == CoreNumber::Kind::integer;
  if (!is_whole && number.kind != CoreNumber::Kind::floating) return std::nullopt;  // its form has been complained of
  const double price = is_whole ? static_cast<double>(number.integer) : number.floating;
  if (price >= 0) return price;
  reporter.error(Rule::invalid_value, node.span(), dagfile::in_quotes(node.text()) + " is no price", "write 0.04");
  return std::nullopt;
}

Prices read_prices(Node node, Reporter& reporter) {
  Prices out;
  if (!node || !node.is_map()) return out;
  out.cpu_hour = read_price(node.find("cpu_hour"), reporter);
  const Node pools = node.find("pools");
  if (!pools || !pools.is_map()) return out;
  for (const auto& [name, value] : dagfile::Entries(pools)) {
    if (const auto price = read_price(value, reporter)) out.pools.emplace_back(name.text(), *price);
  }
  return out;
}

std::vector<WebhookSpec> read_hooks(Node node, Reporter& reporter) {
  std::vector<WebhookSpec> out;
  if (!node || !node.is_map()) return out;
  for (const auto& [name, value] : dagfile::Entries(node)) {
    if (!value.is_map()) continue;  // said so already
    if (!dagfile::is_id(name.text())) {
      reporter.error(Rule::invalid_id, name.span(), dagfile::in_quotes(name.text()) + " is no name for a hook",
                     "letters, digits, `_`, `-` and `.`");
      continue;
    }
    const auto text_of = [&value = value](std::string_view key) {
      const Node found = value.find(key);
      return found && found.is_scalar() ? std::string(found.text()) : std::string();
    };
    out.push_back({std::string(name.text()), text_of("dag"), text_of("secret"), text_of("param"),
                   text_of("signature") == "github"});
  }
  return out;
}

/// Who is told of what in all DAGs, and how they are reached; empty: nobody.
std::string read_alerting(Node root, Reporter& reporter) {
  ValueMap out;
  for (const char* name : {"alerts", "receivers", "smtp", "dead_man"}) {
    const Node node = root.find(name);
    if (node && !node.is_null()) out.emplace_back(name, dagfile::value_of(node, reporter));
  }
  return out.empty() ? std::string() : to_json(Value(std::move(out)));
}

void read_profile_env(Node env, Profile& out, Reporter& reporter) {
  if (!env || !env.is_map()) return;
  for (const auto& [key, value] : dagfile::Entries(env)) {
    EnvEntry entry;
    entry.name = key.text();
    if (!dagfile::check_env_name(key, reporter)) continue;
    if (value.is_map()) {
      if (const Node secret = value.find("secret"); secret && secret.is_scalar()) entry.secret = secret.text();
    } else if (value.is_scalar()) {
      if (value.text().find("${{") != std::string_view::npos) {
        reporter.error(Rule::expression_not_here, value.span(), "a profile takes no expressions",
                       "a DAG's `env` may compute a value from this one, as env." + entry.name);
      }
      entry.value.source = value.text();
    }
    out.env.push_back(std::move(entry));
  }
}

/// Pools of the profile stand for those of the same names.
void use_profile(Node node, const std::string& name, Config& config, Reporter& reporter) {
  Profile& profile = config.profile;
  profile.name = name;
  if (!node.is_map()) return;
  if (const Node params = node.find("params"); params && params.is_map()) {
    profile.params = dagfile::value_of(params, reporter);
  }
  read_profile_env(node.find("env"), profile, reporter);
  if (const Node secrets = node.find("secrets"); secrets && secrets.is_map()) {
    for (const auto& [key, value] : dagfile::Entries(secrets)) {
      if (value.is_scalar()) profile.secrets.emplace_back(key.text(), value.text());
    }
  }
  for (PoolSpec& pool : dagfile::read_pools(node.find("pools"), reporter)) {
    std::erase_if(config.pools, [&](const PoolSpec& other) { return other.name == pool.name; });
    config.pools.push_back(std::move(pool));
  }
}

void read_profiles(Node root, const std::string& asked, Config& config, Reporter& reporter) {
  const Node all = root.find("profiles");
  const Node named = root.find("profile");
  const std::string wanted = !asked.empty() ? asked : named && named.is_scalar() ? std::string(named.text()) : "";
  if (wanted.empty()) return;
  std::vector<std::string> names;
  if (all && all.is_map()) {
    for (const auto& [key, value] : dagfile::Entries(all)) {
      if (key.text() == wanted) return use_profile(value, wanted, config, reporter);
      names.emplace_back(key.text());
    }
  }
  const auto meant = did_you_mean(wanted, names);
  reporter.error(Rule::unknown_name, asked.empty() ? named.span() : root.span(),
                 "there is no profile " + dagfile::in_quotes(wanted) +
                     (meant ? "; did you mean " + dagfile::in_quotes(*meant) + "?" : std::string()),
                 "`profiles` says which there are");
}

void read_config(Node root, const std::string& profile, Config& config, Reporter& reporter) {
  dagfile::check_object(root, "config", "baton.yaml", root.span(), reporter);
  config.pools = dagfile::read_pools(root.find("pools"), reporter);
  config.breakers_json = dagfile::read_breakers(root.find("breakers"), reporter);
  config.assets_json = dagfile::read_assets(root.find("assets"), reporter);
  config.calendars_json = dagfile::read_calendars(root.find("calendars"), reporter);
  config.connections = dagfile::read_connections(root.find("connections"), reporter);
  config.pass_env = dagfile::read_texts(root.find("pass_env"));
  read_limits(root.find("limits"), config);
  config.retention = read_retention(root.find("retention"), reporter);
  config.alerting_json = read_alerting(root, reporter);
  config.backup = read_backup(root.find("backup"), reporter);
  config.hooks = read_hooks(root.find("hooks"), reporter);
  config.prices = read_prices(root.find("prices"), reporter);
  if (const Node log = root.find("log"); log && log.is_map()) {
    if (const Node format = log.find("format"); format && format.is_scalar()) config.log_format = format.text();
  }
  if (const Node listen = root.find("listen"); listen && listen.is_scalar()) config.listen = listen.text();
  if (const Node url = root.find("public_url"); url && url.is_scalar()) {
    config.public_url = url.text();
    if (host_of_url(config.public_url).empty()) {
      reporter.error(Rule::invalid_value, url.span(), dagfile::in_quotes(url.text()) + " is no address of a web page",
                     "write https://baton.example.org, with a path where a proxy puts one before it");
    }
  }
  read_profiles(root, profile, config, reporter);
}

}  // namespace

std::string host_of_url(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos || (url.substr(0, scheme) != "https" && url.substr(0, scheme) != "http"))
    return {};
  std::string_view host = url.substr(scheme + 3);
  host = host.substr(0, host.find_first_of("/?#"));
  if (host.find('@') != std::string_view::npos) return {};
  const std::size_t end = host.starts_with('[') ? host.find(']') : host.find(':');
  if (host.starts_with('['))
    return end == std::string_view::npos ? std::string() : std::string(host.substr(0, end + 1));
  return std::string(host.substr(0, end));
}

ConfigResult load_config_text(std::string text, const std::string& name, const std::string& profile) {
  ConfigResult result;
  result.config.path = name;
  const dagfile::SourceText source(name, std::move(text));
  Reporter reporter(source);
  if (dagfile::check_characters(reporter)) {
    const auto documents = dagfile::read_yaml(reporter, {});
    if (documents.size() > 1) {
      reporter.error(Rule::yaml_syntax, documents[1].root() ? documents[1].root().span() : dagfile::Span(),
                     "baton.yaml holds one document");
    }
    const Node root = documents.empty() ? Node() : documents.front().root();
    if (root && root.is_map()) {
      read_config(root, profile, result.config, reporter);
    } else if (root && !root.is_null()) {
      reporter.error(Rule::wrong_type, root.span(), "baton.yaml is a mapping");
    }
  }
  result.diagnostics = reporter.take();
  return result;
}

ConfigResult load_config(const std::string& path, const std::string& profile) {
  auto text = read_regular_file(path, std::int64_t{1} << 20);
  if (text) return load_config_text(std::move(text).value(), path, profile);
  ConfigResult result;
  Diagnostic d;
  d.file = path;
  d.rule = to_string(Rule::file_unreadable);
  d.message = text.error().message;
  result.diagnostics.push_back(std::move(d));
  return result;
}

}  // namespace baton
