// What people do with values that live on from run to run: they put another one, take it away, or have a clear do so.
#include <fmt/format.h>

#include <iterator>
#include <utility>

#include "tests/sim/world.h"

namespace baton::sim {

void World::plan_states() {
  for (std::int64_t n = keepers_.between(2, 4); n > 0; --n) {
    at(keepers_.between(kHour, ground_.calm_at - kHour), [this] { want_state(); });
  }
}

void World::want_state() {
  if (!scheduler_ || scheduler_->is_fatal() || ground_.loop.is_stalled(scheduler_->process())) return;
  if (scheduler_->is_alone() || disk_.runs().empty()) return;
  auto any = disk_.runs().begin();
  std::advance(any, keepers_.below(static_cast<std::int64_t>(disk_.runs().size())));
  const auto& [run_no, run] = *any;
  const std::string dag_id = run.row.dag_id;
  const bool is_crowd = keepers_.percent(30);  // several at once: a clear, another value, another clear
  for (int k = is_crowd ? 3 : 1; k > 0; --k) {
    const bool clears = is_crowd ? k != 2 : keepers_.percent(35);
    clears ? clear_with_state(run_no, dag_id) : put_state(dag_id);
  }
}

void World::clear_with_state(RunNo run_no, const std::string& dag_id) {
  ClearTasks clear;
  clear.run_no = run_no;
  clear.resets_state = true;
  disk_.states().wants(dag_id, "");
  ground_.say(fmt::format("person clears run {} and what its tasks keep", run_no));
  scheduler_->ask(std::move(clear), [](const Result<Answer>&) {});
}

void World::put_state(const std::string& dag_id) {
  const std::string json = keepers_.percent(75) ? fmt::format(R"({{"person":{}}})", ++states_put_) : "";
  disk_.states().wants(dag_id, json);
  ground_.say(fmt::format("person puts the state of {}: {}", dag_id, json));
  scheduler_->ask(ChangeState{dag_id, "mark", json, ""}, [this, dag_id, json](const Result<Answer>& how) {
    if (how && !json.empty()) disk_.states().accepted(dag_id, json);
  });
}

}  // namespace baton::sim
