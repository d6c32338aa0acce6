#include "scheduler/dagfile/canonical_write.h"

#include <type_traits>
#include <unordered_map>

#include "scheduler/dagfile/canonical.h"
#include "scheduler/dagfile/canonical_fields.h"
#include "scheduler/dagfile/enum_names.h"
#include "scheduler/digest/digest.h"
#include "scheduler/json/json_value.h"

namespace baton {
namespace dagfile {
namespace {

// Whether a member says nothing.
bool is_unset(const std::string& text) {
  return text.empty();
}
bool is_unset(const Text& text) {
  return !text.is_set();
}
bool is_unset(const Script& script) {
  return script.source.empty();
}
bool is_unset(const TaskBody& body) {
  return !body.is_set();
}
bool is_unset(const RetryPolicy& r) {
  const RetryPolicy unset;
  return r.max == 0 && !r.computed_max.is_set() && r.delay_us == unset.delay_us && r.backoff == unset.backoff &&
         r.max_delay_us == unset.max_delay_us && r.jitter == unset.jitter && r.on == unset.on && r.never_on.empty();
}
bool is_unset(const Mapping& mapping) {
  return mapping.kind == Mapping::Kind::none;
}
bool is_unset(const Sensor& sensor) {
  return sensor.kind == Sensor::Kind::file && !sensor.file.is_set() && sensor.every_us == Sensor().every_us;
}
template <typename T>
bool is_unset(const std::vector<T>& list) {
  return list.empty();
}
/// A cache says something by being there.
bool is_unset(const Cache& /*cache*/) {
  return false;
}
bool is_unset(const Sla& sla) {
  return !sla.is_set();
}
bool is_unset(const StateUse& state) {
  return state.name.empty();
}
template <typename T>
bool is_unset(const Rare<T>& value) {
  return !value.has_value() || is_unset(*value);
}
template <typename T>
bool is_unset(const std::optional<T>& value) {
  return !value.has_value();
}
template <typename T>
bool is_unset(const std::shared_ptr<T>& value) {
  return value == nullptr;
}
template <typename T>
  requires(std::is_arithmetic_v<T> || std::is_enum_v<T>)
bool is_unset(T value) {
  return value == T{};
}

/// Walks canonical_fields.h and writes the members of one object.
class FieldWriter {
 public:
  template <typename T>
  using Seen = const T;

  explicit FieldWriter(JsonObject& object) : object_(object) {}

  template <typename T>
  void always(std::string_view name, const T& value) {
    write(object_.member(name), value);
  }
  template <typename T>
  void given(std::string_view name, const T& value) {
    if (!is_unset(value)) always(name, value);
  }
  template <typename T, typename U>
  void given(std::string_view name, const T& value, const U& unset) {
    if (value != unset) always(name, value);
  }
  void condition(std::string_view name, const Text& text) { given(name, text); }

  template <typename T>
  static void write(std::string& out, const T& value);

 private:
  JsonObject& object_;
};

void write_value(std::string& out, bool value) {
  out += value ? "true" : "false";
}
void write_value(std::string& out, std::int64_t value) {
  append_json_int(out, value);
}
void write_value(std::string& out, std::int32_t value) {
  append_json_int(out, value);
}
void write_value(std::string& out, const std::string& value) {
  append_json_string(out, value);
}
void write_value(std::string& out, const Value& value) {
  append_exact_json(out, value);
}
/// Whether a text holds expressions is seen from the text itself.
void write_value(std::string& out, const Text& text) {
  append_json_string(out, text.source);
}
void write_value(std::string& out, const Script& script) {
  append_json_string(out, script.source);
}
/// As a text that holds JSON; what is compiled follows from it.
void write_value(std::string& out, const TaskBody& body) {
  append_json_string(out, body.json);
}
/// An exit code is a number.
void write_value(std::string& out, const FailureClass& failure) {
  using Kind = FailureClass::Kind;
  switch (failure.kind) {
    case Kind::any:
      return append_json_string(out, "any");
    case Kind::exit:
      return append_json_int(out, failure.exit_code);
    case Kind::signal:
      return append_json_string(out, "signal");
    case Kind::timeout:
      return append_json_string(out, "timeout");
    case Kind::lost:
      return append_json_string(out, "lost");
  }
}
void write_value(std::string& out, const OutputSpec& output) {
  out += '[';
  append_json_string(out, output.name);
  out += ',';
  append_json_string(out, name_of(output.type));
  out += ']';
}
void write_value(std::string& out, const std::pair<std::string, std::string>& label) {
  out += '[';
  append_json_string(out, label.first);
  out += ',';
  append_json_string(out, label.second);
  out += ']';
}
void write_value(std::string& out, const timetable::AssetCondition& condition) {
  using Kind = timetable::AssetCondition::Kind;
  if (condition.kind == Kind::asset) return append_json_string(out, condition.asset);
  JsonObject object(out);
  append_json_array(object.member(condition.kind == Kind::all ? "all" : "any"), condition.children,
                    [](std::string& to, const timetable::AssetCondition& child) { write_value(to, child); });
}
template <typename E>
  requires std::is_enum_v<E>
void write_value(std::string& out, E value) {
  append_json_string(out, name_of(value));
}
template <typename T>
void write_value(std::string& out, const std::vector<T>& list) {
  append_json_array(out, list, [](std::string& to, const T& item) { FieldWriter::write(to, item); });
}
template <typename T>
void write_value(std::string& out, const std::optional<T>& value) {
  FieldWriter::write(out, *value);
}
template <typename T>
void write_value(std::string& out, const Rare<T>& value) {
  FieldWriter::write(out, *value);
}
template <typename T>
void write_value(std::string& out, const std::shared_ptr<T>& value) {
  FieldWriter::write(out, *value);
}

template <typename T>
void FieldWriter::write(std::string& out, const T& value) {
  if constexpr (requires { write_value(out, value); }) {
    write_value(out, value);
  } else {
    JsonObject object(out);
    FieldWriter fields(object);
    describe(fields, value);
  }
}

/// Specs once each, by content: two tasks that say the same share one also when the loader did not see it. Returns the
/// number of each task's spec.
std::vector<std::size_t> write_specs(std::string& out, const Dag& dag) {
  std::unordered_map<const TaskSpec*, std::size_t> by_address;
  std::unordered_map<std::string, std::size_t> by_content;
  std::vector<std::size_t> spec_of;
  spec_of.reserve(dag.tasks.size());
  out += '[';
  for (const Task& task : dag.tasks) {
    const auto known = by_address.find(task.spec.get());
    if (known != by_address.end()) {
      spec_of.push_back(known->second);
      continue;
    }
    std::string content;
    FieldWriter::write(content, *task.spec);
    const auto [at, is_new] = by_content.emplace(std::move(content), by_content.size());
    if (is_new) {
      if (at->second > 0) out += ',';
      out += at->first;
    }
    by_address.emplace(task.spec.get(), at->second);
    spec_of.push_back(at->second);
  }
  out += ']';
  return spec_of;
}

/// `["load",3,[0,1]]`: its id, its spec, its upstreams where it has any; `["on_finish",4,"on_finish"]` for a hook.
void write_task(std::string& out, const Dag& dag, TaskNo t, std::size_t spec) {
  const Task& task = dag.task(t);
  out += '[';
  append_json_string(out, task.id);
  out += ',';
  append_json_int(out, static_cast<std::int64_t>(spec));
  if (task.hook != Hook::none) {
    out += ',';
    append_json_string(out, name_of(task.hook));
  } else if (!dag.upstream.of(t).empty()) {
    out += ',';
    append_json_array(out, dag.upstream.of(t), [](std::string& to, TaskNo u) { append_json_int(to, u); });
  }
  out += ']';
}

std::string write_dag(const Dag& dag, bool with_slots) {
  std::string out;
  out.reserve(256 + dag.tasks.size() * 24 + dag.upstream.targets.size() * 7);
  {
    JsonObject object(out);
    object.number("language", kLanguageVersion);
    FieldWriter fields(object);
    describe(fields, dag);
    const std::vector<std::size_t> spec_of = write_specs(object.member("specs"), dag);
    object.member("tasks") += '[';
    for (std::size_t t = 0; t < dag.tasks.size(); ++t) {
      if (t > 0) out += ',';
      write_task(out, dag, static_cast<TaskNo>(t), spec_of[t]);
    }
    out += ']';
  }
  out.pop_back();  // the closing brace: pools come last, so that the version can be had from a stored form's text
  append_pools(out, dag, with_slots);
  out += '}';
  return out;
}

}  // namespace

void append_pools(std::string& out, const Dag& dag, bool with_slots) {
  if (dag.pools.empty()) return;
  out += ",\"pools\":";
  append_json_array(out, dag.pools, [&](std::string& to, const PoolSpec& pool) {
    JsonObject one(to);
    one.text("name", pool.name);
    if (!with_slots) return;
    one.number("slots", pool.slots);
    if (pool.rate.is_set()) one.text("rate", to_string(pool.rate));
    if (pool.retry_millionths > 0) one.number("retry_millionths", pool.retry_millionths);
  });
}

}  // namespace dagfile

std::string canonical_json(const Dag& dag) {
  return dagfile::write_dag(dag, true);
}

std::string version_of(const Dag& dag) {
  return sha256_hex(dagfile::write_dag(dag, false));
}

std::string secret_variable(std::string_view secret) {
  std::string name = "BATON_SECRET_";
  for (const char c : secret) {
    const bool is_lower = c >= 'a' && c <= 'z';
    const bool is_kept = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    name += is_lower ? static_cast<char>(c - 'a' + 'A') : is_kept ? c : '_';
  }
  return name;
}

}  // namespace baton
