// What scheduler and worker say to each other: plain values, no behaviour. Both sides include this; it knows neither.
// Times are int64 µs; wall times are UTC since 1970. frames.h puts them on a stream.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "worker/protocol/string_list.h"

namespace baton::wire {

/// Versions of the protocol this build speaks. The worker answers with the highest that both know, or 0 for none.
inline constexpr std::uint32_t kProtocolMin = 2;
inline constexpr std::uint32_t kProtocolMax = 2;

/// The largest output file that is read and sent; a larger one sets `output_too_large`.
inline constexpr std::int64_t kOutputBytesMax = 1 << 20;
/// The largest state that is read and sent; a larger one sets `kStateTooLarge`.
inline constexpr std::int64_t kStateBytesMax = 256LL << 10;
/// What the scheduler sends as `log_limit_bytes` unless the author says otherwise.
inline constexpr std::int64_t kLogLimitBytesDefault = 64LL << 20;
/// So much of the end of a log comes with Ended.
inline constexpr std::int64_t kLogTailBytes = 1 << 10;
/// Scripts beyond this go to the worker as `Launch::script`; shorter ones stand in argv after `-c`.
inline constexpr std::int64_t kScriptInArgvBytesMax = 64LL << 10;

/// Identity of an attempt and fencing token (docs/ARCHITECTURE.md). `epoch` rises at every launch.
struct AttemptKey {
  std::int64_t run_no = 0;
  std::int32_t task_no = 0;
  std::int32_t map_index = -1;
  std::int32_t epoch = 0;

  friend auto operator<=>(const AttemptKey&, const AttemptKey&) = default;
};

// ---- scheduler → worker -------------------------------------------------------------------------------------------

/// First message of a link; may be sent again on it, to hear the inventory once more. A worker that has seen a newer
/// `scheduler_epoch` refuses this one.
struct Hello {
  std::uint32_t protocol_min = kProtocolMin;
  std::uint32_t protocol_max = kProtocolMax;
  std::string scheduler_id;
  std::int64_t scheduler_epoch = 0;
  /// How many attempts run at once. Further launches wait here, in their order, for a slot: no round trip stands
  /// between the end of one short task and the start of the next.
  std::uint32_t slots = 1;
  friend bool operator==(const Hello&, const Hello&) = default;
};

enum class StdinKind : std::uint8_t { kNull, kBytes, kPath };

/// 0 means unlimited. Enforced where a cgroup controller allows it, else Ended says `limits_not_enforced`.
struct Limits {
  std::int64_t memory_bytes = 0;
  std::int64_t cpus_milli = 0;
  std::int64_t pids = 0;
  friend bool operator==(const Limits&, const Limits&) = default;
};

/// Starts an attempt. A key that is known already (live, or ended and not yet acknowledged) starts nothing: the worker
/// says Started or Ended again. Paths are absolute; folders of log, output and heartbeat are made when missing.
struct Launch {
  AttemptKey key;
  /// The program is looked up in the PATH of `env` unless it holds a slash. Never empty.
  StringList argv;
  /// If not empty: written to a file of mode 0700 whose path becomes the last argument; removed at the end.
  std::string script;
  /// The whole environment, "K=V"; nothing is inherited. The worker adds BATON_ATTEMPT, BATON_WORKER and, where there is
  /// a log, BATON_REPORT_DIR: a folder beside it.
  StringList env;
  std::string cwd;
  StdinKind stdin_kind = StdinKind::kNull;
  std::string stdin_value;
  std::string log_path;
  /// Read after exit 0 only. Must be fresh for this epoch. Empty: no output is read. Removed after Ack.
  std::string output_path;
  /// Empty, or a file whose change counts as a sign of life beside the log's.
  std::string heartbeat_path;
  std::int64_t timeout_us = 0;         ///< 0: none. Counts from exec, on CLOCK_BOOTTIME.
  std::int64_t grace_us = 10'000'000;  ///< Between SIGTERM and SIGKILL when the worker itself stops the attempt.
  std::int64_t heartbeat_us = 0;       ///< 0: none.
  std::int64_t log_limit_bytes = kLogLimitBytesDefault;  ///< 0: none.
  Limits limits;
  /// Secret values; if any, the output goes through the worker, which writes *** in their place.
  StringList masks;
  std::int32_t nice = 5;
  /// Prepared up to exec and held there until Release. Stop before Release ends it without running anything.
  bool gated = false;
  /// What a broken link means to this attempt: it goes on and is reported to the next scheduler (a server's), or it is
  /// stopped with its grace (`baton run` dies with its tasks). One that is still gated is killed in either case, and
  /// counts as never started: nobody knows whether its claim is durable.
  bool keep = false;
  /// Empty, or a file that holds `state` when the program starts and that the program may change: its state across runs.
  /// Removed at the end. Only a worker of the scheduler's own build is launched to, so this needs no protocol of its own.
  std::string state_path;
  std::string state;
  std::int64_t state_version = 0;  ///< Of `state`: comes back with the end.
  friend bool operator==(const Launch&, const Launch&) = default;
};

/// Opens the gate of a gated launch; nothing happens if it is open or the key unknown.
struct Release {
  AttemptKey key;
  friend bool operator==(const Release&, const Release&) = default;
};

/// SIGTERM to the whole attempt, SIGKILL after `grace_us`, or SIGKILL at once. Answered by Ended in any case: an
/// attempt that is not known is answered with outcome `lost`.
struct Stop {
  AttemptKey key;
  std::int64_t grace_us = 10'000'000;
  bool kill_now = false;
  friend bool operator==(const Stop&, const Stop&) = default;
};

/// The end of this attempt is durable with the scheduler; the worker forgets it.
struct Ack {
  AttemptKey key;
  friend bool operator==(const Ack&, const Ack&) = default;
};

/// Stop everything (SIGTERM, grace, SIGKILL), report the ends, then exit.
struct Shutdown {
  std::int64_t grace_us = 10'000'000;
  friend bool operator==(const Shutdown&, const Shutdown&) = default;
};

/// Answered by Pong. A worker that has been silent for long is taken for hung and killed.
struct Ping {
  friend bool operator==(const Ping&, const Ping&) = default;
};

// ---- worker → scheduler -------------------------------------------------------------------------------------------

/// What this host lets the worker do; see WorkerHello::notes for the why of what is missing.
enum Capability : std::uint32_t {
  kCgroupLeaf = 1U << 0,  ///< Each attempt has a cgroup v2 leaf.
  kCgroupKill = 1U << 1,  ///< …which is killed as a whole with cgroup.kill.
  kLimitMemory = 1U << 2,
  kLimitCpus = 1U << 3,
  kLimitPids = 1U << 4,
  kSubreaper = 1U << 5,     ///< Escaped descendants come back to the worker.
  kChildrenFile = 1U << 6,  ///< …and are listed by /proc/self/task/N/children.
  kPidfd = 1U << 7,
};

/// Answer to Hello, followed by Inventory. `protocol` 0: no common version, or this scheduler is not the newest; the
/// worker then closes the link.
struct WorkerHello {
  std::uint32_t protocol = kProtocolMax;
  std::int32_t worker_no = 0;  ///< The number of its folder, <state>/workers/<n>.
  std::string worker_id;       ///< The same for the same folder; BATON_WORKER of what it runs.
  std::string boot_id;
  std::string build_id;  ///< build_id.h: a scheduler launches only to a worker of its own build.
  std::int32_t pid = 0;
  std::int64_t worker_epoch = 0;  ///< Rises with every start of a worker on this state folder.
  std::uint32_t capabilities = 0;
  std::uint32_t slots_max = 0;  ///< So many attempts can live here at once, whatever the hello asks for.
  std::string notes;  ///< One sentence per thing that is missing, for `doctor`; or why the link was refused.
  friend bool operator==(const WorkerHello&, const WorkerHello&) = default;
};

struct Live {
  AttemptKey key;
  std::int32_t pid = 0;            ///< 0 while it waits for a slot
  std::int64_t start_ticks = 0;    ///< Field 22 of /proc/PID/stat; together with the pid proof against reuse.
  std::int64_t started_at_us = 0;  ///< Wall; 0 while it is held at its gate.
  friend bool operator==(const Live&, const Live&) = default;
};

/// The process runs (for a gated launch: was released). Left out where it ends within milliseconds: Ended says as much.
/// Sent again when the launch is repeated.
struct Started {
  AttemptKey key;
  std::int32_t pid = 0;
  std::int64_t at_us = 0;
  friend bool operator==(const Started&, const Started&) = default;
};

enum class Outcome : std::uint8_t {
  kExited,         ///< By itself, with `exit_code`.
  kSignaled,       ///< By `signal`, which the worker did not send.
  kTimedOut,       ///< Stopped by the time limit; `exit_code` or `signal` say how it went.
  kStopped,        ///< Stopped by Stop, Shutdown or a lost link.
  kHeartbeatLost,  ///< Stopped because neither log nor heartbeat file changed.
  kSpawnFailed,    ///< Never ran; `message` says why.
  kLost,           ///< The worker died under it, or never knew it; how it ended cannot be known.
};
inline constexpr std::uint8_t kOutcomeCount = 7;

enum EndedFlag : std::uint32_t {
  kLogTruncated = 1U << 0,  ///< The middle of the log was cut out (log_limit_bytes).
  kOomKilled = 1U << 1,
  kTreeNotEmpty = 1U << 2,       ///< Processes of the attempt could not be killed; the worker keeps trying.
  kLimitsNotEnforced = 1U << 3,  ///< Limits were asked for that this host cannot hold.
  kOutputTooLarge = 1U << 4,
  kOutputHoldsSecret = 1U << 5,  ///< One of Launch::masks stands in the output, which was not sent and is removed.
  kHasState = 1U << 6,  ///< `state` and `state_version` are there: after exit 0 of a launch with a state_path.
  kStateTooLarge = 1U << 7,
  kStateHoldsSecret = 1U << 8,  ///< As kOutputHoldsSecret, of the state.
};

/// The attempt is over and its process tree gone (but for kTreeNotEmpty). Sent again after each reconnect until Ack.
struct Ended {
  AttemptKey key;
  Outcome outcome = Outcome::kExited;
  std::int32_t exit_code = 0;
  std::int32_t signal = 0;
  std::uint32_t flags = 0;
  std::int64_t started_at_us = 0;  ///< Wall; 0 if it never ran.
  std::int64_t ended_at_us = 0;    ///< Wall.
  std::int64_t run_us = 0;         ///< On CLOCK_BOOTTIME, from exec to the end of the main process.
  std::int64_t user_us = 0;
  std::int64_t sys_us = 0;
  std::int64_t max_rss_bytes = 0;
  std::int64_t log_bytes = 0;  ///< Size of the log with its cut middle counted in.
  std::string output;
  std::string message;   ///< For a person; empty when there is nothing to add.
  std::string log_tail;  ///< The last kLogTailBytes of the log, from the beginning of a character; masked as it is.
  std::int32_t pid = 0;  ///< Of its main process; 0 if it never ran.
  std::string state;     ///< With kHasState: what the file held at the end; empty where the program left it as it was.
  std::int64_t state_version = 0;
  friend bool operator==(const Ended&, const Ended&) = default;
};

/// What the worker holds; follows WorkerHello, cut into several where it is long. The scheduler adopts `live` and takes
/// `ended` as if just sent; after the one with `last`, an attempt that was in none is not known to this worker.
struct Inventory {
  std::vector<Live> live;
  std::vector<Ended> ended;
  bool last = true;
  friend bool operator==(const Inventory&, const Inventory&) = default;
};

struct Pong {
  friend bool operator==(const Pong&, const Pong&) = default;
};

using ToWorker = std::variant<Hello, Launch, Release, Stop, Ack, Shutdown, Ping>;
using FromWorker = std::variant<WorkerHello, Inventory, Started, Ended, Pong>;

}  // namespace baton::wire
