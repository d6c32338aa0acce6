// baton.yaml.
#include <algorithm>

#include "scheduler/json/json_value.h"
#include "scheduler/dagfile/loader.h"
#include "scheduler/dagfile/scalar.h"
#include "scheduler/dagfile/schedule_reader.h"
#include "scheduler/dagfile/shape.h"
#include "scheduler/dagfile/task_reader.h"
#include "scheduler/dagfile/yaml_reader.h"

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

void read_config(Node root, Config& config, Reporter& reporter) {
  dagfile::check_object(root, "config", "baton.yaml", root.span(), reporter);
  config.pools = dagfile::read_pools(root.find("pools"), reporter);
  config.breakers_json = dagfile::read_breakers(root.find("breakers"), reporter);
  config.assets_json = dagfile::read_assets(root.find("assets"), reporter);
  config.calendars_json = dagfile::read_calendars(root.find("calendars"), reporter);
  config.pass_env = dagfile::read_texts(root.find("pass_env"));
  read_limits(root.find("limits"), config);
  const DurationUs retention = dagfile::read_duration(root.find("retention"), 0);
  config.retention_days = (retention + kDay - 1) / kDay;
}

}  // namespace

ConfigResult load_config_text(std::string text, const std::string& name) {
  ConfigResult result;
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
      read_config(root, result.config, reporter);
    } else if (root && !root.is_null()) {
      reporter.error(Rule::wrong_type, root.span(), "baton.yaml is a mapping");
    }
  }
  result.config.path = name;
  result.diagnostics = reporter.take();
  return result;
}

ConfigResult load_config(const std::string& path) {
  auto text = read_regular_file(path, std::int64_t{1} << 20);
  if (text) return load_config_text(std::move(text).value(), path);
  ConfigResult result;
  Diagnostic d;
  d.file = path;
  d.rule = to_string(Rule::file_unreadable);
  d.message = text.error().message;
  result.diagnostics.push_back(std::move(d));
  return result;
}

}  // namespace baton
