// core_steps SHAPE SIZE: takes a run of SIZE tasks through the two pure cores, advance() and Admission, from the first
// judgement to its end, and prints how many transitions that were. Counted by callgrind it says what a transition costs.
#include <charconv>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "scheduler/engine/admission.h"
#include "scheduler/engine/decide.h"
#include "scheduler/model/check.h"

namespace baton {
namespace {

constexpr std::int32_t kTransitionsOfATask = 4;  // scheduled, queued, running, success

/// A chain, or a fan: the first before all others, the last behind them.
std::shared_ptr<const Dag> dag_of(std::string_view shape, std::int32_t size) {
  TaskSpec spec;
  spec.kind = TaskKind::run;
  spec.script.source = "true";
  const auto shared = std::make_shared<const TaskSpec>(std::move(spec));
  auto dag = std::make_shared<Dag>();
  dag->id = "steps";
  dag->version = "steps";
  std::vector<std::vector<TaskNo>> upstreams(static_cast<std::size_t>(size));
  for (TaskNo t = 0; t < size; ++t) {
    Task task;
    task.id = "t" + std::to_string(t);
    task.spec = shared;
    dag->tasks.push_back(std::move(task));
    auto& above = upstreams[static_cast<std::size_t>(t)];
    if (t > 0) above.push_back(shape == "chain" ? t - 1 : 0);
    if (t == size - 1 && shape == "fan") {
      for (TaskNo u = 1; u < t; ++u) above.push_back(u);
    }
  }
  BATON_CHECK(link(*dag, upstreams).empty());
  return dag;
}

class Walk {
 public:
  explicit Walk(std::shared_ptr<const Dag> dag) : run_(make_run(row(), std::move(dag), {}, now_, {})) {}

  void to_the_end() {
    step(RunBegins{});
    Candidate next;
    const auto run_of = [this](const Candidate&) { return &run_; };
    while (admission_.next(next, run_of, [](const Candidate&, Wait) {})) {
      const InstanceNo i = next.instance;
      step(Admitted{i, {}});
      step(Launched{i, false});
      step(AttemptStarted{i, 4711, now_.wall});
      AttemptEnd end;
      end.key = run_.key_of(i);
      end.outcome = AttemptEnd::Outcome::exited;
      end.exit_code = 0;
      end.started = true;
      admission_.release(run_, i);
      step(AttemptEnded{i, std::move(end)});
    }
    BATON_CHECK(run_.row.state == RunState::success);
  }

 private:
  static RunRow row() {
    RunRow row;
    row.run_no = 1;
    row.dag_id = "steps";
    row.run_id = "manual__steps";
    row.state = RunState::running;
    return row;
  }

  void step(const Event& event) {
    now_.wall += kMillisecond;
    now_.mono += kMillisecond;
    out_.clear();
    bool more = advance(run_, event, now_, {}, out_);
    while (more) more = advance_pending(run_, now_, {}, out_);
    for (const Command& command : out_.commands) {
      if (command.kind == Command::Kind::offer) admission_.offer({.run_no = 1, .instance = command.instance});
    }
  }

  Moment now_{1'767'268'800 * kSecond, 5 * kHour};
  DagRun run_;
  Admission admission_{2, 0};
  StepOutcome out_;
};

}  // namespace
}  // namespace baton

int main(int argc, char** argv) {
  const std::string_view shape = argc > 1 ? argv[1] : "", number = argc > 2 ? argv[2] : "";
  std::int32_t size = 0;
  std::from_chars(number.data(), number.data() + number.size(), size);
  if (size < 3 || (shape != "chain" && shape != "fan")) {
    std::fputs("usage: core_steps chain|fan SIZE\n", stderr);
    return 2;
  }
  baton::Walk(baton::dag_of(shape, size)).to_the_end();
  std::printf("%d\n", size * baton::kTransitionsOfATask);
  return 0;
}
