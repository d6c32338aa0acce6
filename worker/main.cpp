// baton-worker: runs tasks for a scheduler. Also small helpers that run as tasks: --look, --hash-files,
// --run-checks.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "worker/agent.h"
#include "worker/files.h"
#include "worker/posix.h"
#include "worker/run_checks.h"

namespace baton::worker {
namespace {

constexpr const char* kUsageText =
    "usage: baton-worker --state DIR [--worker N] (--fd N | --listen) [--cgroups on|off]\n"
    "       baton-worker --look PATTERN          exit 0: something matches; 1: not yet\n"
    "       baton-worker --hash-files PATTERN... writes {\"hash\": \"...\"} to $BATON_OUTPUT\n"
    "       baton-worker --run-checks            runs the checks that its input tells of\n"
    "       baton-worker --version\n";

int code(Exit exit) {
  return static_cast<int>(exit);
}

int usage() {
  std::fputs(kUsageText, stderr);
  return code(Exit::kUsage);
}

int look(std::string_view pattern) {
  const auto paths = matching_paths(pattern, 1);
  if (paths.empty()) return code(Exit::kNotYet);
  std::printf("%s\n", paths.front().c_str());
  return code(Exit::kDone);
}

int hash(const std::vector<std::string>& patterns) {
  std::string error;
  const auto hashed = hash_files(patterns, error);
  if (!hashed) {
    std::fprintf(stderr, "baton-worker: %s\n", error.c_str());
    return code(Exit::kNotYet);
  }
  const std::string json = "{\"hash\": \"" + *hashed + "\"}\n";
  const char* const output = std::getenv("BATON_OUTPUT");
  if (output == nullptr) {
    std::fputs(json.c_str(), stdout);
    return code(Exit::kDone);
  }
  const Fd file = open_file(output, O_WRONLY | O_CREAT | O_TRUNC);
  if (file && write_all(file.get(), json)) return code(Exit::kDone);
  std::perror(output);
  return code(Exit::kNotYet);
}

/// Descriptors 0 to 2 exist, so that no file of ours takes their place. All others but the link go: a worker that
/// outlives its scheduler must not hold that one's locks and listening sockets.
void tidy_descriptors(int link_fd) {
  constexpr unsigned kFirst = 3;
  const auto link = static_cast<unsigned>(link_fd);
  if (link_fd < 3) {
    ::close_range(kFirst, ~0U, 0);
  } else {
    if (link > kFirst) ::close_range(kFirst, link - 1, 0);
    ::close_range(link + 1, ~0U, 0);
  }
  int fd = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  while (fd >= 0 && fd <= 2) fd = ::dup(fd);
  if (fd >= 0) ::close(fd);
}

bool parse_number(const std::string& text, int& number) {
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  return parsed.ec == std::errc() && parsed.ptr == text.data() + text.size() && number >= 0;
}

/// Takes the option at `i` and moves `i` past it; false if it is none.
bool take_option(const std::vector<std::string>& arguments, std::size_t& i, AgentOptions& options) {
  const std::string& name = arguments[i++];
  if (name == "--listen") return options.listens = true;
  if (i == arguments.size()) return false;
  const std::string& value = arguments[i++];
  if (name == "--state") options.state_folder = value;
  if (name == "--cgroups") options.cgroups = value == "on";
  if (name == "--worker") return parse_number(value, options.worker_no);
  if (name == "--fd") return parse_number(value, options.link_fd);
  return name == "--state" || (name == "--cgroups" && (value == "on" || value == "off"));
}

int serve(const std::vector<std::string>& arguments) {
  AgentOptions options;
  for (std::size_t i = 0; i < arguments.size();) {
    if (!take_option(arguments, i, options)) return usage();
  }
  const bool has_link = options.link_fd >= 0 || options.listens;
  if (options.state_folder.empty() || !has_link) return usage();
  char absolute[PATH_MAX];
  if (::realpath(options.state_folder.c_str(), absolute) == nullptr) {
    std::perror(options.state_folder.c_str());
    return code(Exit::kUsage);
  }
  options.state_folder = absolute;
  tidy_descriptors(options.link_fd);
  return code(Agent(std::move(options)).run());
}

int run(const std::vector<std::string>& arguments) {
  if (arguments.empty()) return usage();
  if (arguments[0] == "--version") {
    std::puts(BATON_VERSION);
    return code(Exit::kDone);
  }
  if (arguments[0] == "--look" && arguments.size() == 2) return look(arguments[1]);
  if (arguments[0] == "--hash-files" && arguments.size() > 1) return hash({arguments.begin() + 1, arguments.end()});
  if (arguments[0] == "--run-checks" && arguments.size() == 1) return run_checks();
  return serve(arguments);
}

}  // namespace
}  // namespace baton::worker

int main(int argc, char** argv) {
  return baton::worker::run({argv + 1, argv + argc});
}
