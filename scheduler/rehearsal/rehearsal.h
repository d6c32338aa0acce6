// Rehearsal: one run of a DAG on the engine, door and host of the server, on time that does not pass: what its tasks come
// to is given, what follows from it is found out. No process is started, nothing is written. Any thread.
#pragma once

#include <string>
#include <vector>

#include "scheduler/engine/check_rows.h"
#include "scheduler/engine/wait_times.h"
#include "scheduler/host/new_run.h"
#include "scheduler/model/result.h"
#include "scheduler/rehearsal/test_case.h"

namespace baton::rehearsal {

struct InstanceReport {
  std::string task;
  std::int32_t map_index = kUnmapped;
  std::string map_key;
  TaskState state = TaskState::none;
  Reason reason = Reason::none;
  Wait wait = Wait::ended;
  std::string note;                              ///< why, where there is more to say
  std::int32_t tries = 0;
  WallUs started_at = kNoTime, ended_at = kNoTime;  ///< of its first and its last attempt
  WaitTimes times;                               ///< where its time went
  std::vector<std::string> env;                  ///< NAME=value, of its last attempt
};

/// What somebody is told.
struct AlertReport {
  std::string event;
  std::string of;    ///< `load`, `load[2]`, a breaker; of the run: its DAG
  std::string note;
};

struct Report {
  bool has_ended = false;   ///< false: nothing more can happen, or not within ten years
  RunState state = RunState::running;
  Reason reason = Reason::none;
  std::string note;
  WallUs began_at = kNoTime, ended_at = kNoTime;
  std::vector<InstanceReport> instances;  ///< by task, then index; hooks behind
  std::vector<AlertReport> alerts;        ///< as they were written
  std::vector<std::pair<std::string, std::string>> assets;  ///< that its tasks have raised events of, with the task
  std::vector<std::pair<std::string, Value>> state_kept;  ///< that the DAG keeps at the end
  std::vector<CheckRow> checks;           ///< as they were written
  std::vector<std::string> quarantined;   ///< assets that checks hold back at the end
  std::vector<std::string> assumed;       ///< tasks that ran, and of which the test says nothing: they succeed at once
};

/// `run` is what a trigger would make, with its DAG; `config` what stands in baton.yaml. invalid: it cannot begin.
Result<Report> rehearse(NewRun run, const TestCase& test, const Config& config, WallUs begin);

/// Something that is not as expected.
struct Difference {
  std::uint32_t line = 0;  ///< of the test file
  std::string what;        ///< `load[2]: state`
  std::string expected, got;
  std::uint32_t dag_line = 0;  ///< of the DAG's file: what made it so; 0: nothing there did
  std::string cause;           ///< what stands there: `task load: failed (exit_code)`; empty with 0
};

/// In the order of the file; none: the test passes. Pure.
std::vector<Difference> differences(const TestCase& test, const Report& report, const Dag& dag);

}  // namespace baton::rehearsal
