// What pages cost beside a long history: the Reader over a store of a million task instances, each call 200 times.
// Usage: reader_pages FOLDER, with a state folder that bench/pages.py has filled.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "scheduler/store/sqlite_reader.h"

namespace {

using namespace baton;

/// p50 and p99 of `call`, in µs.
void measure(const char* name, const std::function<bool()>& call) {
  constexpr int kCalls = 200;
  std::vector<double> took;
  for (int i = 0; i < kCalls; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    if (!call()) {
      std::printf("%-44s failed\n", name);
      return;
    }
    took.push_back(std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count());
  }
  std::ranges::sort(took);
  std::printf("%-44s p50 %9.0f us   p99 %9.0f us\n", name, took[kCalls / 2], took[kCalls * 99 / 100]);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  auto opened = SqliteReader::open(argv[1]);
  if (!opened) {
    std::fprintf(stderr, "%s\n", opened.error().message.c_str());
    return 1;
  }
  Reader& r = **opened;
  const auto runs = [&](const char* name, const RunQuery& query) {
    measure(name, [&] { return r.list_runs(query).ok(); });
  };
  RunQuery newest;
  runs("50 runs, newest", newest);
  RunQuery far = newest;
  far.page.offset = 49'900;
  runs("50 runs, page 1,000 by offset", far);
  for (int i = 0; i < 900; ++i) newest.page.after = r.list_runs(newest).value().next;
  runs("50 runs, page 900 by key", newest);
  RunQuery by_time;
  by_time.order = {{RunField::run_after, true}};
  runs("50 runs by run_after", by_time);
  by_time.filter.dag_ids = {"dag7"};
  runs("50 runs of a DAG by run_after", by_time);
  RunQuery failed;
  failed.filter.states = {RunState::failed, RunState::running};
  runs("50 runs, failed or running", failed);
  failed.order = {{RunField::started_at, true}};
  runs("50 runs, failed or running, by start", failed);
  const auto instances = [&](const char* name, const InstanceQuery& query) {
    measure(name, [&] { return r.list_instances(query).ok(); });
  };
  InstanceQuery of_run;
  of_run.filter.run_no = 40'000;
  instances("instances of a run", of_run);
  InstanceQuery all;
  instances("50 instances of all runs", all);
  all.page.with_total = false;
  instances("50 instances of all runs, without total", all);
  all.order = {{InstanceField::started_at, true}};
  instances("the same by start", all);
  InstanceQuery bad;
  bad.filter.states = {TaskState::failed};
  instances("50 failed instances of all runs", bad);
  measure("grid, 50 runs of 20", [&] { return r.grid("dag7", 50).ok(); });
  DagQuery dags;
  dags.last_runs = 14;
  measure("50 DAGs with 14 runs each", [&] { return r.list_dags(dags).ok(); });
  measure("what lives", [&] { return r.live().ok(); });
  measure("one instance", [&] { return r.instance(40'000, 5).ok(); });
  measure("changes, none", [&] { return r.changes_after({1'000'000'000}, 100).ok(); });
  return 0;
}
