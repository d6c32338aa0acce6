#include "tests/support/dag_builder.h"

#include <utility>

#include "scheduler/expr/template.h"
#include "scheduler/model/check.h"

namespace baton::test {

TaskSpec run_task() {
  TaskSpec spec;
  spec.kind = TaskKind::run;
  spec.script.source = "true";
  return spec;
}

TaskSpec noop_task() {
  return TaskSpec{};
}

TaskSpec sensor_task() {
  TaskSpec spec;
  spec.kind = TaskKind::sensor;
  spec.sensor.edit().kind = Sensor::Kind::run;
  spec.sensor.edit().run.source = "true";
  return spec;
}

TaskSpec teardown_task(std::vector<std::string> setups) {
  TaskSpec spec = run_task();
  spec.teardown = true;
  spec.teardown_of = std::move(setups);
  return spec;
}

TaskSpec mapped_task(std::int32_t count) {
  TaskSpec spec = run_task();
  spec.mapping.edit().kind = Mapping::Kind::for_each;
  ValueList items;
  for (std::int32_t k = 0; k < count; ++k) items.emplace_back(std::int64_t{k});
  spec.mapping.edit().literal_items = Value{std::move(items)};
  return spec;
}

RetryPolicy constant_retries(std::int32_t max) {
  RetryPolicy policy;
  policy.max = max;
  policy.delay_us = kSecond;
  policy.backoff = RetryPolicy::Backoff::constant;
  policy.jitter = RetryPolicy::Jitter::none;
  return policy;
}

Text expression(std::string_view source) {
  const std::string text{source};
  auto parsed = expr::parse_template(expr::has_expression(text) ? text : "${{ " + text + " }}");
  BATON_CHECK(parsed.ok());
  return {text, std::make_shared<const expr::Template>(std::move(parsed.value))};
}

DagBuilder::DagBuilder(std::string id) {
  dag_.id = std::move(id);
  dag_.version = "test";
}

DagBuilder& DagBuilder::task(std::string id, std::vector<std::string> needs, TaskSpec spec) {
  Task task;
  task.id = std::move(id);
  task.spec = std::make_shared<const TaskSpec>(std::move(spec));
  task.line = static_cast<std::uint32_t>(dag_.tasks.size() + 1);
  dag_.tasks.push_back(std::move(task));
  needs_.push_back(std::move(needs));
  return *this;
}

DagBuilder& DagBuilder::hook(Hook hook, TaskSpec spec) {
  Task task;
  task.id = hook == Hook::on_success ? "on_success" : hook == Hook::on_failure ? "on_failure" : "on_finish";
  task.spec = std::make_shared<const TaskSpec>(std::move(spec));
  task.hook = hook;
  hooks_.push_back(std::move(task));
  return *this;
}

std::shared_ptr<const Dag> DagBuilder::build() const {
  auto dag = std::make_shared<Dag>(dag_);
  dag->tasks.insert(dag->tasks.end(), hooks_.begin(), hooks_.end());
  std::vector<std::vector<TaskNo>> upstreams(dag->tasks.size());
  for (std::size_t t = 0; t < needs_.size(); ++t) {
    for (const std::string& need : needs_[t]) {
      std::size_t u = 0;
      while (u < dag_.tasks.size() && dag_.tasks[u].id != need) ++u;
      BATON_CHECK(u < dag_.tasks.size());
      upstreams[t].push_back(static_cast<TaskNo>(u));
    }
  }
  BATON_CHECK(link(*dag, upstreams).empty());
  return dag;
}

}  // namespace baton::test
