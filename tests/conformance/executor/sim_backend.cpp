// The executor of the simulation, on a machine to which nothing happens but what a test does: its programs do what they
// are told, and time goes on as events need it.
#include <optional>

#include "tests/conformance/executor/backend.h"
#include "tests/sim/sim_link.h"
#include "tests/support/dag_builder.h"

namespace baton::test {
namespace {

constexpr TaskNo kTasks = 16;
constexpr DurationUs kSilenceUs = kMinute;
constexpr DurationUs kPatienceUs = kHour;  ///< nothing that is waited for takes so long

sim::SimOptions quiet_day() {
  sim::SimOptions options;
  options.faults_max = 0;
  return options;
}

/// By task: how a program ends; none: it lives until it is told to end.
class Script final : public sim::Behaviours {
 public:
  Script() : sim::Behaviours(1) {}
  [[nodiscard]] sim::Behaviour of(const sim::DiskRun&, const sim::InstanceKey& key, std::int32_t,
                                  std::int32_t) const override {
    sim::Behaviour behaviour;
    behaviour.takes_us = kMillisecond;
    const auto code = exits.at(key.task_no);
    behaviour.exit_code = code.value_or(0);
    if (!code) behaviour.end = sim::Behaviour::End::hangs;
    return behaviour;
  }
  std::map<TaskNo, std::optional<std::int32_t>> exits;
};

class SimBackend final : public ExecutorBackend {
 public:
  SimBackend() {
    DagBuilder dag;
    for (TaskNo t = 0; t < kTasks; ++t) dag.task("t" + std::to_string(t));
    sim::DiskRun run;
    run.row.run_no = 1;
    run.dag = dag.build();
    run.facts.resize(kTasks);
    for (TaskNo t = 0; t < kTasks; ++t) {
      TaskRow& row = run.instances.emplace_back();
      row.run_no = 1;
      row.instance_no = row.task_no = t;
      row.state = TaskState::queued;
      row.epoch = row.try_number = 1;
    }
    disk_.runs()[1] = std::move(run);
  }
  ~SimBackend() override { vanish(); }

  void keep_tasks() override { keeps_ = true; }
  void watch_silence() override {}
  void come() override {
    heard = {};
    if (!worker_) {
      worker_.emplace(ground_, disk_, witness_, script_, sim::WorkerSettings{.keeps_tasks = keeps_});
    }
    process_ = ground_.loop.spawn();
    link_ = std::make_unique<sim::SimLink>(ground_, *worker_, process_, kSlots, ++epoch_);
    link_->is_stale = [](const AttemptKey&) { return false; };
    link_->connect(heard);
  }
  void vanish() override {
    if (!link_) return;
    ground_.loop.kill(process_);
    link_->die();
    gone_.push_back(std::move(link_));  // what is on its way to it may still name it
  }
  [[nodiscard]] Executor& executor() override { return *link_; }

  bool until(const std::function<bool()>& holds) override {
    const MonoUs late = ground_.loop.now() + kPatienceUs;
    while (!holds()) {
      if (ground_.findings.failed() || ground_.loop.now() > late || !ground_.loop.step()) return false;
    }
    return true;
  }

  LaunchSpec exits(std::int32_t code) override { return next(code); }
  LaunchSpec waits() override { return next(std::nullopt); }
  void let_go(AttemptKey key) override { worker_->end_program(key, 0); }
  [[nodiscard]] std::size_t starts(AttemptKey key) const override { return witness_.lives().contains(key) ? 1 : 0; }
  void kill_worker() override { worker_->kill(); }
  void freeze_worker() override {
    worker_->stall(kDay);
    ground_.loop.call(process_, ground_.loop.now() + kSilenceUs, [this] { link_->give_up_worker(); });
  }

 private:
  LaunchSpec next(std::optional<std::int32_t> code) {
    LaunchSpec spec;
    spec.key = {1, next_task_++, kUnmapped, 1};
    spec.argv = {"true"};
    spec.grace_us = 10 * kSecond;
    spec.log_path = "log" + std::to_string(spec.key.task_no);
    script_.exits[spec.key.task_no] = code;
    return spec;
  }

  sim::Ground ground_{quiet_day()};
  sim::Witness witness_{ground_};
  sim::Disk disk_{ground_, witness_};
  Script script_;
  bool keeps_ = false;
  std::int64_t epoch_ = 0;  ///< of the scheduler that came last
  std::optional<sim::SimWorker> worker_;
  sim::ProcessId process_ = sim::kMachine;
  std::unique_ptr<sim::SimLink> link_;
  std::vector<std::unique_ptr<sim::SimLink>> gone_;
  TaskNo next_task_ = 0;
};

}  // namespace

std::unique_ptr<ExecutorBackend> simulated_executor() { return std::make_unique<SimBackend>(); }

}  // namespace baton::test
