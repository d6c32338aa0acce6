#include "scheduler/engine/body.h"

#include <map>
#include <utility>

#include "scheduler/engine/run_names.h"
#include "scheduler/json/json_pointer.h"
#include "scheduler/json/json_value.h"

namespace baton {
namespace {

/// Values by place.
using Places = std::map<std::string, Value>;

/// `value`, which stands at `place`, with what `places` holds put in.
Value put_in(const Value& value, const std::string& place, const Places& places) {
  const auto found = places.find(place);
  if (found != places.end()) return found->second;
  // Nothing below: what a body holds of data is shared, not copied.
  const auto below = places.lower_bound(place + '/');
  if (below == places.end() || !below->first.starts_with(place + '/')) return value;
  if (value.type() == ValueType::list) {
    ValueList list;
    list.reserve(value.as_list().size());
    for (const Value& item : value.as_list()) {
      list.push_back(put_in(item, place + '/' + std::to_string(list.size()), places));
    }
    return list;
  }
  if (value.type() != ValueType::map) return value;
  ValueMap map;
  map.reserve(value.as_map().size());
  for (const auto& [key, item] : value.as_map()) {
    map.emplace_back(key, put_in(item, place + '/' + pointer_step(key.as_string()), places));
  }
  return map;
}

Error at_place(const std::string& place, const Error& error) {
  return Error{place.empty() ? error.message : place.substr(1) + ": " + error.message, error.kind};
}

}  // namespace

Result<Value> evaluated(const TaskBody& body, const expr::Names& names) {
  auto written = from_json(body.json, kExactJsonLimits);
  if (!written) return written.error();
  Places places;
  for (const auto& [place, text] : body.texts) {
    auto value = value_of(text, names);
    if (!value) return at_place(place, value.error());
    places.emplace(place, std::move(value).value());
  }
  for (const auto& [place, script] : body.scripts) {
    auto text = text_of(script, names);
    if (!text) return at_place(place, text.error());
    places.emplace(place, std::move(text).value());
  }
  for (const auto& [place, name] : body.secrets) places.emplace(place, ValueMap{{"secret", name}});
  return put_in(*written, "", places);
}

Result<Value> body_of(const DagRun& run, InstanceNo i) {
  return evaluated(run.spec_of(i).body, RunNames(run, run.at(i).task_no, i));
}

Result<Value> with_secrets(const TaskBody& body, const Value& value,
                           const std::function<Result<std::string>(const std::string& name)>& secret) {
  Places places;
  for (const auto& [place, name] : body.secrets) {
    auto text = secret(name);
    if (!text) return text.error();
    places.emplace(place, std::move(text).value());
  }
  return put_in(value, "", places);
}

}  // namespace baton
