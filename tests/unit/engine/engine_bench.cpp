#include "tests/unit/engine/engine_bench.h"

namespace baton::test {
namespace {

Renderer renderer() {
  LaunchContext context;
  context.state_folder = "/state";
  context.store_id = "store";
  context.default_shell = {"sh"};
  context.secret = [](const std::string&) { return Result<std::string>{Error{"no secrets here"}}; };
  return Renderer(std::move(context));
}

}  // namespace

EngineBench::EngineBench(std::shared_ptr<const Dag> of, std::int32_t slot_count)
    : slots(slot_count), dag(std::move(of)), engine(loop, store, executor, renderer(), {}, nullptr) {}

void EngineBench::ready(const std::vector<AttemptKey>& live) {
  engine.worker_capacity(worker, slots, {}, "");
  engine.worker_ready(worker, live);
  engine.executor_settled("local");
}

void EngineBench::begin(bool has_executor) {
  RunCreation creation;
  creation.dag = dag;
  creation.run.run_no = store.next_run_no();
  creation.run.dag_id = dag->id;
  creation.run.run_id = "manual__test";
  creation.run.queued_at = loop.wall_now();
  engine.create_run(std::move(creation), Value{ValueMap{}}, {}, [](const PartVerdict&) {});
  if (has_executor) ready();
}

void EngineBench::settle() {
  for (loop.drain(); !store.offered.empty(); loop.drain()) {
    answer({});
  }
}

void EngineBench::answer(std::vector<PartVerdict> verdicts) {
  auto [batch, done] = std::move(store.offered.front());
  store.offered.pop_front();
  verdicts.resize(batch.parts.size());
  done({CommitOutcome::durable, ++seq_, std::move(verdicts)});
}

void EngineBench::end(const LaunchSpec& of, AttemptEnd how) {
  how.key = of.key;
  engine.attempt_ended(how);
}

}  // namespace baton::test
