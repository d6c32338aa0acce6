#include "cli/server_log.h"

#include <cstdio>

#include "cli/exit_codes.h"
#include "scheduler/json/json_writer.h"
#include "scheduler/timetable/time_text.h"
#include "scheduler/timetable/zone.h"

namespace baton::cli {
namespace {

void write_line(std::string_view level, std::string_view message) {
  const std::string line = log_line(now_us(), level, message);
  std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace

std::string log_line(WallUs at, std::string_view level, std::string_view message) {
  std::string out;
  {
    JsonObject line(out);
    line.text("time", timetable::format_rfc3339(at, timetable::utc()));
    line.text("level", level);
    line.text("message", message);
  }
  return out + "\n";
}

void ServerLog::notice(const std::string& text) { is_json_ ? write_line("info", text) : call_.note(text); }

void ServerLog::serving(const std::string& state, const std::string& dags, const std::string& url,
                        const std::string& login) const {
  if (is_json_) return write_line("info", "serving at " + url + ", state in " + state + ", DAGs in " + dags);
  Invocation::print("state   " + state + "\ndags    " + dags + "\naddress " + url + "\nlogin   " + login +
                    "   once, within ten minutes\n");
  std::fflush(stdout);
}

int ServerLog::fail(const Error& error) const {
  if (!is_json_) return call_.fail(error);
  write_line("error", error.message);
  return exit_code_of(error.kind);
}

}  // namespace baton::cli
