#include "cli/text/reason_text.h"

#include <csignal>
#include <cstring>

#include "cli/text/display_width.h"
#include "scheduler/model/attempt_key.h"

namespace baton::text {
namespace {

std::string signal_words(int signal) {
  const char* name = sigabbrev_np(signal);
  return name == nullptr ? "killed by signal " + std::to_string(signal) : std::string("killed by SIG") + name;
}

/// The shell's code of a command in a pipe that wrote to one that had ended.
constexpr std::int32_t kPipeBroken = 128 + SIGPIPE;

std::string exit_words(std::int32_t exit_code) {
  if (exit_code < 0) return "exit code";
  const std::string out = "exit code " + std::to_string(exit_code);
  return exit_code == kPipeBroken ? out + " (SIGPIPE, by pipefail: a pipe's reader ended before its writer)" : out;
}

}  // namespace

std::string instance_name(std::string_view task_id, std::int32_t map_index, std::string_view map_key) {
  std::string out(task_id);
  if (map_index == kUnmapped) return out;
  // A label of digits alone would be read as an index.
  const bool is_label = map_key.find_first_not_of("0123456789") != std::string_view::npos;
  return out + "[" + (is_label ? printable(map_key) : std::to_string(map_index)) + "]";
}

std::string reason_words(Reason reason, std::int32_t exit_code, std::int32_t signal) {
  switch (reason) {
    case Reason::none: return "";
    case Reason::exit_code: return exit_words(exit_code);
    case Reason::signal: return signal == 0 ? "killed by a signal" : signal_words(signal);
    case Reason::oom: return "out of memory";
    case Reason::timeout: return "timed out";
    case Reason::run_timeout: return "the run timed out";
    case Reason::heartbeat: return "silent for too long";
    case Reason::lost: return "lost with its worker";
    case Reason::spawn: return "could not be started";
    case Reason::outputs: return "outputs not as declared";
    case Reason::expression: return "an expression failed";
    case Reason::secret: return "a secret is missing";
    case Reason::stopped: return "stopped";
    case Reason::fail_fast: return "fail_fast";
    case Reason::condition: return "its `if` is false";
    case Reason::exit_skip: return "exit code 99";
    case Reason::no_items: return "no items";
    case Reason::trigger_rule: return "trigger rule";
    case Reason::cached: return "cached";
    case Reason::upstream_failed: return "a task failed";
    case Reason::marked: return "marked by hand";
    case Reason::not_selected: return "not selected";
    case Reason::unsupported: return "not supported here";
    case Reason::cache_key: return "hashing the files of its cache key";
    case Reason::cleared:
    case Reason::replaced: return "cleared";
    case Reason::marking_success:
    case Reason::marking_failed: return "being marked";
  }
  return "";
}

std::string_view wait_words(Wait wait) {
  switch (wait) {
    case Wait::ended: return "";
    case Wait::pause: return "the DAG is paused";
    case Wait::calendar: return "its calendar";
    case Wait::approval: return "an approval";
    case Wait::upstream: return "its upstreams";
    case Wait::backoff: return "its next try";
    case Wait::breaker: return "a breaker";
    case Wait::limit: return "a limit";
    case Wait::pool: return "its pool";
    case Wait::rate: return "a rate limit";
    case Wait::slots: return "a free slot";
    case Wait::worker: return "a worker";
    case Wait::commit: return "its commit";
    case Wait::sensor: return "its next look";
    case Wait::starting: return "its process to start";
    case Wait::running: return "its process to end";
    case Wait::stopping: return "its process to stop";
    case Wait::offline: return "somebody to run it";
  }
  return "";
}

}  // namespace baton::text
