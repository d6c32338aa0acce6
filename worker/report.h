// ReportFolder: what one attempt leaves for people in $BATON_REPORT_DIR, beside its log. While it lives the folder has
// another name than the one that readers look for: nobody sees a file before it was held against the attempt's secrets.
// Owned by its attempt; main thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace baton::worker {

inline constexpr const char* kReportVariable = "BATON_REPORT_DIR";
inline constexpr std::size_t kReportFilesMax = 64;
inline constexpr std::int64_t kReportBytesMax = std::int64_t{64} << 20;
/// Of a folder with more entries nothing is kept: to look through it would hold up everybody else.
inline constexpr std::size_t kReportEntriesMax = 4096;

class ReportFolder {
 public:
  /// Makes the folder beside the log. False with errno set.
  [[nodiscard]] bool open(const std::string& log_path);
  /// What the task gets; empty where there is none.
  [[nodiscard]] const std::string& path() const { return open_path_; }

  /// Nobody writes any more. An empty folder goes; else files are kept as far as the limits go, `summary.md` before all
  /// others, and none that holds a secret. What a person should know of it; usually empty.
  [[nodiscard]] std::string publish(const std::vector<std::string_view>& secrets);
  /// Nothing was started.
  void drop() const;

 private:
  std::string open_path_;
  std::string final_path_;
};

}  // namespace baton::worker
