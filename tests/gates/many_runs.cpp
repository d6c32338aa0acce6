// many_runs [runs [folder]]: what it costs to create runs, to let them wait, and to take them over after a restart, on a
// store in a file, each beside the bare inserts of the same round: wall time, and CPU time of all threads, which a busy
// machine changes less. Not a test: it prints numbers.
#include <malloc.h>
#include <sys/resource.h>

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <functional>
#include <mutex>
#include <string>

#include "scheduler/control/run_loader.h"
#include "scheduler/host/run_reading.h"
#include "scheduler/host/host.h"
#include "scheduler/store/run_source.h"
#include "scheduler/store/sqlite_db.h"
#include "scheduler/store/sqlite_store.h"
#include "tests/support/dag_builder.h"

namespace baton {
namespace {

constexpr std::size_t kOpenMax = 256;  // requests under way
constexpr int kTasks = 20;

double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

struct Spent {
  double wall_us = 0, cpu_us = 0;
  [[nodiscard]] Spent each(int runs) const { return {wall_us / runs, cpu_us / runs}; }
};

/// What passes from its making on.
class Meter {
 public:
  [[nodiscard]] Spent spent() const { return {(seconds() - wall_) * 1e6, (cpu_seconds() - cpu_) * 1e6}; }

 private:
  static double cpu_seconds() {
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    return static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
  }
  double wall_ = seconds(), cpu_ = cpu_seconds();
};

void print(const char* what, const Spent& ours, const Spent& bare) {
  std::printf("%-17s %7.1f us a run, bare inserts %7.1f: x %.2f; CPU %7.1f, bare %7.1f: x %.2f\n", what, ours.wall_us,
              bare.wall_us, ours.wall_us / bare.wall_us, ours.cpu_us, bare.cpu_us, ours.cpu_us / bare.cpu_us);
  std::fflush(stdout);
}

/// Runs what is posted, on the thread of run_until(). Timers never fire: nothing here waits for one.
class PostLoop final : public Loop {
 public:
  [[nodiscard]] WallUs wall_now() const override { return static_cast<WallUs>(1.7e15 + seconds() * 1e6); }
  [[nodiscard]] MonoUs mono_now() const override { return static_cast<MonoUs>(seconds() * 1e6); }
  [[nodiscard]] std::uint64_t random() override { return ++random_; }
  void post(std::function<void()> f) override {
    const std::lock_guard lock(mutex_);
    posted_.push_back(std::move(f));
    arrived_.notify_one();
  }
  TimerId call_at(MonoUs, std::function<void()>) override { return ++last_timer_; }
  void cancel(TimerId) override {}
  void run_until(const std::function<bool()>& done) {
    std::unique_lock lock(mutex_);
    while (!done()) {
      arrived_.wait(lock, [this] { return !posted_.empty(); });
      const auto f = std::move(posted_.front());
      posted_.pop_front();
      lock.unlock();
      f();
      lock.lock();
    }
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<std::function<void()>> posted_;
  std::uint64_t random_ = 0;
  TimerId last_timer_ = 0;
};

/// Takes everything and ends nothing.
class SilentExecutor final : public Executor {
 public:
  void launch(LaunchSpec) override {}
  void prepare(LaunchSpec) override {}
  void release(AttemptKey) override {}
  void stop(AttemptKey, DurationUs, bool) override {}
  void acknowledge(AttemptKey) override {}
  void flush() override {}
};

std::shared_ptr<const Dag> make_dag(std::int32_t max_active_runs) {
  test::DagBuilder builder("etl");
  for (int t = 0; t < kTasks; ++t) {
    std::vector<std::string> needs;
    if (t > 0) needs.push_back("t" + std::to_string(t - 1));
    builder.task("t" + std::to_string(t), needs);
  }
  builder.dag().max_active_runs = max_active_runs;
  builder.dag().version = "v" + std::to_string(max_active_runs);
  return builder.build();
}

std::shared_ptr<const VersionRow> version_of(const Dag& dag) {
  auto row = std::make_shared<VersionRow>();
  row->dag_id = dag.id;
  row->version = dag.version;
  row->canonical_json = std::string(8'000, ' ');
  row->created_at = 1;
  return row;
}

class Bench {
 public:
  Bench(std::filesystem::path folder, std::int32_t max_active_runs)
      : folder_(std::move(folder)), dag_(make_dag(max_active_runs)), version_(version_of(*dag_)) {
    std::filesystem::create_directories(folder_);
  }
  /// Opens the store and takes over what is in it; what this took, without the opening of the file.
  Spent open() {
    store_ = std::move(SqliteStore::open_for_writing(folder_, loop_)).value();
    source_ = std::move(SqliteRunSource::open(folder_)).value();
    loader_ = std::make_unique<RunReadingThread>(loop_, [this](RunNo run_no, Moment now) -> Result<LoadedRun> {
      auto snapshot = source_->load_run(run_no);
      if (!snapshot) return snapshot.error();
      auto run = run_of(*snapshot, dag_, now);
      if (!run) return run.error();
      return LoadedRun{std::move(*run), {}};
    });
    HostSettings settings;
    settings.policy = HostPolicy::all_runs;
    const auto read_dag = [this](const RunSnapshot&) -> Result<std::shared_ptr<const Dag>> { return dag_; };
    HostParts parts{loop_, *store_, executor_, nullptr, read_dag, nullptr, nullptr, loader_.get()};
    LaunchContext launch;
    launch.state_folder = folder_.string();
    launch.store_id = store_->store_id();
    launch.default_shell = {"sh"};
    host_ = std::make_unique<Host>(std::move(parts), std::move(launch), std::move(settings));
    const Meter meter;
    if (!host_->open()) std::abort();
    return meter.spent();
  }
  /// A run, until all are durable, and have begun where they may.
  Spent create(int runs, bool begin) {
    const Meter meter;
    int asked = 0, told = 0;
    const std::function<void()> ask = [&] {
      NewRun request;
      request.dag = dag_;
      request.version = version_;
      request.params = Value{ValueMap{}};
      request.run_id = "manual__2026-01-01T00:00:00+00:00_" + std::to_string(named_++);
      ++asked;
      Request trigger = host_->trigger_of(std::move(request));
      const Status taken = host_->ask(std::move(trigger), {"bench", "", "cli"}, [&](const Result<Answer>& how) {
        if (!how) std::abort();
        ++told;
        if (asked < runs) ask();
      });
      if (!taken) std::abort();
    };
    for (std::size_t k = 0; k < kOpenMax && asked < runs; ++k) ask();
    const Engine& engine = host_->engine();
    loop_.run_until([&] { return told == runs && (!begin || (engine.queue().waiting() == 0 && engine.is_idle())); });
    return meter.spent().each(runs);
  }
  void close() {
    loader_->stop();
    host_.reset();
    loader_.reset();
    source_.reset();
    store_.reset();
  }

 private:
  std::filesystem::path folder_;
  std::shared_ptr<const Dag> dag_;
  std::shared_ptr<const VersionRow> version_;
  PostLoop loop_;
  SilentExecutor executor_;
  std::unique_ptr<SqliteStore> store_;
  std::unique_ptr<SqliteRunSource> source_;
  std::unique_ptr<RunReadingThread> loader_;
  std::unique_ptr<Host> host_;
  int named_ = 0;  // run ids of all runs differ
};

/// A run: its rows into the same tables, as few statements as there are rows, a sync for each 64 runs.
Spent bare_inserts(const std::filesystem::path& folder, int runs, int instances) {
  Bench schema(folder, 0);
  schema.open();
  schema.create(1, true);
  schema.close();
  auto db = std::move(sqlite::Database::open((folder / "baton.db").string(), {})).value();
  auto run = db.prepare(
      "INSERT INTO dag_run (run_no, dag_no, version_no, run_type, state, reason, run_after, queued_at, seq, created_seq,"
      " checksum, hooks_open, run_id, triggered_by, counts) VALUES (?,1,1,0,0,0,1700000000000000,1700000000000000,?,?,"
      "123456789,0,?,'cli','[0,0,0,0,0,0,0,0,0,0,0,0]')");
  auto input = db.prepare("INSERT INTO run_input (run_no, checksum, conf) VALUES (?,1,'{}')");
  auto task = db.prepare(
      "INSERT INTO task_instance (run_no, instance_no, task_no, map_index, state, checksum) VALUES (?,?,?,-1,0,123456789)");
  const Meter meter;
  for (int n = 0; n < runs;) {
    (void)db.exec("BEGIN IMMEDIATE");
    for (int k = 0; k < 64 && n < runs; ++k, ++n) {
      const std::string id = "manual__2026-01-01T00:00:00+00:00_" + std::to_string(n + 10);
      const std::int64_t no = n + 10;
      if (run.run(no, no, no, std::string_view(id)) != sqlite::kOk || input.run(no) != sqlite::kOk) std::abort();
      for (std::int64_t t = 0; t < instances; ++t) {
        if (task.run(no, t, t) != sqlite::kOk) std::abort();
      }
    }
    if (db.exec("COMMIT") != sqlite::kOk) std::abort();
  }
  return meter.spent().each(runs);
}

std::size_t heap() { return ::mallinfo2().uordblks; }

int main_of(int runs, const std::filesystem::path& folder) {
  std::filesystem::remove_all(folder);
  const Spent bare = bare_inserts(folder / "bare", runs, kTasks);
  {
    Bench bench(folder / "begun", 0);
    bench.open();
    print("created and begun", bench.create(runs, true), bare);
    bench.close();
    const Spent took = bench.open();
    std::printf("taken over        %7.3f s, CPU %.3f, for %d live runs\n", took.wall_us / 1e6, took.cpu_us / 1e6, runs);
  }
  const Spent bare_rows = bare_inserts(folder / "rows", runs, 0);
  {
    Bench bench(folder / "waiting", 1);
    bench.open();
    bench.create(1, true);
    const std::size_t before = heap();
    const Spent us = bench.create(runs, false);
    const double bytes = static_cast<double>(heap() - before) / runs;
    print("created to wait", us, bare_rows);
    std::printf("                  %.0f bytes a run in memory\n", bytes);
  }
  std::filesystem::remove_all(folder);
  return 0;
}

}  // namespace
}  // namespace baton

int main(int argc, char** argv) {
  const int runs = argc > 1 ? std::atoi(argv[1]) : 10'000;
  const std::filesystem::path folder = argc > 2 ? argv[2] : "/tmp/baton-many-runs";
  return baton::main_of(runs, folder);
}
