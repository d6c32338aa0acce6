#include "scheduler/store/breaker_json.h"

#include <optional>
#include <utility>

#include "scheduler/json/json_value.h"

namespace baton::sqlite {
namespace breaker_json {

std::string of(const std::vector<FailureClass>& classes) {
  ValueList list;
  for (const FailureClass& failure : classes) list.emplace_back(to_string(failure));
  return to_json(Value(std::move(list)));
}

std::string of(const std::vector<BreakerSlot>& slots) {
  ValueList list;
  for (const BreakerSlot& slot : slots) {
    list.emplace_back(ValueList{slot.at, std::int64_t{slot.calls}, std::int64_t{slot.failures}});
  }
  return to_json(Value(std::move(list)));
}

std::string of(const std::vector<AttemptKey>& keys) {
  ValueList list;
  for (const AttemptKey& key : keys) {
    list.emplace_back(ValueList{key.run_no, std::int64_t{key.task_no}, std::int64_t{key.map_index}, std::int64_t{key.epoch}});
  }
  return to_json(Value(std::move(list)));
}

}  // namespace breaker_json

namespace {

/// Lists of `width` numbers each; none: it is something else.
std::optional<std::vector<std::vector<std::int64_t>>> numbers_of(const std::string& json, std::size_t width) {
  const auto parsed = from_json(json);
  if (!parsed || parsed->type() != ValueType::list) return std::nullopt;
  std::vector<std::vector<std::int64_t>> out;
  for (const Value& item : parsed->as_list()) {
    if (item.type() != ValueType::list || item.as_list().size() != width) return std::nullopt;
    std::vector<std::int64_t> one;
    for (const Value& number : item.as_list()) {
      if (number.type() != ValueType::integer) return std::nullopt;
      one.push_back(number.as_int());
    }
    out.push_back(std::move(one));
  }
  return out;
}

bool read_classes(const std::string& json, std::vector<FailureClass>& classes) {
  const auto parsed = from_json(json);
  if (!parsed || parsed->type() != ValueType::list) return false;
  for (const Value& item : parsed->as_list()) {
    const auto found = item.type() == ValueType::string ? failure_class_from(item.as_string()) : std::nullopt;
    if (!found) return false;
    classes.push_back(*found);
  }
  return true;
}

std::int32_t small(std::int64_t number) {
  return static_cast<std::int32_t>(number);
}

/// What of a row changes with what happens. False: it is damaged.
bool read_course(const Statement& row, BreakerRow& out) {
  const std::int64_t state = row.integer(2);
  if (state < 0 || state > static_cast<std::int64_t>(BreakerState::half_open)) return false;
  out.state = static_cast<BreakerState>(state);
  out.since = row.time(3);
  out.until = row.time(4);
  out.cooldown_us = row.integer(5);
  out.in_row = row.small(6);
  const auto slots = numbers_of(row.string(15), 3);
  const auto keys = numbers_of(row.string(16), 4);
  if (!slots || !keys) return false;
  for (const auto& slot : *slots) out.window.push_back({slot[0], small(slot[1]), small(slot[2])});
  for (const auto& key : *keys) out.probes.push_back({key[0], small(key[1]), small(key[2]), small(key[3])});
  out.cause = row.string(17);
  out.actor = row.string(18);
  return true;
}

}  // namespace

BreakerRow breaker_of(const Statement& row) {
  BreakerRow out;
  const bool is_whole = read_course(row, out);
  if (!is_whole) {
    out = {};
    out.cause = "what was kept of it cannot be read: it begins anew";
  }
  BreakerSpec& spec = out.spec;
  spec.name = row.string(0);
  out.declared_by = row.string(1);
  spec.failures = row.small(7);
  spec.consecutive = row.small(8);
  spec.rate = static_cast<double>(row.integer(9)) / 1e6;
  spec.window_us = row.integer(10);
  spec.cooldown_us = row.integer(11);
  spec.max_cooldown_us = row.integer(12);
  spec.probes = row.small(13);
  if (!read_classes(row.string(14), spec.count)) spec.count.clear();  // what declares it says it again
  spec.description = row.string(19);
  out.updated_at = row.time(20);
  out.seq = row.integer(21);
  return out;
}

Result<std::vector<BreakerRow>> all_breakers(Database& db) {
  int code = kOk;
  const std::string sql = std::string("SELECT ") + kBreakerColumns + " FROM breaker b ORDER BY b.name";
  Statement query = db.prepare(sql.c_str(), &code, false);
  if (code != kOk) return db.error("the circuit breakers cannot be read", code);
  std::vector<BreakerRow> out;
  query.start();
  int rc = query.step();
  for (; rc == kRow; rc = query.step()) {
    out.push_back(breaker_of(query));
  }
  if (rc != kDone) return db.error("the circuit breakers cannot be read", rc);
  return out;
}

}  // namespace baton::sqlite
