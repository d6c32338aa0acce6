// `doctor`: what this machine can and cannot do, each finding with what to do.
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "cli/contexts.h"
#include "cli/handlers.h"
#include "cli/reading.h"
#include "cli/state_lookup.h"
#include "cli/text/clock_text.h"
#include "cli/text/display_width.h"
#include "cli/text/document_text.h"
#include "cli/text/table.h"
#include "cli/versions.h"
#include "cli/worker_probe.h"
#include "scheduler/store/files.h"
#include "scheduler/store/state_folder.h"
#include "scheduler/timetable/zone.h"

namespace baton::cli {
namespace {

namespace fs = std::filesystem;
using text::Ink;

enum class Health : std::uint8_t { ok, warn, fail };

std::string_view word_of(Health health) {
  switch (health) {
    case Health::ok: return "ok";
    case Health::warn: return "warn";
    case Health::fail: return "fail";
  }
  return "";
}

struct Check {
  std::string name;
  Health health = Health::ok;
  std::string finding;
  std::string what_to_do;  ///< empty where it is ok
};

using Checks = std::vector<Check>;

void check_kernel(Checks& out) {
  utsname name{};
  uname(&name);
  int major = 0;
  int minor = 0;
  std::sscanf(name.release, "%d.%d", &major, &minor);  // NOLINT(cert-err34-c): zeros where it is no number
  const bool old = major < 5 || (major == 5 && minor < 9);
  out.push_back({"kernel", old ? Health::fail : Health::ok, std::string(name.sysname) + " " + name.release,
                 old ? "Baton needs Linux 5.9 or newer (pidfd, close_range)" : ""});
}

void check_worker(Checks& out) {
  const Result<WorkerProbe> probe = probe_worker();
  if (!probe) {
    out.push_back({"worker", Health::fail, probe.error().message,
                   "install baton and baton-worker into one folder, or set BATON_WORKER"});
    return;
  }
  const wire::WorkerHello& hello = probe->hello;
  const bool speaks = hello.protocol > 0;
  out.push_back({"worker", speaks ? Health::ok : Health::fail,
                 probe->program + ", protocol " + std::to_string(hello.protocol),
                 speaks ? "" : "baton and baton-worker are of different versions; install them together"});
  const auto has = [&](wire::Capability c) { return (hello.capabilities & c) != 0; };
  out.push_back({"pidfd", has(wire::kPidfd) ? Health::ok : Health::warn,
                 has(wire::kPidfd) ? "processes are held by descriptor" : "missing",
                 has(wire::kPidfd) ? "" : "a newer kernel has it"});
  out.push_back({"subreaper", has(wire::kSubreaper) ? Health::ok : Health::warn,
                 has(wire::kSubreaper) ? "what tasks leave behind comes back to the worker"
                                       : "missing: daemons of tasks may outlive them",
                 has(wire::kSubreaper) ? "" : "a newer kernel has it"});
  const bool leaf = has(wire::kCgroupLeaf);
  out.push_back(
      {"cgroup", leaf ? Health::ok : Health::warn,
       leaf ? std::string("each attempt has its own") + (has(wire::kCgroupKill) ? ", killed as a whole" : "")
            : "no cgroup v2 that may be written",
       leaf ? ""
            : "processes are found by session and parent instead; run under systemd with Delegate=yes to have it"});
  std::string held;
  std::string missing;
  const auto limit = [&](wire::Capability c, const char* word) {
    (has(c) ? held : missing) +=
        std::string(has(c) ? (held.empty() ? "" : ", ") : (missing.empty() ? "" : ", ")) + word;
  };
  limit(wire::kLimitMemory, "memory");
  limit(wire::kLimitCpus, "cpus");
  limit(wire::kLimitPids, "pids");
  out.push_back({"limits", missing.empty() ? Health::ok : Health::warn,
                 (held.empty() ? std::string("none is enforced") : "enforced: " + held) +
                     (missing.empty() ? "" : "; not enforced: " + missing),
                 missing.empty() ? ""
                                 : "`resources` of tasks are hints here" +
                                       (hello.notes.empty() ? "" : ": " + text::printable(hello.notes))});
}

std::string found_in_path(const std::string& program) {
  const char* path = std::getenv("PATH");
  std::string_view rest = path == nullptr ? "/usr/bin:/bin" : path;
  while (true) {
    const std::size_t colon = rest.find(':');
    std::string candidate = std::string(rest.substr(0, colon)) + "/" + program;
    if (access(candidate.c_str(), X_OK) == 0) return candidate;
    if (colon == std::string_view::npos) return {};
    rest.remove_prefix(colon + 1);
  }
}

void check_shell(Checks& out) {
  const std::string bash = found_in_path("bash");
  const std::string sh = found_in_path("sh");
  if (!bash.empty()) {
    out.push_back({"shell", Health::ok, bash + " -euo pipefail", ""});
  } else if (!sh.empty()) {
    out.push_back({"shell", Health::warn, sh + " -eu: there is no bash in PATH",
                   "a failure inside a pipe is not seen; install bash, or set `shell`"});
  } else {
    out.push_back(
        {"shell", Health::fail, "neither bash nor sh in PATH", "tasks of kind `run` cannot start; mend PATH"});
  }
}

void check_folder(const Invocation& call, Checks& out) {
  const fs::path folder = state_folder_of(call.args());
  std::error_code error;
  fs::path there = folder;
  while (!fs::exists(there, error) && there != there.parent_path()) there = there.parent_path();
  const bool is_there = there == folder;
  if (access(there.c_str(), W_OK) != 0) {
    out.push_back({"state folder", Health::fail, shown_path(there) + " may not be written",
                   "choose another with --state or BATON_STATE"});
    return;
  }
  struct stat info {};
  const bool open_to_others = is_there && stat(folder.c_str(), &info) == 0 && (info.st_mode & 077U) != 0;
  out.push_back({"state folder", open_to_others ? Health::warn : Health::ok,
                 shown_path(folder) + (is_there ? "" : ", to be made by the first run"),
                 open_to_others ? "others may look into it: chmod 700 " + shown_path(folder) : ""});
  const Status local = refuse_network_filesystem(there);
  out.push_back({"file system", local ? Health::ok : Health::fail, local ? "local" : local.error().message,
                 local ? "" : "put the state folder on a local disk"});
  struct statvfs space {};
  if (statvfs(there.c_str(), &space) == 0) {
    const auto free = static_cast<std::int64_t>(space.f_bavail) * static_cast<std::int64_t>(space.f_frsize);
    const bool low = free < (256LL << 20);
    out.push_back({"disk space", low ? Health::warn : Health::ok, text::size(free) + " free",
                   low ? "make room, or `baton db prune --older-than 30d`" : ""});
  }
}

void check_database(const Invocation& call, Checks& out) {
  std::string version;
  for (const LibraryVersion& library : library_versions()) {
    if (library.name == "sqlite") version = library.version;
  }
  if (is_elsewhere(call.args())) {
    out.push_back({"database", Health::ok, "not looked at: a context is in use",
                   "this is about this machine; run it where the server runs for that one"});
    return;
  }
  const Result<OpenState> state = open_state(call.args());
  if (!state) {
    const bool none = state.error().kind == ErrorKind::not_found;
    out.push_back({"database", none ? Health::ok : Health::fail,
                   none ? "SQLite " + version + ", no database yet" : state.error().message,
                   none ? "" : "`baton db check` says more"});
    return;
  }
  const Result<StoreInfo> info = state->reader->info();
  if (!info) {
    out.push_back({"database", Health::fail, info.error().message, "`baton db check` says more"});
    return;
  }
  const Result<LockHolder> holder = StateFolder::holder(state->folder);
  const bool held = holder && holder->pid > 0;
  const bool cut = !info->closed_cleanly && !held;
  std::string finding = "SQLite " + version + ", WAL, synchronous=FULL, schema " +
                        std::to_string(info->schema_version) + ", " + text::grouped(info->runs) + " runs, " +
                        text::size(info->database_bytes + info->wal_bytes);
  if (held) finding += ", held by pid " + std::to_string(holder->pid);
  out.push_back({"database", cut ? Health::warn : Health::ok, finding,
                 cut ? "its last writer was cut off: `baton ps` shows runs that `baton resume` can finish" : ""});
}

void check_time(Checks& out) {
  const Result<timetable::TimeZone> zone = timetable::load_zone("Europe/Berlin");
  const std::size_t zones = timetable::known_zones().size();
  const bool good = zone && zones > 300;
  out.push_back(
      {"time zones", good ? Health::ok : Health::fail, std::to_string(zones) + " zones", good ? "" : "install tzdata"});
  const WallUs now = now_us();
  constexpr WallUs kYear2025 = 1'735'689'600LL * kSecond;
  timex state{};
  const bool synced = adjtimex(&state) != TIME_ERROR;
  const bool sane = now > kYear2025;
  out.push_back(
      {"clock",
       !sane    ? Health::fail
       : synced ? Health::ok
                : Health::warn,
       text::utc_time(now / kSecond * kSecond) + (synced ? ", synchronised" : ", not synchronised"),
       !sane    ? "set the clock: schedules and logs would be wrong"
       : synced ? ""
                : "run chrony or systemd-timesyncd where schedules matter (inside a container the host's is enough)"});
}

void check_limits(Checks& out) {
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  const bool low = files.rlim_cur < 1024;
  out.push_back({"open files", low ? Health::warn : Health::ok, "at most " + std::to_string(files.rlim_cur),
                 low ? "raise it (ulimit -n 4096) for many slots" : ""});
  const std::string temp = fs::temp_directory_path().string();
  const bool writable = access(temp.c_str(), W_OK) == 0;
  out.push_back({"temporary folder", writable ? Health::ok : Health::warn, temp,
                 writable ? "" : "set TMPDIR to a folder that may be written"});
}

std::string sign(Health health, const text::Style& style) {
  switch (health) {
    case Health::ok: return style.paint(Ink::green, style.unicode ? "✓" : "ok");
    case Health::warn: return style.paint(Ink::yellow, style.unicode ? "!" : "warn");
    case Health::fail: return style.paint(Ink::red, style.unicode ? "✗" : "FAIL");
  }
  return "";
}

}  // namespace

int doctor_command(const Invocation& call) {
  Checks checks;
  check_kernel(checks);
  check_worker(checks);
  check_shell(checks);
  check_folder(call, checks);
  check_database(call, checks);
  check_time(checks);
  check_limits(checks);
  bool failed = false;
  for (const Check& check : checks) failed = failed || check.health == Health::fail;
  if (call.format() != Format::table) {
    ValueList list;
    for (const Check& check : checks) {
      list.push_back(text::Object()
                         .set("name", check.name)
                         .set("status", word_of(check.health))
                         .set("finding", check.finding)
                         .set("what_to_do", check.what_to_do.empty() ? Value() : Value(check.what_to_do))
                         .take());
    }
    call.print_document(text::Object().set("checks", std::move(list)).set("ok", !failed).take(), "checks");
    return failed ? kRunFailed : kOk;
  }
  const text::Style& style = call.out_style();
  std::size_t width = 0;
  for (const Check& check : checks) width = std::max(width, check.name.size());
  for (const Check& check : checks) {
    Invocation::print(" " + sign(check.health, style) + " " + text::pad_right(check.name, width) + "  " +
                      text::printable(check.finding) + "\n");
    if (!check.what_to_do.empty())
      Invocation::print("   " + std::string(width, ' ') + "  " +
                        style.paint(Ink::dim, std::string(style.arrow()) + " " + check.what_to_do) + "\n");
  }
  return failed ? kRunFailed : kOk;
}

}  // namespace baton::cli
