#include "tests/sim/shorten.h"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>

#include "tests/sim/bugs.h"
#include "tests/sim/world.h"

namespace baton::sim {
namespace {

constexpr std::int32_t kRunsOfADay = 27, kTasksOfADag = 40, kFaultsOfADay = 128;

/// Halves `value`, then takes smaller steps, for as long as the day fails in the same way.
template <typename Set>
void lower(std::int32_t top, SimOptions& options, const std::string& invariant, Set set) {
  std::int32_t value = top;
  for (std::int32_t step = (top + 1) / 2; step > 0;) {
    SimOptions trial = options;
    set(trial, value - step);
    if (value - step >= 0 && invariant_broken_by(trial) == invariant) {
      value -= step;
      options = trial;
    } else {
      step /= 2;
    }
  }
}

}  // namespace

std::string invariant_broken_by(const SimOptions& options) {
  std::array<int, 2> ends{};
  if (pipe(ends.data()) != 0) return {};
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    std::signal(SIGABRT, SIG_DFL);
    if (std::freopen("/dev/null", "w", stderr) == nullptr) _exit(1);
    const std::string found = World(options).run().invariant;
    const bool told = write(ends[1], found.data(), found.size()) == static_cast<ssize_t>(found.size());
    _exit(told ? 0 : 1);
  }
  close(ends[1]);
  std::string found;
  std::array<char, 64> part{};
  for (ssize_t n = 0; (n = read(ends[0], part.data(), part.size())) > 0;)
    found.append(part.data(), static_cast<std::size_t>(n));
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  return WIFSIGNALED(status) ? "CHECK" : found;
}

SimOptions shorten(SimOptions options, const std::string& invariant) {
  options.verbose = false;
  lower(kRunsOfADay, options, invariant, [](SimOptions& o, std::int32_t n) { o.runs_max = n; });
  lower(kTasksOfADag, options, invariant, [](SimOptions& o, std::int32_t n) { o.tasks_max = n; });
  lower(kFaultsOfADay, options, invariant, [](SimOptions& o, std::int32_t n) { o.faults_max = n; });
  return options;
}

std::string arguments_of(const SimOptions& options) {
  const SimOptions whole;
  std::string out = fmt::format("--seed {}", options.seed);
  if (!chosen_bug().empty()) out += fmt::format(" --bug {}", chosen_bug());
  if (options.runs_max != whole.runs_max) out += fmt::format(" --runs {}", options.runs_max);
  if (options.tasks_max != whole.tasks_max) out += fmt::format(" --tasks {}", options.tasks_max);
  if (options.faults_max != whole.faults_max) out += fmt::format(" --faults {}", options.faults_max);
  for (std::size_t f = 0; f < kFaultCount; ++f) {
    if (options.without[f]) out += fmt::format(" --without {}", to_string(static_cast<Fault>(f)));
  }
  return out;
}

}  // namespace baton::sim
