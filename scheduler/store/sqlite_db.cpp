#include "scheduler/store/sqlite_db.h"

#include <sqlite3.h>

#include <unordered_map>
#include <utility>

#include "scheduler/model/check.h"

namespace baton::sqlite {

static_assert(kOk == SQLITE_OK && kError == SQLITE_ERROR && kRow == SQLITE_ROW && kDone == SQLITE_DONE);

Failure classify(int code) {
  switch (code & 0xFF) {
    case SQLITE_FULL:
      return Failure::full;
    case SQLITE_BUSY:
    case SQLITE_PROTOCOL:
    case SQLITE_LOCKED:
      return Failure::busy;
    case SQLITE_CONSTRAINT:
      return Failure::constraint;
    case SQLITE_IOERR:
      return Failure::io;
    case SQLITE_CANTOPEN:
      return Failure::io;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return Failure::corrupt;
  }
  return Failure::other;
}

/// Those that nobody has at the moment, by their text. Two who read with one text at once have one each; the second to
/// come back is dropped.
class KeptStatements {
 public:
  KeptStatements() = default;
  KeptStatements(const KeptStatements&) = delete;
  KeptStatements& operator=(const KeptStatements&) = delete;
  ~KeptStatements() {
    for (const auto& [sql, idle] : idle_) sqlite3_finalize(idle);
  }
  /// null: there is none.
  sqlite3_stmt* take(std::string_view sql) {
    const auto found = idle_.find(sql);
    return found == idle_.end() ? nullptr : idle_.extract(found).mapped();
  }
  void give_back(sqlite3_stmt* statement) {
    if (statement == nullptr) return;
    sqlite3_reset(statement);           // it would hold a snapshot
    sqlite3_clear_bindings(statement);  // they point at texts of who had it
    if (!idle_.emplace(sqlite3_sql(statement), statement).second) sqlite3_finalize(statement);
  }

 private:
  std::unordered_map<std::string_view, sqlite3_stmt*> idle_;  ///< by the text that the statement itself holds
};

// ---- Statement ----

Statement& Statement::operator=(Statement&& other) noexcept {
  std::swap(handle_, other.handle_);
  std::swap(next_, other.next_);
  std::swap(home_, other.home_);
  return *this;
}

Statement::~Statement() {
  if (home_ != nullptr) {
    home_->give_back(handle_);
  } else {
    sqlite3_finalize(handle_);
  }
}

Statement& Statement::start() {
  sqlite3_reset(handle_);
  next_ = 1;
  return *this;
}

Statement& Statement::bind(std::int64_t value) {
  BATON_CHECK(sqlite3_bind_int64(handle_, next_++, value) == SQLITE_OK);
  return *this;
}

Statement& Statement::bind(std::string_view text) {
  // A null pointer would bind NULL; an empty text is a text.
  const char* data = text.data() == nullptr ? "" : text.data();
  const int rc = sqlite3_bind_text64(handle_, next_++, data, text.size(), SQLITE_STATIC, SQLITE_UTF8);
  BATON_CHECK(rc == SQLITE_OK || rc == SQLITE_TOOBIG || rc == SQLITE_NOMEM);
  return *this;
}

Statement& Statement::bind(Time time) {
  if (time.at != kNoTime) return bind(time.at);
  BATON_CHECK(sqlite3_bind_null(handle_, next_++) == SQLITE_OK);
  return *this;
}

Statement& Statement::bind(TextOrNull text) {
  if (!text.text.empty()) return bind(text.text);
  BATON_CHECK(sqlite3_bind_null(handle_, next_++) == SQLITE_OK);
  return *this;
}

Statement& Statement::bind(std::optional<std::int64_t> value) {
  if (value) return bind(*value);
  BATON_CHECK(sqlite3_bind_null(handle_, next_++) == SQLITE_OK);
  return *this;
}

int Statement::step() {
  return sqlite3_step(handle_);
}

int Statement::finish() {
  int rc = sqlite3_step(handle_);
  while (rc == SQLITE_ROW) rc = sqlite3_step(handle_);
  const int again = sqlite3_reset(handle_);
  return rc == SQLITE_DONE ? again : rc;
}

void Statement::reset() {
  sqlite3_reset(handle_);
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(handle_, column) == SQLITE_NULL;
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(handle_, column);
}

std::string_view Statement::text(int column) const {
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(handle_, column));
  if (data == nullptr) return {};
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
}

// ---- Database ----

namespace {

/// Limits and switches that hold for every connection.
void harden(sqlite3* db) {
  sqlite3_extended_result_codes(db, 1);
  sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, nullptr);
  sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
  sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  // Debian's SQLite looks at bound values when it plans, and so compiles a statement again whenever one changes. There
  // are no statistics here that it could hold them against.
  sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_QPSG, 1, nullptr);
  sqlite3_limit(db, SQLITE_LIMIT_COLUMN, 100);
  sqlite3_limit(db, SQLITE_LIMIT_EXPR_DEPTH, 100);
  sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
}

/// An empty file gets its header with one sync instead of five: there is nothing yet that a journal could keep, but
/// SQLite throws a WAL away that it finds beside an empty file, so the header must be on disk before the WAL is
/// trusted.
int turn_wal_on(Database& db) {
  const auto pages = db.integer("PRAGMA page_count");
  if (!pages) return sqlite3_errcode(db.handle());
  if (*pages > 0) return db.exec("PRAGMA journal_mode=WAL");
  int rc = db.set_sync(Sync::off);
  // A commit of a few rows touches as many pages, and each is written whole: half of SQLite's usual size is 3 % of a hop
  // of a chain; a quarter is no better there and 5 % worse where a commit has many rows.
  if (rc == SQLITE_OK) rc = db.exec("PRAGMA page_size=2048; PRAGMA journal_mode=MEMORY; PRAGMA journal_mode=WAL");
  if (rc != SQLITE_OK) return rc;
  sqlite3_file* file = nullptr;
  rc = sqlite3_file_control(db.handle(), "main", SQLITE_FCNTL_FILE_POINTER, &file);
  if (rc != SQLITE_OK || file == nullptr || file->pMethods == nullptr) return rc;  // in memory
  return file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
}

int apply_settings(Database& db, const OpenOptions& options) {
  sqlite3_busy_timeout(db.handle(), options.busy_timeout_ms);
  const std::string cache = "PRAGMA cache_size=-" + std::to_string(options.cache_kib);
  int rc = db.exec("PRAGMA mmap_size=0; PRAGMA cell_size_check=ON; PRAGMA temp_store=MEMORY; PRAGMA foreign_keys=ON");
  if (rc == SQLITE_OK) rc = db.exec(cache.c_str());
  if (rc != SQLITE_OK) return rc;
  if (options.access == Access::read) {
    // One connection writes and checkpoints; this one must never (docs/ARCHITECTURE.md).
    sqlite3_db_config(db.handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    return db.exec("PRAGMA wal_autocheckpoint=0; PRAGMA query_only=ON");
  }
  // The writer's thread checkpoints by itself, when it is idle or the WAL is long. Debian's SQLite overwrites what is
  // deleted with zeros unless told not to; no secret is ever stored here.
  rc = db.exec(
      "PRAGMA wal_autocheckpoint=0; PRAGMA journal_size_limit=67108864;"
      "PRAGMA secure_delete=OFF");
  if (rc == SQLITE_OK) rc = turn_wal_on(db);
  return rc == SQLITE_OK ? db.set_sync(options.sync_normal ? Sync::normal : Sync::full) : rc;
}

/// SQLite's own count of its memory takes a global mutex at each allocation and serves nobody here. Only before the
/// first connection of the process; later the call is refused, and nothing is lost.
void configure_library_once() {
  static const int result = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  (void)result;
}

}  // namespace

Result<Database> Database::open(const std::string& path, const OpenOptions& options) {
  configure_library_once();
  const int flags =
      SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE |
      (options.access == Access::write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY);
  sqlite3* handle = nullptr;
  const int rc = sqlite3_open_v2(path.c_str(), &handle, flags, options.vfs);
  Database db(handle);
  if (rc != SQLITE_OK) return db.error("cannot open " + path, rc);
  harden(handle);
  if (const int set = apply_settings(db, options); set != SQLITE_OK) return db.error("cannot open " + path, set);
  return db;
}

Database::Database(sqlite3* handle) : handle_(handle), kept_(std::make_unique<KeptStatements>()) {}

Database::Database(Database&& other) noexcept
    : handle_(std::exchange(other.handle_, nullptr)), kept_(std::move(other.kept_)) {}

Database& Database::operator=(Database&& other) noexcept {
  std::swap(handle_, other.handle_);
  std::swap(kept_, other.kept_);
  return *this;
}

Database::~Database() {
  kept_.reset();
  sqlite3_close_v2(handle_);
}

int Database::set_sync(Sync sync) {
  switch (sync) {
    case Sync::off:
      return exec("PRAGMA synchronous=OFF");
    case Sync::normal:
      return exec("PRAGMA synchronous=NORMAL");
    case Sync::full:
      break;
  }
  return exec("PRAGMA synchronous=FULL");
}

int Database::exec(const char* sql) {
  return sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr);
}

Statement Database::prepare(std::string_view sql, int* code, bool persistent) {
  sqlite3_stmt* statement = nullptr;
  const unsigned flags = persistent ? SQLITE_PREPARE_PERSISTENT : 0U;
  const int rc = sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()), flags, &statement, nullptr);
  if (code != nullptr) {
    *code = rc;
  } else {
    BATON_CHECK(rc == SQLITE_OK);
  }
  return Statement(statement);
}

Statement Database::lend(std::string_view sql, int* code) {
  if (sqlite3_stmt* const idle = kept_->take(sql)) {
    if (code != nullptr) *code = SQLITE_OK;
    return Statement(idle, kept_.get());
  }
  Statement made = prepare(sql, code);
  made.home_ = kept_.get();
  return made;
}

Result<std::int64_t> Database::integer(const char* sql) {
  int rc = SQLITE_OK;
  Statement statement = prepare(sql, &rc, false);
  if (rc != SQLITE_OK) return error(sql, rc);
  rc = statement.step();
  if (rc == SQLITE_ROW) return statement.integer(0);
  if (rc == SQLITE_DONE) return std::int64_t{0};
  return error(sql, rc);
}

std::int64_t Database::changes() const {
  return sqlite3_changes64(handle_);
}
std::string Database::message() const {
  return sqlite3_errmsg(handle_);
}
int Database::system_errno() const {
  return sqlite3_system_errno(handle_);
}
bool Database::in_transaction() const {
  return sqlite3_get_autocommit(handle_) == 0;
}

void Database::watch_wal(std::int64_t* frames) {
  const auto hook = [](void* to, sqlite3*, const char*, int count) {
    *static_cast<std::int64_t*>(to) = count;
    return SQLITE_OK;
  };
  sqlite3_wal_hook(handle_, hook, frames);
}

std::int64_t Database::wal_frame_bytes() {
  constexpr std::int64_t kHeaderBytes = 24;  // https://www.sqlite.org/fileformat.html#the_write_ahead_log
  const auto page_bytes = integer("PRAGMA page_size");
  return kHeaderBytes + (page_bytes ? *page_bytes : 0);
}

int Database::checkpoint(bool truncate) {
  const int mode = truncate ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE;
  const int rc = sqlite3_wal_checkpoint_v2(handle_, "main", mode, nullptr, nullptr);
  return classify(rc) == Failure::busy ? SQLITE_OK : rc;
}

void Database::leave_wal_at_close() {
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
}

Status Database::check(bool full) {
  int rc = SQLITE_OK;
  Statement statement = prepare(full ? "PRAGMA integrity_check(20)" : "PRAGMA quick_check(20)", &rc, false);
  if (rc == SQLITE_OK) rc = statement.step();
  if (rc != SQLITE_ROW) return error("the database cannot be checked", rc);
  if (statement.text(0) == "ok") return Unit{};
  return Error{"the database is damaged: " + statement.string(0) + "; its files are kept as they are: restore a backup",
               ErrorKind::storage};
}

Error Database::error(const std::string& what, int code) const {
  const std::string detail = handle_ == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(handle_);
  switch (classify(code)) {
    case Failure::corrupt:
      return {
          what + ": it is damaged or no database (" + detail + "); its files are kept as they are: restore a backup",
          ErrorKind::storage};
    case Failure::full:
      return {what + ": the disk is full", ErrorKind::storage};
    case Failure::busy:
      return {what + ": another process holds it (" + detail + ")", ErrorKind::conflict};
    case Failure::constraint:
    case Failure::io:
    case Failure::other:
      break;
  }
  return {what + ": " + detail, ErrorKind::storage};
}

}  // namespace baton::sqlite
