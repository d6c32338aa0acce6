// Checks of data quality: what a task of the kind `checks` says, what its checks have come to, and what follows from
// that for the task and for the assets that it guards. Pure.
//
//   expect   ──▶ evaluated here ─────────────────────────────▶ ┐
//   run      ──▶ one attempt runs them all, one after another ─┤ results ──▶ fail · warn · quarantine
//   great_expectations, dbt: a file of theirs, read there ────▶┘
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "scheduler/engine/check_rows.h"
#include "scheduler/engine/dag_run.h"
#include "scheduler/engine/executor.h"

namespace baton {

/// Results that a try keeps, and bytes of each text in them.
inline constexpr std::size_t kCheckResultsMax = 1'000;
inline constexpr std::size_t kCheckTextMax = 1'000;

/// One entry of `checks`.
struct CheckSpec {
  std::string name, description;
  OnFail on_fail = OnFail::fail;
  std::vector<std::string> assets;  ///< that it quarantines; empty: what the tasks before it have produced
  const Text* expect = nullptr;     ///< null: a program, a file or both
  bool has_run = false;
  bool reads_great_expectations = false, reads_dbt = false;
  [[nodiscard]] bool needs_attempt() const { return expect == nullptr; }
};

/// Those of a task of the kind `checks`. They point into its spec.
[[nodiscard]] std::vector<CheckSpec> checks_of(const TaskSpec& spec);
/// Whether any of them is a program or a file: the task is launched then.
[[nodiscard]] bool checks_need_attempt(const TaskSpec& spec);

struct CheckResult {
  std::string name, description;
  CheckState state = CheckState::passed;
  OnFail on_fail = OnFail::fail;
  std::string observed, message;
  std::size_t check = 0;  ///< of which entry
};

struct ChecksOutcome {
  std::vector<CheckResult> results;
  std::vector<std::string> quarantined;  ///< assets
  std::string note;                      ///< names what did not hold; empty: everything held
  bool is_failed = false;                ///< a check that is to fail the task did not hold
};

/// What the checks of an instance have come to. `output`: what the attempt has written, where one was made.
[[nodiscard]] ChecksOutcome checks_outcome(const DagRun& run, InstanceNo i, std::string_view output);
/// {passed, failed, warned, quarantined}: the outputs of the task.
[[nodiscard]] Value checks_outputs(const ChecksOutcome& outcome);

/// What the attempt of the checks is told on its standard input: scripts and files in their order, each with the length
/// of its parts. An Error: an expression in one of them failed.
[[nodiscard]] Result<std::string> checks_orders(const DagRun& run, InstanceNo i,
                                                const std::vector<std::string>& default_shell);

// ── quality gates: what is produced waits for the checks behind it ──

/// The tasks with checks that hold back what `producer` has produced: those behind it that may quarantine one of its
/// assets, without other checks between.
[[nodiscard]] std::vector<TaskNo> gates_of(const Dag& dag, TaskNo producer);
/// The assets that the tasks before `checks` produce, without other checks between.
[[nodiscard]] std::vector<std::string> assets_before(const Dag& dag, TaskNo checks);
/// Whom a quarantine of these checks is by. Theirs alone a later success of them lifts.
[[nodiscard]] std::string quarantined_by(const DagRun& run, TaskNo checks);

}  // namespace baton
