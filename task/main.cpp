// baton-task: tasks that are no program of their author: `http` and `sql`. A worker starts it as any task, so that log,
// limits, stop and place are those of every task. What it is to do it reads from its standard input.
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string>
#include <string_view>

#include "scheduler/json/json_value.h"
#include "task/http.h"
#include "task/sql.h"

namespace baton::task {
namespace {

constexpr std::size_t kInputMax = std::size_t{64} << 20U;
constexpr int kCannotRun = 126;  // a sensor does not look again

constexpr const char* kUsageText =
    "usage: baton-task http|sql    what to do is read as JSON from standard input; Baton starts it\n"
    "       baton-task --version\n";

bool read_input(std::string& text) {
  char buffer[1 << 16];
  while (text.size() <= kInputMax) {
    const ssize_t n = ::read(STDIN_FILENO, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    if (n == 0) return true;
    text.append(buffer, static_cast<std::size_t>(n));
  }
  return false;
}

int refused(const Error& error, bool look) {
  say(error.message);
  return look ? kCannotRun : static_cast<int>(Exit::failed);
}

int run(std::string_view kind) {
  std::string text;
  if (!read_input(text)) return refused(Error{"what to do cannot be read from standard input"}, true);
  const auto told = from_json(text, kExactJsonLimits);
  // What is wrong with it is not shown: it may hold secrets.
  if (!told || told->type() != ValueType::map) return refused(Error{"what to do is no JSON"}, true);
  if (kind == "http") {
    const Value* const look = told->find("look");
    const auto spec = http_spec(*told);
    if (!spec) return refused(spec.error(), look != nullptr);
    return static_cast<int>(run_http(*spec));
  }
  auto spec = sql_spec(*told);
  if (!spec) return refused(spec.error(), false);
  return static_cast<int>(run_sql(std::move(spec).value()));
}

int start(int argc, char** argv) {
  const std::string_view what = argc == 2 ? argv[1] : "";
  if (what == "--version") {
    std::puts(BATON_VERSION);
    return static_cast<int>(Exit::done);
  }
  if (what == "http" || what == "sql") return run(what);
  std::fputs(kUsageText, stderr);
  return static_cast<int>(Exit::usage);
}

}  // namespace
}  // namespace baton::task

int main(int argc, char** argv) {
  return baton::task::start(argc, argv);
}
