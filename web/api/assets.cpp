// Assets: their lists and events, what waits for whom, events that somebody tells of, and runs that make an asset anew.
// Assets are numbered in paths, as Airflow's clients want it; a name is taken too.
#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

#include "scheduler/insight/asset_value.h"
#include "scheduler/json/json_value.h"
#include "web/api/answers.h"
#include "web/api/fields.h"
#include "web/api/list_query.h"
#include "web/api/objects.h"

namespace baton::api {

namespace {

const std::vector<std::pair<std::string_view, AssetField>>& asset_orders() {
  static const std::vector<std::pair<std::string_view, AssetField>> kOrders = {
      {"id", AssetField::number},
      {"name", AssetField::name},
      {"uri", AssetField::uri},
      {"created_at", AssetField::created_at},
      {"updated_at", AssetField::updated_at},
  };
  return kOrders;
}

/// A number, where all of it is digits.
std::optional<std::int64_t> number_of(const std::string& text) {
  std::int64_t number = 0;
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (wrong != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return number;
}

Result<AssetView> asset_of_path(Reader& reader, const http::Request& request) {
  const std::string& word = request.param("asset_id");
  const auto number = number_of(word);
  return number ? reader.asset(*number) : reader.asset_named(word);
}

http::Response list_assets(const Call& call) {
  auto order = order_of<AssetField>(call.request, asset_orders(), {{AssetField::number, false}});
  if (const auto* word = std::get_if<std::string>(&order)) return order_error(*word, call);
  auto reader = call.services.readers->take();
  if (!reader) return read_error(reader.error(), call);
  AssetQuery query;
  query.name = text_match(call.request, "name");
  query.uri = text_match(call.request, "uri");
  query.dag_ids = words(call.request, "dag_ids");
  query.order = std::get<0>(std::move(order));
  query.page = page_of(call.request);
  const auto page = (*reader)->list_assets(query);
  if (!page) return read_error(page.error(), call);
  const WallUs now = call.services.now();
  return hashed_response(list_body("assets", page->rows, page->total,
                                   [now](std::string& out, const AssetView& asset) {
                                     append_json(out, Value(insight::asset_value(asset, now)));
                                   }),
                         call);
}

http::Response shown_asset(const Call& call, const Result<AssetView>& asset) {
  if (!asset) return read_error(asset.error(), call);
  return hashed_response(to_json(Value(insight::asset_value(*asset, call.services.now()))), call);
}

http::Response get_asset(const Call& call) {
  auto reader = call.services.readers->take();
  if (!reader) return read_error(reader.error(), call);
  return shown_asset(call, asset_of_path(**reader, call.request));
}

// ---- events ----

std::string events_body(const AssetEventPage& page) {
  return list_body("asset_events", page.rows, page.total, [](std::string& out, const AssetEventView& event) {
    append_json(out, Value(insight::asset_event_value(event)));
  });
}

http::Response list_events(const Call& call) {
  enum class By : std::uint8_t { number };
  auto order = order_of<By>(call.request, {{"id", By::number}, {"timestamp", By::number}}, {{By::number, false}});
  if (const auto* word = std::get_if<std::string>(&order)) return order_error(*word, call);
  auto reader = call.services.readers->take();
  if (!reader) return read_error(reader.error(), call);
  AssetEventQuery query;
  query.newest_first = std::get<0>(order).front().descending;
  query.page = page_of(call.request);
  AssetEventFilter& filter = query.filter;
  for (const std::string& word : words(call.request, "asset_id")) filter.asset_no = number_of(word).value_or(-1);
  filter.name = text_match(call.request, "name");
  filter.dag_ids = words(call.request, "source_dag_id");
  filter.task_ids = words(call.request, "source_task_id");
  filter.run_ids = words(call.request, "source_run_id");
  for (const std::string& word : words(call.request, "source_map_index")) {
    filter.map_index = static_cast<std::int32_t>(number_of(word).value_or(-1));
  }
  filter.at = time_range(call.request, "timestamp");
  const auto page = (*reader)->list_asset_events(query);
  if (!page) return read_error(page.error(), call);
  return hashed_response(events_body(*page), call);
}

http::Response events_of_run(const Call& call) {
  auto reader = call.services.readers->take();
  if (!reader) return read_error(reader.error(), call);
  const auto run_no = run_of_path(**reader, call.request);
  if (!run_no) return read_error(run_no.error(), call);
  AssetEventQuery query;
  query.filter.taken_by = *run_no;
  query.newest_first = false;
  query.page.limit = static_cast<std::int64_t>(kQueuedEventsMax);
  const auto page = (*reader)->list_asset_events(query);
  if (!page) return read_error(page.error(), call);
  return hashed_response(events_body(*page), call);
}

http::Response shown_event(const Call& call, const std::string& number) {
  auto reader = call.services.readers->take();
  if (!reader) return read_error(reader.error(), call);
  AssetEventQuery query;
  query.filter.numbers = {number_of(number).value_or(0)};
  const auto page = (*reader)->list_asset_events(query);
  if (!page) return read_error(page.error(), call);
  if (page->rows.empty()) return read_error(Error{"the event is gone", ErrorKind::not_found}, call);
  return json_response(to_json(Value(insight::asset_event_value(page->rows.front()))));
}

void create_event(const Call& call, const http::Reply& reply) {
  RaiseAssetEvent ask;
  {
    auto reader = call.services.readers->take();
    if (!reader) return reply.send(read_error(reader.error(), call));
    const Value* number = call.body.find("asset_id");
    const auto asset = (*reader)->asset(number != nullptr ? number->as_int() : 0);
    if (!asset) return reply.send(read_error(asset.error(), call));
    ask.asset = asset->row.name;
  }
  const Value* extra = call.body.find("extra");
  if (extra != nullptr && !extra->is_null()) ask.extra_json = to_json(*extra);
  call.services.door->change({std::move(ask), "", 200}, asker_of(call.request), once_of(call.request),
                             [call, reply](const Result<Changed>& done) {
                               if (!done) return reply.send(http::error_response(done.error(), &call.request));
                               reply.later([call, number = done->asset_event_no] {
                                 return shown_event(call, std::to_string(number));
                               });
                             });
}

// ---- what waits ----

/// Before `before`, where the request names it.
std::vector<QueuedAssetEvent> in_time(std::vector<QueuedAssetEvent> events, const http::Request& request) {
  WallUs before = kNoTime;
  for (const std::string& word : words(request, "before")) before = time_of_text(word);
  if (before != kNoTime) std::erase_if(events, [before](const QueuedAssetEvent& event) { return event.at >= before; });
  return events;
}

void append_queued(std::string& out, const QueuedAssetEvent& event) {
  append_json(out, Value(ValueMap{{"dag_id", event.dag_id},
                                  {"asset_id", event.asset_no},
                                  {"created_at", time_text(event.at)},
                                  {"dag_display_name", event.dag_id},
                                  {"asset_event_id", event.event_no}}));
}

/// What the path names: a DAG, an asset, or both. An asset that is not there has nothing that waits.
struct QueuedChoice {
  std::string dag_id, asset;
  std::int64_t asset_no = 0;
};
Result<QueuedChoice> queued_choice(Reader& reader, const http::Request& request) {
  QueuedChoice choice;
  choice.dag_id = request.param("dag_id");
  if (!choice.dag_id.empty()) {
    if (const auto known = check_dag(reader, choice.dag_id); !known) return known.error();
  }
  if (request.param("asset_id").empty()) return choice;
  const auto asset = asset_of_path(reader, request);
  if (!asset) return asset.error();
  choice.asset = asset->row.name;
  choice.asset_no = asset->asset_no;
  return choice;
}

/// What waits of the choice that the path and the query make, oldest first.
Result<std::vector<QueuedAssetEvent>> queued_of(const Call& call) {
  auto reader = call.services.readers->take();
  if (!reader) return reader.error();
  const auto choice = queued_choice(**reader, call.request);
  if (!choice) return choice.error();
  auto events = (*reader)->queued_asset_events(choice->dag_id, choice->asset_no);
  if (!events) return events.error();
  return in_time(std::move(*events), call.request);
}

http::Response list_queued(const Call& call) {
  const auto shown = queued_of(call);
  if (!shown) return read_error(shown.error(), call);
  return hashed_response(list_body("queued_events", *shown, std::ssize(*shown), append_queued), call);
}

/// The oldest of those that wait.
http::Response get_queued(const Call& call) {
  const auto shown = queued_of(call);
  if (!shown) return read_error(shown.error(), call);
  if (shown->empty()) return read_error(Error{"no event of this asset waits for the DAG", ErrorKind::not_found}, call);
  std::string body;
  append_queued(body, shown->front());
  return hashed_response(std::move(body), call);
}

/// One DAG after the other: each is durable before the next is asked for.
void skip_each(const Call& call, const http::Reply& reply, std::vector<std::string> dag_ids, const std::string& asset) {
  if (dag_ids.empty()) return reply.send(no_content());
  const std::string dag_id = std::move(dag_ids.back());
  dag_ids.pop_back();
  call.services.assets->skip(dag_id, asset, asker_of(call.request), [call, reply, dag_ids, asset](const Status& done) {
    if (!done) return reply.send(http::error_response(done.error(), &call.request));
    skip_each(call, reply, dag_ids, asset);
  });
}

void delete_queued(const Call& call, const http::Reply& reply) {
  if (call.services.assets == nullptr) {
    return reply.send(http::error_response(503, "asset events start nothing here", &call.request));
  }
  if (!words(call.request, "before").empty()) {
    return reply.send(
        http::error_response(400, "all that waits goes, or nothing: leave \"before\" out", &call.request));
  }
  std::vector<std::string> dag_ids;
  QueuedChoice choice;
  {
    auto reader = call.services.readers->take();
    if (!reader) return reply.send(read_error(reader.error(), call));
    const auto found = queued_choice(**reader, call.request);
    if (!found) return reply.send(read_error(found.error(), call));
    choice = *found;
    if (choice.dag_id.empty()) {
      const auto asset = (*reader)->asset(choice.asset_no);
      if (!asset) return reply.send(read_error(asset.error(), call));
      for (const AssetLinkView& link : asset->links) {
        if (link.role == AssetRole::schedule) dag_ids.push_back(link.dag_id);
      }
    } else {
      dag_ids.push_back(choice.dag_id);
    }
  }
  skip_each(call, reply, std::move(dag_ids), choice.asset);
}

// ---- an asset is made anew ----

/// The one DAG that produces it.
Result<std::string> producer_of(const AssetView& asset) {
  std::set<std::string> dags;
  for (const AssetLinkView& link : asset.links) {
    if (link.role == AssetRole::producer) dags.insert(link.dag_id);
  }
  const std::string name = "the asset \"" + asset.row.name + "\"";
  if (dags.empty()) return Error{"no DAG produces " + name, ErrorKind::not_found};
  if (dags.size() > 1) {
    return Error{"several DAGs produce " + name + ": trigger the one that is meant", ErrorKind::invalid};
  }
  return *dags.begin();
}

void materialize(const Call& call, const http::Reply& reply) {
  TriggerAsk ask;
  {
    auto reader = call.services.readers->take();
    if (!reader) return reply.send(read_error(reader.error(), call));
    const auto asset = asset_of_path(**reader, call.request);
    if (!asset) return reply.send(read_error(asset.error(), call));
    const auto dag = producer_of(*asset);
    if (!dag && dag.error().kind == ErrorKind::invalid) {
      return reply.send(http::error_response(400, dag.error().message, &call.request));
    }
    if (!dag) return reply.send(read_error(dag.error(), call));
    ask.dag_id = *dag;
  }
  trigger_run(std::move(ask), call, reply);
}

void change_quarantine(const Call& call, const http::Reply& reply, bool is_held) {
  if (call.services.assets == nullptr) {
    return reply.send(http::error_response(503, "asset events start nothing here", &call.request));
  }
  std::string name;
  {
    auto reader = call.services.readers->take();
    if (!reader) return reply.send(read_error(reader.error(), call));
    const auto asset = asset_of_path(**reader, call.request);
    if (!asset) return reply.send(read_error(asset.error(), call));
    name = asset->row.name;
  }
  call.services.assets->quarantine(name, is_held, call.text("reason"), asker_of(call.request),
                                   [call, reply](const Status& done) {
                                     if (!done) return reply.send(http::error_response(done.error(), &call.request));
                                     reply.later([call] { return get_asset(call); });
                                   });
}

}  // namespace

void add_assets(Operations& operations) {
  operations.at_once["get_assets"] = list_assets;
  operations.at_once["get_asset"] = get_asset;
  operations.at_once["get_asset_events"] = list_events;
  operations.at_once["get_upstream_asset_events"] = events_of_run;
  operations.later["create_asset_event"] = create_event;
  operations.made["asset_event"] = shown_event;
  operations.later["materialize_asset"] = materialize;
  operations.at_once["get_asset_queued_events"] = operations.at_once["get_dag_asset_queued_events"] = list_queued;
  operations.at_once["get_dag_asset_queued_event"] = get_queued;
  operations.later["delete_asset_queued_events"] = operations.later["delete_dag_asset_queued_events"] =
      operations.later["delete_dag_asset_queued_event"] = delete_queued;
  operations.later["quarantine_asset"] = [](const Call& call, const http::Reply& reply) {
    change_quarantine(call, reply, true);
  };
  operations.later["release_asset"] = [](const Call& call, const http::Reply& reply) {
    change_quarantine(call, reply, false);
  };
  add_lineage(operations);
}

}  // namespace baton::api
