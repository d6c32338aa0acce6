#include "worker/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <set>

#include "worker/sha256.h"
#include "worker/posix.h"

namespace baton::worker {
namespace {

constexpr std::size_t kHashedFilesMax = 1'000'000;
constexpr int kFolderDepthMax = 128;

bool has_magic(std::string_view part) {
  return part.find_first_of("*?[") != std::string_view::npos;
}

std::vector<std::string> folder_entries(const std::string& folder) {
  std::vector<std::string> names;
  DIR* dir = ::opendir(folder.empty() ? "." : folder.c_str());
  if (dir == nullptr) return names;
  while (const dirent* entry = ::readdir(dir)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  ::closedir(dir);
  std::sort(names.begin(), names.end());
  return names;
}

bool is_folder(const std::string& path, bool follow) {
  struct stat info {};
  const int result = follow ? ::stat(path.c_str(), &info) : ::lstat(path.c_str(), &info);
  return result == 0 && S_ISDIR(info.st_mode);
}

/// What a program that opens it would find: a link that leads nowhere is nothing, for sensors and hashes alike.
bool exists(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0;
}

/// Walks a pattern part by part.
class Matcher {
 public:
  Matcher(std::string_view pattern, std::size_t count_max) : count_max_(count_max) {
    std::string_view rest = pattern;
    if (rest.starts_with('/')) root_ = "/";
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find('/'), rest.size());
      if (end > 0) parts_.emplace_back(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }

  std::vector<std::string> run() {
    if (!parts_.empty()) walk(root_, 0, 0);
    return {found_.begin(), found_.end()};
  }

 private:
  void walk(const std::string& prefix, std::size_t part, int depth) {
    if (found_.size() >= count_max_ || depth > kFolderDepthMax) return;
    if (parts_[part] == "**") return walk_folders(prefix, part, depth);
    if (!has_magic(parts_[part])) {
      take(prefix + parts_[part], part, depth);
      return;
    }
    for (const std::string& name : folder_entries(prefix)) {
      if (::fnmatch(parts_[part].c_str(), name.c_str(), FNM_PERIOD) == 0) take(prefix + name, part, depth);
    }
  }

  void take(const std::string& path, std::size_t part, int depth) {
    if (part + 1 == parts_.size()) {
      if (exists(path)) found_.insert(path);
    } else if (is_folder(path, true)) {
      walk(path + '/', part + 1, depth + 1);
    }
  }

  /// ** stands for no folder, or any number of them; at the end of a pattern for everything below.
  void walk_folders(const std::string& prefix, std::size_t part, int depth) {
    const bool last = part + 1 == parts_.size();
    if (!last) walk(prefix, part + 1, depth + 1);
    for (const std::string& name : folder_entries(prefix)) {
      if (name.starts_with('.') || found_.size() >= count_max_) continue;
      const std::string path = prefix + name;
      if (is_folder(path, false)) {
        if (depth < kFolderDepthMax) walk_folders(path + '/', part, depth + 1);
      } else if (last && exists(path)) {
        found_.insert(path);
      }
    }
  }

  std::string root_;
  std::vector<std::string> parts_;
  std::set<std::string> found_;
  std::size_t count_max_;
};

std::optional<std::string> hash_file(const std::string& path) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return std::nullopt;
  Sha256 hash;
  const auto chunk = std::make_unique<char[]>(256U << 10);
  while (true) {
    const ssize_t got = ::read(file.get(), chunk.get(), 256U << 10);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::nullopt;
    if (got == 0) return hash.hex();
    hash.update({chunk.get(), static_cast<std::size_t>(got)});
  }
}

}  // namespace

std::vector<std::string> matching_paths(std::string_view pattern, std::size_t count_max) {
  return Matcher(pattern, count_max).run();
}

std::optional<std::string> hash_files(const std::vector<std::string>& patterns, std::string& error) {
  std::set<std::string> paths;
  for (const std::string& pattern : patterns) {
    for (std::string& path : matching_paths(pattern, kHashedFilesMax)) paths.insert(std::move(path));
  }
  if (paths.size() >= kHashedFilesMax) {
    error = "more than " + std::to_string(kHashedFilesMax) + " files match";
    return std::nullopt;
  }
  Sha256 all;
  bool any = false;
  for (const std::string& path : paths) {
    struct stat info {};
    if (::stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode)) continue;
    const auto hash = hash_file(path);
    if (!hash) {
      error = path + ": " + error_text(errno);
      return std::nullopt;
    }
    all.update(*hash + "  " + path + "\n");
    any = true;
  }
  return any ? all.hex() : std::string();
}

}  // namespace baton::worker
