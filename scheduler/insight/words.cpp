#include "scheduler/insight/words.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <optional>

#include "scheduler/json/json_value.h"
#include "scheduler/timetable/time_text.h"

namespace baton::insight {
namespace {

template <typename... A>
std::string print(const char* format, A... args) {
  std::array<char, 64> buffer{};
  const int size = std::snprintf(buffer.data(), buffer.size(), format, args...);
  return {buffer.data(), static_cast<std::size_t>(size)};
}

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

// ---- numbers and times ----

std::string span(DurationUs us) {
  if (us < 0) us = 0;
  const auto tenths = [](DurationUs whole_tenths) { return static_cast<double>(whole_tenths) / 10; };
  if (us < 10 * kMillisecond) return print("%.1fms", tenths(us / 100));
  if (us < kSecond) return print("%dms", static_cast<int>(us / kMillisecond));
  if (us < kMinute) return print("%.1fs", tenths(us / 100'000));
  if (us < kHour) return print("%dm%02ds", static_cast<int>(us / kMinute), static_cast<int>(us % kMinute / kSecond));
  if (us < kDay) return print("%dh%02dm", static_cast<int>(us / kHour), static_cast<int>(us % kHour / kMinute));
  return print("%lldd%02dh", static_cast<long long>(us / kDay), static_cast<int>(us % kDay / kHour));
}

std::string grouped(std::int64_t number) {
  std::string digits = std::to_string(number < 0 ? -number : number);
  for (std::size_t at = digits.size(); at > 3;) {
    at -= 3;
    digits.insert(at, 1, ',');
  }
  return number < 0 ? "-" + digits : digits;
}

std::string utc_time(WallUs at) {
  if (at == kNoTime) return "";
  std::string out = timetable::format_rfc3339(at, timetable::utc());
  if (out.ends_with("+00:00")) out.replace(out.size() - 6, 6, "Z");
  return out;
}

Value json_time(WallUs at) { return at == kNoTime ? Value() : Value(utc_time(at)); }

// ---- names and reasons ----

std::string instance_name(const InstanceView& instance) {
  if (instance.row.map_index == kUnmapped) return instance.task_id;
  // A label of digits alone would be read as an index.
  const std::string& key = instance.row.map_key;
  const bool is_label = key.find_first_not_of("0123456789") != std::string::npos;
  return instance.task_id + "[" + (is_label ? key : std::to_string(instance.row.map_index)) + "]";
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
    case Reason::state: return "its state could not be kept";
    case Reason::checks: return "checks failed";
    case Reason::cleared:
    case Reason::replaced: return "cleared";
    case Reason::marking_success:
    case Reason::marking_failed: return "being marked";
    case Reason::rejected: return "rejected by a person";
    case Reason::deadlock: return "it would wait for itself";
  }
  return "";
}

std::string reason_words(const TryRow& row) { return reason_words(row.reason, row.exit_code, row.signal); }

std::string_view wait_words(Wait wait) {
  switch (wait) {
    case Wait::ended: return "";
    case Wait::pause: return "the run is paused";
    case Wait::calendar: return "its calendar";
    case Wait::approval: return "an approval";
    case Wait::upstream: return "its upstreams";
    case Wait::backoff: return "its next try";
    case Wait::breaker: return "a breaker";
    case Wait::limit: return "a limit";
    case Wait::pool: return "its pool";
    case Wait::rate: return "a rate limit or a budget of retries";
    case Wait::slots: return "a free slot";
    case Wait::worker: return "a worker";
    case Wait::commit: return "its commit";
    case Wait::sensor: return "its next look";
    case Wait::starting: return "its process to start";
    case Wait::running: return "its process to end";
    case Wait::stopping: return "its process to stop";
    case Wait::offline: return "somebody to run it";
    case Wait::child: return "the run that it has started";
  }
  return "";
}

// ---- spans of rows ----

DurationUs duration_of(WallUs begin, WallUs end, WallUs now) {
  if (begin == kNoTime) return -1;
  return std::max<DurationUs>(0, (end == kNoTime ? now : end) - begin);
}

std::vector<std::pair<Wait, DurationUs>> times_of(std::string_view times_json) {
  std::vector<std::pair<Wait, DurationUs>> out;
  if (times_json.empty()) return out;
  const Result<Value> value = from_json(times_json);
  if (!value || value->type() != ValueType::map) return out;
  for (const auto& [key, us] : value->as_map()) {
    if (key.type() != ValueType::string || us.type() != ValueType::integer) continue;
    if (const std::optional<Wait> wait = wait_from(key.as_string())) out.emplace_back(*wait, us.as_int());
  }
  std::ranges::sort(out, {}, [](const auto& entry) { return entry.first; });
  return out;
}

}  // namespace baton::insight
