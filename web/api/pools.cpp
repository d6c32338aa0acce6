#include "web/api/pools.h"

#include <algorithm>
#include <map>

#include "scheduler/json/json_value.h"
#include "web/api/answers.h"
#include "web/api/bulk.h"
#include "web/api/condition.h"
#include "web/api/fields.h"
#include "web/api/list_query.h"
#include "web/api/objects.h"
#include "web/http/encoding.h"

namespace baton::api {

namespace {

constexpr std::string_view kDefault = "default_pool";
constexpr std::int64_t kPoolsMax = 10'000;

void add_load(PoolNow& pool, const PoolLoad& load) {
  if (load.state == TaskState::running) pool.running += load.slots;
  if (load.state == TaskState::queued) pool.queued += load.slots;
  if (load.state == TaskState::scheduled) pool.scheduled += load.slots;
  if (load.state == TaskState::deferred) pool.deferred += load.slots;
}

std::int64_t worker_slots(const Call& call) {
  std::int64_t slots = 0;
  if (!call.services.workers) return slots;
  for (const WorkerNow& worker : call.services.workers()) slots += worker.slots;
  return slots;
}

}  // namespace

Result<std::vector<PoolNow>> all_pools(Reader& reader, const Call& call) {
  std::map<std::string, PoolNow> by_name;
  if (call.services.declared_pools) {
    for (const PoolSeen& seen : call.services.declared_pools()) {
      PoolNow& pool = by_name[seen.spec.name];
      pool.view.name = seen.spec.name;
      pool.view.slots = seen.spec.slots;
      pool.view.rate = to_string(seen.spec.rate);
      pool.is_of_files = seen.is_of_files;
      pool.retry_millionths = seen.spec.retry_millionths;
      pool.waiting_for_rate = seen.waiting_for_rate;
      pool.next_start_at = seen.next_start_at;
    }
  }
  NameQuery query;
  query.page.limit = kPoolsMax;
  const auto set = reader.list_pools(query);
  if (!set) return set.error();
  for (const PoolView& view : set->rows) {
    by_name[view.name].view = view;
    by_name[view.name].is_set = true;
  }
  std::erase_if(by_name, [](const auto& one) { return !one.second.is_set && !one.second.is_of_files; });
  PoolNow others;
  others.view.name = std::string(kDefault);
  others.view.slots = worker_slots(call);
  others.view.description = "the slots of the workers";
  const auto loads = reader.pool_loads();
  if (!loads) return loads.error();
  for (const PoolLoad& load : *loads) {
    if (load.pool.empty()) add_load(others, load);
    if (const auto named = by_name.find(load.pool); named != by_name.end()) add_load(named->second, load);
  }
  std::vector<PoolNow> all = {std::move(others)};
  for (auto& [name, pool] : by_name) all.push_back(std::move(pool));
  return all;
}

namespace {

void append_pool(std::string& out, const PoolNow& pool) {
  JsonObject one(out);
  one.text("name", pool.view.name);
  one.number("slots", pool.view.slots);
  text_field(one, "description", pool.view.description);
  bool_field(one, "include_deferred", pool.view.include_deferred);
  one.number("occupied_slots", pool.occupied());
  one.number("running_slots", pool.running);
  one.number("queued_slots", pool.queued);
  one.number("scheduled_slots", pool.scheduled);
  one.number("open_slots", pool.view.slots < 0 ? -1 : pool.view.slots - pool.occupied());
  one.number("deferred_slots", pool.deferred);
  null_field(one, "team_name");
  text_field(one, "rate", pool.view.rate);
  if (pool.retry_millionths == 0) {
    null_field(one, "retry_budget");
  } else {
    append_json(one.member("retry_budget"), Value(static_cast<double>(pool.retry_millionths) / 1e6));
  }
  one.number("waiting_for_rate", pool.waiting_for_rate);
  time_field(one, "next_start_at", pool.next_start_at);
}

bool fits(const TextMatch& match, const std::string& name) {
  if (match.is_open()) return true;
  const auto holds = [&](const std::string& part) {
    std::string plain = part;
    std::erase(plain, '%');
    return name.find(plain) != name.npos;
  };
  const auto begins = [&](const std::string& prefix) { return name.starts_with(prefix); };
  return std::any_of(match.parts.begin(), match.parts.end(), holds) ||
         std::any_of(match.prefixes.begin(), match.prefixes.end(), begins);
}

http::Response list_pools(const Call& call) {
  const auto order = order_of<int>(call.request, {{"id", 0}, {"pool", 0}, {"name", 0}, {"slots", 1}}, {{0, false}});
  if (const auto* word = std::get_if<std::string>(&order)) return order_error(*word, call);
  auto reader = call.services.readers->take();
  if (!reader) return read_error(reader.error(), call);
  auto all = all_pools(**reader, call);
  if (!all) return read_error(all.error(), call);
  const TextMatch match = text_match(call.request, "pool_name");
  std::erase_if(*all, [&](const PoolNow& pool) { return !fits(match, pool.view.name); });
  const OrderBy<int> by = std::get<0>(order).front();
  std::stable_sort(all->begin(), all->end(), [&](const PoolNow& a, const PoolNow& b) {
    if (by.field == 1 && a.view.slots != b.view.slots) return (a.view.slots < b.view.slots) != by.descending;
    return by.descending ? b.view.name < a.view.name : a.view.name < b.view.name;
  });
  const PageRequest page = page_of(call.request);
  const auto total = static_cast<std::int64_t>(all->size());
  const std::vector<PoolNow> rows = rows_of_page(*all, page);
  return hashed_response(list_body("pools", rows, total, append_pool), call);
}

/// None: there is no such pool.
Result<std::optional<PoolNow>> pool_named(Reader& reader, const Call& call, const std::string& name) {
  auto all = all_pools(reader, call);
  if (!all) return all.error();
  for (PoolNow& pool : *all) {
    if (pool.view.name == name) return std::optional(std::move(pool));
  }
  return std::optional<PoolNow>();
}

http::Response shown_pool(const Call& call, const std::string& name, int status) {
  auto reader = call.services.readers->take();
  if (!reader) return read_error(reader.error(), call);
  const auto pool = pool_named(**reader, call, name);
  if (!pool) return read_error(pool.error(), call);
  if (!*pool) return http::error_response(404, "there is no pool \"" + name + "\"", &call.request);
  std::string body;
  append_pool(body, **pool);
  http::Response response = hashed_response(std::move(body), call);
  response.status = status;
  response.etag = (*pool)->is_set ? std::to_string((*pool)->view.seq) : response.etag;
  return response;
}

// ---- changes ----

/// The row that `body` makes of what was there before.
PoolRow row_of(const PoolNow& before, const Value& body, const Call& call, const std::vector<std::string>& mask) {
  const auto given = [&](std::string_view name) -> const Value* {
    const bool is_meant = mask.empty() || std::find(mask.begin(), mask.end(), name) != mask.end();
    const Value* found = is_meant ? body.find(name) : nullptr;
    return found != nullptr && !found->is_null() ? found : nullptr;
  };
  PoolRow row;
  row.name = before.view.name;
  row.slots = before.view.slots;
  row.include_deferred = before.view.include_deferred;
  row.rate = before.view.rate;
  row.description = before.view.description;
  if (const Value* slots = given("slots")) row.slots = slots->as_int();
  if (const Value* deferred = given("include_deferred")) row.include_deferred = deferred->as_bool();
  if (const Value* description = given("description")) row.description = description->as_string();
  if (const Value* rate = given("rate")) row.rate = rate->as_string();
  row.updated_by = call.request.principal.name;
  row.updated_at = call.services.now();
  return row;
}

std::string audit_json(const PoolNow& pool) {
  std::string out;
  append_pool(out, pool);
  return out;
}

ChangeAsk ask_of(PoolRow row, const PoolNow& before, const char* action, int status) {
  WriteRecords what;
  what.object = "pool/" + row.name;
  what.audit.action = action;
  what.audit.extra_json = "{\"pool\":" + to_json(Value(row.name)) + "}";
  if (before.is_set) what.audit.before_json = audit_json(before);
  PoolNow after;
  after.view.name = row.name;
  after.view.slots = row.slots;
  after.view.description = row.description;
  after.view.include_deferred = row.include_deferred;
  after.view.rate = row.rate;
  if (!row.is_gone) what.audit.after_json = audit_json(after);
  what.rows.pools.push_back(std::move(row));
  return {std::move(what), "", status};
}

/// What a change of one pool comes to before it is asked for: a refusal, or the ask.
struct Planned {
  std::optional<http::Response> refused;
  std::optional<ChangeAsk> ask;
};

enum class Want : std::uint8_t { create, put, change, drop };

/// Looks at what is there while nobody else may change it.
Planned plan_pool(Call& call, Want want, const std::string& name, const Value& body, const std::vector<std::string>& mask) {
  const auto refuse = [&](int status, const std::string& why) {
    return Planned{http::error_response(status, why, &call.request), std::nullopt};
  };
  if (name == kDefault) return refuse(want == Want::create ? 409 : 400, "default_pool is the slots of the workers, and read only");
  if (name.empty()) return refuse(400, "a pool needs a name");
  if (auto busy = hold(call, "pool/" + name)) return {std::move(busy), std::nullopt};
  auto reader = call.services.readers->take();
  if (!reader) return {read_error(reader.error(), call), std::nullopt};
  const auto found = pool_named(**reader, call, name);
  if (!found) return {read_error(found.error(), call), std::nullopt};
  PoolNow before = found->value_or(PoolNow{});
  if (want == Want::create && before.is_set) return refuse(409, "there is a pool \"" + name + "\" already");
  if (want == Want::change && !*found) return refuse(404, "there is no pool \"" + name + "\"");
  if (want == Want::drop && !before.is_set) return refuse(404, "there is no pool \"" + name + "\" that somebody has set");
  const std::string_view match = call.request.header("if-match");
  if (!match.empty() && !http::names_etag(match, std::to_string(before.view.seq))) {
    return refuse(412, "it has changed since: If-Match names another state of it");
  }
  before.view.name = name;
  PoolRow row = row_of(before, body, call, mask);
  if (!row.rate.empty() && !parse_rate(row.rate)) {
    return refuse(422, "\"" + row.rate + "\" is not a rate: write 10/s, 10/m or 10/h, or nothing for none");
  }
  row.is_gone = want == Want::drop;
  const char* action = want == Want::drop ? "delete_pool" : before.is_set ? "change_pool" : "create_pool";
  return {std::nullopt, ask_of(std::move(row), before, action, want == Want::create ? 201 : 200)};
}

void carry_out(Call call, const http::Reply& reply, Want want, const std::string& name, int status) {
  Planned planned = plan_pool(call, want, name, call.body, words(call.request, "update_mask"));
  if (planned.refused) return reply.send(std::move(*planned.refused));
  call.services.door->change(std::move(*planned.ask), asker_of(call.request), once_of(call.request),
                             [call, reply, name, status](const Result<Changed>& done) {
                               if (!done) return reply.send(http::error_response(done.error(), &call.request));
                               if (status == 204) return reply.send(no_content());
                               reply.later([call, name, status] { return shown_pool(call, name, status); });
                             });
}

void create_pool(const Call& call, const http::Reply& reply) {
  carry_out(call, reply, Want::create, call.text("name"), 201);
}

void patch_pool(const Call& call, const http::Reply& reply) {
  const std::string& name = call.request.param("pool_name");
  const std::string in_body = call.text("pool").empty() ? call.text("name") : call.text("pool");
  if (!in_body.empty() && in_body != name) {
    return reply.send(http::error_response(400, "the body names another pool than the path", &call.request));
  }
  carry_out(call, reply, Want::change, name, 200);
}

void drop_pool(const Call& call, const http::Reply& reply) {
  carry_out(call, reply, Want::drop, call.request.param("pool_name"), 204);
}

void bulk(const Call& call, const http::Reply& reply) {
  carry_out_bulk(call, reply, "name", [](Call& of, BulkWant want, const std::string& name, const Value& entity) {
    const Want one = want == BulkWant::create   ? Want::create
                     : want == BulkWant::put    ? Want::put
                     : want == BulkWant::update ? Want::change
                                                : Want::drop;
    Planned planned = plan_pool(of, one, name, entity, {});
    return BulkStep{std::move(planned.refused), std::move(planned.ask)};
  });
}

}  // namespace

void add_pools(Operations& operations) {
  operations.at_once["get_pools"] = list_pools;
  operations.at_once["get_pool"] = [](const Call& call) { return shown_pool(call, call.request.param("pool_name"), 200); };
  operations.later["post_pool"] = create_pool;
  operations.later["patch_pool"] = patch_pool;
  operations.later["delete_pool"] = drop_pool;
  operations.later["bulk_pools"] = bulk;
  operations.made["pool"] = [](const Call& call, const std::string& name) { return shown_pool(call, name, 200); };
}

}  // namespace baton::api
