#include "cli/remote_reader.h"

#include <algorithm>

#include "cli/remote_rows.h"
#include "scheduler/dagfile/canonical.h"
#include "scheduler/dagfile/loader.h"
#include "scheduler/digest/digest.h"
#include "scheduler/model/number.h"
#include "web/http/target.h"

namespace baton::cli {
namespace {

constexpr std::int64_t kPage = 100;  ///< what the API gives at most
constexpr std::string_view kNewest = "order_by=-id&limit=1";
constexpr const char* kLivesWords =
    "state=running&state=queued&state=up_for_retry&state=up_for_reschedule&state=deferred";

char joint_of(const std::string& target) { return target.find('?') == std::string::npos ? '?' : '&'; }

void add_word(std::string& target, std::string_view name, const std::string& value) {
  target += joint_of(target) + std::string(name) + "=" + http::percent_encoded(value);
}

/// The name in `name[index or key]`; empty brackets: none.
struct Selected {
  std::string task_id, within;
  bool has_brackets = false;
};
Selected selected(std::string_view selector) {
  const std::size_t open = selector.find('[');
  if (open == std::string_view::npos || !selector.ends_with(']')) return {std::string(selector), "", false};
  const std::string_view within = selector.substr(open + 1, selector.size() - open - 2);
  return {std::string(selector.substr(0, open)), std::string(within), true};
}

}  // namespace

std::string RemoteReader::target_of(RunNo run_no) const {
  const KnownRun& run = runs_.at(static_cast<std::size_t>(run_no - 1));
  return run_target(run.dag_id, run.run_id);
}

std::string RemoteReader::target_of(RunNo run_no, InstanceNo instance_no) const {
  const auto& [task_id, index] =
      runs_.at(static_cast<std::size_t>(run_no - 1)).instances.at(static_cast<std::size_t>(instance_no));
  return target_of(run_no) + "/taskInstances/" + http::percent_encoded(task_id) +
         (index == kUnmapped ? "" : "/" + std::to_string(index));
}

RunNo RemoteReader::number_run(const std::string& dag_id, const std::string& run_id) {
  const auto [known, is_new] = run_numbers_.try_emplace({dag_id, run_id}, static_cast<RunNo>(runs_.size() + 1));
  if (is_new) runs_.push_back({dag_id, run_id, {}, {}, {}});
  return known->second;
}

RunView RemoteReader::numbered(const Value& object) {
  RunView out = run_of(object);
  out.row.run_no = number_run(out.row.dag_id, out.row.run_id);
  return out;
}

InstanceView RemoteReader::numbered(const Value& object, RunNo run_no) {
  InstanceView out = instance_of(object);
  KnownRun& run = runs_.at(static_cast<std::size_t>(run_no - 1));
  const std::pair name(out.task_id, out.row.map_index);
  const auto [known, is_new] = run.numbers.try_emplace(name, static_cast<InstanceNo>(run.instances.size()));
  if (is_new) run.instances.push_back(name);
  out.row.run_no = run_no;
  out.row.instance_no = known->second;
  out.row.task_no = run.tasks.try_emplace(out.task_id, static_cast<TaskNo>(run.tasks.size())).first->second;
  out.row.epoch = out.row.try_number;  // one that was tried has a log
  return out;
}

Result<ValueList> RemoteReader::all_of(const std::string& target, const char* list, std::int64_t most, bool by_offset) {
  ValueList out;
  std::string cursor;
  const auto size = [&] { return static_cast<std::int64_t>(out.size()); };
  for (bool has_more = true; has_more && size() < most;) {
    std::string page_target = target;
    add_word(page_target, "limit", std::to_string(std::min(kPage, most)));
    add_word(page_target, by_offset ? "offset" : "cursor", by_offset ? std::to_string(size()) : cursor);
    const Result<Value> page = server_.get(page_target);
    if (!page) return page.error();
    const ValueList& rows = list_member(*page, list);
    for (const Value& one : rows) {
      if (size() < most) out.push_back(one);
    }
    cursor = text_member(*page, "next_cursor");
    has_more = by_offset ? !rows.empty() && size() < number_member(*page, "total_entries") : !cursor.empty();
  }
  return out;
}

// ---- names ----

Result<RunNo> RemoteReader::newest_of(const std::string& dag_id) {
  const std::string target = dag_id == "~" ? "/api/v2/dags/~/dagRuns" : dag_target(dag_id) + "/dagRuns";
  const Result<Value> page = server_.get(target + "?" + std::string(kNewest));
  if (!page) return page.error();
  const ValueList& runs = list_member(*page, "dag_runs");
  if (runs.empty()) {
    return Error{dag_id == "~" ? "nothing has run there yet" : "the DAG \"" + dag_id + "\" has no runs there",
                 ErrorKind::not_found};
  }
  return number_run(text_member(runs.front(), "dag_id"), text_member(runs.front(), "dag_run_id"));
}

Result<RunNo> RemoteReader::only_one_of_id(const std::string& run_id) {
  std::string target = "/api/v2/dags/~/dagRuns?limit=100";
  add_word(target, "run_id_prefix_pattern", run_id);
  const Result<Value> page = server_.get(target);
  if (!page) return page.error();
  std::vector<std::string> dags;
  for (const Value& one : list_member(*page, "dag_runs")) {
    if (text_member(one, "dag_run_id") == run_id) dags.push_back(text_member(one, "dag_id"));
  }
  if (dags.size() == 1) return number_run(dags.front(), run_id);
  if (dags.empty()) return Error{"there is no run \"" + run_id + "\"", ErrorKind::not_found};
  std::string all;
  for (const std::string& dag : dags) all += (all.empty() ? "" : ", ") + dag + "/" + run_id;
  return Error{"several runs are called \"" + run_id + "\": " + all, ErrorKind::invalid};
}

Result<RunNo> RemoteReader::find_run(std::string_view selector) {
  constexpr std::string_view kLatest = "@latest";
  if (selector.ends_with(kLatest)) {
    const std::string dag(selector.substr(0, selector.size() - kLatest.size()));
    return newest_of(dag.empty() ? "~" : dag);
  }
  const std::size_t slash = selector.find('/');
  if (slash == std::string_view::npos) return only_one_of_id(std::string(selector));
  const std::string dag_id(selector.substr(0, slash)), run_id(selector.substr(slash + 1));
  const Result<Value> found = server_.get(run_target(dag_id, run_id));
  if (!found) return found.error();
  return number_run(dag_id, run_id);
}

Result<InstanceNo> RemoteReader::find_instance(RunNo run_no, std::string_view selector) {
  const Selected wanted = selected(selector);
  InstanceQuery query;
  query.filter.run_no = run_no;
  query.filter.task_ids = {wanted.task_id};
  const Result<InstancePage> all = list_instances(query);
  if (!all) return all.error();
  std::vector<InstanceNo> found, by_key;  // an index goes before a key that looks like one
  for (const InstanceView& one : all->rows) {
    const bool is_meant = !wanted.has_brackets || std::to_string(one.row.map_index) == wanted.within;
    if (is_meant) found.push_back(one.row.instance_no);
    if (wanted.has_brackets && one.row.map_key == wanted.within) by_key.push_back(one.row.instance_no);
  }
  if (found.empty()) found = std::move(by_key);
  if (found.size() == 1) return found.front();
  if (found.empty()) {
    return Error{"the run has no task instance \"" + std::string(selector) + "\"; `baton show` lists them",
                 ErrorKind::not_found};
  }
  return Error{"the task \"" + wanted.task_id + "\" is mapped: name one of its instances, as " + wanted.task_id + "[0]",
               ErrorKind::invalid};
}

// ---- runs and task instances ----

Result<RunView> RemoteReader::run(RunNo run_no) {
  const Result<Value> found = server_.get(target_of(run_no));
  if (!found) return found.error();
  RunView out = numbered(*found);
  out.row.run_no = run_no;
  return out;
}

Result<RunPage> RemoteReader::list_runs(const RunQuery& query) {
  const RunFilter& filter = query.filter;
  std::string target = dag_target(filter.dag_ids.empty() ? "~" : filter.dag_ids.front()) + "/dagRuns?order_by=-id";
  for (const RunState state : filter.states) add_word(target, "state", std::string(to_string(state)));
  for (const auto& [name, value] : filter.labels) add_word(target, "label", value ? name + "=" + *value : name);
  const Result<Value> counted = server_.get(target + "&limit=1");
  if (!counted) return counted.error();
  const Result<ValueList> found = all_of(target, "dag_runs", query.page.limit);
  if (!found) return found.error();
  RunPage out;
  for (const Value& one : *found) out.rows.push_back(numbered(one));
  out.total = number_member(*counted, "total_entries");
  return out;
}

Result<LiveView> RemoteReader::live() {
  LiveView out;
  const Result<ValueList> runs =
      all_of("/api/v2/dags/~/dagRuns?order_by=-id&state=running&state=queued", "dag_runs", kLiveMax);
  if (!runs) return runs.error();
  for (const Value& one : *runs) out.runs.push_back(numbered(one));
  const Result<ValueList> instances = all_of(std::string("/api/v2/dags/~/dagRuns/~/taskInstances?") + kLivesWords,
                                             "task_instances", kLiveMax);
  if (!instances) return instances.error();
  for (const Value& one : *instances) {
    const auto run = run_numbers_.find({text_member(one, "dag_id"), text_member(one, "dag_run_id")});
    if (run != run_numbers_.end()) out.instances.push_back(numbered(one, run->second));
  }
  return out;
}

Result<InstancePage> RemoteReader::list_instances(const InstanceQuery& query) {
  std::string target = target_of(query.filter.run_no.value_or(0)) + "/taskInstances?order_by=id";
  for (const std::string& task : query.filter.task_ids) add_word(target, "task_id", task);
  const Result<ValueList> found = all_of(target, "task_instances", kTotalMax);
  if (!found) return found.error();
  InstancePage out;
  for (const Value& one : *found) out.rows.push_back(numbered(one, *query.filter.run_no));
  out.total = static_cast<std::int64_t>(out.rows.size());
  return out;
}

Result<InstanceView> RemoteReader::instance(RunNo run_no, InstanceNo instance_no) {
  const Result<Value> found = server_.get(target_of(run_no, instance_no));
  if (!found) return found.error();
  return numbered(*found, run_no);
}

Result<std::vector<TryView>> RemoteReader::tries(RunNo run_no, InstanceNo instance_no) {
  const Result<Value> found = server_.get(target_of(run_no, instance_no) + "/tries");
  if (!found) return found.error();
  std::vector<TryView> out;
  for (const Value& one : list_member(*found, "task_instances")) {
    TryView view = try_of(one);
    view.row.run_no = run_no;
    view.row.instance_no = instance_no;
    view.row.epoch = view.row.try_number;
    out.push_back(std::move(view));
  }
  return out;
}

Result<std::vector<TryView>> RemoteReader::tries_of_run(RunNo run_no) {
  InstanceQuery query;
  query.filter.run_no = run_no;
  const Result<InstancePage> all = list_instances(query);
  if (!all) return all.error();
  std::vector<TryView> out;
  for (const InstanceView& one : all->rows) {
    if (one.row.try_number == 0) continue;
    Result<std::vector<TryView>> own = tries(run_no, one.row.instance_no);
    if (!own) return own.error();
    std::move(own->begin(), own->end(), std::back_inserter(out));
  }
  return out;
}

// ---- DAGs and versions ----

Result<DagPage> RemoteReader::list_dags(const DagQuery& query) {
  DagPage out;
  if (query.filter.dag_ids.size() == 1) {
    const Result<Value> one = server_.get(dag_target(query.filter.dag_ids.front()));
    if (!one && one.error().kind != ErrorKind::not_found) return one.error();
    if (one) out.rows.push_back(dag_of(*one));
  } else {
    std::string target = "/api/v2/dags?order_by=dag_id";
    if (query.last_runs > 0) add_word(target, "recent_runs", std::to_string(query.last_runs));
    const Result<ValueList> found = all_of(target, "dags", query.page.limit);
    if (!found) return found.error();
    for (const Value& one : *found) out.rows.push_back(dag_of(one));
  }
  out.total = static_cast<std::int64_t>(out.rows.size());
  const Result<Value> stats = server_.get("/api/v2/dagStats");
  if (!stats) return stats.error();
  std::map<std::string, RunCounts> counts;
  for (const Value& dag : list_member(*stats, "dags")) {
    RunCounts& own = counts[text_member(dag, "dag_id")];
    for (const Value& stat : list_member(dag, "stats")) {
      if (const auto state = run_state_from(text_member(stat, "state"))) {
        own.at(static_cast<std::size_t>(*state)) = number_member(stat, "count");
      }
    }
  }
  for (DagView& dag : out.rows) dag.runs_by_state = counts[dag.dag_id];
  return out;
}

Result<ImportErrorPage> RemoteReader::list_import_errors(const ImportErrorQuery& query) {
  const Result<ValueList> found = all_of("/api/v2/importErrors?order_by=id", "import_errors", query.page.limit, true);
  if (!found) return found.error();
  ImportErrorPage out;
  for (const Value& one : *found) out.rows.push_back(import_error_of(one));
  out.total = static_cast<std::int64_t>(out.rows.size());
  return out;
}

Result<std::vector<VersionView>> RemoteReader::list_versions(const std::string& dag_id) {
  const Result<Value> dag = server_.get(dag_target(dag_id));
  if (!dag && dag.error().kind == ErrorKind::not_found) return std::vector<VersionView>();
  if (!dag) return dag.error();
  const Result<ValueList> found = all_of(dag_target(dag_id) + "/dagVersions", "dag_versions", kTotalMax, true);
  if (!found) return found.error();
  std::vector<VersionView> out;
  for (const Value& one : *found) {
    out.push_back(version_view_of(one));
    out.back().stands = out.back().version == text_member(*dag, "bundle_version");
    out.back().source_file = text_member(*dag, "fileloc");
  }
  std::ranges::sort(out, std::greater<>(), &VersionView::number);
  return out;
}

/// Its texts: the source as the server keeps it, and the compiled form that this program makes of it.
Result<VersionRow> RemoteReader::source_of(const std::string& dag_id, std::int32_t number) {
  std::string target = "/api/v2/dagSources/" + http::percent_encoded(dag_id);
  if (number > 0) add_word(target, "version_number", std::to_string(number));
  const Result<Value> found = server_.get(target);
  if (!found) return found.error();
  VersionRow out;
  out.dag_id = dag_id;
  out.number = static_cast<std::int32_t>(number_member(*found, "version_number"));
  out.source = text_member(*found, "content");
  out.source_hash = sha256_hex(out.source);
  const LoadResult loaded = load_text(out.source, dag_id, LoadOptions{});
  const auto dag = std::ranges::find(loaded.dags, dag_id, [](const auto& one) { return one->id; });
  if (dag != loaded.dags.end()) out.canonical_json = canonical_json(**dag);
  return out;
}

Result<VersionRow> RemoteReader::version_of_run(RunNo run_no) {
  const Result<RunView> of = run(run_no);
  if (!of) return of.error();
  Result<VersionRow> out = source_of(of->row.dag_id, of->version_number);
  if (out && out->canonical_json.empty()) {
    return Error{"the file that the server has of the DAG \"" + of->row.dag_id +
                     "\" cannot be read here: is this the same version of Baton?",
                 ErrorKind::invalid};
  }
  return out;
}

Result<VersionRow> RemoteReader::version(const std::string& dag_id, const std::string& version) {
  const Result<std::vector<VersionView>> all = list_versions(dag_id);
  if (!all) return all.error();
  const auto found = std::ranges::find(*all, version, &VersionView::version);
  if (found == all->end()) return Error{"the DAG \"" + dag_id + "\" has no such version", ErrorKind::not_found};
  Result<VersionRow> out = source_of(dag_id, found->number);
  if (out) {
    out->version = version;
    out->source_file = found->source_file;
    out->commit = found->commit;
    out->created_at = found->created_at;
  }
  return out;
}

}  // namespace baton::cli
