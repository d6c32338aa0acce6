#include "tests/support/run_driver.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "scheduler/model/check.h"

namespace baton::test {
namespace {

constexpr WallUs kNoon = 1'767'268'800 * kSecond;  // 2026-01-01T12:00:00Z

DagRun fresh_run(std::shared_ptr<const Dag> dag, Moment now, const std::vector<TaskState>& states, Value params) {
  RunRow row;
  row.run_no = 1;
  row.dag_id = dag->id;
  row.run_id = "manual__test";
  row.state = RunState::running;
  row.queued_at = row.started_at = now.wall;
  return make_run(std::move(row), std::move(dag), std::move(params), now, states);
}

}  // namespace

AttemptEnd exited(int code, std::string output) {
  AttemptEnd end;
  end.outcome = AttemptEnd::Outcome::exited;
  end.exit_code = code;
  end.started = true;
  end.output = std::move(output);
  return end;
}

AttemptEnd ended(AttemptEnd::Outcome outcome) {
  AttemptEnd end;
  end.outcome = outcome;
  end.started = outcome != AttemptEnd::Outcome::spawn_failed;
  if (outcome == AttemptEnd::Outcome::signaled) end.signal = 11;
  return end;
}

RunDriver::RunDriver(std::shared_ptr<const Dag> dag, CoreSettings settings, const std::vector<TaskState>& states,
                     Value params)
    : settings_(settings),
      now_{kNoon, 5 * kHour},
      run_(fresh_run(std::move(dag), now_, states, std::move(params))),
      watch_(run_, settings_) {}

void RunDriver::pass(DurationUs us) {
  now_.wall += us;
  now_.mono += us;
}

void RunDriver::step(const Event& event) {
  pass(kMillisecond);
  out_.clear();
  const bool marks = std::holds_alternative<Marked>(event) || std::holds_alternative<RunMarked>(event);
  if (marks || std::holds_alternative<Cleared>(event)) watch_.allow_intervention(marks);
  bool more = advance(run_, event, now_, settings_, out_);
  while (more) more = advance_pending(run_, now_, settings_, out_);
  const std::string broken = watch_.after(run_, out_);
  EXPECT_EQ(broken, "");
  if (broken_.empty()) broken_ = broken;
}

void RunDriver::start(InstanceNo i) {
  step(Launched{i, false});
  step(AttemptStarted{i, 4711, now_.wall});
}

void RunDriver::end(InstanceNo i, AttemptEnd how, bool counts_as_loss) {
  how.key = run_.key_of(i);
  if (how.outcome == AttemptEnd::Outcome::stopped || !counts_as_loss) watch_.allow_try(i);
  step(AttemptEnded{i, std::move(how), counts_as_loss});
}

void RunDriver::end_of_epoch(InstanceNo i, AttemptEnd how, Epoch epoch) {
  how.key = run_.key_of(i);
  how.key.epoch = epoch;
  step(AttemptEnded{i, std::move(how)});
}

void RunDriver::timer(InstanceNo i) {
  const Activity* activity = run_.activity(i);
  BATON_CHECK(activity != nullptr && activity->wake_at != kNoTime);
  pass(std::max<DurationUs>(0, activity->wake_at - now_.wall));
  step(TimerDue{i, activity->wake_at});
}

void RunDriver::run_to(InstanceNo i, AttemptEnd how) {
  admit(i);
  start(i);
  end(i, std::move(how));
}

InstanceNo RunDriver::no(std::string_view name) const {
  const auto bracket = name.find('[');
  const auto task = run_.dag->find(name.substr(0, bracket));
  BATON_CHECK(task.has_value());
  if (bracket == std::string_view::npos) return *task;
  std::int32_t k = 0;
  std::from_chars(name.data() + bracket + 1, name.data() + name.size(), k);
  return run_.instance_of(*task, k);
}

std::size_t RunDriver::commands(Command::Kind kind) const {
  return static_cast<std::size_t>(
      std::count_if(out_.commands.begin(), out_.commands.end(), [&](const Command& c) { return c.kind == kind; }));
}

}  // namespace baton::test
