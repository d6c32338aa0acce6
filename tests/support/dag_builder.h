// DagBuilder: a Dag for tests without YAML: names, edges and specs. It trusts its caller with all that dagfile would
// check, but for unknown names and cycles. Values; any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "scheduler/model/dag.h"

namespace baton::test {

/// A shell script that is never run.
TaskSpec run_task();
TaskSpec noop_task();
/// A script that is looked at every minute.
TaskSpec sensor_task();
/// Runs when one of `setups` succeeded and all its upstreams have ended.
TaskSpec teardown_task(std::vector<std::string> setups);
/// `for_each` over a literal list of `count` integers from 0.
TaskSpec mapped_task(std::int32_t count);

/// Retries without any delay to reckon with: `max` times, a second apart.
RetryPolicy constant_retries(std::int32_t max);

/// The text of one expression or of a text with `${{ … }}`, compiled; aborts where it does not parse.
Text expression(std::string_view source);

class DagBuilder {
 public:
  explicit DagBuilder(std::string id = "dag");

  DagBuilder& task(std::string id, std::vector<std::string> needs = {}, TaskSpec spec = run_task());
  /// Hooks come last, whenever they are added.
  DagBuilder& hook(Hook hook, TaskSpec spec = run_task());
  /// The Dag so far, for its other keys (fail_fast, max_active_tasks, …).
  Dag& dag() { return dag_; }
  [[nodiscard]] std::shared_ptr<const Dag> build() const;

 private:
  Dag dag_;
  std::vector<std::vector<std::string>> needs_;
  std::vector<Task> hooks_;
};

}  // namespace baton::test
