#include "cli/served_dag.h"

#include <algorithm>

#include "cli/reading.h"
#include "scheduler/dagfile/canonical.h"
#include "scheduler/model/did_you_mean.h"
#include "web/http/target.h"

namespace baton::cli {
namespace {

Error no_such_dag(Reader& reader, const std::string& id) {
  std::vector<std::string> ids;
  DagQuery query;
  query.page.limit = 10'000;
  if (const auto dags = reader.list_dags(query)) {
    for (const DagView& dag : dags->rows) ids.push_back(dag.dag_id);
  }
  return {"there is no DAG \"" + id + "\"" + did_you_mean_suffix(id, ids), ErrorKind::not_found};
}

}  // namespace

Result<LoadedDag> served_dag(const Invocation& call, const std::string& id) {
  Result<OpenState> state = open_state(call.args());
  if (!state) return state.error();
  DagQuery query;
  query.filter.dag_ids = {id};
  const Result<DagPage> found = state->reader->list_dags(query);
  if (!found) return found.error();
  if (found->rows.empty() || found->rows.front().latest_version.empty()) return no_such_dag(*state->reader, id);
  const auto version = state->reader->version(id, found->rows.front().latest_version);
  if (!version) return version.error();
  LoadedDag out;
  out.file = version->source_file;
  auto dag = from_canonical(version->canonical_json, {version->source_file, version->work_folder});
  if (!dag) return dag.error();
  out.dag = std::move(*dag);
  Result<Config> config = last_config_beside(call, version->source_file);
  if (!config) return config.error();
  out.config = std::move(*config);
  return out;
}

Result<LoadedDag> served_dag(const ServerClient& server, const Invocation& call, const std::string& id) {
  if (server.is_here()) return served_dag(call, id);
  const Result<Value> source = server.get("/api/v2/dagSources/" + http::percent_encoded(id));
  if (!source) return source.error();
  const Value* text = source->find("content");
  if (text == nullptr || text->type() != ValueType::string) {
    return Error{"the server has no file of the DAG \"" + id + "\"", ErrorKind::not_found};
  }
  const LoadResult loaded = load_text(text->as_string(), id, LoadOptions{});
  const auto found = std::ranges::find(loaded.dags, id, [](const auto& dag) { return dag->id; });
  if (found == loaded.dags.end()) {
    return Error{"the file that the server has of the DAG \"" + id + "\" cannot be read here: is this the same version?",
                 ErrorKind::invalid};
  }
  LoadedDag out;
  out.dag = *found;
  return out;
}

}  // namespace baton::cli
