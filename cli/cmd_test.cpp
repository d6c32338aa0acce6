// `test`: what DAGs do when their tasks come to this or that, in milliseconds.
#include <algorithm>
#include <filesystem>
#include <map>

#include "cli/dag_lookup.h"
#include "cli/handlers.h"
#include "cli/reading.h"
#include "cli/run_request.h"
#include "cli/test_files.h"
#include "cli/test_report.h"
#include "scheduler/dagfile/assets.h"
#include "scheduler/dagfile/breakers.h"
#include "scheduler/dagfile/params.h"
#include "scheduler/json/json_value.h"
#include "scheduler/rehearsal/rehearsal.h"
#include "scheduler/timetable/time_text.h"
#include "scheduler/timetable/zone.h"

namespace baton::cli {
namespace {

namespace fs = std::filesystem;
using rehearsal::TestCase;

/// Tests without `now` and `interval` begin here, so that they come to the same on every day.
constexpr WallUs kBegin = 1'767'225'600 * kSecond;  // 2026-01-01T00:00:00Z

Result<std::vector<std::string>> test_files(const std::vector<std::string>& named) {
  std::vector<std::string> out;
  for (const std::string& path : named) {
    const Result<std::vector<std::string>> files = dag_files({path});
    if (!files) return files.error();
    for (const std::string& file : *files) {
      if (file == path || is_test_file(file)) out.push_back(file);
    }
  }
  return out;
}

/// DAG files that tests name are read once, however many tests name them.
class DagShelf {
 public:
  explicit DagShelf(const Invocation& call) : call_(call) {}
  Result<LoadedDag> find(const TestCase& test);

 private:
  Result<fs::path> file_of(const TestCase& test);
  const std::map<std::string, fs::path>& ids_below(const fs::path& folder);

  const Invocation& call_;
  std::map<fs::path, std::map<std::string, fs::path>> ids_;
  std::map<std::pair<fs::path, std::string>, LoadedDag> loaded_;
};

const std::map<std::string, fs::path>& DagShelf::ids_below(const fs::path& folder) {
  const auto [at, is_new] = ids_.try_emplace(folder);
  if (!is_new) return at->second;
  if (const auto files = dag_files({folder.string()})) {
    for (const std::string& file : *files) {
      if (is_test_file(file)) continue;
      for (const FoundId& found : load_file(file).ids) at->second.try_emplace(found.id, file);
    }
  }
  return at->second;
}

/// Where `file` says; else beside the test or below its folder, else the same of the folder above.
Result<fs::path> DagShelf::file_of(const TestCase& test) {
  const fs::path folder = fs::absolute(test.file).parent_path();
  if (!test.dag_file.empty()) return (folder / test.dag_file).lexically_normal();
  for (const fs::path& place : {folder, folder.parent_path()}) {
    const auto& ids = ids_below(place);
    if (const auto at = ids.find(test.dag_id); at != ids.end()) return at->second;
  }
  return Error{"there is no DAG \"" + test.dag_id + "\" beside the test nor in the folder above; say where it is: `file:`",
               ErrorKind::not_found};
}

Result<LoadedDag> DagShelf::find(const TestCase& test) {
  const Result<fs::path> file = file_of(test);
  if (!file) return file.error();
  const auto key = std::pair{*file, test.dag_id};
  if (const auto at = loaded_.find(key); at != loaded_.end()) return at->second;
  Result<LoadedDag> loaded = load_dag(call_, *file, test.dag_id);
  if (!loaded) return loaded.error();
  return loaded_.emplace(key, std::move(*loaded)).first->second;
}

/// The run that the test speaks of, and when it begins.
Result<std::pair<NewRun, WallUs>> run_of(const TestCase& test, LoadedDag loaded) {
  NewRun run;
  run.dag = loaded.dag;
  const Value none{ValueMap{}};
  const Value& given = test.given.params;
  Result<Value> params = resolve_params_value(*loaded.dag, given.type() == ValueType::map ? given : none);
  if (!params) return params.error();
  run.params = std::move(*params);
  WallUs now = kBegin;
  if (!test.given.now.empty()) {
    const Result<timetable::TimeZone> zone = timetable::load_zone(loaded.dag->timezone);
    const Result<WallUs> at = timetable::parse_time(test.given.now, zone ? *zone : timetable::utc());
    if (!at) return Error{"now: " + at.error().message};
    now = *at;
  }
  Arguments arguments;
  if (!test.given.interval.empty()) arguments.flags["interval"] = {test.given.interval};
  const Result<timetable::Interval> interval = interval_of(loaded, arguments, now);
  if (!interval) return interval.error();
  run.interval_start = run.logical_date = interval->start;
  run.interval_end = interval->end;
  run.run_id = "test";
  run.triggered_by = "test";
  if (test.given.now.empty() && !test.given.interval.empty()) now = interval->end;
  run.version = take_version_row(loaded);
  return std::pair{std::move(run), now};
}

std::string relative_to_here(const std::string& file) {
  const fs::path near = fs::path(file).lexically_relative(fs::current_path());
  return near.empty() || *near.begin() == ".." ? file : near.string();
}

Status check_name(const char* what, const std::string& name, const std::vector<std::string>& known) {
  if (std::ranges::find(known, name) != known.end()) return Unit{};
  return Error{std::string("the DAG has no ") + what + " \"" + name + "\"" + did_you_mean_suffix(name, known)};
}

/// What a test gives must be of the DAG: a name that is misspelled would be given to nothing, and the test would pass.
Status check_given(const TestCase& test, const Dag& dag, const Config& config) {
  std::vector<std::string> tasks, approvals, pools, breakers, assets;
  const auto take_assets = [&assets](std::string_view json) {
    for (const dagfile::AssetSpec& one : dagfile::assets_from_json(json, "")) assets.push_back(one.name);
  };
  for (const Task& task : dag.tasks) {
    (task.spec->kind == TaskKind::approval ? approvals : tasks).push_back(task.id);
    for (const PoolUse& use : task.spec->pools) pools.push_back(use.name);
    for (const std::string& asset : task.spec->consumes) assets.push_back(asset);
    for (const std::string& asset : task.spec->produces) assets.push_back(asset);
  }
  for (const std::string* json : {&dag.breakers_json, &config.breakers_json}) {
    for (const BreakerSpec& one : dagfile::breakers_from_json(*json)) breakers.push_back(one.name);
  }
  take_assets(dag.assets_json);
  take_assets(config.assets_json);
  if (dag.schedule != nullptr && dag.schedule->assets) {
    for (const std::string& asset : dagfile::assets_of(*dag.schedule->assets)) assets.push_back(asset);
  }
  for (const PoolSpec& pool : dag.pools) pools.push_back(pool.name);
  for (const PoolSpec& pool : config.pools) pools.push_back(pool.name);
  for (const auto& named : test.given.tasks) {
    const std::string& name = named.who.task;
    if (std::ranges::find(approvals, name) != approvals.end()) {
      return Error{"task \"" + name + "\" asks a person: what is answered stands under `given.approvals`"};
    }
    if (Status known = check_name("task", name, tasks); !known) return known;
  }
  for (const auto& answer : test.given.answers) {
    if (Status known = check_name("approval", answer.who.task, approvals); !known) return known;
  }
  for (const PoolSpec& pool : test.given.pools) {
    if (Status known = check_name("pool", pool.name, pools); !known) return known;
  }
  for (const auto& [name, state] : test.given.breakers) {
    if (Status known = check_name("breaker", name, breakers); !known) return known;
  }
  for (const auto& event : test.given.assets) {
    if (Status known = check_name("asset", event.asset, assets); !known) return known;
  }
  return Unit{};
}

TestResult play(const TestCase& test, DagShelf& shelf) {
  TestResult out{test.name, test.file, test.dag_id, test.line, {}, {}, {}, {}, 0};
  const WallUs begin = now_us();
  const auto broken = [&](const Error& why) {
    out.error = why.message;
    return out;
  };
  Result<LoadedDag> loaded = shelf.find(test);
  if (!loaded) return broken(loaded.error());
  const Config config = loaded->config;
  const std::shared_ptr<const Dag> dag = loaded->dag;
  out.dag_file = relative_to_here(dag->source_file);
  if (Status fits = check_given(test, *dag, config); !fits) return broken(fits.error());
  auto run = run_of(test, std::move(*loaded));
  if (!run) return broken(run.error());
  const auto report = rehearsal::rehearse(std::move(run->first), test, config, run->second);
  if (!report) return broken(report.error());
  out.differences = rehearsal::differences(test, *report, *dag);
  for (const std::string& task : report->assumed) out.note += (out.note.empty() ? "" : ", ") + task;
  if (!out.note.empty()) out.note = "not given, so they succeed at once: " + out.note;
  out.took_us = now_us() - begin;
  return out;
}

}  // namespace

int test_command(const Invocation& call) {
  std::vector<std::string> named = call.args().positional;
  if (named.empty()) named = {"."};
  const Result<std::vector<std::string>> files = test_files(named);
  if (!files) return call.fail(files.error());
  if (files->empty()) {
    return call.fail(Error{"there are no tests here: test files are called *.test.yaml", ErrorKind::not_found},
                     "`baton help test` shows one");
  }
  std::vector<TestCase> cases;
  std::vector<Diagnostic> found;
  for (const std::string& file : *files) {
    Result<std::string> text = read_regular_file(file, kTestBytesMax);
    if (!text) return call.fail(Error{file + ": " + text.error().message, text.error().kind});
    rehearsal::TestFile read = rehearsal::read_tests(std::move(*text), file);
    std::ranges::move(read.diagnostics, std::back_inserter(found));
    std::ranges::move(read.cases, std::back_inserter(cases));
  }
  if (!found.empty()) {
    const std::string shown = diagnostics_text(found, call.err_style());
    std::fwrite(shown.data(), 1, shown.size(), stderr);
  }
  if (has_errors(found)) return call.fail(Error{"nothing was tested: mend what is said above"});
  DagShelf shelf(call);
  std::vector<TestResult> results;
  for (const TestCase& test : cases) {
    if (const std::string only = call.args().value("only"); test.name.find(only) == std::string::npos) continue;
    results.push_back(play(test, shelf));
    if (call.format() == Format::table) Invocation::print(text_of(results.back(), call.out_style()));
  }
  if (results.empty()) return call.fail(Error{"no test has that in its name", ErrorKind::not_found});
  switch (call.format()) {
    case Format::table: Invocation::print(summary_of(results, files->size(), call.out_style())); break;
    case Format::junit: Invocation::print(junit_of(results)); break;
    default: call.print_document(document_of(results), "tests"); break;
  }
  return std::ranges::all_of(results, &TestResult::passed) ? kOk : kRunFailed;
}

}  // namespace baton::cli
