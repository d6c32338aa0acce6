#include "worker/cgroup.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <string_view>
#include <utility>

namespace baton::worker {
namespace {

constexpr std::size_t kControlFileBytesMax = 1U << 20;

/// The line of `text` after the one that ends at `at`; cuts it off.
std::string_view take_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

std::vector<std::string_view> split(std::string_view line) {
  std::vector<std::string_view> words;
  while (!line.empty()) {
    const std::size_t end = std::min(line.find(' '), line.size());
    if (end > 0) words.push_back(line.substr(0, end));
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return words;
}

bool has_word(std::string_view line, std::string_view word) {
  for (const std::string_view found : split(line)) {
    if (found == word) return true;
  }
  return false;
}

/// "key value" lines, as in cgroup.events; 0 if the key is not there.
std::int64_t keyed_value(std::string_view text, std::string_view key) {
  while (!text.empty()) {
    const auto words = split(take_line(text));
    if (words.size() != 2 || words[0] != key) continue;
    std::int64_t value = 0;
    std::from_chars(words[1].data(), words[1].data() + words[1].size(), value);
    return value;
  }
  return 0;
}

std::vector<pid_t> pids_in(const std::string& path) {
  std::vector<pid_t> pids;
  const auto text = read_file((path + "/cgroup.procs").c_str(), kControlFileBytesMax);
  std::string_view rest = text ? std::string_view(*text) : std::string_view();
  while (!rest.empty()) {
    const std::string_view line = take_line(rest);
    pid_t pid = 0;
    if (std::from_chars(line.data(), line.data() + line.size(), pid).ec == std::errc() && pid > 0) pids.push_back(pid);
  }
  return pids;
}

bool write_file(const std::string& path, std::string_view value) {
  const Fd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  return fd && ::write(fd.get(), value.data(), value.size()) == static_cast<ssize_t>(value.size());
}

/// Names of the folders in `path` that begin with `prefix`.
std::vector<std::string> folders_in(const std::string& path, std::string_view prefix) {
  std::vector<std::string> names;
  DIR* const dir = ::opendir(path.c_str());
  if (dir == nullptr) return names;
  while (const dirent* entry = ::readdir(dir)) {
    if (entry->d_type == DT_DIR && std::string_view(entry->d_name).starts_with(prefix))
      names.emplace_back(entry->d_name);
  }
  ::closedir(dir);
  return names;
}

/// Mount points in mountinfo have blank and some other characters as octal escapes.
std::string unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size()) {
      out.push_back(static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0')));
      i += 3;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

bool starts_with_path(std::string_view path, std::string_view prefix) {
  return path.starts_with(prefix) && (path.size() == prefix.size() || path[prefix.size()] == '/');
}

}  // namespace

std::string own_cgroup_folder(const std::string& mountinfo, const std::string& cgroup) {
  std::string own;
  for (std::string_view rest = cgroup; !rest.empty();) {
    const std::string_view line = take_line(rest);
    if (line.starts_with("0::/")) own = line.substr(3);
  }
  if (own.empty()) return {};
  if (own == "/") own.clear();
  for (std::string_view rest = mountinfo; !rest.empty();) {
    const auto words = split(take_line(rest));
    std::size_t dash = 6;
    while (dash < words.size() && words[dash] != "-") ++dash;
    if (dash + 1 >= words.size() || words[dash + 1] != "cgroup2") continue;
    const std::string root = words[3] == "/" ? std::string() : unescape(words[3]);
    if (!starts_with_path(own, root)) continue;
    return unescape(words[4]) + own.substr(root.size());
  }
  return {};
}

std::unique_ptr<CgroupLeaf> CgroupLeaf::make(std::string path) {
  if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) return nullptr;
  std::unique_ptr<CgroupLeaf> leaf(new CgroupLeaf(std::move(path)));
  leaf->dir_.reset(::open(leaf->path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!leaf->dir_) return nullptr;
  leaf->events_.reset(::openat(leaf->dir_.get(), "cgroup.events", O_RDONLY | O_CLOEXEC));
  leaf->kill_.reset(::openat(leaf->dir_.get(), "cgroup.kill", O_WRONLY | O_CLOEXEC));
  if (!leaf->events_) return nullptr;
  return leaf;
}

CgroupLeaf::~CgroupLeaf() {
  ::rmdir(path_.c_str());
}

bool CgroupLeaf::populated() const {
  char text[256];
  const ssize_t got = ::pread(events_.get(), text, sizeof(text), 0);
  return got > 0 && keyed_value({text, static_cast<std::size_t>(got)}, "populated") != 0;
}

void CgroupLeaf::kill_all() {
  spent_ = true;
  if (kill_ && ::write(kill_.get(), "1", 1) == 1) return;
  signal_all(SIGKILL);  // Before Linux 5.14. Whoever forks meanwhile is met by the next round.
}

void CgroupLeaf::signal_all(int signal) const {
  for (const pid_t pid : pids_in(path_)) ::kill(pid, signal);
}

bool CgroupLeaf::write_control(const char* file, const std::string& value) const {
  const Fd fd(::openat(dir_.get(), file, O_WRONLY | O_CLOEXEC));
  return fd && ::write(fd.get(), value.data(), value.size()) == static_cast<ssize_t>(value.size());
}

bool CgroupLeaf::set_limits(const wire::Limits& limits) {
  const bool asked = limits.memory_bytes > 0 || limits.cpus_milli > 0 || limits.pids > 0;
  if (!asked && !limited_) return true;
  const auto number = [](std::int64_t value) { return value > 0 ? std::to_string(value) : std::string("max"); };
  bool enforced = true;
  const auto set = [&](const char* file, const std::string& value, bool wanted) {
    if (!write_control(file, value) && wanted) enforced = false;
  };
  constexpr std::int64_t kCpuPeriodUs = 100'000;
  set("memory.max", number(limits.memory_bytes), limits.memory_bytes > 0);
  if (limits.memory_bytes > 0) set("memory.oom.group", "1", false);
  set("pids.max", number(limits.pids), limits.pids > 0);
  set("cpu.max", number(limits.cpus_milli * kCpuPeriodUs / 1000) + ' ' + std::to_string(kCpuPeriodUs),
      limits.cpus_milli > 0);
  limited_ = asked;
  return enforced;
}

std::int64_t CgroupLeaf::oom_kills() const {
  const auto text = read_file((path_ + "/memory.events").c_str(), kControlFileBytesMax);
  return text ? keyed_value(*text, "oom_kill") : 0;
}

CgroupTree::CgroupTree(bool wanted) {
  if (!wanted) {
    note("cgroups are switched off: attempts are killed by process group and sweep");
    return;
  }
  const auto mountinfo = read_file("/proc/self/mountinfo", 4U << 20);
  const auto cgroup = read_file("/proc/self/cgroup", 1U << 20);
  const std::string parent = own_cgroup_folder(mountinfo.value_or(""), cgroup.value_or(""));
  if (parent.empty()) {
    note("no cgroup v2 is mounted here: attempts are killed by process group and sweep");
    return;
  }
  const std::string path = parent + "/baton-" + std::to_string(::getpid());
  if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) {
    note("cgroup folder " + parent + " cannot be used (" + error_text(errno) +
         "): attempts are killed by process group and sweep");
    return;
  }
  path_ = path;
  remove_abandoned(parent);
  enable_controllers(parent);
  auto leaf = acquire();
  if (!leaf) {
    disable("no leaf can be made in " + path_);
    return;
  }
  capabilities_ |= wire::kCgroupLeaf;
  if (::access((path_ + "/leaf-0/cgroup.kill").c_str(), W_OK) == 0) capabilities_ |= wire::kCgroupKill;
  release(std::move(leaf));
}

CgroupTree::~CgroupTree() {
  free_.clear();
  if (!path_.empty()) ::rmdir(path_.c_str());
}

void CgroupTree::enable_controllers(const std::string& parent) {
  const std::string available = read_file((parent + "/cgroup.controllers").c_str(), 4096).value_or("");
  struct Controller {
    const char* name;
    std::uint32_t capability;
  };
  std::string missing;
  for (const Controller& controller : {Controller{"memory", wire::kLimitMemory}, Controller{"cpu", wire::kLimitCpus},
                                       Controller{"pids", wire::kLimitPids}}) {
    const std::string plus = std::string("+") + controller.name;
    std::string_view line = available;
    if (has_word(take_line(line), controller.name)) {
      // May be refused (EBUSY) because processes, such as this one, live in the parent itself.
      static_cast<void>(write_file(parent + "/cgroup.subtree_control", plus));
      if (write_file(path_ + "/cgroup.subtree_control", plus)) {
        capabilities_ |= controller.capability;
        continue;
      }
    }
    missing += (missing.empty() ? "" : ", ") + std::string(controller.name);
  }
  if (!missing.empty()) note("limits not enforced for want of a cgroup v2 controller: " + missing);
}

/// Folders of workers that were killed. Only what is empty can be removed, so nothing is lost if one still lives.
void CgroupTree::remove_abandoned(const std::string& parent) const {
  for (const std::string& name : folders_in(parent, "baton-")) {
    const std::string pid = name.substr(name.find('-') + 1);
    if (::access(("/proc/" + pid).c_str(), F_OK) == 0) continue;
    for (const std::string& leaf : folders_in(parent + '/' + name, "leaf-")) {
      ::rmdir((parent + '/' + name + '/' + leaf).c_str());
    }
    ::rmdir((parent + '/' + name).c_str());
  }
}

std::unique_ptr<CgroupLeaf> CgroupTree::acquire() {
  if (path_.empty()) return nullptr;
  if (!free_.empty()) {
    auto leaf = std::move(free_.back());
    free_.pop_back();
    return leaf;
  }
  return CgroupLeaf::make(path_ + "/leaf-" + std::to_string(made_++));
}

void CgroupTree::release(std::unique_ptr<CgroupLeaf> leaf) {
  if (leaf && !leaf->spent()) free_.push_back(std::move(leaf));
}

void CgroupTree::disable(const std::string& reason) {
  note("cgroup leaves are not used: " + reason);
  capabilities_ &= ~(wire::kCgroupLeaf | wire::kCgroupKill | wire::kLimitMemory | wire::kLimitCpus | wire::kLimitPids);
  free_.clear();
  if (!path_.empty()) ::rmdir(path_.c_str());
  path_.clear();
}

void CgroupTree::note(const std::string& sentence) {
  notes_ += (notes_.empty() ? "" : "; ") + sentence;
}

void destroy_cgroup(const std::string& path) {
  // Only ever a folder that a worker named and made; the journal is ours, but it is a file.
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos || !path.substr(slash + 1).starts_with("baton-")) return;
  static_cast<void>(write_file(path + "/cgroup.kill", "1"));
  for (const std::string& name : folders_in(path, "leaf-")) {
    const std::string leaf = path + '/' + name;
    for (const pid_t pid : pids_in(leaf)) ::kill(pid, SIGKILL);
    ::rmdir(leaf.c_str());
  }
  ::rmdir(path.c_str());
}

}  // namespace baton::worker
