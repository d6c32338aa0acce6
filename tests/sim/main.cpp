// sim: simulated days of the engine, one for each seed. A failing seed prints what was found, the last events, and how
// to play it again, whole and shortened. Exit code 1 when anything was found, 3 when a fault struck too rarely to prove
// anything.
#include <unistd.h>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "tests/sim/bugs.h"
#include "tests/sim/shorten.h"
#include "tests/sim/world.h"

namespace baton::sim {
namespace {

constexpr std::uint64_t kSeedsThatProve = 500;  ///< from so many on, each fault must have struck often

struct Arguments {
  SimOptions day;
  std::uint64_t first = 1, seeds = 100;
  bool shortens = true;
};

/// The seed that runs now, for the last words of an assertion.
std::uint64_t seed_of_now = 0;

bool parse(int argc, char** argv, Arguments& out) {
  bool one = false;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    const char* value = i + 1 < argc ? argv[i + 1] : "";
    if (name == "--verbose") {
      out.day.verbose = true;
      continue;
    }
    if (name == "--as-it-is") {
      out.shortens = false;
      continue;
    }
    ++i;
    if (name == "--seeds") {
      out.seeds = std::strtoull(value, nullptr, 10);
    } else if (name == "--seed") {
      out.first = std::strtoull(value, nullptr, 10);
      one = true;
    } else if (name == "--runs") {
      out.day.runs_max = std::atoi(value);
    } else if (name == "--tasks") {
      out.day.tasks_max = std::atoi(value);
    } else if (name == "--faults") {
      out.day.faults_max = std::atoi(value);
    } else if (name == "--bug") {
      if (!choose_bug(value)) return false;
    } else if (name == "--without") {
      Fault fault{};
      if (!fault_from(value, fault)) return false;
      out.day.without.set(static_cast<std::size_t>(fault));
    } else {
      return false;
    }
  }
  if (one && out.seeds == 100) out.seeds = 1;
  return true;
}

/// An assertion of the engine has ended this process: says which day it was.
void on_abort(int) {
  char text[120];
  const int n = std::snprintf(
      text, sizeof text, "\nseed %llu: CHECK: an assertion of the engine\nagain: sim --seed %llu --verbose\n",
      static_cast<unsigned long long>(seed_of_now), static_cast<unsigned long long>(seed_of_now));
  if (write(STDOUT_FILENO, text, static_cast<std::size_t>(n)) != n) _exit(2);
  _exit(1);
}

void print_failure(const Arguments& arguments, const SimOptions& options, const DayReport& report) {
  std::printf("\nseed %llu: %s: %s\n", static_cast<unsigned long long>(options.seed), report.invariant.c_str(),
              report.what.c_str());
  for (const std::string& line : report.last_lines) std::printf("  %s\n", line.c_str());
  std::printf("again: sim %s --verbose\n", arguments_of(options).c_str());
  if (!arguments.shortens) return;
  const SimOptions shorter = shorten(options, report.invariant);
  std::printf("shorter: sim %s --verbose\n", arguments_of(shorter).c_str());
}

/// Each fault must strike once in two days on average; in a run where one does not, the checks have proved nothing.
bool print_counts(const Arguments& arguments, const FaultCounts& counts) {
  const bool must_prove = arguments.seeds >= kSeedsThatProve && arguments.day.without.none() &&
                          arguments.day.faults_max == SimOptions{}.faults_max;
  bool is_void = false;
  for (std::size_t f = 0; f < kFaultCount; ++f) {
    const bool is_rare = must_prove && counts[f] < arguments.seeds / 2;
    is_void = is_void || is_rare;
    std::printf("  %-28s %llu%s\n", to_string(static_cast<Fault>(f)), static_cast<unsigned long long>(counts[f]),
                is_rare ? "  too rarely" : "");
  }
  if (is_void) std::printf("void: a fault has struck less than once in two days\n");
  return !is_void;
}

int run(const Arguments& arguments) {
  const auto begin = std::chrono::steady_clock::now();
  FaultCounts counts{};
  std::uint64_t hash = 0, events = 0;
  double hours = 0;
  for (std::uint64_t k = 0; k < arguments.seeds; ++k) {
    SimOptions options = arguments.day;
    options.seed = seed_of_now = arguments.first + k;
    const DayReport report = World(options).run();
    if (report.failed) {
      print_failure(arguments, options, report);
      return 1;
    }
    hash = mix(hash ^ report.hash);
    events += report.events;
    hours += static_cast<double>(report.simulated_us) / static_cast<double>(kHour);
    for (std::size_t f = 0; f < kFaultCount; ++f) counts[f] += report.counts[f];
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  const bool proves = print_counts(arguments, counts);
  std::printf(
      "%llu seeds, %llu events, %.0f simulated hours in %.1f s: %.1f seeds/s, %.0f simulated hours/s, hash %016llx\n",
      static_cast<unsigned long long>(arguments.seeds), static_cast<unsigned long long>(events), hours, seconds,
      static_cast<double>(arguments.seeds) / seconds, hours / seconds, static_cast<unsigned long long>(hash));
  return proves ? 0 : 3;
}

}  // namespace
}  // namespace baton::sim

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "--bugs") == 0) {
    for (const auto& bug : baton::sim::seeded_bugs()) std::printf("%-32s %s\n", bug.name, bug.what);
    return 0;
  }
  baton::sim::Arguments arguments;
  if (!baton::sim::parse(argc, argv, arguments)) {
    std::fprintf(stderr,
                 "sim [--seeds N] [--seed S] [--verbose] [--runs N] [--tasks N] [--faults N] [--without FAULT]…\n"
                 "    [--as-it-is] (do not shorten) [--bug NAME] (in the build of preset bugs) | --bugs\n");
    return 2;
  }
  std::signal(SIGABRT, baton::sim::on_abort);
  return baton::sim::run(arguments);
}
