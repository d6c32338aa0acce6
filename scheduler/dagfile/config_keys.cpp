#include "scheduler/dagfile/config_keys.h"

#include <utility>

#include "scheduler/dagfile/loader.h"
#include "scheduler/dagfile/yaml_reader.h"

namespace baton {

using dagfile::Node;

std::vector<std::string> config_keys(std::string text) {
  std::vector<std::string> keys;
  const dagfile::SourceText source("baton.yaml", std::move(text));
  dagfile::Reporter reporter(source);
  if (!dagfile::check_characters(reporter)) return keys;
  const auto documents = dagfile::read_yaml(reporter, {});
  const Node root = documents.empty() ? Node() : documents.front().root();
  if (!root || !root.is_map()) return keys;
  for (const auto& [name, value] : dagfile::Entries(root)) {
    keys.emplace_back(name.text());
    if (!value.is_map()) continue;
    for (const auto& [inner, ignored] : dagfile::Entries(value)) {
      keys.push_back(std::string(name.text()) + "." + std::string(inner.text()));
    }
  }
  return keys;
}

std::vector<std::string> config_keys_of_file(const std::string& path) {
  if (path.empty()) return {};
  auto text = read_regular_file(path, std::int64_t{1} << 20);
  return text ? config_keys(std::move(text).value()) : std::vector<std::string>();
}

}  // namespace baton
