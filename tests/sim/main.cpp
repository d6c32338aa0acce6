// sim: simulated days of the engine, one for each seed. A failing seed prints what was found, the last events, and how
// to play it again. Exit code 1 when anything was found or when a fault point was hit too rarely to prove anything.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "tests/sim/world.h"

namespace baton::sim {
namespace {

struct Arguments {
  SimOptions day;
  std::uint64_t first = 1, seeds = 100;
};

bool parse(int argc, char** argv, Arguments& out) {
  bool one = false;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    const char* value = i + 1 < argc ? argv[i + 1] : "";
    if (name == "--verbose") {
      out.day.verbose = true;
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
    } else if (name == "--without") {
      Fault fault{};
      if (!fault_from(value, fault)) return false;
      out.day.without |= std::uint64_t{1} << static_cast<unsigned>(fault);
    } else {
      return false;
    }
  }
  if (one && out.seeds == 100) out.seeds = 1;
  return true;
}

void print_failure(const SimOptions& options, const DayReport& report) {
  std::printf("\nseed %llu: %s: %s\n", static_cast<unsigned long long>(options.seed), report.invariant.c_str(),
              report.what.c_str());
  for (const std::string& line : report.last_lines) std::printf("  %s\n", line.c_str());
  std::printf("again: sim --seed %llu --verbose\n", static_cast<unsigned long long>(options.seed));
}

int run(const Arguments& arguments) {
  const auto begin = std::chrono::steady_clock::now();
  FaultCounts counts{};
  std::uint64_t hash = 0, events = 0;
  double hours = 0;
  for (std::uint64_t k = 0; k < arguments.seeds; ++k) {
    SimOptions options = arguments.day;
    options.seed = arguments.first + k;
    const DayReport report = World(options).run();
    if (report.failed) {
      print_failure(options, report);
      return 1;
    }
    hash = mix(hash ^ report.hash);
    events += report.events;
    hours += static_cast<double>(report.simulated_us) / static_cast<double>(kHour);
    for (std::size_t f = 0; f < kFaultCount; ++f) counts[f] += report.counts[f];
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  for (std::size_t f = 0; f < kFaultCount; ++f) {
    std::printf("  %-28s %llu\n", to_string(static_cast<Fault>(f)), static_cast<unsigned long long>(counts[f]));
  }
  std::printf("%llu seeds, %llu events, %.0f simulated hours in %.1f s: %.1f seeds/s, %.0f simulated hours/s, hash %016llx\n",
              static_cast<unsigned long long>(arguments.seeds), static_cast<unsigned long long>(events), hours, seconds,
              static_cast<double>(arguments.seeds) / seconds, hours / seconds, static_cast<unsigned long long>(hash));
  return 0;
}

}  // namespace
}  // namespace baton::sim

int main(int argc, char** argv) {
  baton::sim::Arguments arguments;
  if (!baton::sim::parse(argc, argv, arguments)) {
    std::fprintf(stderr, "sim [--seeds N] [--seed S] [--verbose] [--runs N] [--tasks N] [--faults N] [--without FAULT]…\n");
    return 2;
  }
  return baton::sim::run(arguments);
}
