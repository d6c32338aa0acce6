#include "tests/model/trial.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <utility>

#include "scheduler/engine/clear.h"
#include "tests/support/run_driver.h"

namespace baton::model {
namespace {

using Outcome = AttemptEnd::Outcome;

constexpr Moment kStart{1'767'268'800 * kSecond, 5 * kHour};

const Trial* g_on_trial = nullptr;  // for the handler of SIGABRT alone

DagRun fresh_run(std::shared_ptr<const Dag> dag) {
  RunRow row;
  row.run_no = 1;
  row.run_id = "manual__test";
  row.state = RunState::running;
  return make_run(std::move(row), std::move(dag), {}, kStart, {});
}

AttemptEnd end_for(char what) {
  switch (what) {
    case 's':
    case 'o':
      return test::exited(0);
    case 'f':
    case 'd':
      return test::exited(1);
    case 'k':
      return test::exited(99);
    case 't':
      return test::ended(Outcome::timed_out);
    case 'g':
      return test::ended(Outcome::signaled);
    case 'h':
      return test::ended(Outcome::heartbeat_lost);
    case 'n':
      return test::ended(Outcome::spawn_failed);
    case 'y':
      return test::ended(Outcome::stopped);
    default:
      return test::ended(Outcome::lost);
  }
}

/// Everything that a step may change of an instance but the passing of time.
bool same(const Instance& a, const Instance& b) {
  return a.state == b.state && a.reason == b.reason && a.wait == b.wait && a.stop_requested == b.stop_requested &&
         a.looks_again == b.looks_again && a.losses == b.losses && a.failures == b.failures &&
         a.try_number == b.try_number && a.epoch == b.epoch && a.map_index == b.map_index;
}

}  // namespace

Trial::Trial(const Plan& plan, std::shared_ptr<const Dag> dag)
    : plan_(&plan),
      settings_{.losses_max = plan.losses_max},
      now_(kStart),
      run_(fresh_run(std::move(dag))),
      reference_(plan),
      watch_(run_, settings_) {}

std::string Trial::apply(const Step& step) {
  g_on_trial = this;
  steps_.push_back(step);
  out_.clear();
  idle_ = true;
  broken_.clear();
  int epoch = 0;
  InstanceNo i = -1;
  if (!is_of_run(step.what)) {
    const auto& lives = reference_.lives(step.task);
    if (static_cast<std::size_t>(step.index) >= lives.size()) return {};
    const Life& life = lives[static_cast<std::size_t>(step.index)];
    epoch = epoch_of(life);
    const bool ended_before = step.what == 'd' && is_live(state_of(life));
    if (step.what == 'o' || ended_before) --epoch;
    i = run_.instance_of(step.task, step.index);
    if (i < 0 || static_cast<std::size_t>(i) >= run_.instances.size()) return "an instance is missing";
    if (is_live(state_of(life)) && (step.what == 'y' || step.what == 'z')) watch_.allow_try(i);
  }
  tell_engine(step, i, epoch);
  reference_.apply(step, epoch);
  return broken_.empty() ? difference() : broken_;
}

void Trial::tell_engine(const Step& step, InstanceNo i, int epoch) {
  switch (step.what) {
    case 'b':
      return feed(RunBegins{});
    case 'S':
      return feed(StopRequested{Reason::stopped, false});
    case 'K':
      return feed(StopRequested{Reason::stopped, true});
    case 'R':
      return feed(StopRequested{Reason::run_timeout, false});
    case 'a':
      feed(Admitted{i, {}});
      return feed(Launched{i, false});
    case 'p':
      return feed(AttemptStarted{i, 1, now_.wall});
    case 'L':
      return feed(LaunchFailed{i, Reason::secret, "no such secret"});
    case 'A':
    case 'c':
    case 'C': {
      Selection selection;
      if (step.what != 'A') selection.rule = Selection::Rule::listed;
      if (step.what != 'A') selection.instances = {i};
      selection.downstream = step.what != 'C';
      auto selected = select(run_, selection);
      if (selected.empty()) return;  // a request like this is refused
      return feed(Cleared{std::move(selected)});
    }
    case 'm':
    case 'M':
      return feed(Marked{{i}, step.what == 'm' ? TaskState::success : TaskState::failed});
    case 'W':
    case 'V':
      return feed(RunMarked{step.what == 'W' ? RunState::success : RunState::failed});
    case 'T': {
      const Activity* activity = run_.activity(i);
      const WallUs wake_at = activity == nullptr ? kNoTime : activity->wake_at;
      const DurationUs wait = wake_at == kNoTime ? 0 : std::max<DurationUs>(0, wake_at - now_.wall);
      now_.wall += wait;
      now_.mono += wait;
      return feed(TimerDue{i, wake_at});
    }
    default: {
      AttemptEnd end = end_for(step.what);
      end.key = run_.key_of(i);
      end.key.epoch = epoch;
      end.ended_at = now_.wall;
      return feed(AttemptEnded{i, std::move(end), step.what != 'z'});
    }
  }
}

void Trial::feed(const Event& event) {
  now_.wall += kMillisecond;
  now_.mono += kMillisecond;
  const std::vector<Instance> before = run_.instances;
  const bool was_stopping = run_.stopping != Reason::none;
  const bool was_killing = run_.killing;
  const bool marks = std::holds_alternative<Marked>(event) || std::holds_alternative<RunMarked>(event);
  if (marks || std::holds_alternative<Cleared>(event)) watch_.allow_intervention(marks);
  out_.clear();
  bool more = advance(run_, event, now_, settings_, out_);
  while (more) more = advance_pending(run_, now_, settings_, out_);
  if (broken_.empty()) broken_ = watch_.after(run_, out_);
  idle_ = idle_ && out_.commands.empty() && out_.tries.empty() && !out_.run_changed &&
          was_stopping == (run_.stopping != Reason::none) && was_killing == run_.killing &&
          std::equal(before.begin(), before.end(), run_.instances.begin(), run_.instances.end(), same);
}

std::string Trial::difference() const {
  if (run_.row.state != reference_.run_state()) {
    return "the run is " + std::string(to_string(run_.row.state)) + " but should be " +
           std::string(to_string(reference_.run_state()));
  }
  if (is_final(run_.row.state) && run_.row.reason != reference_.run_reason()) {
    return "the run ended for " + std::string(to_string(run_.row.reason)) + " but should for " +
           std::string(to_string(reference_.run_reason()));
  }
  for (std::size_t t = 0; t < plan_->tasks.size(); ++t) {
    const auto task_no = static_cast<TaskNo>(t);
    const auto& lives = reference_.lives(task_no);
    const TaskProgress& p = run_.progress(task_no);
    if (p.expanded != reference_.expanded(task_no) || static_cast<std::size_t>(p.count) != lives.size()) {
      return "task " + std::to_string(t) + " has " + std::to_string(p.count) + " instances but should have " +
             std::to_string(lives.size());
    }
    for (std::size_t k = 0; k < lives.size(); ++k) {
      auto d = difference_of(run_.instance_of(task_no, static_cast<std::int32_t>(k)), lives[k]);
      if (!d.empty()) return "task " + std::to_string(t) + " index " + std::to_string(k) + ": " + d;
    }
  }
  return {};
}

std::string Trial::difference_of(InstanceNo i, const Life& life) const {
  const Instance& is = run_.at(i);
  const TaskState state = state_of(life);
  const auto say = [](const char* what, auto a, auto b) {
    return std::string(what) + " " + std::to_string(a) + " but should be " + std::to_string(b);
  };
  if (is.state != state) {
    return std::string(to_string(is.state)) + " but should be " + std::string(to_string(state));
  }
  if (is.epoch != epoch_of(life)) return say("epoch", is.epoch, epoch_of(life));
  if (is.try_number != try_of(life)) return say("try", is.try_number, try_of(life));
  if (is.failures != failures_of(life)) return say("failures", is.failures, failures_of(life));
  if (is.losses != losses_of(life)) return say("losses", is.losses, losses_of(life));
  if (is_final(state) && is.reason != life.reason) {
    return "ended for \"" + std::string(to_string(is.reason)) + "\" but should for \"" +
           std::string(to_string(life.reason)) + "\"";
  }
  return {};
}

std::vector<Step> Trial::standing_in(TaskState state) const {
  std::vector<Step> out;
  for (std::size_t t = 0; t < plan_->tasks.size(); ++t) {
    const auto& lives = reference_.lives(static_cast<int>(t));
    for (std::size_t k = 0; k < lives.size(); ++k) {
      if (state_of(lives[k]) == state) out.push_back({' ', static_cast<int>(t), static_cast<int>(k)});
    }
  }
  return out;
}

std::string run_case(const Case& c) {
  Trial trial(c.plan, dag_of(c.plan));
  for (const Step& step : c.steps) {
    if (std::string broken = trial.apply(step); !broken.empty()) return broken;
  }
  return {};
}

void print_case_on_abort() {
  std::signal(SIGABRT, [](int) {
    if (g_on_trial != nullptr) {
      const std::string text = to_text(Case{g_on_trial->plan(), g_on_trial->steps()});
      std::fprintf(stderr, "aborted on: %s\n", text.c_str());
    }
    std::signal(SIGABRT, SIG_DFL);
  });
}

std::string report(const Case& c, const std::string& broken) {
  const Case small = shrink(c);
  return broken + "\n  case: " + to_text(c) + "\n  smallest: " + to_text(small) +
         "\n  which breaks: " + run_case(small) + "\n  replay: BATON_REPLAY='" + to_text(small) +
         "' model_check --gtest_filter=Replay.*";
}

}  // namespace baton::model
