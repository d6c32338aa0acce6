#include "scheduler/store/sqlite_store.h"


#include <cstdio>

#include "scheduler/model/check.h"
#include "scheduler/store/backup.h"
#include "scheduler/store/breaker_json.h"
#include "scheduler/store/task_state_rows.h"
#include "scheduler/store/files.h"
#include "scheduler/store/recovery_reading.h"
#include "scheduler/store/row_reading.h"
#include "scheduler/store/service_rows_reading.h"
#include "scheduler/store/state_folder.h"

namespace baton {

using sqlite::Database;
using sqlite::QueuedCommit;
using sqlite::QueuedItem;
using sqlite::QueuedTask;

namespace {

constexpr std::chrono::milliseconds kIdle{50};
constexpr std::int64_t kIdleCheckpointBytes = 4 << 20;  // worth a checkpoint when there is nothing else to do
constexpr std::size_t kGroupMax = 8'192;                // batches in one transaction

/// A random (version 4) UUID.
std::string random_uuid(Loop& loop) {
  std::uint64_t high = loop.random();
  std::uint64_t low = loop.random();
  high = (high & ~0xF000ULL) | 0x4000ULL;
  low = (low & ~(3ULL << 62)) | (2ULL << 62);
  char text[40];
  std::snprintf(text, sizeof text, "%08x-%04x-%04x-%04x-%012llx", static_cast<unsigned>(high >> 32),
                static_cast<unsigned>(high >> 16) & 0xFFFFU, static_cast<unsigned>(high) & 0xFFFFU,
                static_cast<unsigned>(low >> 48), static_cast<unsigned long long>(low & 0xFFFFFFFFFFFFULL));
  return text;
}

/// The database after an unclean end: checked now when it is small, later when it is not.
Status check_after_unclean_end(Database& db, const std::string& path, const StoreOptions& options, bool& wants_check) {
  const auto is_clean = db.integer("SELECT is_clean FROM store");
  if (!is_clean) return is_clean.error();
  if (*is_clean != 0) return Unit{};
  wants_check = file_bytes(path) + file_bytes(path + "-wal") > options.check_bytes_max;
  return wants_check ? Status(Unit{}) : db.check(false);
}

}  // namespace

constexpr RunNo kRunsReserved = 1'000;  // at a time

// ---- opening ----

struct SqliteStore::Opened {
  Database db;
  std::string path, store_id;
  std::int64_t leader_epoch = 0, seq = 0;
  RunNo last_run_no = 0;
  bool wants_check = false;
  bool was_restored = false;
  std::optional<sqlite::LeaderFile> leader_file;
  sqlite::Leadership led;
};

namespace {

/// The first schema of a program that leaves a file `leader`: one of an older one misses nothing.
constexpr std::int32_t kFirstSchemaWithLeader = 10;
/// What the numbers of a restored folder are above: nobody has made so many attempts of one task as there were minutes
/// since 1970, nor so many changes in each of them. Where the file is gone, nobody knows who has led since the copy was
/// made either, but that was not one each minute.
constexpr std::int64_t kChangesPerMinute = 1 << 24;
/// `is_clean` of a copy (backup.cpp).
constexpr std::int64_t kCopied = 2;

/// What the leader's row said before this process takes it.
struct FoundRow {
  std::string store_id;
  std::int64_t leader_epoch = 0, is_clean = 0;
  RunNo last_run_no = 0;
};

std::optional<FoundRow> found_row(Database& db) {
  auto row = db.prepare(
      "SELECT store_id, leader_epoch, is_clean, max(last_run_no, (SELECT coalesce(max(run_no), 0) FROM dag_run)) FROM store");
  if (row.start_with().step() != sqlite::kRow) return std::nullopt;
  FoundRow found{row.string(0), row.integer(1), row.integer(2), row.integer(3)};
  row.reset();
  return found;
}

/// Whether this database has come into the place of a later one. A process that died may have reserved numbers and never
/// used them, so a number that is a little ahead says nothing: it is passed over, and that is all.
bool is_restored(const FoundRow& row, const sqlite::Leadership& known) {
  if (row.is_clean == kCopied || row.store_id != known.store_id || known.epoch > row.leader_epoch) return true;
  return known.runs_below > row.last_run_no + kRunsReserved;
}

/// Looks at what the folder remembers, and says what the numbers of this process are to be above.
template <typename Opened>
void look_at_leader(Opened& opened, const std::filesystem::path& folder, std::int32_t schema, WallUs now) {
  opened.leader_file.emplace(folder);
  const auto row = found_row(opened.db);
  const auto known = opened.leader_file->read();
  if (known) opened.led = *known;
  // Workers go on refusing those before the last leader that they have heard, whatever has become of the database.
  // Where a new folder's own worker was the quicker one, its first leader has such a number too: it need only be higher.
  std::error_code error;
  const bool had_workers = !known && std::filesystem::exists(folder / "workers", error);
  if (had_workers) opened.led.epoch = now / kMinute;
  if (!row) return;  // new
  const bool is_missed = !known && schema >= kFirstSchemaWithLeader;
  opened.was_restored = known && is_restored(*row, *known);
  // The folder of logs is read then alone: it grows with the history, and every start would pay for that.
  const RunNo logged = opened.was_restored || is_missed ? sqlite::last_logged_run(folder) : 0;
  opened.was_restored = opened.was_restored || (is_missed && (logged > 0 || had_workers));
  if (!opened.was_restored) return;
  opened.led.store_id = row->store_id;
  opened.led.epoch = std::max({opened.led.epoch, row->leader_epoch, known ? 0 : now / kMinute});
  opened.led.runs_below = std::max({opened.led.runs_below, row->last_run_no, logged});
  opened.led.attempts_above = std::max(opened.led.attempts_above, static_cast<Epoch>(now / kMinute));
  opened.seq = now / kMinute * kChangesPerMinute;
  // Before the database says that it is no copy any more: who dies between the two finds it a copy once more.
  static_cast<void>(opened.leader_file->write(opened.led, true));
}

/// Raises the leader's epoch and marks the file as open, in one transaction; fills what the row says. `seq` and
/// `last_run_no` are written only when rows go away, so the rows that are there may know more.
template <typename Opened>
Status take_leadership(Opened& opened, Loop& loop) {
  constexpr char kTake[] =
      "INSERT INTO store (id, store_id, created_at, leader_epoch, seq, last_run_no, is_clean)"
      " VALUES (1, ?, ?, ?3 + 1, ?4, ?5, 0)"
      " ON CONFLICT DO UPDATE SET leader_epoch = max(leader_epoch, ?3) + 1, is_clean = 0,"
      " kept_seq = max(kept_seq, ?4), seq = max(seq, ?4, (SELECT coalesce(max(seq), 0) FROM dag_run),"
      // The term of the partial index, word by word: without it the whole table is read, at every start.
      " (SELECT coalesce(max(seq), 0) FROM task_instance WHERE seq IS NOT NULL)),"
      " last_run_no = max(last_run_no, ?5, (SELECT coalesce(max(run_no), 0) FROM dag_run))"
      " RETURNING store_id, leader_epoch, seq, last_run_no";
  int rc = sqlite::kOk;
  auto take = opened.db.prepare(kTake, &rc, false);
  const std::string fresh_id = random_uuid(loop);
  if (rc == sqlite::kOk) rc = take.start_with(std::string_view(fresh_id), loop.wall_now(), opened.led.epoch, opened.seq,
                                              opened.led.runs_below).step();
  if (rc != sqlite::kRow) return opened.db.error("the state cannot be opened for writing", rc);
  opened.store_id = take.string(0);
  opened.leader_epoch = take.integer(1);
  opened.seq = take.integer(2);
  opened.last_run_no = take.integer(3);
  rc = take.finish_row();
  if (rc != sqlite::kOk) return opened.db.error("the state cannot be opened for writing", rc);
  return Unit{};
}

}  // namespace

Result<std::unique_ptr<SqliteStore>> SqliteStore::open_for_writing(const std::filesystem::path& folder, Loop& loop,
                                                                   const StoreOptions& options) {
  const std::string path = database_path(folder).string();
  if (Status local = refuse_network_filesystem(folder); !local) return local.error();
  if (Status own = refuse_foreign_owner(path); !own) return own.error();
  if (Status made = make_private_file(path); !made) return made.error();
  return open(path, loop, options, options.vfs == nullptr ? folder : std::filesystem::path());
}

Result<std::unique_ptr<SqliteStore>> SqliteStore::open_in_memory(Loop& loop, StoreOptions options) {
  options.inline_writer = true;
  return open(":memory:", loop, options, {});
}

Result<std::unique_ptr<SqliteStore>> SqliteStore::open(const std::string& path, Loop& loop,
                                                       const StoreOptions& options,
                                                       const std::filesystem::path& folder) {
  sqlite::OpenOptions connection;
  connection.vfs = options.vfs;
  connection.cache_kib = options.cache_kib;
  connection.sync_normal = options.sync_normal;
  auto db = Database::open(path, connection);
  if (!db) return db.error();
  Opened opened{std::move(*db), path};
  const auto migrations = options.migrations.empty() ? sqlite::known_migrations() : options.migrations;
  const auto version = sqlite::schema_version(opened.db, static_cast<std::int32_t>(migrations.size()));
  if (!version) return version.error();
  if (*version > 0) {
    if (Status sound = check_after_unclean_end(opened.db, path, options, opened.wants_check); !sound) {
      opened.db.leave_wal_at_close();
      return sound.error();
    }
  }
  const std::string backup = path + ".schema" + std::to_string(*version) + ".bak";
  // The first schema need not be synced by itself: the sync of take_leadership() covers it.
  const auto sync = options.sync_normal ? sqlite::Sync::normal : sqlite::Sync::full;
  opened.db.set_sync(*version == 0 ? sqlite::Sync::off : sync);
  if (Status migrated = sqlite::migrate(opened.db, migrations, path == ":memory:" ? "" : backup, options.vfs);
      !migrated) {
    return migrated.error();
  }
  if (const int rc = opened.db.set_sync(sync); rc != sqlite::kOk) return opened.db.error("cannot open " + path, rc);
  if (!folder.empty()) look_at_leader(opened, folder, *version, loop.wall_now());
  if (Status taken = take_leadership(opened, loop); !taken) return taken.error();
  if (opened.leader_file) {
    opened.led = {opened.store_id, opened.leader_epoch, opened.last_run_no, opened.led.attempts_above};
    static_cast<void>(opened.leader_file->write(opened.led, false));
  }
  return std::unique_ptr<SqliteStore>(new SqliteStore(std::move(opened), loop, options));
}

SqliteStore::SqliteStore(Opened opened, Loop& loop, const StoreOptions& options)
    : loop_(loop),
      options_(options),
      path_(std::move(opened.path)),
      store_id_(std::move(opened.store_id)),
      leader_epoch_(opened.leader_epoch),
      wants_check_(opened.wants_check),
      last_run_no_(opened.last_run_no),
      was_restored_(opened.was_restored),
      leader_file_(std::move(opened.leader_file)),
      led_(std::move(opened.led)),
      newest_run_(opened.last_run_no),
      db_(std::move(opened.db)),
      wal_frames_(std::make_unique<std::int64_t>(0)),
      wal_frame_bytes_(db_.wal_frame_bytes()),
      writer_(std::make_unique<sqlite::BatchWriter>(db_, leader_epoch_, opened.seq)),
      generation_(std::make_shared<std::atomic<std::uint64_t>>(1)),
      is_alive_(std::make_shared<bool>(true)),
      queue_(options.queue_depth_max),
      reads_queue_(options.queue_depth_max) {
  db_.watch_wal(wal_frames_.get());
  if (!options_.inline_writer) thread_ = std::thread([this] { run_writer(); });
}

SqliteStore::~SqliteStore() {
  stop();
  *is_alive_ = false;
}

void SqliteStore::stop() {
  if (is_stopped_) return;
  is_stopped_ = true;
  if (options_.inline_writer) process_inline();
  queue_.close();
  reads_queue_.close();
  if (thread_.joinable()) thread_.join();
  if (reads_thread_.joinable()) reads_thread_.join();
  {
    const std::lock_guard held(reads_mutex_);
    reads_.reset();  // before the writing connection, which settles the log
  }
  close_database();
}

/// Marks the end as clean. The mark need not be synced by itself: if it is lost, the next start checks once more. A
/// short WAL stays beside the database, where the next run goes on with it: a small run should not pay for a
/// checkpoint.
void SqliteStore::close_database() {
  bool is_sound = !writer_->is_broken();
  if (is_sound) {
    is_sound = db_.set_sync(sqlite::Sync::normal) == sqlite::kOk &&
               db_.prepare("UPDATE store SET is_clean = 1 WHERE leader_epoch = ?").run(leader_epoch_) == sqlite::kOk;
  }
  if (is_sound && leader_file_) {
    led_.runs_below = newest_run_;  // exact again: nothing is passed over by the next one
    static_cast<void>(leader_file_->write(led_, false));
  }
  const bool is_short = wal_bytes() < std::min(kIdleCheckpointBytes, options_.checkpoint_bytes);
  if (!is_sound || is_short) db_.leave_wal_at_close();
  writer_.reset();  // its statements, before their connection
  const Database closed = std::move(db_);
}

// ---- the loop's side ----

void SqliteStore::commit(Batch batch, OnCommitted done) {
  has_written_ = true;
  QueuedItem item = QueuedCommit{std::move(batch), std::move(done), generation_->load(std::memory_order_relaxed)};
  if (is_stopped_ || !queue_.push(item)) {
    std::vector<Answer> refused;
    refused.push_back({std::move(std::get<QueuedCommit>(item).done), {CommitOutcome::rolled_back, 0, {}}});
    answer(std::move(refused));
    return;
  }
  if (!options_.inline_writer || inline_is_posted_) return;
  inline_is_posted_ = true;
  loop_.post([this, alive = is_alive_] {
    if (*alive) process_inline();
  });
}

/// On the loop's thread, where the writer has nothing to do: what it is given later comes later.
void SqliteStore::commit_now(Batch batch, OnCommitted done) {
  has_written_ = true;
  std::unique_lock held(writer_mutex_, std::try_to_lock);
  if (options_.inline_writer || is_stopped_ || !held.owns_lock() || !queue_.is_empty()) {
    if (held.owns_lock()) held.unlock();
    return commit(std::move(batch), std::move(done));
  }
  std::vector<QueuedItem> one;
  one.emplace_back(QueuedCommit{std::move(batch), std::move(done), generation_->load(std::memory_order_relaxed)});
  const bool was_short = wal_bytes() < kIdleCheckpointBytes;
  work(std::move(one));
  if (was_short && wal_bytes() >= kIdleCheckpointBytes) queue_.wake();  // to look for an idle moment from now on
}

RunNo SqliteStore::next_run_no() {
  return last_run_no_.fetch_add(1, std::memory_order_relaxed) + 1;
}

void SqliteStore::answer(std::vector<Answer> answers) {
  if (answers.empty()) return;
  loop_.post([answers = std::move(answers), generation = generation_] {
    for (const auto& a : answers) {
      // From here on the engine knows: what it offers now is a new beginning.
      if (a.how.outcome == CommitOutcome::rolled_back) generation->fetch_add(1, std::memory_order_relaxed);
      a.done(a.how);
    }
  });
}

// ---- the writer's side ----

void SqliteStore::run_writer() {
  while (wait_for_work()) {
  }
}

/// One round of the writer's thread; false when there will be none any more.
bool SqliteStore::wait_for_work() {
  std::unique_lock held(writer_mutex_);
  const bool wants_idle = wal_bytes() >= kIdleCheckpointBytes;
  const std::uint64_t rounds_before = rounds_;
  held.unlock();
  queue_.wait(wants_idle ? kIdle : std::chrono::milliseconds(0));
  held.lock();
  auto items = queue_.take();
  if (!items.empty()) {
    work(std::move(items));
    return true;
  }
  if (queue_.is_closed()) return false;
  if (wants_idle && rounds_ == rounds_before) checkpoint_if_due(true);
  return true;
}

/// Before they are durable, so that whoever finds an older copy in this place passes their numbers over.
void SqliteStore::reserve_runs(std::span<const Batch* const> batches) {
  if (!leader_file_) return;
  for (const Batch* batch : batches) {
    for (const Part& part : batch->parts) {
      for (const RunCreation& made : part.creations) newest_run_ = std::max(newest_run_, made.run.run_no);
    }
  }
  if (newest_run_ <= led_.runs_below) return;
  led_.runs_below = newest_run_ + kRunsReserved;
  static_cast<void>(leader_file_->write(led_, true));
}

/// Writes, and looks after the log. The caller holds the writer.
void SqliteStore::work(std::vector<QueuedItem> items) {
  ++rounds_;
  process(std::move(items));
  checkpoint_if_due(false);
  if (!writer_->is_broken()) wal_space_.reserve(db_, wal_bytes());
}

void SqliteStore::process_inline() {
  inline_is_posted_ = false;
  work(queue_.take());
}

void SqliteStore::process(std::vector<QueuedItem> items) {
  std::vector<Answer> answers;
  std::vector<QueuedCommit> group;
  const auto write = [&] {
    write_group(group, answers);
    answer(std::exchange(answers, {}));
    group.clear();
  };
  for (auto& item : items) {
    if (auto* commit = std::get_if<QueuedCommit>(&item)) {
      group.push_back(std::move(*commit));
      if (group.size() == kGroupMax) write();
      continue;
    }
    write();
    std::get<QueuedTask>(item).run();
  }
  write();
}

void SqliteStore::write_group(std::span<QueuedCommit> group, std::vector<Answer>& answers) {
  std::vector<const Batch*> batches;
  std::vector<CommitDone> answered;
  for (const auto& commit : group) {
    if (commit.generation > refused_generation_) batches.push_back(&commit.batch);
  }
  reserve_runs(batches);
  if (!batches.empty()) answered = writer_->apply(batches);
  std::size_t written = 0;
  bool rolls_back = false;
  for (auto& commit : group) {
    const bool is_refused = commit.generation <= refused_generation_;
    CommitDone how{CommitOutcome::rolled_back, 0, {}};
    if (!is_refused) how = std::move(answered[written++]);
    rolls_back = rolls_back || (!is_refused && how.outcome == CommitOutcome::rolled_back);
    answers.push_back({std::move(commit.done), std::move(how)});
  }
  if (rolls_back) refused_generation_ = group.back().generation;
}

void SqliteStore::checkpoint_if_due(bool is_idle) {
  const std::int64_t due = is_idle ? kIdleCheckpointBytes : options_.checkpoint_bytes;
  if (wal_bytes() < due || writer_->is_broken()) return;
  const int rc = db_.checkpoint(false);
  *wal_frames_ = 0;  // told anew by the next commit
  if (rc != sqlite::kOk) writer_->note_failure(rc);
}

bool SqliteStore::run_on_writer(const std::function<void()>& task) {
  if (is_stopped_) return false;
  if (options_.inline_writer) {
    task();
    return true;
  }
  std::promise<void> finished;
  QueuedItem item = QueuedTask{[&] {
    task();
    finished.set_value();
  }};
  if (!queue_.push(item)) return false;
  finished.get_future().wait();
  return true;
}

// ---- reads and maintenance ----

namespace {
const Error kStopped{"the store is closed", ErrorKind::storage};
}

Status SqliteStore::run_read(const std::function<void(Database&)>& read) {
  if (is_stopped_) return kStopped;
  if (options_.inline_writer) {
    read(db_);
    return Unit{};
  }
  if (!has_written_) {
    const std::lock_guard held(writer_mutex_);
    read(db_);
    return Unit{};
  }
  const std::lock_guard held(reads_mutex_);
  if (!reads_) {
    sqlite::OpenOptions connection;
    connection.access = sqlite::Access::read;
    connection.vfs = options_.vfs;
    auto opened = Database::open(path_, connection);
    if (!opened) return opened.error();
    reads_.emplace(std::move(*opened));
  }
  read(*reads_);
  return Unit{};
}

Result<std::vector<RunNo>> SqliteStore::unfinished_runs() {
  Result<std::vector<RunNo>> result = kStopped;
  if (Status ran = run_read([&](Database& db) { result = sqlite::unfinished_runs(db); }); !ran) return ran.error();
  return result;
}

Status SqliteStore::waiting_runs(const OnRow& each) {
  Status result = kStopped;
  if (Status ran = run_read([&](Database& db) { result = sqlite::waiting_runs(db, each); }); !ran) return ran;
  return result;
}

Status SqliteStore::live_runs(const OnRun& each) {
  Status result = kStopped;
  if (Status ran = run_read([&](Database& db) { result = sqlite::live_runs(db, each); }); !ran) return ran;
  return result;
}

Result<RunSnapshot> SqliteStore::load_run(RunNo run_no) {
  Result<RunSnapshot> result = kStopped;
  if (Status ran = run_read([&](Database& db) { result = sqlite::load_run(db, run_no); }); !ran) return ran.error();
  return result;
}

Result<std::unordered_map<std::string, DurationUs>> SqliteStore::mean_durations(const std::string& dag_id) {
  Result<std::unordered_map<std::string, DurationUs>> result = kStopped;
  if (Status ran = run_read([&](Database& db) { result = sqlite::mean_durations(db, dag_id); }); !ran) {
    return ran.error();
  }
  return result;
}

Result<Variables> SqliteStore::variables() {
  Result<Variables> result = kStopped;
  const auto read = [&](Database& db) {
    int code = sqlite::kOk;
    sqlite::Statement query = db.prepare("SELECT name, value FROM variable", &code, false);
    Variables found;
    if (code == sqlite::kOk) {
      query.start();
      for (code = query.step(); code == sqlite::kRow; code = query.step()) found.emplace(query.string(0), query.string(1));
    }
    result = code == sqlite::kDone ? Result<Variables>{std::move(found)} : db.error("the variables cannot be read", code);
  };
  if (Status ran = run_read(read); !ran) return ran.error();
  return result;
}

Result<std::vector<BreakerRow>> SqliteStore::breakers() {
  Result<std::vector<BreakerRow>> result = kStopped;
  if (Status ran = run_read([&](Database& db) { result = sqlite::all_breakers(db); }); !ran) return ran.error();
  return result;
}

Result<std::vector<TaskStateRow>> SqliteStore::task_states() {
  Result<std::vector<TaskStateRow>> result = kStopped;
  if (Status ran = run_read([&](Database& db) { result = sqlite::all_task_states(db); }); !ran) return ran.error();
  return result;
}

Result<std::vector<ChildRow>> SqliteStore::owed_children() {
  Result<std::vector<ChildRow>> result = kStopped;
  const auto read = [&](Database& db) {
    int rc = sqlite::kOk;
    std::vector<ChildRow> rows;
    sqlite::Statement select = db.prepare(
        "SELECT run_no, instance_no, epoch, child_no, dag_id, run_id, created_at, state FROM started_run"
        " WHERE state < 2 ORDER BY child_no", &rc, false);
    while (rc == sqlite::kOk && (rc = select.step()) == sqlite::kRow) {
      rows.push_back({select.integer(0), select.small(1), select.small(2), select.integer(3), select.string(4),
                      select.string(5), select.integer(6), static_cast<ChildState>(select.integer(7))});
      rc = sqlite::kOk;
    }
    result = rc == sqlite::kDone ? Result<std::vector<ChildRow>>(std::move(rows))
                                 : db.error("the runs that tasks have started cannot be read", rc);
  };
  if (Status ran = run_read(read); !ran) return ran.error();
  return result;
}

Result<std::int64_t> SqliteStore::last_asset_event() {
  Result<std::int64_t> result = kStopped;
  const auto read = [&](Database& db) { result = db.integer("SELECT coalesce(max(last_event_no), 0) FROM asset"); };
  if (Status ran = run_read(read); !ran) return ran.error();
  return result;
}

std::optional<WallUs> SqliteStore::idle_since() {
  std::optional<WallUs> since;
  (void)run_read([&](Database& db) { since = sqlite::last_end(db); });
  return since;
}

Result<Store::AssetTimes> SqliteStore::last_asset_times() {
  Result<AssetTimes> result = kStopped;
  const auto read = [&](Database& db) { result = sqlite::last_asset_times(db); };
  if (Status ran = run_read(read); !ran) return ran.error();
  return result;
}

Result<ServiceSnapshot> SqliteStore::load_service() {
  Result<ServiceSnapshot> result = kStopped;
  run_on_writer([&] { result = sqlite::load_service(db_); });
  return result;
}

Result<VersionRow> SqliteStore::load_version(const std::string& dag_id, const std::string& version) {
  Result<VersionRow> result = kStopped;
  const auto read = [&](Database& db) { result = sqlite::load_version(db, dag_id, version); };
  if (Status ran = run_read(read); !ran) return ran.error();
  // What has just been put and is not written yet is seen behind it, by the writer alone. Asked there for each of ten
  // thousand DAGs that are due at once, it would spend as long on that as on their rows.
  if (!result && result.error().kind == ErrorKind::not_found) run_on_writer([&] { read(db_); });
  return result;
}

void SqliteStore::find_cached(const std::string& dag_id, const std::string& task_id, const std::string& key,
                              const std::string& spec_hash, WallUs now,
                              std::function<void(std::optional<CacheRow>)> done) {
  auto look_up = [this, dag_id, task_id, key, spec_hash, now, done = std::move(done)] {
    std::optional<CacheRow> found;  // a cache that cannot be read misses
    (void)run_read([&](Database& db) { found = sqlite::find_cached(db, dag_id, task_id, key, spec_hash, now); });
    loop_.post([done, found = std::move(found)] { done(found); });
  };
  read_beside(std::move(look_up));
}

void SqliteStore::find_past(const std::string& dag_id, WallUs date, std::vector<std::string> tasks, OnPast done) {
  read_beside([this, dag_id, date, tasks = std::move(tasks), done = std::move(done)] {
    Result<std::vector<std::string>> held = Error{"it was not read", ErrorKind::storage};
    (void)run_read([&](Database& db) { held = sqlite::find_past(db, dag_id, date, tasks); });
    loop_.post([done, held = std::move(held)] { done(held); });
  });
}

/// On the thread for reads, or here where the writer is inline.
void SqliteStore::read_beside(std::function<void()> read) {
  QueuedItem item = QueuedTask{std::move(read)};
  if (options_.inline_writer && !is_stopped_) {
    std::get<QueuedTask>(item).run();
  } else if (is_stopped_ || !reads_queue_.push(item)) {
    BATON_CHECK(is_stopped_);
  } else if (!reads_thread_.joinable()) {
    reads_thread_ = std::thread([this] { run_reads(); });
  }
}

void SqliteStore::run_reads() {
  while (true) {
    reads_queue_.wait(std::chrono::milliseconds(0));
    auto items = reads_queue_.take();
    if (items.empty() && reads_queue_.is_closed()) return;
    for (QueuedItem& item : items) std::get<QueuedTask>(item).run();
  }
}

Result<PruneResult> SqliteStore::prune(const PruneRule& rule) {
  PruneResult total;
  while (true) {
    Result<PruneResult> part = kStopped;
    run_on_writer([&] {
      if (writer_->is_broken()) return;
      int rc = sqlite::kOk;
      part = sqlite::prune_some(db_, rule, {writer_->take_seq(), last_run_no_.load(), loop_.wall_now()}, rc);
      writer_->note_failure(rc);
      writer_->forget_numbers();
    });
    if (!part) return part.error();
    total.runs += part->runs;
    total.versions += part->versions;
    if (part->runs == 0) return total;
  }
}

Result<std::int64_t> SqliteStore::prune_service(WallUs before) {
  std::int64_t total = 0;
  while (true) {
    const Result<std::int64_t> part = prune_service_some(OldRows::all_before(before));
    if (!part) return part.error();
    total += *part;
    if (*part == 0) return total;
  }
}

Result<std::int64_t> SqliteStore::prune_service_some(const OldRows& old) {
  return maintain([&](int& rc) { return sqlite::prune_service(db_, old, rc); });
}

Result<std::int64_t> SqliteStore::prune_versions(const std::string& dag_id) {
  return maintain([&](int& rc) { return sqlite::prune_versions(db_, dag_id, rc); });
}

/// A transaction that is no batch, in its turn.
Result<std::int64_t> SqliteStore::maintain(const std::function<Result<std::int64_t>(int& rc)>& transaction) {
  Result<std::int64_t> result = kStopped;
  run_on_writer([&] {
    if (writer_->is_broken()) return;
    int rc = sqlite::kOk;
    result = transaction(rc);
    writer_->note_failure(rc);
    writer_->forget_numbers();
  });
  return result;
}

Status SqliteStore::back_up(const std::string& path) {
  Status result = kStopped;
  run_on_writer([&] { result = sqlite::backup_to(db_, path, options_.vfs); });
  return result;
}

Status SqliteStore::check_copy() {
  const std::string copy = path_ + ".check";
  if (Status made = back_up(copy); !made) return made;
  Status result = sqlite::check_file(copy, true, options_.vfs);
  for (const char* suffix : {"", "-wal", "-shm"}) std::remove((copy + suffix).c_str());
  return result;
}

Status SqliteStore::checkpoint() {
  int rc = sqlite::kOk;
  if (!run_on_writer([&] {
        rc = db_.checkpoint(true);
        if (rc != sqlite::kOk) writer_->note_failure(rc);
      })) {
    return kStopped;
  }
  if (rc == sqlite::kOk) return Unit{};
  return Error{"the write-ahead log could not be written back", ErrorKind::storage};
}

std::string SqliteStore::what_broke() {
  std::string what;
  run_on_writer([&] { what = writer_->what_broke(); });
  return what;
}

}  // namespace baton
