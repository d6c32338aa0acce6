#include "web/api/request_rules.h"

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace baton::api {
namespace {

constexpr std::array<std::string_view, 10> kForReaders = {
    "description", "summary", "responses", "example", "examples", "title", "tags", "externalDocs", "info", "servers"};
/// The keys of these maps are names that somebody chose: a property may be called `description`.
constexpr std::array<std::string_view, 4> kOfNames = {"properties", "paths", "schemas", "parameters"};

bool holds(const auto& words, std::string_view word) {
  return std::ranges::find(words, word) != words.end();
}

Value without_words(const Value& of, bool has_names) {
  if (of.type() == ValueType::list) {
    ValueList out;
    out.reserve(of.as_list().size());
    for (const Value& one : of.as_list()) out.push_back(without_words(one, false));
    return out;
  }
  if (of.type() != ValueType::map) return of;
  const auto stays = [&](const auto& entry) { return has_names || !holds(kForReaders, entry.first.as_string()); };
  ValueMap out;
  out.reserve(static_cast<std::size_t>(std::ranges::count_if(of.as_map(), stays)));
  for (const auto& entry : of.as_map()) {
    if (!stays(entry)) continue;
    out.emplace_back(entry.first, without_words(entry.second, !has_names && holds(kOfNames, entry.first.as_string())));
  }
  return out;
}

/// Of `#/components/KIND/NAME`, which is the only form that the document has.
std::pair<std::string, std::string> kind_and_name(const std::string& reference) {
  constexpr std::string_view kBegin = "#/components/";
  if (!reference.starts_with(kBegin)) return {};
  const std::size_t slash = reference.find('/', kBegin.size());
  if (slash == std::string::npos) return {};
  return {reference.substr(kBegin.size(), slash - kBegin.size()), reference.substr(slash + 1)};
}

using Names = std::set<std::pair<std::string, std::string>>;

std::string reference_of(const Value& of) {
  const Value* const found = of.find("$ref");
  return found != nullptr && found->type() == ValueType::string ? found->as_string() : std::string();
}

void collect(const Value& of, const Value& components, Names& out) {
  if (of.type() == ValueType::list) {
    for (const Value& one : of.as_list()) collect(one, components, out);
  } else if (of.type() == ValueType::map) {
    const auto name = kind_and_name(reference_of(of));
    if (!name.second.empty() && out.insert(name).second) {
      const Value* const kind = components.find(name.first);
      const Value* const target = kind == nullptr ? nullptr : kind->find(name.second);
      if (target != nullptr) collect(*target, components, out);
    }
    for (const auto& [key, value] : of.as_map()) collect(value, components, out);
  }
}

Value only(const Value& components, const Names& wanted) {
  ValueMap out;
  for (const auto& [kind, all] : components.as_map()) {
    ValueMap kept;
    for (const auto& entry : all.as_map()) {
      if (wanted.contains({kind.as_string(), entry.first.as_string()})) kept.push_back(entry);
    }
    out.emplace_back(kind, std::move(kept));
  }
  return out;
}

}  // namespace

Value request_rules(const Value& document) {
  const Value lean = without_words(document, false);
  const Value* const components = lean.find("components");
  const Value* const paths = lean.find("paths");
  if (components == nullptr || paths == nullptr || components->type() != ValueType::map) return lean;
  Names wanted;
  collect(*paths, *components, wanted);
  ValueMap out;
  for (const auto& entry : lean.as_map()) {
    out.emplace_back(entry.first, &entry.second == components ? only(*components, wanted) : entry.second);
  }
  return out;
}

}  // namespace baton::api
