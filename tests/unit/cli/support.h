// Dags from YAML and rows of pictures, for the tests of the command line.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "cli/display/run_picture.h"
#include "scheduler/dagfile/loader.h"

namespace baton::cli {

inline std::shared_ptr<const Dag> dag_from(const std::string& yaml) {
  LoadResult loaded = load_text(yaml, "test.dag.yaml");
  EXPECT_TRUE(loaded.ok()) << render_text(loaded.diagnostics);
  EXPECT_EQ(loaded.dags.size(), 1U);
  return loaded.dags.empty() ? nullptr : loaded.dags.front();
}

inline RunRow run_row(const Dag& dag) {
  RunRow row;
  row.run_no = 1;
  row.dag_id = dag.id;
  row.run_id = "manual__1";
  row.state = RunState::running;
  row.queued_at = row.started_at = 1'000 * kSecond;
  return row;
}

/// The instance of a task that is not mapped, in this state.
inline display::Row row_of(const Dag& dag, const std::string& task, TaskState state) {
  display::Row row;
  row.task_no = *dag.find(task);
  row.instance_no = row.task_no;
  row.state = state;
  if (state != TaskState::none) row.started_at = 1'000 * kSecond;
  if (is_final(state)) row.ended_at = 1'001 * kSecond;
  return row;
}

}  // namespace baton::cli
