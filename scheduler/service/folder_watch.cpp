#include "scheduler/service/folder_watch.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <set>
#include <utility>

namespace baton {
namespace fs = std::filesystem;
namespace {

constexpr std::uint32_t kEvents = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CREATE |
                                  IN_DELETE_SELF | IN_MOVE_SELF | IN_ATTRIB | IN_ONLYDIR;

bool is_hidden(const std::string& name) { return !name.empty() && name.front() == '.'; }

}  // namespace

bool is_dag_file_name(const std::string& name) {
  const std::string suffix = fs::path(name).extension().string();
  return !is_hidden(name) && (suffix == ".yaml" || suffix == ".yml");
}

struct FolderWatch::Shared {
  Shared(Loop& on, std::string folder, std::function<void(FolderEvents)> f)
      : loop(on), root(std::move(folder)), told(std::move(f)) {}
  ~Shared() {
    if (inotify >= 0) close(inotify);
    if (wake >= 0) close(wake);
  }

  void watch(const fs::path& folder);
  void watch_below(const fs::path& folder);
  void drain();
  void take(const inotify_event& event, const std::string& name);
  void tell();

  Loop& loop;
  const std::string root;
  const std::function<void(FolderEvents)> told;
  int inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  int wake = eventfd(0, EFD_CLOEXEC);
  std::atomic<bool> is_whole = true;
  std::shared_ptr<bool> is_alive = std::make_shared<bool>(true);  // loop thread
  // The thread's:
  std::map<int, fs::path> folders;  // by watch
  std::set<std::string> files;
  bool look_through = false;
};

void FolderWatch::Shared::watch(const fs::path& folder) {
  const int descriptor = inotify_add_watch(inotify, folder.c_str(), kEvents);
  if (descriptor >= 0) {
    folders[descriptor] = folder;
  } else if (errno != ENOENT && errno != ENOTDIR) {  // gone already: somebody tells of that
    is_whole = false;
  }
}

void FolderWatch::Shared::watch_below(const fs::path& folder) {
  watch(folder);
  std::error_code error;
  for (fs::recursive_directory_iterator at(folder, fs::directory_options::skip_permission_denied, error), end;
       !error && at != end; at.increment(error)) {
    if (!at->is_directory(error)) continue;
    if (is_hidden(at->path().filename().string())) {
      at.disable_recursion_pending();
    } else if (!at->is_symlink(error)) {
      watch(at->path());
    }
  }
}

void FolderWatch::Shared::take(const inotify_event& event, const std::string& name) {
  if ((event.mask & IN_Q_OVERFLOW) != 0) {
    look_through = true;
    return;
  }
  const auto folder = folders.find(event.wd);
  if (folder == folders.end()) return;
  if ((event.mask & IN_IGNORED) != 0) {
    folders.erase(folder);
    if (folders.empty()) is_whole = false;
    look_through = true;
  } else if (name.empty()) {
    look_through = look_through || (event.mask & (IN_DELETE_SELF | IN_MOVE_SELF)) != 0;
  } else if ((event.mask & IN_ISDIR) != 0) {
    if ((event.mask & (IN_CREATE | IN_MOVED_TO)) != 0 && !is_hidden(name)) watch_below(folder->second / name);
    look_through = true;
  } else if (is_dag_file_name(name)) {
    // A file that is being written tells when it is closed; a link that is made is whole at once.
    std::error_code error;
    const fs::path path = folder->second / name;
    const bool is_link = fs::is_symlink(path, error) || fs::hard_link_count(path, error) > 1;
    if (event.mask != IN_CREATE || is_link) files.insert((folder->second / name).string());
  } else if ((event.mask & (IN_MOVED_TO | IN_CREATE)) != 0) {
    std::error_code error;  // a link that others go through, as in mounted config maps
    look_through = look_through || fs::is_symlink(folder->second / name, error);
  }
}

void FolderWatch::Shared::drain() {
  alignas(inotify_event) char buffer[16'384];
  for (;;) {
    const ssize_t size = read(inotify, buffer, sizeof buffer);
    if (size <= 0) return;
    for (ssize_t at = 0; at < size;) {
      const auto& event = *reinterpret_cast<const inotify_event*>(buffer + at);
      take(event, event.len > 0 ? std::string(event.name) : std::string());
      at += static_cast<ssize_t>(sizeof(inotify_event) + event.len);
    }
  }
}

void FolderWatch::Shared::tell() {
  if (files.empty() && !look_through) return;
  auto events = std::make_shared<FolderEvents>();
  events->files.assign(files.begin(), files.end());
  events->look_through = look_through;
  files.clear();
  look_through = false;
  loop.post([alive = is_alive, f = told, events] {
    if (*alive) f(std::move(*events));
  });
}

FolderWatch::FolderWatch(Loop& loop, std::string root, std::function<void(FolderEvents)> told)
    : shared_(std::make_shared<Shared>(loop, std::move(root), std::move(told))) {
  if (shared_->inotify < 0 || shared_->wake < 0) {
    shared_->is_whole = false;
    return;
  }
  thread_ = std::thread([shared = shared_] { run(shared); });
}

FolderWatch::~FolderWatch() {
  *shared_->is_alive = false;
  const std::uint64_t one = 1;
  if (thread_.joinable() && write(shared_->wake, &one, sizeof one) == sizeof one) thread_.join();
  if (thread_.joinable()) thread_.detach();  // it holds what it needs
}

bool FolderWatch::is_whole() const { return shared_->is_whole; }

void FolderWatch::run(const std::shared_ptr<Shared>& shared) {
  shared->watch_below(shared->root);
  if (shared->folders.empty()) shared->is_whole = false;  // there is no such folder yet
  shared->look_through = true;  // what changed before it was watched
  shared->tell();
  for (;;) {
    pollfd waits[2] = {{shared->inotify, POLLIN, 0}, {shared->wake, POLLIN, 0}};
    if (poll(waits, 2, -1) < 0 && errno != EINTR) return;
    if (waits[1].revents != 0) return;
    shared->drain();
    shared->tell();
  }
}

}  // namespace baton
