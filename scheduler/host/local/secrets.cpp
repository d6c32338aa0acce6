#include "scheduler/host/local/secrets.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "scheduler/dagfile/canonical.h"
#include "scheduler/dagfile/scalar.h"

namespace baton {
namespace {

constexpr std::size_t kFileBytesMax = 1 << 20;

Result<std::string> read_private_file(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (fd < 0) return Error{"cannot read the secrets file " + path + ": " + std::strerror(errno)};
  struct stat info {};
  std::string text;
  std::string refusal;
  if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
    refusal = path + " is not a regular file";
  } else if (info.st_uid != geteuid() || (info.st_mode & 077) != 0) {
    refusal = "the secrets file " + path + " can be read by others; type: chmod 600 " + path;
  } else if (static_cast<std::size_t>(info.st_size) > kFileBytesMax) {
    refusal = "the secrets file " + path + " is larger than 1 MiB";
  } else {
    text.resize(static_cast<std::size_t>(info.st_size));
    const ssize_t n = read(fd, text.data(), text.size());
    text.resize(n < 0 ? 0 : static_cast<std::size_t>(n));
  }
  close(fd);
  if (!refusal.empty()) return Error{refusal};
  return text;
}

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

/// What may follow after a closing quote: nothing, or a comment.
bool is_rest(std::string_view text) {
  const std::string_view rest = trimmed(text);
  return rest.empty() || (rest.front() == '#' && is_blank(text.front()));
}

/// The content of '…': as it is.
Result<std::string> single_quoted(std::string_view text) {
  const std::size_t end = text.find('\'', 1);
  if (end == std::string_view::npos) return Error{"the closing quote is missing; a value ends on its line"};
  if (!is_rest(text.substr(end + 1))) return Error{"something follows after the closing quote"};
  return std::string(text.substr(1, end - 1));
}

/// The content of "…", where a backslash escapes as in .env files.
Result<std::string> double_quoted(std::string_view text) {
  static constexpr std::string_view kLetters = "nrt\\\"$`";
  static constexpr std::string_view kMeanings = "\n\r\t\\\"$`";
  std::string value;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') {
      if (!is_rest(text.substr(i + 1))) return Error{"something follows after the closing quote"};
      return value;
    }
    if (text[i] != '\\') {
      value += text[i];
      continue;
    }
    const std::size_t letter = i + 1 < text.size() ? kLetters.find(text[i + 1]) : std::string_view::npos;
    if (letter == std::string_view::npos) {
      return Error{"a backslash in double quotes stands before one of n r t \\ \" $ `; use single quotes for a value "
                   "as it is"};
    }
    value += kMeanings[letter];
    ++i;
  }
  return Error{"the closing quote is missing; a value ends on its line"};
}

Result<std::string> value_of(std::string_view text) {
  text = trimmed(text);
  if (text.starts_with('\'')) return single_quoted(text);
  if (text.starts_with('"')) return double_quoted(text);
  if (text.find(" #") != std::string_view::npos || text.find("\t#") != std::string_view::npos || text.starts_with('#')) {
    return Error{"whether # begins a comment here is not clear; put the value into quotes"};
  }
  return std::string(text);
}

/// `NAME=value`, perhaps with `export` before it.
Result<std::pair<std::string, std::string>> entry_of(std::string_view line) {
  constexpr std::string_view kExport = "export";
  if (line.starts_with(kExport) && line.size() > kExport.size() && is_blank(line[kExport.size()])) {
    line = trimmed(line.substr(kExport.size()));
  }
  const std::size_t equals = line.find('=');
  if (equals == std::string_view::npos || equals == 0) return Error{"a line must be NAME=value"};
  const std::string_view name = line.substr(0, equals);
  if (!dagfile::is_id(name)) {
    return Error{"the name of a secret is made of letters, digits, \"_\", \".\" and \"-\", and = follows it at once"};
  }
  auto value = value_of(line.substr(equals + 1));
  if (!value) return value.error();
  return std::pair(std::string(name), std::move(value).value());
}

}  // namespace

Result<Secrets> Secrets::load(const std::string& file) {
  Secrets secrets;
  if (file.empty()) return secrets;
  secrets.file_ = file;
  auto text = read_private_file(file);
  if (!text) return text.error();
  if (Status read = secrets.read(*text); !read) return read.error();
  return secrets;
}

Status Secrets::read(std::string_view text) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  std::map<std::string, int> lines;
  for (int number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    line = trimmed(line);
    if (line.empty() || line.front() == '#') continue;
    const auto refuse = [&](const std::string& why) {
      return Error{file_ + ":" + std::to_string(number) + ": " + why};
    };
    if (line.find_first_of(std::string_view("\0\r", 2)) != std::string_view::npos) {
      return refuse("a NUL or a carriage return stands inside the line");
    }
    auto entry = entry_of(line);
    if (!entry) return refuse(entry.error().message);
    const auto [first, is_new] = lines.emplace(entry->first, number);
    if (!is_new) {
      return refuse("the secret \"" + entry->first + "\" stands in line " + std::to_string(first->second) + " already");
    }
    from_file_.insert(std::move(entry).value());
  }
  return Unit{};
}

Result<std::string> Secrets::find(const std::string& name) const {
  const std::string variable = secret_variable(name);
  if (const char* value = std::getenv(variable.c_str())) return std::string(value);
  const auto at = from_file_.find(name);
  if (at != from_file_.end()) return at->second;
  if (vault_ != nullptr) {
    auto kept = vault_->find(name);
    if (!kept) return kept.error();
    if (*kept) return std::move(**kept);
  }
  return Error{"secret \"" + name + "\" is not set: set it in the state folder, or give it as " + variable + (file_.empty() ? " or in a file of secrets" : " or in " + file_)};
}

std::function<Result<std::string>(const std::string& name)> secret_source(Secrets known, const Profile& profile) {
  return [known = std::move(known), names = profile.secrets](const std::string& name) {
    const auto meant = std::find_if(names.begin(), names.end(), [&](const auto& one) { return one.first == name; });
    return known.find(meant == names.end() ? name : meant->second);
  };
}

}  // namespace baton
