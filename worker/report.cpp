#include "worker/report.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>

#include "worker/masker.h"
#include "worker/posix.h"

namespace baton::worker {
namespace {

constexpr std::string_view kLogEnding = ".log";
constexpr std::string_view kFirst = "summary.md";
constexpr std::size_t kNameBytesMax = 128;
constexpr std::size_t kChunkBytes = std::size_t{64} << 10;

struct File {
  std::string name;
  std::int64_t bytes = 0;
};

/// The same rule as is_report_name() of scheduler/logs, which readers ask: a name that is safe in any path and header.
bool is_kept_name(std::string_view name) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
  };
  return !name.empty() && name.size() <= kNameBytesMax && name.front() != '.' && name.front() != '-' &&
         std::all_of(name.begin(), name.end(), fits);
}

bool comes_before(const File& a, const File& b) {
  if ((a.name == kFirst) != (b.name == kFirst)) return a.name == kFirst;
  return a.name < b.name;
}

bool holds_any(int folder, const std::string& name, const std::vector<std::string_view>& secrets) {
  const Fd file(::openat(folder, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file) return true;  // what cannot be looked at is not shown either
  Masker masker(secrets, kSecretOutputBytesMin);
  std::string chunk(kChunkBytes, '\0');
  std::string ignored;
  while (!masker.has_found()) {
    const ssize_t got = ::read(file.get(), chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return true;
    if (got == 0) break;
    masker.feed(std::string_view(chunk).substr(0, static_cast<std::size_t>(got)), ignored);
    ignored.clear();
  }
  return masker.has_found();
}

/// What lies in the folder, and how much of it is no file with a name that may be.
struct Content {
  std::vector<File> files;
  std::size_t others = 0;
};

/// None: there are too many entries, or they cannot be read.
std::optional<Content> content_of(int folder) {
  const int copy = ::dup(folder);
  std::unique_ptr<DIR, CloseDir> list(copy < 0 ? nullptr : ::fdopendir(copy));
  if (!list) {
    if (copy >= 0) ::close(copy);
    return std::nullopt;
  }
  Content content;
  std::size_t entries = 0;
  while (const dirent* const entry = ::readdir(list.get())) {
    const std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    if (++entries > kReportEntriesMax) return std::nullopt;
    struct stat info {};
    const bool is_file = ::fstatat(folder, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(info.st_mode);
    if (is_file && is_kept_name(name)) {
      content.files.push_back({name, info.st_size});
    } else {
      ++content.others;
      if (is_file) ::unlinkat(folder, name.c_str(), 0);
    }
  }
  std::sort(content.files.begin(), content.files.end(), comes_before);
  return content;
}

/// A time that nothing has: whatever is made in a folder changes it, also within the tick of the clock in which the
/// folder was made, and no copy of another folder's time is it.
constexpr timespec kNobodysTime{1, 123'000};

bool is_untouched(const std::string& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode) && info.st_mtim.tv_sec == kNobodysTime.tv_sec &&
         info.st_mtim.tv_nsec == kNobodysTime.tv_nsec;
}

/// To beside the log; by copies where logs lie on another file system. False with errno set.
bool move_folder(const ReportFolder& report, const std::vector<std::string>& names) {
  if (::rename(report.path.c_str(), report.final_path.c_str()) == 0) return true;
  if (errno != EXDEV || ::mkdir(report.final_path.c_str(), 0700) != 0) return false;
  std::error_code error;
  for (const std::string& name : names) {
    std::filesystem::copy_file(report.path + "/" + name, report.final_path + "/" + name, error);
    if (error) break;
  }
  std::error_code ignored;
  std::filesystem::remove_all(report.path, ignored);
  errno = error.value();
  return !error;
}

/// What nobody will be shown, out of the worker's folder: it goes with the logs of its run. To look through it, or to
/// remove a large one, would hold up everybody else. Where logs lie on another file system it stays for the next worker.
void set_aside(const ReportFolder& report) {
  (void)std::rename(report.path.c_str(), (report.final_path + ".unshown").c_str());
}

std::string counted(std::size_t count, const char* what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

}  // namespace

ReportFolders::ReportFolders(std::string folder) : folder_(std::move(folder)) {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

bool ReportFolders::take(const std::string& log_path, ReportFolder& to) {
  if (log_path.size() <= kLogEnding.size() || !log_path.ends_with(kLogEnding)) return true;
  to.final_path = log_path.substr(0, log_path.size() - kLogEnding.size()) + ".report";
  if (!untouched_.empty()) {
    to.path = std::move(untouched_.back());
    untouched_.pop_back();
    if (is_untouched(to.path)) return true;  // else somebody has taken it away, or written to it since
  }
  to.path = folder_ + "/" + std::to_string(next_++);
  if (::mkdir(to.path.c_str(), 0700) != 0) {
    if (errno != ENOENT || ::mkdir(folder_.c_str(), 0700) != 0 || ::mkdir(to.path.c_str(), 0700) != 0) return false;
  }
  const timespec times[2] = {{0, UTIME_OMIT}, kNobodysTime};
  return ::utimensat(AT_FDCWD, to.path.c_str(), times, AT_SYMLINK_NOFOLLOW) == 0;
}

void ReportFolders::keep(const std::string& path) {
  untouched_.push_back(path);
  if (untouched_.size() <= kReportFoldersMax) return;
  ::rmdir(untouched_.front().c_str());
  untouched_.erase(untouched_.begin());
}

std::string ReportFolders::publish(const ReportFolder& report, const std::vector<std::string_view>& secrets) {
  if (report.path.empty()) return {};
  if (is_untouched(report.path)) {
    keep(report.path);
    return {};
  }
  if (::rmdir(report.path.c_str()) == 0 || errno == ENOENT) return {};
  const Fd folder(::open(report.path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!folder) return "$BATON_REPORT_DIR: " + error_text(errno);
  const auto content = content_of(folder.get());
  if (!content) {
    set_aside(report);
    return "nothing of $BATON_REPORT_DIR is kept: it holds more than " + std::to_string(kReportEntriesMax) + " entries";
  }
  std::vector<std::string> kept;
  std::size_t beyond = 0;
  std::size_t with_secret = 0;
  std::int64_t bytes = 0;
  for (const File& file : content->files) {
    const bool fits = kept.size() < kReportFilesMax && bytes + file.bytes <= kReportBytesMax;
    const bool is_secret = fits && !secrets.empty() && holds_any(folder.get(), file.name, secrets);
    if (fits && !is_secret) {
      kept.push_back(file.name);
      bytes += file.bytes;
      continue;
    }
    ++(is_secret ? with_secret : beyond);
    ::unlinkat(folder.get(), file.name.c_str(), 0);
  }
  std::string said;
  const auto say = [&said](const std::string& text) { said += (said.empty() ? "" : "; ") + text; };
  if (with_secret > 0) say(counted(with_secret, "file") + " of $BATON_REPORT_DIR held a secret and went");
  if (beyond > 0) say(counted(beyond, "file") + " of $BATON_REPORT_DIR went: at most 64 files and 64 MiB are kept");
  if (content->others > 0) {
    say(counted(content->others, "thing") + " in $BATON_REPORT_DIR did not stay: files are kept whose names are of "
        "letters, digits, _ . - and no folders or links");
  }
  if (kept.empty()) {
    set_aside(report);
  } else if (!move_folder(report, kept)) {
    say("$BATON_REPORT_DIR: " + error_text(errno));
  }
  return said;
}

}  // namespace baton::worker
