#include "scheduler/engine/expand.h"

#include <algorithm>

#include "scheduler/engine/computed.h"
#include "scheduler/engine/run_names.h"
#include "scheduler/expr/convert.h"
#include "scheduler/expr/references.h"
#include "scheduler/expr/template.h"

namespace baton {
namespace {

Result<ValueList> as_items(const Value& value, const char* what) {
  if (value.type() == ValueType::list) return value.as_list();
  if (value.type() != ValueType::map) {
    return Error{std::string(what) + " is neither a list nor a map but " + std::string(to_string(value.type()))};
  }
  ValueList list;
  for (const auto& [key, entry] : value.as_map()) {
    list.push_back(ValueMap{{"key", key}, {"value", entry}});
  }
  return list;
}

Result<ValueList> items_of(const std::optional<Value>& literal, const Text& text, const expr::Names& names,
                           const char* what) {
  if (literal) return as_items(*literal, what);
  auto value = value_of(text, names);
  if (!value) return value.error();
  return as_items(*value, what);
}

Error too_many(std::int32_t limit) {
  return Error{"expands to more than " + std::to_string(limit) + " instances (setting max_instances)"};
}

/// Whether every entry of `part` stands in `whole` with the same value (CEL's 1 == 1.0 does not apply to matrix keys).
bool is_part_of(const ValueMap& part, const ValueMap& whole, bool ignore_missing) {
  for (const auto& entry : part) {
    const auto at = std::find_if(whole.begin(), whole.end(), [&](const auto& e) { return e.first == entry.first; });
    if (at == whole.end()) {
      if (ignore_missing) continue;
      return false;
    }
    if (!(at->second == entry.second)) return false;
  }
  return true;
}

void put(ValueMap& map, const Value& key, const Value& value) {
  for (auto& [k, v] : map) {
    if (k == key) {
      v = value;
      return;
    }
  }
  map.emplace_back(key, value);
}

/// GitHub's rule: an include extends every original combination whose axis values it does not contradict; if there is
/// none, it is a combination of its own.
void include(std::vector<ValueMap>& combinations, const std::vector<ValueMap>& originals, const ValueMap& extra,
             const std::vector<Mapping::Axis>& axes) {
  ValueMap axis_part;
  for (const auto& entry : extra) {
    const bool is_axis = std::any_of(axes.begin(), axes.end(),
                                     [&](const Mapping::Axis& a) { return entry.first == Value{a.name}; });
    if (is_axis) axis_part.push_back(entry);
  }
  bool extended = false;
  for (std::size_t i = 0; i < originals.size(); ++i) {
    if (!is_part_of(axis_part, originals[i], false)) continue;
    for (const auto& [key, value] : extra) put(combinations[i], key, value);
    extended = true;
  }
  if (!extended) combinations.push_back(extra);
}

std::string label_of(const Value& item) {
  if (item.type() == ValueType::map) {
    std::string label;
    for (const auto& [key, value] : item.as_map()) {
      auto text = expr::to_text(value);
      if (!text) continue;
      label += (label.empty() ? "" : ",") + *text;
    }
    return label.substr(0, 250);
  }
  auto text = expr::to_text(item);
  return text ? text->substr(0, 250) : std::string{};
}

Result<std::vector<MappedItem>> expand_matrix(const Mapping& m, const expr::Names& names, std::int32_t limit) {
  std::vector<ValueMap> combinations(1);
  for (const Mapping::Axis& axis : m.axes) {
    auto items = items_of(axis.literal_items, axis.items, names, "the matrix axis");
    if (!items) return Error{"matrix axis \"" + axis.name + "\": " + items.error().message};
    if (combinations.size() * items->size() > static_cast<std::size_t>(limit)) return too_many(limit);
    std::vector<ValueMap> next;
    next.reserve(combinations.size() * items->size());
    for (const ValueMap& c : combinations) {
      for (const Value& item : *items) {
        next.push_back(c);
        next.back().emplace_back(axis.name, item);
      }
    }
    combinations = std::move(next);
  }
  if (m.axes.empty()) combinations.clear();
  std::erase_if(combinations, [&](const ValueMap& c) {
    return std::any_of(m.exclude.begin(), m.exclude.end(),
                       [&](const Value& e) { return is_part_of(e.as_map(), c, false); });
  });
  const std::vector<ValueMap> originals = combinations;
  for (const Value& extra : m.include) include(combinations, originals, extra.as_map(), m.axes);
  if (combinations.size() > static_cast<std::size_t>(limit)) return too_many(limit);
  std::vector<MappedItem> out;
  out.reserve(combinations.size());
  for (ValueMap& c : combinations) {
    Value item{std::move(c)};
    std::string label = label_of(item);
    out.push_back({std::move(item), std::move(label)});
  }
  return out;
}

/// Names of the expanding task with one item bound, for `key`.
class ItemNames : public expr::Names {
 public:
  ItemNames(const expr::Names& outer, std::string_view as, const Value& item) : outer_(outer), as_(as), item_(item) {}
  [[nodiscard]] Result<std::optional<Value>> lookup(std::string_view name) const override {
    if (name == as_) return std::optional<Value>{item_};
    return outer_.lookup(name);
  }
  [[nodiscard]] Result<std::optional<expr::Resolved>> resolve(std::span<const std::string_view> path) const override {
    if (path[0] == as_) return expr::Names::resolve(path);
    return outer_.resolve(path);
  }

 private:
  const expr::Names& outer_;
  std::string_view as_;
  const Value& item_;
};

}  // namespace

Result<std::vector<MappedItem>> expand(const DagRun& run, TaskNo task_no, std::int32_t instances_max) {
  const Mapping& m = run.dag->spec(task_no).mapping;
  const RunNames names(run, task_no);
  if (const auto limit = max_parallel_of(run, task_no); !limit) return limit.error();
  if (m.kind == Mapping::Kind::matrix) return expand_matrix(m, names, instances_max);
  auto items = items_of(m.literal_items, m.items, names, "the value of items");
  if (!items) return items.error();
  if (items->size() > static_cast<std::size_t>(instances_max)) return too_many(instances_max);
  std::vector<MappedItem> out;
  out.reserve(items->size());
  for (const Value& item : *items) {
    std::string label = label_of(item);
    if (m.key.is_set()) {
      auto text = text_of(m.key, ItemNames(names, m.as, item));
      if (!text) return Error{"key: " + text.error().message};
      label = text->substr(0, 250);
    }
    out.push_back({item, std::move(label)});
  }
  return out;
}

std::vector<TaskNo> items_come_from(const Dag& dag, TaskNo task_no) {
  const Mapping& m = dag.spec(task_no).mapping;
  std::vector<const Text*> texts = {&m.items, &m.key};
  for (const Mapping::Axis& axis : m.axes) texts.push_back(&axis.items);
  std::vector<TaskNo> out;
  for (const Text* text : texts) {
    if (!text->compiled) continue;
    for (const expr::TemplatePart& part : text->compiled->parts) {
      if (!part.is_expression()) continue;
      for (const expr::Path& path : expr::references(part.ast())) {
        if (path.names.front() != "tasks") continue;
        const auto named = path.names.size() > 1 ? dag.find(path.names[1]) : std::nullopt;
        // A name that is computed may be any of those above.
        if (!named) out.insert(out.end(), dag.upstream.of(task_no).begin(), dag.upstream.of(task_no).end());
        else out.push_back(*named);
      }
    }
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

}  // namespace baton
