#include "worker/run_checks.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "worker/posix.h"

namespace baton::worker {
namespace {

constexpr std::size_t kScriptInArgvMax = 64U << 10;
constexpr std::size_t kResultBytesMax = 64U << 10;
constexpr std::size_t kFileBytesMax = 400U << 10;   ///< of one file
constexpr std::size_t kFilesBytesMax = 800U << 10;  ///< of all: an output holds 1 MiB
constexpr int kFailed = 1;

struct Check {
  std::string name, script, file;
};

struct Ended {
  int exit = 0, signal = 0;
  std::string problem, result, file;
};

std::string read_all(int fd) {
  std::string text;
  char buffer[64 << 10];
  for (ssize_t got = 0; (got = ::read(fd, buffer, sizeof(buffer))) != 0;) {
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) break;
    text.append(buffer, static_cast<std::size_t>(got));
  }
  return text;
}

/// Takes parts off the front of the orders.
class Parts {
 public:
  explicit Parts(std::string_view rest) : rest_(rest) {}
  [[nodiscard]] bool is_done() const { return rest_.empty(); }
  [[nodiscard]] bool is_broken() const { return is_broken_; }
  std::string next() {
    std::size_t size = 0;
    const std::size_t line = rest_.find('\n');
    const auto parsed = std::from_chars(rest_.data(), rest_.data() + std::min(line, rest_.size()), size);
    if (line == std::string_view::npos || parsed.ec != std::errc() || size > rest_.size() - line - 1) {
      is_broken_ = true;
      rest_ = {};
      return {};
    }
    std::string part(rest_.substr(line + 1, size));
    rest_.remove_prefix(line + 1 + size);
    return part;
  }

 private:
  std::string_view rest_;
  bool is_broken_ = false;
};

/// Bytes of the well-formed character that `text` begins with; 0: it begins with none.
std::size_t character_bytes(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  const std::size_t size = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (size == 0 || size > text.size()) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0U) != 0x80) return 0;
  }
  const bool is_long = (first == 0xe0 && byte(1) < 0xa0) || (first == 0xf0 && byte(1) < 0x90);
  const bool is_none = (first == 0xed && byte(1) > 0x9f) || (first == 0xf4 && byte(1) > 0x8f);
  return is_long || is_none ? 0 : size;
}

void put_json(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const std::size_t size = character_bytes(text);
    const auto c = static_cast<unsigned char>(text[0]);
    if (size == 0) {
      out += "\\ufffd";
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += text[0];
    } else if (c < 0x20) {
      char escaped[8];
      std::snprintf(escaped, sizeof(escaped), "\\u%04x", c);
      out += escaped;
    } else {
      out += text.substr(0, size);
    }
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  out += '"';
}

void say(std::string line) {
  std::replace(line.begin(), line.end() - 1, '\n', ' ');
  (void)write_all(STDOUT_FILENO, line);
}

/// A script too long for an argument goes by a file.
std::optional<std::string> as_argument(const Check& check, const std::string& stem, std::string& problem) {
  if (check.script.size() <= kScriptInArgvMax) return check.script;
  const std::string path = stem + ".check.script";
  ::unlink(path.c_str());
  const Fd file = open_file(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0700);
  if (file && write_all(file.get(), check.script)) return path;
  problem = "its script could not be kept: " + error_text(errno);
  return std::nullopt;
}

void run_script(const Check& check, const std::vector<std::string>& shell, const std::string& stem, Ended& ended) {
  const auto script = as_argument(check, stem, ended.problem);
  if (!script) return;
  std::vector<std::string> words = shell;
  if (check.script.size() <= kScriptInArgvMax) words.emplace_back("-c");
  words.push_back(*script);
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const std::string own = stem + ".check";
  ::unlink(own.c_str());
  const pid_t pid = ::fork();
  if (pid < 0) {
    ended.problem = "no process could be made: " + error_text(errno);
    return;
  }
  if (pid == 0) {
    const int null = ::open("/dev/null", O_RDONLY);
    if (null > 0) ::dup2(null, STDIN_FILENO);
    ::setenv("BATON_OUTPUT", own.c_str(), 1);
    ::setenv("BATON_CHECK", check.name.c_str(), 1);
    ::execvp(argv[0], argv.data());
    std::perror(argv[0]);
    ::_exit(127);
  }
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFSIGNALED(status)) ended.signal = WTERMSIG(status);
  else ended.exit = WEXITSTATUS(status);
  ended.result = read_file(own.c_str(), kResultBytesMax).value_or("");
  ::unlink(own.c_str());
  if (check.script.size() > kScriptInArgvMax) ::unlink(script->c_str());
}

void take_file(const Check& check, std::size_t& bytes, Ended& ended) {
  struct stat info {};
  const Fd file(::open(check.file.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!file || ::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) {
    ended.problem = "its file \"" + check.file + "\": " + (file ? "no regular file" : error_text(errno));
    return;
  }
  const auto size = static_cast<std::size_t>(info.st_size);
  if (size > kFileBytesMax || bytes + size > kFilesBytesMax) {
    ended.problem = "its file \"" + check.file + "\" has " + std::to_string(size) + " bytes; the limit is " +
                    std::to_string(kFileBytesMax) + ", and " + std::to_string(kFilesBytesMax) + " for all files of a task";
    return;
  }
  ended.file = read_all(file.get());
  bytes += ended.file.size();
}

void put(std::string& out, const Ended& ended) {
  out += out.back() == '[' ? "{\"exit\":" : ",{\"exit\":";
  out += std::to_string(ended.exit) + ",\"signal\":" + std::to_string(ended.signal) + ",\"problem\":";
  put_json(out, ended.problem);
  out += ",\"result\":";
  put_json(out, ended.result);
  out += ",\"file\":";
  put_json(out, ended.file);
  out += '}';
}

}  // namespace

int run_checks() {
  const std::string orders = read_all(STDIN_FILENO);
  const char* const output = std::getenv("BATON_OUTPUT");
  Parts parts(orders);
  int words = 0;
  const std::string count = parts.next();
  std::from_chars(count.data(), count.data() + count.size(), words);
  std::vector<std::string> shell;
  for (int i = 0; i < words && !parts.is_broken(); ++i) shell.push_back(parts.next());
  if (output == nullptr || shell.empty()) {
    std::fputs("baton-worker: a scheduler says which checks are to run\n", stderr);
    return kFailed;
  }
  const std::string stem = output;
  std::string out = "{\"checks\":[";
  std::size_t bytes = 0;
  while (!parts.is_done()) {
    Check check;
    check.name = parts.next();
    check.script = parts.next();
    check.file = parts.next();
    if (parts.is_broken()) return kFailed;
    Ended ended;
    say("::group::" + check.name + "\n");
    if (!check.script.empty()) run_script(check, shell, stem, ended);
    if (!check.file.empty() && ended.problem.empty()) take_file(check, bytes, ended);
    if (!ended.problem.empty()) say(ended.problem + "\n");
    say("::endgroup::\n");
    put(out, ended);
  }
  out += "]}";
  const Fd file = open_file(stem, O_WRONLY | O_CREAT | O_TRUNC);
  if (file && write_all(file.get(), out)) return 0;
  std::perror(output);
  return kFailed;
}

}  // namespace baton::worker
