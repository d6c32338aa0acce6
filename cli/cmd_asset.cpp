// `asset ls|show|events|event|lineage|impact|quarantine|release`: the assets of a state folder. They are read from it,
// or asked of the server of the context in use. Who changes something asks the server that holds the folder; an event
// is written here where nobody does.
#include <unistd.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "cli/contexts.h"
#include "cli/folder_change.h"
#include "cli/handlers_server.h"
#include "cli/reading.h"
#include "cli/server_client.h"
#include "cli/state_lookup.h"
#include "cli/text/clock_text.h"
#include "cli/text/table.h"
#include "scheduler/control/asset_event.h"
#include "scheduler/host/local/local_actor.h"
#include "scheduler/insight/asset_value.h"
#include "scheduler/insight/lineage.h"
#include "scheduler/json/json_value.h"
#include "scheduler/model/did_you_mean.h"
#include "web/http/target.h"

namespace baton::cli {
namespace {

constexpr std::int64_t kAssetsShown = 1'000, kEventsShown = 50;

std::string asset_target(const std::string& name) { return "/api/v2/assets/" + http::percent_encoded(name); }

/// Whether a server of another machine is meant.
bool assets_elsewhere(const Invocation& call) {
  const auto context = context_of(call.args());
  return !context || context->has_value();
}

Result<AssetView> named_asset(Reader& reader, const std::string& name) {
  Result<AssetView> found = reader.asset_named(name);
  if (found || found.error().kind != ErrorKind::not_found) return found;
  std::vector<std::string> names;
  AssetQuery query;
  query.page.limit = kAssetsShown;
  if (const auto all = reader.list_assets(query)) {
    for (const AssetView& one : all->rows) names.push_back(one.row.name);
  }
  return Error{found.error().message + did_you_mean_suffix(name, names), ErrorKind::not_found};
}

/// What `read` makes of the folder, or `target` answers.
template <typename Read>
Result<Value> asset_document(const Invocation& call, const std::string& target, Read read) {
  if (assets_elsewhere(call)) {
    const auto server = ServerClient::of(call.args());
    if (!server) return server.error();
    return server->get(target);
  }
  const Result<OpenState> state = open_state(call.args());
  if (!state) return state.error();
  return read(*state->reader);
}

/// `etl.load, other.copy`.
std::string names_in(const Value& asset, std::string_view list) {
  std::string out;
  for (const Value& one : list_member(asset, list)) {
    if (!out.empty()) out += ", ";
    out += text_member(one, "dag_id");
    if (const std::string task = text_member(one, "task_id"); !task.empty()) out += "." + task;
  }
  return out.empty() ? "-" : out;
}

std::string or_dash(std::string text) { return text.empty() ? "-" : std::move(text); }

std::string state_of_asset(const Value& asset) {
  if (!text_member(asset, "quarantined_since").empty()) return "quarantined";
  const std::string freshness = text_member(asset, "freshness");
  return freshness == "untold" ? "-" : freshness;
}

std::string last_event_of(const Value& asset) {
  const Value* last = asset.find("last_asset_event");
  return last == nullptr || last->is_null() ? "-" : or_dash(time_member(*last, "timestamp"));
}

void show_assets(const Invocation& call, const ValueList& assets) {
  text::Table table({{"ASSET"}, {"STATE"}, {"LAST EVENT"}, {"PRODUCED BY"}, {"RUNS", false, true}});
  for (const Value& one : assets) {
    table.add({text_member(one, "name"), state_of_asset(one), last_event_of(one), names_in(one, "producing_tasks"),
               names_in(one, "scheduled_dags")});
  }
  Invocation::print(table.render(call.out_style(), call.out_width()));
}

int show_asset(const Invocation& call, const Result<Value>& asset) {
  if (!asset) return call.fail(asset.error());
  if (call.format() != Format::table) {
    call.print_document(*asset, "scheduled_dags");
    return kOk;
  }
  const auto line = [](const std::string& name, const std::string& value) {
    if (!value.empty() && value != "-") Invocation::print(name + std::string(14 - name.size(), ' ') + value + "\n");
  };
  line("asset", text_member(*asset, "name"));
  line("uri", text_member(*asset, "uri"));
  line("description", text_member(*asset, "description"));
  line("state", state_of_asset(*asset));
  line("quarantined", text_member(*asset, "quarantine_reason"));
  line("fresh until", time_member(*asset, "fresh_until"));
  line("last event", last_event_of(*asset));
  line("produced by", names_in(*asset, "producing_tasks"));
  line("consumed by", names_in(*asset, "consuming_tasks"));
  line("runs", names_in(*asset, "scheduled_dags"));
  return kOk;
}

std::string source_of(const Value& event) {
  const std::string dag = text_member(event, "source_dag_id");
  if (dag.empty()) return or_dash(text_member(event, "actor"));
  std::string source = dag + "/" + text_member(event, "source_run_id") + " " + text_member(event, "source_task_id");
  const Value* index = event.find("source_map_index");
  const bool is_mapped = index != nullptr && index->type() == ValueType::integer && index->as_int() >= 0;
  return is_mapped ? source + "[" + std::to_string(index->as_int()) + "]" : source;
}

std::string runs_of(const Value& event) {
  std::string out;
  for (const Value& run : list_member(event, "created_dagruns")) {
    if (!out.empty()) out += ", ";
    out += text_member(run, "dag_id") + "/" + text_member(run, "run_id");
  }
  return or_dash(std::move(out));
}

void show_events(const Invocation& call, const ValueList& events) {
  text::Table table({{"EVENT"}, {"ASSET"}, {"WHEN"}, {"OF", false, true}, {"RUNS", false, true}});
  for (const Value& one : events) {
    const Value* number = one.find("id");
    table.add({number != nullptr ? to_json(*number) : "-", text_member(one, "name"), time_member(one, "timestamp"),
               source_of(one), runs_of(one)});
  }
  Invocation::print(table.render(call.out_style(), call.out_width()));
}

Result<Value> events_of(Reader& reader, const std::string& name) {
  AssetEventQuery query;
  query.page.limit = kEventsShown;
  if (!name.empty()) {
    const auto asset = named_asset(reader, name);
    if (!asset) return asset.error();
    query.filter.asset_no = asset->asset_no;
  }
  const auto page = reader.list_asset_events(query);
  if (!page) return page.error();
  ValueList list;
  for (const AssetEventView& event : page->rows) list.emplace_back(insight::asset_event_value(event));
  return Value(ValueMap{{"asset_events", std::move(list)}, {"total_entries", page->total}});
}

Result<Value> all_assets(Reader& reader) {
  AssetQuery query;
  query.order = {{AssetField::name, false}};
  query.page.limit = kAssetsShown;
  const auto page = reader.list_assets(query);
  if (!page) return page.error();
  ValueList list;
  for (const AssetView& asset : page->rows) list.emplace_back(insight::asset_value(asset, now_us()));
  return Value(ValueMap{{"assets", std::move(list)}, {"total_entries", page->total}});
}

// ---- an event that somebody tells of ----

Result<RaiseAssetEvent> event_request(const Invocation& call) {
  RaiseAssetEvent request{call.args().at(0), call.args().value("extra")};
  if (Status may = check(request); !may) return may.error();
  return request;
}

Result<Value> raise_at(const ServerClient& server, const RaiseAssetEvent& request) {
  const auto asset = server.get(asset_target(request.asset));
  if (!asset) return asset.error();
  const Value* number = asset->find("id");
  ValueMap body = {{"asset_id", number != nullptr ? *number : Value()}};
  if (!request.extra_json.empty()) body.emplace_back("extra", *from_json(request.extra_json, kExactJsonLimits));
  return server.post("/api/v2/assets/events", body);
}

/// The event and its audit, in one transaction.
Result<std::int64_t> write_event(SqliteStore& store, AsioLoop& loop, const RaiseAssetEvent& request) {
  const auto last = store.last_asset_event();
  if (!last) return last.error();
  const Actor actor = actor_of(getuid(), "cli");
  AssetEventRow event = event_of(request, actor, loop.wall_now());
  event.event_no = *last + 1;
  Part part;
  part.service.asset_events.push_back(event);
  part.audit.push_back(audit_of(request, actor, loop.wall_now()));
  CommitOutcome outcome = CommitOutcome::unknown;
  store.commit(std::move(part), [&](const CommitDone& done) {
    outcome = done.outcome;
    loop.stop();
  });
  loop.run();
  if (outcome != CommitOutcome::durable) return Error{"the event could not be written", ErrorKind::storage};
  return event.event_no;
}

Result<Value> raise_here(const Invocation& call, const RaiseAssetEvent& request) {
  Result<OpenState> state = open_state(call.args());
  if (!state) return state.error();
  if (const auto asset = named_asset(*state->reader, request.asset); !asset) return asset.error();
  const auto written = change_folder(*state, "asset", [&](SqliteStore& store, AsioLoop& loop) {
    return write_event(store, loop, request);
  });
  if (!written) return written.error();
  AssetEventQuery query;
  query.filter.numbers = {*written};
  const auto page = state->reader->list_asset_events(query);
  if (!page) return page.error();
  if (page->rows.empty()) return Error{"the event is gone", ErrorKind::not_found};
  return Value(insight::asset_event_value(page->rows.front()));
}

// ---- lineage ----

void show_lineage(const Invocation& call, const Value& found) {
  text::Table table({{"DAG"}, {"HOW"}, {"ASSET"}, {"TASK"}});
  const auto bare = [](std::string id) { return id.substr(id.find(':') + 1); };
  for (const Value& edge : list_member(found, "edges")) {
    const std::string how = text_member(edge, "how");
    const bool produces = how == "produces";
    const std::string dag = bare(text_member(edge, produces ? "from" : "to"));
    const std::string asset = bare(text_member(edge, produces ? "to" : "from"));
    table.add({dag, how == "schedules" ? "runs on" : how, asset, or_dash(text_member(edge, "task_id"))});
  }
  Invocation::print(table.render(call.out_style(), call.out_width()));
  const Value* cut = found.find("is_cut");
  if (cut != nullptr && cut->type() == ValueType::boolean && cut->as_bool()) call.note("there is more beyond this");
}

int lineage_of(const Invocation& call, bool downstream_alone) {
  const std::string name = call.args().at(0);
  std::int32_t depth = insight::kLineageDepth;
  if (!downstream_alone && call.args().has("depth")) {
    const auto given = number_of(call.args(), "depth", depth, 1);
    if (!given) return call.fail(given.error());
    if (*given > insight::kLineageDepthMax) {
      return call.fail({"--depth is at most " + std::to_string(insight::kLineageDepthMax), ErrorKind::invalid});
    }
    depth = static_cast<std::int32_t>(*given);
  }
  std::string target = (downstream_alone ? "/api/v2/impact/" : "/api/v2/lineage/") + http::percent_encoded(name);
  if (!downstream_alone) target += "?depth=" + std::to_string(depth);
  const Result<Value> found = asset_document(call, target, [&](Reader& reader) -> Result<Value> {
    const auto asset = named_asset(reader, name);
    if (!asset) return asset.error();
    const auto links = reader.asset_links();
    if (!links) return links.error();
    const auto web = downstream_alone ? insight::impact(*links, name) : insight::lineage(*links, name, depth);
    return Value(insight::lineage_value(web));
  });
  if (!found) return call.fail(found.error());
  if (call.format() != Format::table) {
    call.print_document(*found, "edges");
    return kOk;
  }
  show_lineage(call, *found);
  return kOk;
}

/// Holding an asset back is told to who makes the runs: a server.
int change_quarantine(const Invocation& call, const std::string& verb) {
  const auto server = ServerClient::of(call.args());
  if (!server) return call.fail(server.error());
  const std::string why = call.args().value("why");
  if (verb == "quarantine" && why.empty()) {
    return call.fail({"say why, for who finds it held back: --why TEXT", ErrorKind::invalid});
  }
  ValueMap body;
  if (!why.empty()) body.emplace_back("reason", why);
  return show_asset(call, server->post(asset_target(call.args().at(0)) + ":" + verb, body));
}

}  // namespace

int asset_ls_command(const Invocation& call) {
  const Result<Value> all = asset_document(call, "/api/v2/assets?limit=100&order_by=name", all_assets);
  if (!all) return call.fail(all.error());
  if (call.format() != Format::table) {
    call.print_document(*all, "assets");
  } else if (list_member(*all, "assets").empty()) {
    call.note("there are no assets: a DAG or baton.yaml declares them with `assets:`");
  } else {
    show_assets(call, list_member(*all, "assets"));
  }
  return kOk;
}

int asset_show_command(const Invocation& call) {
  const std::string name = call.args().at(0);
  return show_asset(call, asset_document(call, asset_target(name), [&](Reader& reader) -> Result<Value> {
                      const auto asset = named_asset(reader, name);
                      if (!asset) return asset.error();
                      return Value(insight::asset_value(*asset, now_us()));
                    }));
}

int asset_events_command(const Invocation& call) {
  const std::string name = call.args().at(0);
  std::string target = "/api/v2/assets/events?order_by=-id&limit=" + std::to_string(kEventsShown);
  if (!name.empty() && assets_elsewhere(call)) {
    const auto asset = asset_document(call, asset_target(name), [](Reader&) -> Result<Value> { return Value(); });
    if (!asset) return call.fail(asset.error());
    const Value* number = asset->find("id");
    if (number != nullptr) target += "&asset_id=" + to_json(*number);
  }
  const Result<Value> events = asset_document(call, target, [&](Reader& reader) { return events_of(reader, name); });
  if (!events) return call.fail(events.error());
  if (call.format() != Format::table) {
    call.print_document(*events, "asset_events");
  } else if (list_member(*events, "asset_events").empty()) {
    call.note("there are no events");
  } else {
    show_events(call, list_member(*events, "asset_events"));
  }
  return kOk;
}

int asset_event_command(const Invocation& call) {
  const Result<RaiseAssetEvent> request = event_request(call);
  if (!request) return call.fail(request.error());
  const auto server = ServerClient::of(call.args());
  if (!server && server.error().kind != ErrorKind::unavailable) return call.fail(server.error());
  const Result<Value> event = server ? raise_at(*server, *request) : raise_here(call, *request);
  if (!event) return call.fail(event.error());
  if (call.format() != Format::table) {
    call.print_document(*event, "created_dagruns");
  } else {
    show_events(call, {*event});
  }
  return kOk;
}

int asset_lineage_command(const Invocation& call) { return lineage_of(call, false); }
int asset_impact_command(const Invocation& call) { return lineage_of(call, true); }
int asset_quarantine_command(const Invocation& call) { return change_quarantine(call, "quarantine"); }
int asset_release_command(const Invocation& call) { return change_quarantine(call, "release"); }

}  // namespace baton::cli
