#include <signal.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "scheduler/json/json_value.h"
#include "scheduler/model/utf8.h"
#include "task/libpq.h"
#include "task/placeholders.h"
#include "task/sql.h"

namespace baton::task {
namespace {

// Types of pg_type.h that become more than a text.
enum : Oid { kBool = 16, kInt8 = 20, kInt2 = 21, kInt4 = 23, kOid = 26, kJson = 114, kFloat4 = 700, kFloat8 = 701, kNumeric = 1700, kJsonb = 3802 };

PGcancel* g_cancel = nullptr;  // a signal handler reaches nothing else
decltype(&PQcancel) g_cancel_call = nullptr;

/// PQcancel may be called in a signal handler: its documentation says so.
void cancel(int /*signal*/) {
  char error[256];
  if (g_cancel != nullptr) g_cancel_call(g_cancel, error, sizeof error);
}

/// The last line of what libpq says, without its line end.
std::string sentence(const char* message) {
  std::string text = message == nullptr ? "" : message;
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

void tell_notice(void* /*none*/, const char* message) {
  say(sentence(message));
}

/// Connections that break, servers that come and go, transactions that lost against others.
bool is_transient(std::string_view sqlstate) {
  return sqlstate.empty() || sqlstate.starts_with("08") || sqlstate.starts_with("40") || sqlstate.starts_with("53") ||
         sqlstate.starts_with("57P") || sqlstate == "55P03";
}

class Session {
 public:
  explicit Session(const Libpq& pq) : pq_(pq) {}
  ~Session() {
    signal(SIGTERM, SIG_DFL);
    if (g_cancel != nullptr) pq_.free_cancel(g_cancel);
    g_cancel = nullptr;
    if (db_ != nullptr) pq_.finish(db_);
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  Exit connect(const SqlSpec& spec);
  Exit run(const SqlSpec& spec, const std::string& query, Rows& rows);

 private:
  struct ResultEnd {
    const Libpq* pq;
    void operator()(PGresult* result) const { pq->clear(result); }
  };
  using Outcome = std::unique_ptr<PGresult, ResultEnd>;

  Exit send(const SqlSpec& spec, const std::string& query);
  Exit send_bound(const std::string& query, const std::vector<Value>& values);
  Exit take(Rows& rows);
  Exit take_one(PGresult* result, Rows& rows);
  void take_rows(PGresult* result, Rows& rows);
  [[nodiscard]] Value column_of(PGresult* result, int row, int column) const;

  const Libpq& pq_;
  PGconn* db_ = nullptr;
  bool is_within_rows_ = false;
};

Exit Session::connect(const SqlSpec& spec) {
  std::vector<const char*> names = {"fallback_application_name", "connect_timeout", "dbname"};
  std::vector<const char*> values = {"baton", "10", spec.postgresql.c_str()};
  if (!spec.password.empty()) {
    names.push_back("password");
    values.push_back(spec.password.c_str());
  }
  names.push_back("client_encoding");
  values.push_back("UTF8");
  names.push_back(nullptr);
  values.push_back(nullptr);
  db_ = pq_.connect_params(names.data(), values.data(), 1);
  if (db_ == nullptr || pq_.status(db_) != CONNECTION_OK) {
    say(spec.connection_name + ": " + (db_ == nullptr ? "no memory" : sentence(pq_.error_message(db_))));
    const bool is_refused = db_ != nullptr && (pq_.needs_password(db_) != 0 || pq_.used_password(db_) != 0);
    return is_refused ? Exit::failed : Exit::transient;
  }
  pq_.set_notice_processor(db_, tell_notice, nullptr);
  g_cancel_call = pq_.cancel;
  g_cancel = pq_.get_cancel(db_);
  struct sigaction action {};
  action.sa_handler = cancel;
  sigaction(SIGTERM, &action, nullptr);
  return Exit::done;
}

Exit Session::send_bound(const std::string& query, const std::vector<Value>& values) {
  std::vector<std::string> texts;
  std::vector<const char*> pointers;
  texts.reserve(values.size());
  for (const Value& value : values) {
    texts.push_back(value.is_null() ? std::string() : param_text(value));
    if (texts.back().find('\0') != std::string::npos) {
      say("a value of the params holds a NUL byte, which PostgreSQL keeps in no text");
      return Exit::failed;
    }
    pointers.push_back(value.is_null() ? nullptr : texts.back().c_str());
  }
  const int sent = pq_.send_query_params(db_, query.c_str(), static_cast<int>(values.size()), nullptr, pointers.data(),
                                         nullptr, nullptr, 0);
  if (sent == 1) return Exit::done;
  say(sentence(pq_.error_message(db_)));
  return Exit::transient;
}

Exit Session::send(const SqlSpec& spec, const std::string& query) {
  if (spec.params.type() == ValueType::list && !spec.params.as_list().empty()) {
    return send_bound(query, spec.params.as_list());
  }
  if (spec.params.type() == ValueType::map && !spec.params.as_map().empty()) {
    const Numbered numbered = number_placeholders(query);
    std::vector<Value> values;
    for (const std::string& name : numbered.names) {
      const Value* const value = spec.params.find(name);
      if (value == nullptr) {
        say("the params hold no value for :" + name);
        return Exit::failed;
      }
      values.push_back(*value);
    }
    if (values.size() < spec.params.as_map().size()) {
      say("the params hold " + std::to_string(spec.params.as_map().size()) + " values, the query takes " +
          std::to_string(values.size()));
      return Exit::failed;
    }
    return send_bound(numbered.query, values);
  }
  // Several statements that are sent at once are one transaction.
  if (pq_.send_query(db_, query.c_str()) == 1) return Exit::done;
  say(sentence(pq_.error_message(db_)));
  return Exit::transient;
}

Value Session::column_of(PGresult* result, int row, int column) const {
  if (pq_.getisnull(result, row, column) != 0) return {};
  std::string text(pq_.getvalue(result, row, column), static_cast<std::size_t>(pq_.getlength(result, row, column)));
  switch (pq_.ftype(result, column)) {
    case kBool: return text == "t";
    case kInt2:
    case kInt4:
    case kInt8:
    case kOid:
    case kFloat4:
    case kFloat8:
    case kNumeric:
    case kJson:
    case kJsonb: {  // NaN and the infinities stay texts
      auto value = from_json(text);
      return value ? std::move(value).value() : Value{std::move(text)};
    }
    default: return valid_utf8(std::move(text));
  }
}

void Session::take_rows(PGresult* result, Rows& rows) {
  const int columns = pq_.nfields(result);
  if (!is_within_rows_) {
    std::vector<std::string> names;
    for (int i = 0; i < columns; ++i) names.emplace_back(pq_.fname(result, i));
    rows.begin(std::move(names));
    is_within_rows_ = true;
  }
  for (int row = 0; row < pq_.ntuples(result); ++row) {
    ValueList values;
    for (int i = 0; i < columns; ++i) values.push_back(column_of(result, row, i));
    rows.add(std::move(values));
  }
}

Exit Session::take_one(PGresult* result, Rows& rows) {
  switch (pq_.result_status(result)) {
    case PGRES_SINGLE_TUPLE: take_rows(result, rows); return Exit::done;
    case PGRES_TUPLES_OK:
    case PGRES_COMMAND_OK: {
      if (pq_.result_status(result) == PGRES_TUPLES_OK) take_rows(result, rows);
      is_within_rows_ = false;
      const std::string_view command = pq_.cmd_status(result);
      const bool changes = command.starts_with("INSERT") || command.starts_with("UPDATE") ||
                           command.starts_with("DELETE") || command.starts_with("MERGE");
      if (changes) rows.changed(std::atoll(pq_.cmd_tuples(result)));
      return Exit::done;
    }
    case PGRES_EMPTY_QUERY: return Exit::done;
    case PGRES_COPY_IN:
    case PGRES_COPY_OUT:
    case PGRES_COPY_BOTH: say("COPY from and to the client is not for a task of the kind sql; use psql"); return Exit::failed;
    default: break;
  }
  const char* const state = pq_.result_error_field(result, PG_DIAG_SQLSTATE);
  say(sentence(pq_.result_error_message(result)) + (state == nullptr ? "" : std::string(" [") + state + "]"));
  return is_transient(state == nullptr ? "" : state) ? Exit::transient : Exit::failed;
}

Exit Session::take(Rows& rows) {
  Exit exit = Exit::done;
  // What follows an error is read too: it says whether the connection lives.
  while (const Outcome result = Outcome(pq_.get_result(db_), ResultEnd{&pq_})) {
    const Exit one = exit == Exit::done ? take_one(result.get(), rows) : Exit::done;
    if (one != Exit::done) exit = one;
    const auto status = pq_.result_status(result.get());
    if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) return exit;
    if (status == PGRES_FATAL_ERROR && pq_.status(db_) != CONNECTION_OK) break;
  }
  return exit;
}

Exit Session::run(const SqlSpec& spec, const std::string& query, Rows& rows) {
  if (const Exit sent = send(spec, query); sent != Exit::done) return sent;
  pq_.set_single_row_mode(db_);  // a large answer is never in memory as a whole
  return take(rows);
}

}  // namespace

Exit run_postgresql(const SqlSpec& spec, const std::string& query, Rows& rows) {
  std::string why;
  const Libpq* const pq = libpq(why);
  if (pq == nullptr) {
    say(why);
    return Exit::failed;
  }
  Session session(*pq);
  if (const Exit connected = session.connect(spec); connected != Exit::done) return connected;
  return session.run(spec, query, rows);
}

}  // namespace baton::task
