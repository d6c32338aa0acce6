#include "task/sql.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "scheduler/json/json_value.h"

namespace baton::task {
namespace {

constexpr std::size_t kFileMax = 16 << 20;

Result<std::string> file_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return Error{path + ": " + std::strerror(errno)};
  std::ostringstream text;
  text << in.rdbuf();
  std::string out = std::move(text).str();
  if (in.bad()) return Error{path + " cannot be read"};
  if (out.size() > kFileMax) return Error{path + " is larger than 16 MiB"};
  if (out.find('\0') != std::string::npos) return Error{path + " holds a NUL byte and is no query"};
  return out;
}

}  // namespace

std::string param_text(const Value& value) {
  if (value.type() == ValueType::string) return value.as_string();
  return to_json(value);
}

Exit run_sql(SqlSpec spec) {
  std::string query = spec.query;
  if (!spec.file.empty()) {
    auto text = file_text(spec.file);
    if (!text) {
      say(text.error().message);
      return Exit::failed;
    }
    query = std::move(text).value();
  }
  Rows rows(spec.wanted);
  const Exit exit = spec.sqlite.empty() ? run_postgresql(spec, query, rows) : run_sqlite(spec, query, rows);
  if (exit != Exit::done) return exit;
  say(spec.connection_name + ": " + std::to_string(rows.count()) + (rows.count() == 1 ? " row, " : " rows, ") +
      std::to_string(rows.changes()) + " changed");
  auto outputs = rows.outputs();
  if (outputs) return write_outputs(*outputs);
  say(outputs.error().message);
  return Exit::failed;
}

}  // namespace baton::task
