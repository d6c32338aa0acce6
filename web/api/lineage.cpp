// Lineage: where an asset comes from, what is made of it, and who made what there is of it now.
#include <set>
#include <utility>

#include "scheduler/insight/asset_value.h"
#include "scheduler/insight/lineage.h"
#include "scheduler/json/json_value.h"
#include "web/api/answers.h"
#include "web/api/fields.h"
#include "web/api/list_query.h"

namespace baton::api {

namespace {

constexpr std::int64_t kTrailEventsMax = 100;

http::Response lineage_response(const Call& call, bool downstream_alone) {
  auto reader = call.services.readers->take();
  if (!reader) return read_error(reader.error(), call);
  const auto asset = (*reader)->asset_named(call.request.param("asset_name"));
  if (!asset) return read_error(asset.error(), call);
  const auto links = (*reader)->asset_links();
  if (!links) return read_error(links.error(), call);
  std::int32_t depth = insight::kLineageDepth;
  for (const std::string& word : words(call.request, "depth")) depth = std::atoi(word.c_str());
  const insight::Lineage found = downstream_alone ? insight::impact(*links, asset->row.name)
                                                  : insight::lineage(*links, asset->row.name, depth);
  ValueMap body = insight::lineage_value(found);
  body.emplace_back("asset", asset->row.name);
  return hashed_response(to_json(Value(std::move(body))), call);
}

/// Who made what there is of an asset: the run, its version, params and times, and what it was made for.
class Trail {
 public:
  explicit Trail(Reader& reader) : reader_(reader) {}

  Result<ValueMap> of(const AssetEventView& event) {
    ValueMap out = {{"event", insight::asset_event_value(event)}};
    Value made_by;
    ValueList made_from;
    if (event.row.run_no != 0) {
      if (Status told = tell_maker(event.row, made_by, made_from); !told) return told.error();
    }
    out.emplace_back("made_by", std::move(made_by));
    out.emplace_back("made_from", std::move(made_from));
    auto led_to = led_to_of(event);
    if (!led_to) return led_to.error();
    out.emplace_back("led_to", std::move(*led_to));
    return out;
  }

 private:
  Status tell_maker(const AssetEventRow& row, Value& made_by, ValueList& made_from) {
    const auto run = reader_.run(row.run_no);
    if (!run && run.error().kind == ErrorKind::not_found) return Unit{};  // it is gone; the event says its name
    if (!run) return run.error();
    auto params = from_json(run->row.conf_json.empty() ? "{}" : run->row.conf_json, kExactJsonLimits);
    made_by = ValueMap{{"dag_id", run->row.dag_id},
                       {"dag_run_id", run->row.run_id},
                       {"dag_version", run->row.dag_version},
                       {"task_id", row.task_id},
                       {"map_index", std::int64_t{row.map_index}},
                       {"try_number", std::int64_t{row.try_number}},
                       {"run_type", std::string(to_string(run->row.type))},
                       {"triggered_by", run->row.triggered_by},
                       {"conf", params ? std::move(*params) : Value(ValueMap{})},
                       {"logical_date", time_or_null(run->row.logical_date)},
                       {"queued_at", time_or_null(run->row.queued_at)},
                       {"start_date", time_or_null(run->row.started_at)},
                       {"end_date", time_or_null(run->row.ended_at)}};
    AssetEventQuery query;
    query.filter.taken_by = row.run_no;
    query.page.limit = kTrailEventsMax;
    query.page.with_total = false;
    const auto taken = reader_.list_asset_events(query);
    if (!taken) return taken.error();
    for (const AssetEventView& event : taken->rows) made_from.emplace_back(insight::asset_event_value(event));
    return Unit{};
  }

  /// The runs that were made for it, and what these have produced.
  Result<ValueList> led_to_of(const AssetEventView& event) {
    ValueList out;
    for (const TakenBy& run : event.taken_by) {
      AssetEventQuery query;
      query.filter.source_run = run.run_no;
      query.page.limit = kTrailEventsMax;
      query.page.with_total = false;
      const auto produced = reader_.list_asset_events(query);
      if (!produced) return produced.error();
      ValueList events;
      for (const AssetEventView& one : produced->rows) events.emplace_back(insight::asset_event_value(one));
      ValueMap told = insight::taken_by_value(run);
      told.emplace_back("dag_version", run.version);
      told.emplace_back("produced", std::move(events));
      out.emplace_back(std::move(told));
      if (std::ssize(out) >= kTrailEventsMax) break;
    }
    return out;
  }

  static Value time_or_null(WallUs at) { return at == kNoTime ? Value() : Value(time_text(at)); }

  Reader& reader_;
};

/// `entity`: an asset, of which its last event is told, or the number of an event.
http::Response audit_trail(const Call& call) {
  auto reader = call.services.readers->take();
  if (!reader) return read_error(reader.error(), call);
  const std::string& entity = call.request.param("entity");
  AssetEventQuery query;
  query.page.limit = 1;
  query.page.with_total = false;
  const bool is_number = !entity.empty() && entity.find_first_not_of("0123456789") == std::string::npos;
  if (is_number && entity.size() < 19) {
    query.filter.numbers = {std::atoll(entity.c_str())};
  } else {
    const auto asset = (*reader)->asset_named(entity);
    if (!asset) return read_error(asset.error(), call);
    query.filter.asset_no = asset->asset_no;
  }
  const auto page = (*reader)->list_asset_events(query);
  if (!page) return read_error(page.error(), call);
  if (page->rows.empty()) {
    return read_error(Error{"nothing was ever made of \"" + entity + "\", or it is gone", ErrorKind::not_found}, call);
  }
  auto trail = Trail(**reader).of(page->rows.front());
  if (!trail) return read_error(trail.error(), call);
  return hashed_response(to_json(Value(std::move(*trail))), call);
}

}  // namespace

void add_lineage(Operations& operations) {
  operations.at_once["get_lineage"] = [](const Call& call) { return lineage_response(call, false); };
  operations.at_once["get_impact"] = [](const Call& call) { return lineage_response(call, true); };
  operations.at_once["get_audit_trail"] = audit_trail;
}

}  // namespace baton::api
