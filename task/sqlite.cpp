#include <signal.h>
#include <sqlite3.h>

#include <charconv>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "scheduler/model/utf8.h"
#include "task/sql.h"

namespace baton::task {
namespace {

constexpr int kBusyMs = 5000;

struct SqliteEnd {
  void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Database = std::unique_ptr<sqlite3, SqliteEnd>;
using Statement = std::unique_ptr<sqlite3_stmt, SqliteEnd>;

sqlite3* g_interrupted = nullptr;  // a signal handler reaches nothing else

void interrupt(int /*signal*/) {
  if (g_interrupted != nullptr) sqlite3_interrupt(g_interrupted);
}

/// While it lives SIGTERM ends the statement that runs: the transaction is rolled back and the program says so.
class Interruptible {
 public:
  explicit Interruptible(sqlite3* db) {
    g_interrupted = db;
    struct sigaction action {};
    action.sa_handler = interrupt;
    sigaction(SIGTERM, &action, nullptr);
  }
  ~Interruptible() {
    signal(SIGTERM, SIG_DFL);
    g_interrupted = nullptr;
  }
  Interruptible(const Interruptible&) = delete;
  Interruptible& operator=(const Interruptible&) = delete;
};

bool is_transient(int code) {
  const int primary = code & 0xFF;
  return primary == SQLITE_BUSY || primary == SQLITE_LOCKED || primary == SQLITE_PROTOCOL;
}

Exit failed(sqlite3* db, const std::string& doing) {
  say(doing + sqlite3_errmsg(db));
  return is_transient(sqlite3_extended_errcode(db)) ? Exit::transient : Exit::failed;
}

Value column_of(sqlite3_stmt* statement, int i) {
  const auto bytes = [&](const void* data) {
    return std::string(static_cast<const char*>(data), static_cast<std::size_t>(sqlite3_column_bytes(statement, i)));
  };
  switch (sqlite3_column_type(statement, i)) {
    case SQLITE_INTEGER: return std::int64_t{sqlite3_column_int64(statement, i)};
    case SQLITE_FLOAT: return sqlite3_column_double(statement, i);
    case SQLITE_TEXT: return valid_utf8(bytes(sqlite3_column_text(statement, i)));
    case SQLITE_BLOB: {
      static constexpr char kHex[] = "0123456789abcdef";
      std::string hex = "\\x";  // as PostgreSQL shows bytes
      const void* const data = sqlite3_column_blob(statement, i);
      for (const char c : data == nullptr ? std::string() : bytes(data)) {
        hex += kHex[static_cast<unsigned char>(c) >> 4U];
        hex += kHex[static_cast<unsigned char>(c) & 15U];
      }
      return hex;
    }
    default: return {};
  }
}

void bind(sqlite3_stmt* statement, int i, const Value& value) {
  switch (value.type()) {
    case ValueType::null: sqlite3_bind_null(statement, i); return;
    case ValueType::boolean: sqlite3_bind_int(statement, i, value.as_bool() ? 1 : 0); return;
    case ValueType::integer: sqlite3_bind_int64(statement, i, value.as_int()); return;
    case ValueType::floating: sqlite3_bind_double(statement, i, value.as_double()); return;
    case ValueType::string:
    case ValueType::list:
    case ValueType::map:
    case ValueType::timestamp:
    case ValueType::duration: {
      const std::string text = param_text(value);
      sqlite3_bind_text64(statement, i, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
      return;
    }
  }
}

/// The value of placeholder `i`, whose name is `name`: null for a plain `?`.
const Value* param_of(const Value& params, int i, const char* name, std::string& called) {
  called = name == nullptr ? "?" + std::to_string(i) : name;
  if (params.type() == ValueType::map) return name == nullptr ? nullptr : params.find(std::string_view(name).substr(1));
  if (params.type() != ValueType::list) return nullptr;
  std::size_t number = static_cast<std::size_t>(i);
  if (name != nullptr) {  // ?3 and $3 say which one; :name is no item of a list
    const std::string_view digits = std::string_view(name).substr(1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error != std::errc() || end != digits.data() + digits.size()) return nullptr;
  }
  const ValueList& list = params.as_list();
  return number >= 1 && number <= list.size() ? &list[number - 1] : nullptr;
}

std::size_t params_count(const Value& params) {
  if (params.type() == ValueType::map) return params.as_map().size();
  return params.type() == ValueType::list ? params.as_list().size() : 0;
}

Exit bind_all(sqlite3_stmt* statement, const Value& params) {
  const int count = sqlite3_bind_parameter_count(statement);
  for (int i = 1; i <= count; ++i) {
    std::string called;
    const char* const name = sqlite3_bind_parameter_name(statement, i);
    const Value* const value = param_of(params, i, name, called);
    if (value == nullptr) {
      say("the params hold no value for " + called);
      return Exit::failed;
    }
    bind(statement, i, *value);
  }
  if (static_cast<std::size_t>(count) < params_count(params)) {
    say("the params hold " + std::to_string(params_count(params)) + " values, the query takes " + std::to_string(count));
    return Exit::failed;
  }
  return Exit::done;
}

Exit run_one(sqlite3* db, sqlite3_stmt* statement, const Value& params, Rows& rows) {
  if (const Exit bound = bind_all(statement, params); bound != Exit::done) return bound;
  const int columns = sqlite3_column_count(statement);
  if (columns > 0) {
    std::vector<std::string> names;
    for (int i = 0; i < columns; ++i) {
      const char* const name = sqlite3_column_name(statement, i);
      names.push_back(valid_utf8(name == nullptr ? "" : name));
    }
    rows.begin(std::move(names));
  }
  const auto before = sqlite3_total_changes64(db);
  int code = SQLITE_ROW;
  while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
    ValueList row;
    for (int i = 0; i < columns; ++i) row.push_back(column_of(statement, i));
    rows.add(std::move(row));
  }
  if (code != SQLITE_DONE) return failed(db, "");
  rows.changed(sqlite3_total_changes64(db) - before);
  return Exit::done;
}

Exit prepare(sqlite3* db, std::string_view& rest, Statement& statement) {
  sqlite3_stmt* made = nullptr;
  const char* tail = nullptr;
  const int code = sqlite3_prepare_v2(db, rest.data(), static_cast<int>(rest.size()), &made, &tail);
  statement.reset(made);
  if (code != SQLITE_OK) return failed(db, "");
  rest.remove_prefix(static_cast<std::size_t>(tail - rest.data()));
  return Exit::done;
}

/// Whether what follows the first statement holds another one.
bool holds_more(sqlite3* db, std::string_view rest) {
  while (!rest.empty()) {
    Statement statement;
    if (prepare(db, rest, statement) != Exit::done || statement != nullptr) return true;
  }
  return false;
}

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n;") == std::string_view::npos;
}

Exit run_all(sqlite3* db, std::string_view rest, const Value& params, Rows& rows) {
  while (!is_blank(rest)) {
    Statement statement;
    if (const Exit prepared = prepare(db, rest, statement); prepared != Exit::done) return prepared;
    if (statement == nullptr) continue;  // a comment
    if (const Exit run = run_one(db, statement.get(), params, rows); run != Exit::done) return run;
  }
  return Exit::done;
}

}  // namespace

Exit run_sqlite(const SqlSpec& spec, const std::string& query, Rows& rows) {
  sqlite3* opened = nullptr;
  const int code = sqlite3_open_v2(spec.sqlite.c_str(), &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  const Database db(opened);
  if (code != SQLITE_OK) return failed(opened, spec.sqlite + ": ");
  sqlite3_busy_timeout(opened, kBusyMs);
  const Interruptible interruptible(opened);
  const bool has_params = params_count(spec.params) > 0;
  if (has_params) {  // which of several statements would they be for?
    std::string_view rest = query;
    Statement first;
    if (const Exit prepared = prepare(opened, rest, first); prepared != Exit::done) return prepared;
    if (!is_blank(rest) && holds_more(opened, rest)) {
      say("a query with params is one statement; make it several tasks");
      return Exit::failed;
    }
    return first == nullptr ? Exit::done : run_one(opened, first.get(), spec.params, rows);
  }
  const std::size_t semicolon = query.find(';');
  const bool is_one = semicolon == std::string::npos || is_blank(std::string_view(query).substr(semicolon));
  if (is_one) return run_all(opened, query, spec.params, rows);  // VACUUM and the like stand in no transaction
  if (sqlite3_exec(opened, "BEGIN", nullptr, nullptr, nullptr) != SQLITE_OK) return failed(opened, "");
  const Exit run = run_all(opened, query, spec.params, rows);
  if (run != Exit::done) return run;  // closing rolls back
  if (sqlite3_get_autocommit(opened) != 0) {
    say("the statements end their transaction themselves; leave out BEGIN and COMMIT: all of them are one");
    return Exit::failed;
  }
  if (sqlite3_exec(opened, "COMMIT", nullptr, nullptr, nullptr) != SQLITE_OK) return failed(opened, "");
  return Exit::done;
}

}  // namespace baton::task
