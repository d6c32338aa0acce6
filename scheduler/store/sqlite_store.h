// SqliteStore: the Store of one machine. One thread at a time, who holds the mutex, writes over the one writing
// connection, in groups and with synchronous=FULL: everything queued becomes one transaction and one fsync. That is the
// writer's thread, or in commit_now() the loop's. Owned by the program, used by the loop.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "scheduler/engine/loop.h"
#include "scheduler/engine/service_store.h"
#include "scheduler/engine/store.h"
#include "scheduler/store/batch_writer.h"
#include "scheduler/store/leader_file.h"
#include "scheduler/store/migrations.h"
#include "scheduler/store/retention.h"
#include "scheduler/store/sqlite_db.h"
#include "scheduler/store/wal_space.h"
#include "scheduler/store/write_queue.h"

namespace baton {

struct StoreOptions {
  /// Transactions run on the loop's thread, in a posted call: for the simulator and for stores in memory.
  bool inline_writer = false;
  std::size_t queue_depth_max = 65'536;     ///< batches; beyond it a commit is rolled back
  std::int32_t cache_kib = 8'192;           ///< of the writing connection
  std::int64_t check_bytes_max = 64 << 20;  ///< after an unclean end, larger files are not checked before the start
  std::int64_t checkpoint_bytes = 60 << 20;  ///< a WAL of this size is written back even when there is work
  // For tests:
  const char* vfs = nullptr;
  bool sync_normal = false;                            ///< acknowledged commits may be lost with the power
  std::span<const sqlite::Migration> migrations = {};  ///< empty: the known ones
};

/// Told to whoever opens a folder that was_restored().
inline constexpr char kRestoredNotice[] =
    "this state folder has been put back from a copy: runs and attempts that came after it are not known here; those that "
    "a worker still holds are stopped, and numbers go on above theirs";

class SqliteStore final : public Store, public ServiceStore {
 public:
  /// Opens or makes `<folder>/baton.db` for writing: checks, migrates, raises the leader's epoch. The folder exists and
  /// its lock is the caller's (StateFolder). `loop` outlives what it was given by post(); stop() must come before its
  /// end. Errors: code 2 for a file that must not be opened (foreign, newer, network), 70 for a damaged or unreadable
  /// one; its files are then left as they are.
  static Result<std::unique_ptr<SqliteStore>> open_for_writing(const std::filesystem::path& folder, Loop& loop,
                                                               const StoreOptions& options = {});
  /// A store that dies with the process; always with an inline writer.
  static Result<std::unique_ptr<SqliteStore>> open_in_memory(Loop& loop, StoreOptions options = {});

  ~SqliteStore() override;  ///< stop()
  SqliteStore(const SqliteStore&) = delete;
  SqliteStore& operator=(const SqliteStore&) = delete;

  /// Finishes what is queued (each `done` is posted), marks the file as closed in good order, and closes it. A commit
  /// that comes later is rolled back. Idempotent.
  void stop();

  /// After a full disk every batch given before the first `done(rolled_back)` ran is rolled back too, in order: what
  /// was offered later never becomes durable before what was offered earlier.
  void commit(Batch batch, OnCommitted done) override;
  void commit_now(Batch batch, OnCommitted done) override;
  RunNo next_run_no() override;
  [[nodiscard]] RunNo last_run_no() const { return last_run_no_.load(); }  ///< that was given
  [[nodiscard]] const std::string& store_id() const override { return store_id_; }
  [[nodiscard]] std::int64_t leader_epoch() const override { return leader_epoch_; }
  [[nodiscard]] Epoch attempts_above() const override { return led_.attempts_above; }
  /// The database has been put back from a copy since it was last open here: numbers have been passed over, streams of
  /// events begin anew, and what a worker holds that the copy does not know is stopped.
  [[nodiscard]] bool was_restored() const { return was_restored_; }
  [[nodiscard]] Result<std::vector<RunNo>> unfinished_runs() override;
  [[nodiscard]] Status waiting_runs(const OnRow& each) override;
  [[nodiscard]] Status live_runs(const OnRun& each) override;
  [[nodiscard]] Result<RunSnapshot> load_run(RunNo run_no) override;
  [[nodiscard]] Result<Variables> variables() override;
  [[nodiscard]] Result<std::vector<BreakerRow>> breakers() override;
  [[nodiscard]] Result<std::vector<TaskStateRow>> task_states() override;
  [[nodiscard]] std::optional<WallUs> idle_since() override;
  [[nodiscard]] Result<std::int64_t> last_asset_event() override;
  [[nodiscard]] Result<std::vector<ChildRow>> owed_children() override;
  [[nodiscard]] Result<AssetTimes> last_asset_times() override;
  [[nodiscard]] Result<std::unordered_map<std::string, DurationUs>> mean_durations(const std::string& dag_id) override;
  void find_past(const std::string& dag_id, WallUs date, std::vector<std::string> tasks, OnPast done) override;
  void find_cached(const std::string& dag_id, const std::string& task_id, const std::string& key,
                   const std::string& spec_hash, WallUs now,
                   std::function<void(std::optional<CacheRow>)> done) override;

  [[nodiscard]] Result<ServiceSnapshot> load_service() override;
  [[nodiscard]] Result<VersionRow> load_version(const std::string& dag_id, const std::string& version) override;

  // Maintenance. Each blocks until it is done: never on the loop's thread, unless the writer is inline.

  /// Deletes finished runs with all that belongs to them, a limited number in one transaction, so that commits go on
  /// in between.
  [[nodiscard]] Result<PruneResult> prune(const PruneRule& rule);
  /// Deletes what the service has left behind and is over since before `before`; how many rows.
  [[nodiscard]] Result<std::int64_t> prune_service(WallUs before);
  /// The same in one limited transaction, for who leaves room for others in between; 0: nothing is left.
  [[nodiscard]] Result<std::int64_t> prune_service_some(const OldRows& old);
  /// One limited transaction: versions of a DAG that nothing refers to any more; 0: nothing is left.
  [[nodiscard]] Result<std::int64_t> prune_versions(const std::string& dag_id);
  /// A whole, synced copy of the database at `path` (0600).
  [[nodiscard]] Status back_up(const std::string& path);
  /// integrity_check on a copy, which is deleted afterwards.
  [[nodiscard]] Status check_copy();
  [[nodiscard]] Status checkpoint();

  /// The last run did not end in good order and the file was too large to be checked before the start: check it while
  /// the engine runs, with check_copy().
  [[nodiscard]] bool wants_check() const { return wants_check_; }
  /// After an outcome `unknown`: what happened, for the message before exit 70. Empty: nothing did.
  [[nodiscard]] std::string what_broke();

 private:
  struct Opened;
  struct Answer {
    OnCommitted done;
    CommitDone how;
  };
  SqliteStore(Opened opened, Loop& loop, const StoreOptions& options);

  /// `folder` empty: nothing is remembered beside the database.
  static Result<std::unique_ptr<SqliteStore>> open(const std::string& path, Loop& loop, const StoreOptions& options,
                                                   const std::filesystem::path& folder);

  void reserve_runs(std::span<const Batch* const> batches);
  void run_writer();
  bool wait_for_work();
  void work(std::vector<sqlite::QueuedItem> items);
  void process(std::vector<sqlite::QueuedItem> items);
  void process_inline();
  void write_group(std::span<sqlite::QueuedCommit> group, std::vector<Answer>& answers);
  void answer(std::vector<Answer> answers);
  void checkpoint_if_due(bool is_idle);
  [[nodiscard]] std::int64_t wal_bytes() const { return *wal_frames_ * wal_frame_bytes_; }
  void close_database();
  /// Runs `task` on the writer's thread, in its turn, and waits; false after stop().
  bool run_on_writer(const std::function<void()>& task);
  Result<std::int64_t> maintain(const std::function<Result<std::int64_t>(int& rc)>& transaction);
  /// Runs `read` on this thread with a connection that nobody writes through: one for all reads, or, as long as this
  /// process has written nothing, the writer's (to open another costs a small run more than all that it reads). `read`
  /// sees all that was answered, and may not call the store. Error: there is no such connection.
  Status run_read(const std::function<void(sqlite::Database&)>& read);
  void run_reads();
  void read_beside(std::function<void()> read);

  Loop& loop_;
  const StoreOptions options_;
  const std::string path_;
  const std::string store_id_;
  const std::int64_t leader_epoch_;
  const bool wants_check_;
  std::atomic<RunNo> last_run_no_;
  const bool was_restored_;
  const std::optional<sqlite::LeaderFile> leader_file_;
  sqlite::Leadership led_;  ///< as the file says; `runs_below` is the writer's
  RunNo newest_run_;        ///< that has been written; the writer's

  // The writer's: its thread's, or in commit_now() the loop's; whoever holds the mutex.
  std::mutex writer_mutex_;
  std::uint64_t rounds_ = 0;              ///< of work, so that an idle time can be told from a busy one
  sqlite::Database db_;
  std::unique_ptr<std::int64_t> wal_frames_;
  const std::int64_t wal_frame_bytes_;
  std::unique_ptr<sqlite::BatchWriter> writer_;
  sqlite::WalSpace wal_space_;
  std::mutex reads_mutex_;
  std::optional<sqlite::Database> reads_;  ///< opened when first needed; whoever holds reads_mutex_
  std::uint64_t refused_generation_ = 0;  ///< batches up to this one are rolled back unseen

  /// Rises on the loop's thread when a rollback has been reported there. Shared with what is posted, which may run
  /// after the store is gone.
  std::shared_ptr<std::atomic<std::uint64_t>> generation_;
  std::shared_ptr<bool> is_alive_;  ///< loop thread: guards posted inline work
  bool inline_is_posted_ = false;
  bool is_stopped_ = false;
  sqlite::WriteQueue queue_;
  std::thread thread_;
  std::atomic<bool> has_written_ = false;
  sqlite::WriteQueue reads_queue_;        ///< what the loop asks for without waiting
  std::thread reads_thread_;              ///< begins with the first of them
};

}  // namespace baton
