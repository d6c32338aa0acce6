// Reports: what attempts leave for people in $BATON_REPORT_DIR, in the end beside their logs. While one lives its folder
// lies in the worker's: nobody sees a file before it was held against the attempt's secrets. Main thread.
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
/// Untouched folders that are kept for later attempts.
inline constexpr std::size_t kReportFoldersMax = 64;

/// What one attempt has of it. Empty: none.
struct ReportFolder {
  std::string path;        ///< what the task gets
  std::string final_path;  ///< where readers look for it
};

/// The folders of all attempts. Most attempts leave nothing: a folder that nobody has touched is given to the next
/// attempt, because to make one for each costs more than the rest of its files, and to remove one can wait for the disk,
/// and everybody else with it. Owned by Attempts.
class ReportFolders {
 public:
  /// `folder`: what only this worker uses. What a dead one has left in it goes: its attempts are lost.
  explicit ReportFolders(std::string folder);

  /// An empty folder for the attempt of this log. False with errno set.
  [[nodiscard]] bool take(const std::string& log_path, ReportFolder& to);
  /// Nobody writes any more. Files are kept as far as the limits go, `summary.md` before all others, and none that holds
  /// a secret. What a person should know of it; usually empty.
  [[nodiscard]] std::string publish(const ReportFolder& folder, const std::vector<std::string_view>& secrets);

 private:
  void keep(const std::string& path);

  const std::string folder_;
  std::vector<std::string> untouched_;  ///< the one of last at the end
  std::int64_t next_ = 0;
};

}  // namespace baton::worker
