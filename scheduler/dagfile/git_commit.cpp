#include "scheduler/dagfile/git_commit.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string_view>

#include "scheduler/dagfile/loader.h"

namespace baton {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kHeadBytes = 4096, kPackedBytes = 32 << 20;
constexpr int kLinksMax = 5;  ///< as git itself follows them

std::string first_line(std::string text) {
  text.resize(std::min(text.find_first_of("\r\n"), text.size()));
  return text;
}

std::optional<std::string> read_line(const fs::path& path) {
  auto text = read_regular_file(path.string(), kHeadBytes);
  if (!text) return std::nullopt;
  return first_line(std::move(*text));
}

bool is_hash(std::string_view text) {
  return (text.size() == 40 || text.size() == 64) && text.find_first_not_of("0123456789abcdef") == text.npos;
}

/// Names within the repository alone: what HEAD says is not trusted as a path.
bool is_ref(std::string_view name) {
  return name.starts_with("refs/") && name.find("..") == name.npos && name.find('\0') == name.npos;
}

struct Repository {
  fs::path own;     ///< of this work tree: its HEAD
  fs::path common;  ///< of all of them: their refs
};

/// A `.git` is the folder itself or, in a linked work tree or a submodule, a file that names it.
std::optional<Repository> repository_at(const fs::path& folder) {
  std::error_code ignored;
  const fs::path git = folder / ".git";
  Repository out;
  if (fs::is_directory(git, ignored)) {
    out.own = git;
  } else {
    constexpr std::string_view kNames = "gitdir: ";
    const auto line = read_line(git);
    if (!line || !line->starts_with(kNames)) return std::nullopt;
    out.own = folder / line->substr(kNames.size());  // as it is where it is absolute
  }
  const auto common = read_line(out.own / "commondir");
  out.common = common ? out.own / *common : out.own;
  return out;
}

std::optional<std::string> packed_ref(const fs::path& common, const std::string& name) {
  const auto all = read_regular_file((common / "packed-refs").string(), kPackedBytes);
  if (!all) return std::nullopt;
  std::string_view rest = *all;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    const std::size_t space = line.find(' ');
    if (space != line.npos && line.substr(space + 1) == name) return std::string(line.substr(0, space));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return std::nullopt;
}

std::string head_of(const Repository& repository) {
  constexpr std::string_view kLink = "ref: ";
  std::optional<std::string> line = read_line(repository.own / "HEAD");
  for (int links = 0; line && links < kLinksMax; ++links) {
    if (is_hash(*line)) return *line;
    if (!line->starts_with(kLink)) break;
    const std::string name = line->substr(kLink.size());
    if (!is_ref(name)) break;
    line = read_line(repository.own / name);  // a few belong to one work tree
    if (!line) line = read_line(repository.common / name);
    if (!line) line = packed_ref(repository.common, name);
  }
  return {};
}

}  // namespace

std::string git_commit_of(const std::string& file) {
  std::error_code error;
  fs::path folder = fs::absolute(file, error).parent_path();
  while (!error && !folder.empty()) {
    std::error_code ignored;
    if (fs::exists(folder / ".git", ignored)) {
      const auto repository = repository_at(folder);
      return repository ? head_of(*repository) : std::string();
    }
    if (folder == folder.parent_path()) break;
    folder = folder.parent_path();
  }
  return {};
}

}  // namespace baton
