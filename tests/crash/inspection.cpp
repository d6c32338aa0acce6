// What the crash tests see of a database, beside the store.
#include <sqlite3.h>

#include <set>

#include "tests/crash/workload.h"

namespace baton::crash {
namespace {

class Connection {
 public:
  Connection(DiskVfs& vfs, const std::string& database) {
    code_ = sqlite3_open_v2(database.c_str(), &db_, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, vfs.name());
    sqlite3_db_config(db_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  }
  ~Connection() { sqlite3_close(db_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Calls `each(statement)` for every row; false when that fails.
  template <typename Each>
  bool query(const std::string& sql, const Each& each) {
    sqlite3_stmt* statement = nullptr;
    code_ = sqlite3_prepare_v2(db_, sql.c_str(), -1, &statement, nullptr);
    if (code_ != SQLITE_OK) return false;
    while ((code_ = sqlite3_step(statement)) == SQLITE_ROW) each(statement);
    sqlite3_finalize(statement);
    return code_ == SQLITE_DONE;
  }
  [[nodiscard]] std::string message() const { return sqlite3_errmsg(db_); }
  [[nodiscard]] std::string text(const std::string& sql) {
    std::string found;
    query(sql, [&](sqlite3_stmt* row) {
      const auto* value = sqlite3_column_text(row, 0);
      if (value != nullptr && found.empty()) found = reinterpret_cast<const char*>(value);
    });
    return found;
  }

 private:
  sqlite3* db_ = nullptr;
  int code_ = SQLITE_OK;
};

/// FNV-1a.
void mix(std::uint64_t& hash, const void* data, std::size_t size) {
  const auto* bytes = static_cast<const unsigned char*>(data);
  for (std::size_t i = 0; i < size; ++i) hash = (hash ^ bytes[i]) * 0x100000001B3ULL;
}

void mix_row(std::uint64_t& hash, sqlite3_stmt* row) {
  for (int c = 0; c < sqlite3_column_count(row); ++c) {
    const int type = sqlite3_column_type(row, c);
    mix(hash, &type, sizeof type);
    const auto* text = sqlite3_column_text(row, c);
    if (text != nullptr) mix(hash, text, static_cast<std::size_t>(sqlite3_column_bytes(row, c)));
  }
}

}  // namespace

std::uint64_t digest(DiskVfs& vfs, const std::string& database, std::string& problem) {
  Connection db(vfs, database);
  const std::string check = db.text("PRAGMA integrity_check");
  if (check != "ok") problem = "integrity_check: " + check + db.message();
  std::vector<std::string> tables;
  if (!db.query("SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'store' ORDER BY name",
                [&](sqlite3_stmt* row) {
                  tables.emplace_back(reinterpret_cast<const char*>(sqlite3_column_text(row, 0)));
                })) {
    problem = db.message();
  }
  if (tables.empty()) return 0;
  std::uint64_t hash = 0xCBF29CE484222325ULL;
  for (const auto& table : tables) {
    mix(hash, table.data(), table.size());
    // By the rows' natural order: they are the same only if they lie in the same order.
    if (!db.query("SELECT * FROM " + table, [&](sqlite3_stmt* row) { mix_row(hash, row); })) problem = db.message();
  }
  return hash;
}

void settle(DiskVfs& vfs, const std::string& database) {
  sqlite3* db = nullptr;
  sqlite3_open_v2(database.c_str(), &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, vfs.name());
  sqlite3_exec(db, "PRAGMA wal_checkpoint(TRUNCATE)", nullptr, nullptr, nullptr);
  sqlite3_close(db);
}

std::string contradictions(DiskVfs& vfs, const std::string& database, SqliteStore& store) {
  Connection db(vfs, database);
  const std::vector<std::pair<const char*, const char*>> rules = {
      {"instances without a run", "SELECT run_no FROM task_instance WHERE run_no NOT IN (SELECT run_no FROM dag_run)"},
      {"runs without instances", "SELECT run_no FROM dag_run WHERE run_no NOT IN (SELECT run_no FROM task_instance)"},
      {"runs without input", "SELECT run_no FROM dag_run WHERE run_no NOT IN (SELECT run_no FROM run_input)"},
      {"tries without a run", "SELECT run_no FROM task_try WHERE run_no NOT IN (SELECT run_no FROM dag_run)"},
      {"gaps between instances",
       "SELECT run_no FROM task_instance GROUP BY run_no HAVING count(*) <> max(instance_no) + 1"},
      {"a success without its try",
       "SELECT t.run_no FROM task_instance t LEFT JOIN task_try y ON y.run_no = t.run_no AND"
       " y.instance_no = t.instance_no AND y.epoch = t.epoch WHERE t.state = 4 AND y.epoch IS NULL"},
      {"a state without its success",
       "SELECT s.run_no FROM task_state s JOIN dag_run r USING (run_no) JOIN task_instance t ON t.run_no = s.run_no"
       " AND t.instance_no = 0 WHERE t.state <> 4"},
      {"a success without its state",
       "SELECT r.run_no FROM dag_run r JOIN task_instance t ON t.run_no = r.run_no AND t.instance_no = 0 AND t.state = 4"
       " JOIN task_state s ON s.dag_no = r.dag_no WHERE r.run_no > s.run_no"},
      {"run_count and runs",
       "SELECT dag_no FROM run_count c WHERE runs <> (SELECT count(*) FROM dag_run r WHERE r.dag_no = c.dag_no"
       " AND r.state = c.state)"},
      {"instances of unknown tasks",
       "SELECT t.run_no FROM task_instance t JOIN dag_run r USING (run_no) LEFT JOIN dag_task k ON"
       " k.version_no = r.version_no AND k.task_no = t.task_no WHERE k.task_no IS NULL"}};
  for (const auto& [rule, sql] : rules) {
    if (!db.text(sql).empty()) return rule;
  }
  std::vector<RunNo> runs;
  db.query("SELECT run_no FROM dag_run", [&](sqlite3_stmt* row) { runs.push_back(sqlite3_column_int64(row, 0)); });
  for (const RunNo run_no : runs) {
    const auto loaded = store.load_run(run_no);
    if (!loaded) return loaded.error().message;
  }
  return "";
}

}  // namespace baton::crash
