#include "worker/proc.h"

#include <dirent.h>
#include <fcntl.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <memory>

namespace baton::worker {
namespace {

constexpr std::size_t kEnvironBytesMax = 4U << 20;

/// Calls `visit` with each pid that /proc lists.
template <typename Visit>
void for_each_process(Visit visit) {
  const std::unique_ptr<DIR, CloseDir> dir(::opendir("/proc"));
  if (!dir) return;
  while (const dirent* entry = ::readdir(dir.get())) {
    const std::string_view name = entry->d_name;
    pid_t pid = 0;
    const auto parsed = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (parsed.ec == std::errc() && parsed.ptr == name.data() + name.size()) visit(pid);
  }
}

/// The value of NAME in a block of "NAME=value\0" strings.
std::string_view variable(std::string_view block, std::string_view name) {
  while (!block.empty()) {
    const std::size_t end = std::min(block.find('\0'), block.size());
    const std::string_view entry = block.substr(0, end);
    if (entry.size() > name.size() && entry.starts_with(name) && entry[name.size()] == '=') {
      return entry.substr(name.size() + 1);
    }
    block.remove_prefix(std::min(end + 1, block.size()));
  }
  return {};
}

}  // namespace

std::string attempt_text(const wire::AttemptKey& key) {
  return std::to_string(key.run_no) + '.' + std::to_string(key.task_no) + '.' + std::to_string(key.map_index) + '.' +
         std::to_string(key.epoch);
}

std::optional<wire::AttemptKey> parse_attempt(std::string_view text) {
  wire::AttemptKey key;
  const char* at = text.data();
  const char* const end = at + text.size();
  const auto number = [&](auto& value, bool last) {
    const auto parsed = std::from_chars(at, end, value);
    if (parsed.ec != std::errc()) return false;
    at = parsed.ptr;
    if (last) return at == end;
    return at != end && *at++ == '.';
  };
  if (!number(key.run_no, false) || !number(key.task_no, false) || !number(key.map_index, false) ||
      !number(key.epoch, true)) {
    return std::nullopt;
  }
  return key;
}

std::optional<ProcessStat> process_stat(pid_t pid) {
  const auto text = read_file(("/proc/" + std::to_string(pid) + "/stat").c_str(), 4096);
  if (!text) return std::nullopt;
  // The name in parentheses may hold anything; what follows the last one is fields from 3 on.
  const std::size_t paren = text->rfind(')');
  if (paren == std::string::npos) return std::nullopt;
  ProcessStat stat;
  long long start = 0;
  const int found = std::sscanf(text->c_str() + paren + 1,
                                " %c %d %*d %d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %lld",
                                &stat.state, &stat.parent, &stat.session, &start);
  if (found != 4) return std::nullopt;
  stat.start_ticks = start;
  return stat;
}

ProcessMarks process_marks(pid_t pid) {
  ProcessMarks marks;
  const auto block = read_file(("/proc/" + std::to_string(pid) + "/environ").c_str(), kEnvironBytesMax);
  if (!block) return marks;
  marks.worker = variable(*block, kWorkerVariable);
  marks.attempt = parse_attempt(variable(*block, kAttemptVariable));
  return marks;
}

std::vector<pid_t> processes_of_worker(const std::string& worker_id) {
  std::vector<pid_t> found;
  for_each_process([&](pid_t pid) {
    if (pid != ::getpid() && process_marks(pid).worker == worker_id) found.push_back(pid);
  });
  return found;
}

ChildrenFile::ChildrenFile() : file_(::open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC)) {}

void ChildrenFile::children(std::vector<pid_t>& pids) const {
  pids.clear();
  if (!listed()) {
    for_each_process([&](pid_t pid) {
      const auto stat = process_stat(pid);
      if (stat && stat->parent == ::getpid()) pids.push_back(pid);
    });
    return;
  }
  std::string text;
  char chunk[1024];
  while (true) {
    const ssize_t got = ::pread(file_.get(), chunk, sizeof(chunk), static_cast<off_t>(text.size()));
    if (got <= 0) break;
    text.append(chunk, static_cast<std::size_t>(got));
    // A read ends early only at the end, or where the next pid (at most 11 bytes) would not fit.
    if (static_cast<std::size_t>(got) + 16 < sizeof(chunk)) break;
  }
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    pid_t pid = 0;
    const auto parsed = std::from_chars(at, end, pid);
    if (parsed.ec == std::errc()) pids.push_back(pid);
    at = parsed.ptr == at ? at + 1 : parsed.ptr;
  }
}

std::string boot_id() {
  std::string id = read_file("/proc/sys/kernel/random/boot_id", 64).value_or("unknown");
  while (!id.empty() && id.back() == '\n') id.pop_back();
  return id;
}

std::int64_t ticks_of(std::int64_t boottime_us) {
  static const std::int64_t per_second = ::sysconf(_SC_CLK_TCK);
  return boottime_us / (1'000'000 / per_second);
}

}  // namespace baton::worker
