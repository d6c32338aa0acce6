#include "tests/crash/workload.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <span>
#include <vector>

#include "scheduler/store/migrations.h"
#include "scheduler/store/state_folder.h"

namespace baton::crash {
namespace {

/// What is known, and a migration more.
std::span<const sqlite::Migration> newer_schema() {
  static const std::vector<sqlite::Migration> migrations = [] {
    const auto known = sqlite::known_migrations();
    std::vector<sqlite::Migration> out(known.begin(), known.end());
    out.push_back({"a column, a table and an index more",
                   "CREATE TABLE label (run_no INTEGER NOT NULL PRIMARY KEY, label TEXT NOT NULL) STRICT, WITHOUT ROWID;"
                   "ALTER TABLE dag_run ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;"
                   "INSERT INTO label SELECT run_no, 'of old' FROM dag_run;"
                   "CREATE INDEX label_by_text ON label (label, run_no)"});
    return out;
  }();
  return migrations;
}

StoreOptions options_for(DiskVfs& vfs, bool newest, bool sync_normal) {
  StoreOptions options;
  options.inline_writer = true;
  options.vfs = vfs.name();
  options.sync_normal = sync_normal;
  options.migrations = newest ? newer_schema() : sqlite::known_migrations();
  options.checkpoint_bytes = 120 << 10;  // so that the WAL begins anew several times
  options.cache_kib = 64;          // so that large transactions spill
  return options;
}

}  // namespace

Workload::Workload(DiskVfs& vfs, const std::filesystem::path& folder, const WorkloadOptions& options)
    : vfs_(vfs), folder_(folder), options_(options) {}

Workload::~Workload() = default;

Result<std::unique_ptr<SqliteStore>> Workload::open(DiskVfs& vfs, const std::filesystem::path& folder, Loop& loop,
                                                    bool sync_normal) {
  return SqliteStore::open_for_writing(folder, loop, options_for(vfs, true, sync_normal));
}

void Workload::run(const std::function<void(const StepReport&)>& after_step) {
  after_step_ = after_step;
  try {
    first_life();
    second_life();
    third_life();
  } catch (const Stopped&) {
    // The one who listens has heard why.
  }
  store_.reset();
}

// ---- steps ----

void Workload::step(const std::string& name, const std::function<StepEnd()>& act) {
  StepEnd end = act();
  for (int i = 0; i < options_.retries && end == StepEnd::refused; ++i) end = act();
  after_step_({name, end});
  if (end != StepEnd::acknowledged) throw Stopped();
}

StepEnd Workload::commit_once(std::vector<Batch> batches) {
  std::vector<CommitOutcome> outcomes;
  for (auto& batch : batches) {
    store_->commit(std::move(batch), [&](const CommitDone& how) { outcomes.push_back(how.outcome); });
  }
  loop_.run_posted();
  StepEnd end = StepEnd::acknowledged;
  for (const CommitOutcome outcome : outcomes) {
    if (outcome == CommitOutcome::unknown) end = StepEnd::unknown;
    if (outcome == CommitOutcome::rolled_back) end = StepEnd::refused;
  }
  if (end == StepEnd::unknown) expect_refusal();
  return end;
}

/// After an I/O error nothing may be written any more, even if the disk seems well again.
void Workload::expect_refusal() {
  Part batch;
  batch.audit.push_back({1, "nobody", "must not be there", "", "", "", -1, "{}"});
  CommitOutcome outcome = CommitOutcome::durable;
  store_->commit(std::move(batch), [&](const CommitDone& how) { outcome = how.outcome; });
  loop_.run_posted();
  EXPECT_EQ(outcome, CommitOutcome::unknown);
}

void Workload::commit(const std::string& name, std::vector<Batch> batches) {
  step(name, [&] { return commit_once(batches); });
}

void Workload::maintain(const std::string& name, const std::function<Status()>& act) {
  step(name, [&] {  // An error of maintenance promises nothing about what was written.
    return act().ok() ? StepEnd::acknowledged : StepEnd::unknown;
  });
}

void Workload::open_step(const std::string& name, bool newest) {
  step(name, [&] {
    store_.reset();
    auto opened = SqliteStore::open_for_writing(folder_, loop_, options_for(vfs_, newest, options_.sync_normal));
    if (!opened) return StepEnd::unknown;
    store_ = std::move(*opened);
    return StepEnd::acknowledged;
  });
}

// ---- the script ----

Part Workload::creation(const std::shared_ptr<const Dag>& dag, const std::string& run_id) {
  Part batch;
  batch.creations.push_back(sample::creation(store_->next_run_no(), dag, run_id));
  return batch;
}

Part Workload::end_of(RunNo run_no, RunState state, WallUs ended_at) {
  Part batch;
  auto loaded = store_->load_run(run_no);
  if (!loaded) {
    after_step_({"load", StepEnd::unknown});
    throw Stopped();
  }
  batch.runs.push_back(loaded->run);
  batch.runs[0].state = state;
  batch.runs[0].ended_at = ended_at;
  batch.runs[0].counts = {};
  for (const auto& row : loaded->instances) ++batch.runs[0].counts[static_cast<std::size_t>(row.state)];
  return batch;
}

/// A value across runs that the first task of a run puts with its success.
TaskStateRow Workload::next_state(const std::string& dag_id, RunNo run_no, const std::string& run_id) {
  const auto states = store_->task_states();
  if (!states) {
    after_step_({"states", StepEnd::unknown});
    throw Stopped();
  }
  TaskStateRow row;
  row.dag_id = dag_id;
  row.name = "mark";
  row.json = std::to_string(run_no);
  row.version = 1;
  row.at = 12;
  row.run_no = run_no;
  row.run_id = run_id;
  row.task_id = "t0";
  for (const TaskStateRow& state : *states) {
    if (state.dag_id == dag_id) row.version = state.version + 1;
  }
  return row;
}

namespace {

TaskRow ended(RunNo run_no, InstanceNo no, TaskState state, Epoch epoch, const std::string& outputs = "") {
  TaskRow row = sample::instance(run_no, no, state, epoch);
  row.queued_at = 10;
  row.started_at = 11;
  row.ended_at = 12;
  row.outputs_json = outputs;
  return row;
}

/// The end of a try, and what else is written with it.
Part end_batch(const TaskRow& row) {
  Part batch;
  batch.instances.push_back(row);
  batch.tries.push_back(sample::attempt(row));
  batch.durations.push_back({"etl", "t0", 1000 + row.epoch});
  return batch;
}

Part claim(RunNo run_no, InstanceNo no, Epoch epoch) {
  Part batch;
  batch.instances.push_back(sample::instance(run_no, no, TaskState::queued, epoch));
  return batch;
}

}  // namespace

RunNo Workload::whole_run(const std::shared_ptr<const Dag>& dag, const std::string& run_id, WallUs ended_at) {
  Part created = creation(dag, run_id);
  const RunNo run_no = created.creations[0].run.run_no;
  commit("create " + run_id, {created});
  std::vector<Batch> claims, ends;
  for (InstanceNo i = 0; i < static_cast<InstanceNo>(dag->tasks.size()); ++i) {
    claims.push_back(claim(run_no, i, 1));
    ends.push_back(end_batch(ended(run_no, i, TaskState::success, 1)));
    if (i == 0) ends.back().parts.front().service.task_states.push_back(next_state(dag->id, run_no, run_id));
  }
  commit("claim " + run_id, claims);
  commit("end tasks of " + run_id, ends);
  commit("end " + run_id, {end_of(run_no, RunState::success, ended_at)});
  return run_no;
}

void Workload::first_life() {
  open_step("open new", false);
  const auto etl = sample::dag("etl", 4, true);
  Part created = creation(etl, "first");
  const RunNo run = created.creations[0].run.run_no;
  commit("create", {created});
  commit("claim", {claim(run, 0, 1)});
  Part fails = end_batch(ended(run, 0, TaskState::up_for_retry, 1));
  fails.instances[0].wake_at = 99;
  commit("a try fails", {fails});
  commit("claim again", {claim(run, 0, 2)});
  Part success = end_batch(ended(run, 0, TaskState::success, 2, R"({"rows":12})"));
  success.instances.push_back(sample::instance(run, 1, TaskState::queued, 1));
  success.cache.push_back({"etl", "t0", "key", "spec", R"({"rows":12})", 12, kNoTime, run, 0});
  commit("end, and the next claim", {success});
  commit("large outputs", {end_batch(ended(run, 1, TaskState::success, 1, '"' + std::string(20'000, 'o') + '"'))});

  Part expand;
  for (int i = 0; i < 40; ++i) {
    TaskRow row = sample::instance(run, i == 0 ? 3 : 3 + i, TaskState::scheduled);
    row.task_no = 3;
    row.map_index = i;
    row.map_key = "key" + std::to_string(i);
    row.item_json = "{\"part\":" + std::to_string(i) + '}';
    (i == 0 ? expand.instances : expand.new_instances).push_back(row);
  }
  commit("expand", {expand});
  commit("counts", {end_of(run, RunState::running, kNoTime)});

  Part twice = creation(etl, "first");
  Part fresh_and_twice = creation(etl, "never seen");
  fresh_and_twice.creations.push_back(twice.creations[0]);
  commit("conflicts among others", {claim(run, 2, 1), twice, fresh_and_twice, claim(run, 3, 1)});
  Batch parts;
  parts.parts = {claim(run, 2, 2), creation(etl, "beside"), twice, creation(etl, "beside too")};
  commit("parts, one of them struck", {parts});
  Part audit;
  audit.audit.push_back({50, "ada", "clear", "etl", "first", "t0", -1, "{}"});
  audit.instances.push_back(sample::instance(run, 0, TaskState::none, 2));
  commit("clear", {audit});
  commit("counts", {end_of(run, RunState::running, kNoTime)});
  maintain("checkpoint", [&] { return store_->checkpoint(); });
  for (int i = 0; i < 3; ++i) whole_run(etl, "old" + std::to_string(i), 100 + i);
  maintain("back up", [&]() -> Status {
    Status made = store_->back_up((folder_ / "copy.db").string());
    vfs_.note({Op::Kind::sync_folder, "", 0, {}, true});  // which it does beside the VFS
    return made;
  });
  store_.reset();
}

void Workload::second_life() {
  open_step("open and migrate", true);
  const auto other = sample::dag("other", 6);
  for (int i = 0; i < 2; ++i) whole_run(other, "more" + std::to_string(i), 1000 + i);
  maintain("prune", [&]() -> Status {
    PruneRule rule;
    rule.ended_before = 500;
    const auto pruned = store_->prune(rule);
    if (!pruned) return pruned.error();
    return Unit{};
  });
  whole_run(other, "after pruning", 2000);
  store_.reset();
}

void Workload::third_life() {
  open_step("open again", true);
  const auto wide = sample::dag("wide", 120);
  Part created = creation(wide, "wide");
  const RunNo run = created.creations[0].run.run_no;
  commit("create wide", {created});
  for (int at = 0; at < 120; at += 40) {
    std::vector<Batch> claims, ends;
    for (int i = at; i < at + 40; ++i) {
      claims.push_back(claim(run, i, 1));
      ends.push_back(end_batch(ended(run, i, TaskState::success, 1)));
    }
    commit("claim some", claims);
    commit("end some", ends);
  }
  commit("end wide", {end_of(run, RunState::success, 3000)});
}

// ---- recordings ----

namespace {

/// Opens every state of the recording with the newest schema, and learns what it looks like then.
void learn_migrated_states(DiskVfs& vfs, const std::filesystem::path& folder, Recording& recording) {
  const std::string database = database_path(folder).string();
  const auto learn = [&](const Image& image, std::uint64_t state) {
    vfs.load(image);
    TestLoop loop;
    auto store = Workload::open(vfs, folder, loop);
    ASSERT_TRUE(store.ok()) << store.error().message;
    std::string problem;
    recording.migrated.emplace(digest(vfs, database, problem), state);
  };
  learn({}, 0);
  Replay replay({});
  std::size_t step = 1;
  std::mt19937_64 unused;
  for (std::size_t n = 0; n <= recording.log.size(); ++n) {
    for (; step < recording.states.size() && recording.acknowledged_at[step] == n; ++step) {
      learn(replay.image_after(Death::kill, Op{}, unused), recording.states[step]);
    }
    if (n < recording.log.size()) replay.apply(recording.log[n]);
  }
}

}  // namespace

Recording record(DiskVfs& vfs, const std::filesystem::path& folder, bool sync_normal) {
  Recording recording;
  recording.states = {0};
  recording.acknowledged_at = {0};
  recording.names = {"nothing"};
  vfs.load({});
  WorkloadOptions options;
  options.sync_normal = sync_normal;
  Workload workload(vfs, folder, options);
  workload.run([&](const StepReport& report) {
    EXPECT_EQ(report.end, StepEnd::acknowledged) << report.name;
    recording.acknowledged_at.push_back(vfs.log().size());
    recording.names.push_back(report.name);
    std::string problem;
    recording.states.push_back(digest(vfs, database_path(folder).string(), problem));
    EXPECT_EQ(problem, "") << report.name;
  });
  recording.log = vfs.take_log();
  learn_migrated_states(vfs, folder, recording);
  return recording;
}

bool Recording::is_state(std::uint64_t found, std::size_t j) const {
  return states[j] == found || migrated.contains({found, states[j]});
}

std::int64_t setting(const char* name, std::int64_t fallback) {
  const char* text = std::getenv(name);
  return text == nullptr ? fallback : std::atoll(text);
}

}  // namespace baton::crash
