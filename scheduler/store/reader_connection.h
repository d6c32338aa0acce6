// The connection behind a SqliteReader, and what its parts share: snapshots, statements, errors, the shapes of the
// joined rows. Included by the .cpp files of the reader alone. One thread at a time.
#pragma once

#include <compare>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "scheduler/store/page_walk.h"
#include "scheduler/store/row_reading.h"
#include "scheduler/store/sqlite_db.h"
#include "scheduler/store/sqlite_reader.h"

namespace baton::sqlite {

/// What a list shows of a row that failed its checksum; any other error is one.
inline bool is_damage(const Error& error) {
  return error.kind == ErrorKind::storage;
}

/// A task instance by its numbers.
struct InstanceKey {
  RunNo run_no = 0;
  InstanceNo instance_no = 0;
  auto operator<=>(const InstanceKey&) const = default;
};

class ReaderConnection {
 public:
  ReaderConnection(Database db, std::string path) : db_(std::move(db)), path_(std::move(path)) {}

  /// From begin_snapshot() to its end_snapshot() all reads see the same state. Pairs nest: the outermost decides.
  void begin_snapshot() {
    if (snapshots_++ == 0) (void)db_.lend("BEGIN").run();
  }
  void end_snapshot() {
    if (--snapshots_ == 0) (void)db_.lend("COMMIT").run();
  }
  /// All reads between its making and its end see the same state.
  class Snapshot {
   public:
    explicit Snapshot(ReaderConnection& connection) : connection_(connection) { connection_.begin_snapshot(); }
    ~Snapshot() { connection_.end_snapshot(); }
    Snapshot(const Snapshot&) = delete;
    Snapshot& operator=(const Snapshot&) = delete;

   private:
    ReaderConnection& connection_;
  };

  [[nodiscard]] const std::string& path() const { return path_; }
  /// How far deletions had come when there were more task instances than are counted; none: nobody has looked, or there
  /// were fewer.
  std::optional<std::int64_t>& many_instances_as_of() { return many_instances_as_of_; }
  /// Of versions that were asked for: whether a task names a pool or takes more than one slot.
  std::map<std::int64_t, bool>& versions_with_pools() { return versions_with_pools_; }
  [[nodiscard]] const std::string& store_id() const { return store_id_; }
  /// Once, before anything else; `missing` where the store has none.
  Status read_store_id(const Error& missing);

  /// Binds `values`, calls `each(statement)` (a Status) for every row. Prepared once.
  template <typename Each, typename... Values>
  Status query(const std::string& sql, const Each& each, const Values&... values) {
    return with_statement(sql, [&](Statement& statement) {
      statement.start_with(values...);
      return step_all(statement, each);
    });
  }
  template <typename Each>
  Status query(const Query& query, const Each& each) {
    return with_statement(query.sql, [&](Statement& statement) {
      statement.start();
      for (const auto& value : query.values) {
        if (const auto* text = std::get_if<std::string>(&value)) {
          statement.bind(std::string_view(*text));
        } else {
          statement.bind(std::get<std::int64_t>(value));
        }
      }
      return step_all(statement, each);
    });
  }
  /// The integers in the first column.
  template <typename Sql, typename... Values>
  Result<std::vector<std::int64_t>> integers(const Sql& sql, const Values&... values) {
    std::vector<std::int64_t> found;
    const auto take = [&](const Statement& row) -> Status {
      found.push_back(row.integer(0));
      return Unit{};
    };
    if (Status read = query(sql, take, values...); !read) return read.error();
    return found;
  }

  /// A run alone: what is wrong with it is the error.
  Result<RunView> run(RunNo run_no);
  /// The runs of these numbers, in their order; what is wrong with one is its `damage`.
  Result<std::vector<RunView>> runs(const std::vector<RunNo>& numbers);
  /// The task instances of these numbers, in their order; what is wrong with one is its `damage`.
  Result<std::vector<InstanceView>> instances(const std::vector<InstanceKey>& keys);
  /// Their numbers: the first two columns.
  Result<std::vector<InstanceKey>> instance_keys(const Query& query);
  /// Tries by `where`.
  Result<std::vector<TryView>> tries(const Query& where);
  /// The number of a DAG; 0: there is none.
  Result<std::int64_t> dag_no(const std::string& dag_id);
  /// The seq of the last transaction that this snapshot sees.
  Result<std::int64_t> seq();
  /// How many rows `from` (FROM … WHERE …) has, counted up to `most` + 1.
  Result<std::int64_t> count(const Query& from, std::int64_t most);

 private:
  static constexpr std::size_t kStatementsMax = 200;

  template <typename Use>
  Status with_statement(const std::string& sql, const Use& use) {
    Statement statement;
    if (auto kept = statements_.extract(sql); !kept.empty()) statement = std::move(kept.mapped());
    if (!statement) {
      int rc = kOk;
      statement = db_.prepare(sql, &rc);
      // One that is no SQL is a mistake of ours, and no damage that a list could go on without.
      if (rc == kError) return Error{"a statement does not compile: " + db_.message(), ErrorKind::internal};
      if (rc != kOk) return db_.error("the state cannot be read", rc);
    }
    Status status = use(statement);
    statement.reset();
    if (statements_.size() >= kStatementsMax) statements_.clear();
    statements_.emplace(sql, std::move(statement));
    return status;
  }
  template <typename Each>
  Status step_all(Statement& statement, const Each& each) {
    int rc = statement.step();
    for (; rc == kRow; rc = statement.step()) {
      if (Status status = each(statement); !status) return status;
    }
    if (rc == kDone) return Unit{};
    return db_.error("the state cannot be read", rc);
  }
  Status read_runs(const std::string& numbers, std::unordered_map<RunNo, RunView>& into);
  Status read_instances(const std::string& keys, std::map<InstanceKey, InstanceView>& into);
  Status read_instances_of(RunNo run_no, const std::string& numbers, std::map<InstanceKey, InstanceView>& into);
  Status read_page(const std::vector<InstanceKey>& keys, std::map<InstanceKey, InstanceView>& into);
  Status take_instance(const Statement& row, std::map<InstanceKey, InstanceView>& into) const;
  InstanceView decode_instance_view(const Statement& row) const;
  TryView decode_try_view(const Statement& row) const;

  Database db_;
  std::string path_, store_id_;
  std::optional<std::int64_t> many_instances_as_of_;
  std::map<std::int64_t, bool> versions_with_pools_;
  int snapshots_ = 0;  ///< begun and not ended
  std::unordered_map<std::string, Statement> statements_;
};

/// A page without its rows: the total by `from`, where it was asked for, and the snapshot's seq.
template <typename Row>
Status finish_page(ReaderConnection& connection, const PageRequest& asked, const Query& from, PageOf<Row>& page) {
  const auto seq = connection.seq();
  if (!seq) return seq.error();
  page.seq = *seq;
  if (!asked.with_total) return Unit{};
  const auto counted = connection.count(from, kTotalMax);
  if (!counted) return counted.error();
  page.total_is_capped = *counted > kTotalMax;
  page.total = page.total_is_capped ? kTotalMax : *counted;
  return Unit{};
}

/// A page of runs, within a snapshot.
Result<RunPage> list_runs(ReaderConnection& connection, const RunQuery& query);
/// Of the page that begins after this run, where the query orders by run_after alone.
std::string key_after(const RunRow& run, const RunQuery& by_run_after);
/// Adds to ` FROM dag_run r …`; `by_order` keeps SQLite from the indexes of DAG and state, where an order is walked.
Status add_run_conditions(ReaderConnection& connection, const RunFilter& filter, bool by_order, Query& into);
/// Whether it lets through what has another property than its DAG and its state.
bool names_more_than_dag_and_state(const RunFilter& filter);
inline constexpr char kRunUpdatedAt[] =
    "max(coalesce(r.ended_at, 0), coalesce(r.started_at, 0), coalesce(r.begun_at, 0), coalesce(r.queued_at, 0))";

}  // namespace baton::sqlite
