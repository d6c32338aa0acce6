#include "scheduler/logs/report_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <tuple>

#include "scheduler/logs/log_place.h"

namespace baton::logs {
namespace {

constexpr std::size_t kNameBytesMax = 128;
constexpr std::size_t kEntriesMax = 4096;
constexpr std::string_view kFirst = "summary.md";

struct Ending {
  std::string_view ending;
  ReportKind kind;
  std::string_view type;
};
constexpr std::array kEndings = {
    Ending{".md", ReportKind::markdown, "text/markdown; charset=utf-8"},
    Ending{".png", ReportKind::image, "image/png"},
    Ending{".jpg", ReportKind::image, "image/jpeg"},
    Ending{".jpeg", ReportKind::image, "image/jpeg"},
    Ending{".gif", ReportKind::image, "image/gif"},
    Ending{".webp", ReportKind::image, "image/webp"},
    Ending{".svg", ReportKind::image, "image/svg+xml"},
    Ending{".csv", ReportKind::table, "text/csv; charset=utf-8"},
    Ending{".html", ReportKind::html, "text/html; charset=utf-8"},
    Ending{".htm", ReportKind::html, "text/html; charset=utf-8"},
    Ending{".txt", ReportKind::text, "text/plain; charset=utf-8"},
    Ending{".log", ReportKind::text, "text/plain; charset=utf-8"},
    Ending{".json", ReportKind::text, "application/json"},
    Ending{".pdf", ReportKind::other, "application/pdf"},
};

const Ending* ending_of(std::string_view name) {
  for (const Ending& one : kEndings) {
    if (name.size() > one.ending.size() && name.ends_with(one.ending)) return &one;
  }
  return nullptr;
}

/// Owns a descriptor.
class Opened {
 public:
  explicit Opened(int fd) : fd_(fd) {}
  Opened(const Opened&) = delete;
  Opened& operator=(const Opened&) = delete;
  ~Opened() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};

int open_folder(const std::string& folder) {
  return ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

Error no_file(const std::string& name) {
  return {"the report has no file \"" + name + "\"", ErrorKind::not_found};
}

}  // namespace

std::string_view to_string(ReportKind kind) {
  switch (kind) {
    case ReportKind::markdown: return "markdown";
    case ReportKind::image: return "image";
    case ReportKind::table: return "table";
    case ReportKind::html: return "html";
    case ReportKind::text: return "text";
    case ReportKind::other: return "other";
  }
  return "other";
}

std::string report_path(const std::string& state_folder, RunNo run_no, InstanceNo instance_no, Epoch epoch) {
  return folder_of_run(state_folder, run_no) + "/" + std::to_string(instance_no) + "." + std::to_string(epoch) + ".report";
}

bool is_report_name(std::string_view name) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
  };
  return !name.empty() && name.size() <= kNameBytesMax && name.front() != '.' && name.front() != '-' &&
         std::all_of(name.begin(), name.end(), fits);
}

ReportKind report_kind(std::string_view name) {
  const Ending* const ending = ending_of(name);
  return ending == nullptr ? ReportKind::other : ending->kind;
}

std::string_view report_type(std::string_view name) {
  const Ending* const ending = ending_of(name);
  return ending == nullptr ? "application/octet-stream" : ending->type;
}

Result<std::vector<ReportFile>> list_report(const std::string& folder) {
  std::vector<ReportFile> files;
  const int fd = open_folder(folder);
  if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)) return files;
  if (fd < 0) return Error{"the report cannot be read: " + std::string(std::strerror(errno)), ErrorKind::storage};
  const std::unique_ptr<DIR, CloseFolder> list(::fdopendir(fd));
  if (!list) {
    ::close(fd);
    return Error{"the report cannot be read", ErrorKind::storage};
  }
  for (std::size_t k = 0; k < kEntriesMax; ++k) {
    const dirent* const entry = ::readdir(list.get());
    if (entry == nullptr) break;
    struct stat info {};
    if (!is_report_name(entry->d_name) || ::fstatat(fd, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (S_ISREG(info.st_mode)) files.push_back({entry->d_name, static_cast<std::int64_t>(info.st_size)});
  }
  const auto order = [](const ReportFile& file) {
    return std::tuple(file.name != kFirst, report_kind(file.name), std::string_view(file.name));
  };
  std::sort(files.begin(), files.end(), [&](const ReportFile& a, const ReportFile& b) { return order(a) < order(b); });
  std::int64_t bytes = 0;
  std::erase_if(files, [&](const ReportFile& file) {
    if (bytes + file.bytes > kReportBytesMax) return true;
    bytes += file.bytes;
    return false;
  });
  if (files.size() > kReportFilesMax) files.resize(kReportFilesMax);
  return files;
}

Result<std::string> read_report_file(const std::string& folder, const std::string& name) {
  if (!is_report_name(name)) return no_file(name);
  const Opened in(open_folder(folder));
  if (in.get() < 0) return no_file(name);
  const Opened file(::openat(in.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat info {};
  if (file.get() < 0 || ::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode) || info.st_size > kReportBytesMax) {
    return no_file(name);
  }
  std::string bytes(static_cast<std::size_t>(info.st_size), '\0');
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    const ssize_t got = ::pread(file.get(), bytes.data() + filled, bytes.size() - filled, static_cast<off_t>(filled));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Error{"the report cannot be read: " + std::string(std::strerror(errno)), ErrorKind::storage};
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  bytes.resize(filled);
  return bytes;
}

}  // namespace baton::logs
