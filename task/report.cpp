#include "task/report.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "scheduler/json/json_value.h"
#include "scheduler/model/utf8.h"

namespace baton::task {
namespace {

constexpr std::size_t kQuotedMax = 1024;
constexpr std::size_t kOutputMax = 1 << 20;

void write_line(std::string line) {
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  }
  line = valid_utf8(std::move(line));
  line += '\n';
  std::fwrite(line.data(), 1, line.size(), stdout);
  std::fflush(stdout);
}

}  // namespace

void say(std::string_view line) {
  write_line(std::string(line));
}

void quote(std::string_view text) {
  const bool is_cut = text.size() > kQuotedMax;
  text = text.substr(0, kQuotedMax);
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    write_line("  | " + std::string(text.substr(0, end)));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  if (is_cut) write_line("  | ...");
}

Exit write_outputs(const ValueMap& outputs) {
  const char* const path = std::getenv("BATON_OUTPUT");
  if (path == nullptr || outputs.empty()) return Exit::done;
  const std::string json = to_json(Value{outputs}) + "\n";
  if (json.size() > kOutputMax) {
    say("the outputs are " + std::to_string(json.size()) +
        " bytes, more than the 1 MiB that is kept; declare fewer of them, or ask for less");
    return Exit::failed;
  }
  const int fd = ::open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  std::size_t written = 0;
  while (fd >= 0 && written < json.size()) {
    const ssize_t n = ::write(fd, json.data() + written, json.size() - written);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    written += static_cast<std::size_t>(n);
  }
  const bool is_whole = fd >= 0 && written == json.size();
  if (!is_whole) say(std::string(path) + ": " + std::strerror(errno));
  if (fd >= 0) ::close(fd);
  return is_whole ? Exit::done : Exit::failed;
}

}  // namespace baton::task
