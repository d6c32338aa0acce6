// What an attempt left in $BATON_REPORT_DIR, as its worker has published it: files in a folder beside its log, kept and
// removed with it. Tasks write there, so nothing of it is believed: names, links, sizes. Any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "scheduler/model/attempt_key.h"
#include "scheduler/model/result.h"

namespace baton::logs {

inline constexpr std::size_t kReportFilesMax = 64;
inline constexpr std::int64_t kReportBytesMax = std::int64_t{64} << 20;

/// What a file of a report is for who shows it.
enum class ReportKind : std::uint8_t { markdown, image, table, html, text, other };
std::string_view to_string(ReportKind kind);

struct ReportFile {
  std::string name;
  std::int64_t bytes = 0;
};

/// `<state>/logs/<run_no>/<instance_no>.<epoch>.report`: there once the attempt has ended and has left something.
std::string report_path(const std::string& state_folder, RunNo run_no, InstanceNo instance_no, Epoch epoch);

/// At most 128 letters, digits, `_`, `.`, `-`; first none of the last two. Safe in a path, a header, a URL.
bool is_report_name(std::string_view name);

/// By the ending of its name alone: content is never looked at.
ReportKind report_kind(std::string_view name);
/// `image/png`, …; application/octet-stream for what is not known.
std::string_view report_type(std::string_view name);

/// `summary.md` first, then by kind (Markdown, images, tables, HTML, texts, the rest) and name; empty where there is
/// none. Regular files with such names alone, and no more than the limits.
Result<std::vector<ReportFile>> list_report(const std::string& folder);

/// The bytes of one file. not_found: there is none of that name, or it is no regular file, or a link, or larger than all
/// may be.
Result<std::string> read_report_file(const std::string& folder, const std::string& name);

}  // namespace baton::logs
