// Paths that no shell reads: `~` and `$HOME` stay what they are there.
#include "scheduler/dagfile/task_draft.h"

namespace baton::dagfile {
namespace {

bool begins_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/// `~`, `~/…`, `~name/…`; `$NAME` and `${NAME}` anywhere, but not `${{`. Returns what stands there, or nothing.
std::string_view unexpanded(std::string_view path) {
  if (path.starts_with('~')) return path.substr(0, path.find('/'));
  for (std::size_t at = path.find('$'); at != std::string_view::npos; at = path.find('$', at + 1)) {
    const std::string_view rest = path.substr(at + 1);
    if (!rest.empty() && begins_name(rest[0])) {
      std::size_t end = 0;
      while (end < rest.size() && (begins_name(rest[end]) || (rest[end] >= '0' && rest[end] <= '9'))) ++end;
      return path.substr(at, end + 1);
    }
    if (rest.size() > 1 && rest[0] == '{' && begins_name(rest[1])) return path.substr(at, rest.find('}') + 2);
  }
  return {};
}

}  // namespace

void warn_unexpanded(std::string_view path, Span where, std::string_view key, Reporter& reporter) {
  const std::string_view found = unexpanded(path);
  if (found.empty()) return;
  reporter.warning(Rule::unexpanded_path, where,
                   in_quotes(found) + " is not expanded in " + in_quotes(key) + ": no shell reads it",
                   "write the whole path, or make the folder a param");
}

}  // namespace baton::dagfile
