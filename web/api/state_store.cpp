// The state store of Airflow 3.3: values by key, beside one task instance or one asset. They go with the run; a clear
// keeps them. What a task keeps from run to run by its `state:` is another thing: states.cpp.
#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "scheduler/json/json_value.h"
#include "web/api/answers.h"
#include "web/api/fields.h"
#include "web/api/list_query.h"
#include "web/api/objects.h"

namespace baton::api {
namespace {

constexpr std::size_t kStoreKeyMax = 512;
constexpr std::size_t kStoredBytesMax = 256UL * 1024;

/// What the path names, and how the audit calls it.
struct StoreOwner {
  StorePlace place;
  AuditRow audit;
};

Result<StoreOwner> instance_owner(Reader& reader, const Call& call) {
  const auto instance = instance_of_path(reader, call.request);
  if (!instance) return instance.error();
  StoreOwner out;
  out.place = {instance->row.run_no, instance->row.instance_no, 0};
  out.audit.dag_id = instance->dag_id;
  out.audit.run_id = instance->run_id;
  out.audit.task_id = instance->task_id;
  out.audit.map_index = instance->row.map_index;
  return out;
}

Result<StoreOwner> asset_owner(Reader& reader, const Call& call) {
  const std::string& word = call.request.param("asset_id");
  std::int64_t number = 0;
  const auto [end, wrong] = std::from_chars(word.data(), word.data() + word.size(), number);
  const bool is_number = wrong == std::errc() && end == word.data() + word.size();
  const auto asset = is_number ? reader.asset(number) : reader.asset_named(word);
  if (!asset) return asset.error();
  StoreOwner out;
  out.place.asset_no = asset->asset_no;
  out.audit.extra_json = to_json(Value(ValueMap{{"asset", asset->row.name}}));
  return out;
}

Result<StoreOwner> owner_of_path(Reader& reader, const Call& call) {
  return call.request.param("asset_id").empty() ? instance_owner(reader, call) : asset_owner(reader, call);
}

const StoreEntryRow* find_entry(const std::vector<StoreEntryRow>& rows, const std::string& key) {
  const auto at = std::ranges::find(rows, key, &StoreEntryRow::key);
  return at == rows.end() ? nullptr : &*at;
}

void append_store_entry(std::string& out, const StoreEntryRow& row) {
  JsonObject one(out);
  one.text("key", row.key);
  one.member("value") += row.json;
  time_field(one, "updated_at", row.at);
  if (row.place.asset_no == 0) return time_field(one, "expires_at", row.expires_at);
  one.member("last_updated_by") += R"({"kind":"api"})";
}

http::Response list_store(const Call& call) {
  auto reader = call.services.readers->take();
  if (!reader) return read_error(reader.error(), call);
  const auto owner = owner_of_path(**reader, call);
  if (!owner) return read_error(owner.error(), call);
  const auto all = (*reader)->store_entries(owner->place, call.services.now());
  if (!all) return read_error(all.error(), call);
  const PageRequest page = page_of(call.request);
  const auto total = static_cast<std::int64_t>(all->size());
  const std::vector<StoreEntryRow> rows = rows_of_page(*all, page);
  const char* name = owner->place.asset_no == 0 ? "task_state_store" : "asset_state_store";
  return hashed_response(list_body(name, rows, total, append_store_entry), call);
}

http::Response nothing_kept(const Call& call, const std::string& key) {
  return http::error_response(404, "nothing is kept under \"" + key + "\"", &call.request);
}

http::Response store_entry_at(const Call& call, const StorePlace& place, const std::string& key) {
  auto reader = call.services.readers->take();
  if (!reader) return read_error(reader.error(), call);
  const auto all = (*reader)->store_entries(place, call.services.now());
  if (!all) return read_error(all.error(), call);
  const StoreEntryRow* const row = find_entry(*all, key);
  if (row == nullptr) return nothing_kept(call, key);
  std::string body;
  append_store_entry(body, *row);
  return hashed_response(std::move(body), call);
}

http::Response get_store_entry(const Call& call) {
  Result<StoreOwner> owner = Error{""};
  {
    auto reader = call.services.readers->take();
    if (!reader) return read_error(reader.error(), call);
    owner = owner_of_path(**reader, call);
  }
  if (!owner) return read_error(owner.error(), call);
  return store_entry_at(call, owner->place, call.request.param("key"));
}

// ---- changes ----

enum class StoreWish : std::uint8_t { put, change, remove, remove_all };

http::Response store_refused(const Call& call, const std::string& why, ErrorKind kind) {
  return http::error_response(Error{why, kind}, &call.request);
}

/// What is put: its value, and when it expires. A response: it cannot be.
std::optional<http::Response> take_value(const Call& call, const StoreEntryRow* before, StoreWish wish, StoreEntryRow& row) {
  const Value* const given = call.body.find("value");
  row.json = to_json(given == nullptr ? Value{} : *given);
  if (row.json.size() > kStoredBytesMax) {
    return store_refused(call, "a value takes at most 256 KiB; keep it elsewhere, and here where it lies",
                         ErrorKind::invalid);
  }
  if (wish == StoreWish::change) row.expires_at = before->expires_at;
  const std::string expires = call.text("expires_at");
  if (expires.empty() || expires == "default") return std::nullopt;
  row.expires_at = time_of_text(expires);
  if (row.expires_at == kNoTime) {
    return store_refused(call, "\"expires_at\" is a time with its offset, \"default\" or null", ErrorKind::invalid);
  }
  return std::nullopt;
}

/// The instances whose values all go: the one that the path names, or each of a mapped task.
Result<std::vector<StorePlace>> cleared_places(Reader& reader, const Call& call, const StoreOwner* owner) {
  if (owner != nullptr) return std::vector<StorePlace>{owner->place};
  const auto run_no = run_of_path(reader, call.request);
  if (!run_no) return run_no.error();
  InstanceQuery query;
  query.filter.run_no = *run_no;
  query.filter.task_ids = {call.request.param("task_id")};
  query.page.limit = 100'000;
  query.page.with_total = false;
  const auto page = reader.list_instances(query);
  if (!page) return page.error();
  if (page->rows.empty()) {
    return Error{"this run has no task \"" + call.request.param("task_id") + "\"", ErrorKind::not_found};
  }
  std::vector<StorePlace> out;
  for (const InstanceView& one : page->rows) out.push_back({one.row.run_no, one.row.instance_no, 0});
  return out;
}

/// A response: there is nothing to do, or it cannot be.
std::optional<http::Response> plan_change(const Call& call, StoreWish wish, WriteRecords& what) {
  auto reader = call.services.readers->take();
  if (!reader) return read_error(reader.error(), call);
  const bool is_of_all = wish == StoreWish::remove_all && call.request.query_value("all_map_indices") == "true";
  auto owner = is_of_all ? Result<StoreOwner>(StoreOwner{}) : owner_of_path(**reader, call);
  if (!owner) return read_error(owner.error(), call);
  what.audit = owner->audit;
  what.audit.action = wish == StoreWish::put || wish == StoreWish::change ? "set_stored_value" : "remove_stored_value";
  if (wish == StoreWish::remove_all) {
    const auto places = cleared_places(**reader, call, is_of_all ? nullptr : &*owner);
    if (!places) return read_error(places.error(), call);
    for (const StorePlace& place : *places) what.rows.store_entries.push_back({place, "", ""});
    what.audit.dag_id = call.request.param("dag_id");
    what.audit.run_id = call.request.param("dag_run_id");
    what.audit.task_id = call.request.param("task_id");
    return std::nullopt;
  }
  const std::string& key = call.request.param("key");
  if (key.size() > kStoreKeyMax) return store_refused(call, "a key has at most 512 bytes", ErrorKind::invalid);
  const auto all = (*reader)->store_entries(owner->place, call.services.now());
  if (!all) return read_error(all.error(), call);
  const StoreEntryRow* const before = find_entry(*all, key);
  if (before == nullptr && wish == StoreWish::remove) return no_content();
  if (before == nullptr && wish == StoreWish::change) return nothing_kept(call, key);
  if (before == nullptr && std::ssize(*all) >= kStoreEntriesMax) {
    return store_refused(call, "1,000 keys are kept here: delete some first", ErrorKind::conflict);
  }
  StoreEntryRow row{owner->place, key, "", call.services.now()};
  if (wish != StoreWish::remove) {
    if (auto refused = take_value(call, before, wish, row)) return refused;
  }
  what.object = "stored/" + std::to_string(row.place.run_no) + "/" + std::to_string(row.place.instance_no) + "/" + key;
  if (what.audit.extra_json.empty()) what.audit.extra_json = to_json(Value(ValueMap{{"key", key}}));
  what.rows.store_entries.push_back(std::move(row));
  return std::nullopt;
}

OperateLater store_changes(StoreWish wish) {
  return [wish](const Call& call, const http::Reply& reply) {
    WriteRecords what;
    if (auto response = plan_change(call, wish, what)) return reply.send(std::move(*response));
    const int status = wish == StoreWish::change ? 200 : 204;
    const StorePlace place = what.rows.store_entries.front().place;
    call.services.door->change({std::move(what), "", status}, asker_of(call.request), once_of(call.request),
                               [call, reply, status, place](const Result<Changed>& done) {
                                 if (!done) return reply.send(http::error_response(done.error(), &call.request));
                                 if (status == 204) return reply.send(no_content());
                                 reply.later([call, place] {
                                   return store_entry_at(call, place, call.request.param("key"));
                                 });
                               });
  };
}

/// `RUN/INSTANCE/KEY`, of what a request with an idempotency key has changed: a PATCH, which is of task instances.
http::Response shown_stored(const Call& call, const std::string& name) {
  const std::size_t first = name.find('/'), second = name.find('/', first + 1);
  if (second == std::string::npos) return no_content();
  StorePlace place;
  place.run_no = std::strtoll(name.c_str(), nullptr, 10);
  place.instance_no = static_cast<InstanceNo>(std::strtol(name.c_str() + first + 1, nullptr, 10));
  return store_entry_at(call, place, name.substr(second + 1));
}

}  // namespace

void add_state_store(Operations& operations) {
  operations.at_once["list_task_state_store"] = operations.at_once["list_asset_state_store"] = list_store;
  operations.at_once["get_task_state_store"] = operations.at_once["get_asset_state_store"] = get_store_entry;
  operations.later["set_task_state_store"] = operations.later["set_asset_state_store"] = store_changes(StoreWish::put);
  operations.later["patch_task_state_store"] = store_changes(StoreWish::change);
  operations.later["delete_task_state_store"] = operations.later["delete_asset_state_store"] =
      store_changes(StoreWish::remove);
  operations.later["clear_task_state_store"] = operations.later["clear_asset_state_store"] =
      store_changes(StoreWish::remove_all);
  operations.made["stored"] = shown_stored;
}

}  // namespace baton::api
