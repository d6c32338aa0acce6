#include "tests/model/plan.h"

#include <algorithm>
#include <sstream>

#include "tests/support/dag_builder.h"

namespace baton::model {
namespace {

std::string id_of(int task) {
  return "t" + std::to_string(task);
}

std::string joined(const std::vector<int>& numbers) {
  std::string out;
  for (const int n : numbers) out += (out.empty() ? "" : ",") + std::to_string(n);
  return out;
}

std::vector<int> numbers_in(const std::string& text) {
  std::vector<int> out;
  std::istringstream in(text);
  for (std::string n; std::getline(in, n, ',');) out.push_back(std::stoi(n));
  return out;
}

TaskSpec spec_of(const PlanTask& task) {
  TaskSpec spec = task.items >= 0 ? test::mapped_task(task.items) : test::run_task();
  if (task.noop) spec.kind = TaskKind::noop;
  if (task.sensor) {
    spec.kind = TaskKind::sensor;
    spec.sensor = test::sensor_task().sensor;
  }
  spec.trigger_rule = task.rule;
  spec.allow_failure = task.allow_failure;
  spec.retries = test::constant_retries(task.retries);
  spec.teardown = !task.setups.empty();
  spec.teardown_fails_run = task.teardown_counts;
  for (const int s : task.setups) spec.teardown_of.edit().push_back(id_of(s));
  if (task.condition == '1') spec.condition = test::expression("true");
  if (task.condition == '0') spec.condition = test::expression("false");
  if (task.condition == 'e') spec.condition = test::expression("1 / 0 == 1");
  return spec;
}

std::optional<PlanTask> task_from(std::istringstream& words) {
  PlanTask task;
  for (std::string w; words >> w;) {
    const std::string value = w.substr(std::min(w.size(), w.find('=') + 1));
    if (const auto rule = trigger_rule_from(w))
      task.rule = *rule;
    else if (w.starts_with("need="))
      task.ups = numbers_in(value);
    else if (w.starts_with("teardown="))
      task.setups = numbers_in(value);
    else if (w.starts_with("retries="))
      task.retries = std::stoi(value);
    else if (w.starts_with("items="))
      task.items = std::stoi(value);
    else if (w.starts_with("if="))
      task.condition = value.at(0);
    else if (w.starts_with("hook="))
      task.hook = static_cast<Hook>(std::stoi(value));
    else if (w == "fail_run")
      task.teardown_counts = true;
    else if (w == "allow_failure")
      task.allow_failure = true;
    else if (w == "noop")
      task.noop = true;
    else if (w == "sensor")
      task.sensor = true;
    else
      return std::nullopt;
  }
  return task;
}

std::optional<Step> step_from(const std::string& word) {
  Step step;
  step.what = word[0];
  if (is_of_run(step.what)) return step;
  const auto dot = word.find('.');
  step.task = std::stoi(word.substr(1, dot));
  if (dot != std::string::npos) step.index = std::stoi(word.substr(dot + 1));
  return step;
}

}  // namespace

std::shared_ptr<const Dag> dag_of(const Plan& plan) {
  test::DagBuilder builder;
  builder.dag().fail_fast = plan.fail_fast;
  for (std::size_t t = 0; t < plan.tasks.size(); ++t) {
    const PlanTask& task = plan.tasks[t];
    std::vector<std::string> needs;
    for (const int u : task.ups) needs.push_back(id_of(u));
    if (task.hook == Hook::none) {
      builder.task(id_of(static_cast<int>(t)), std::move(needs), spec_of(task));
    } else {
      builder.hook(task.hook, spec_of(task));
    }
  }
  return builder.build();
}

std::string to_text(const Plan& plan) {
  std::ostringstream out;
  out << "losses=" << plan.losses_max << (plan.fail_fast ? " ff" : "") << " |";
  for (std::size_t t = 0; t < plan.tasks.size(); ++t) {
    const PlanTask& task = plan.tasks[t];
    out << ' ' << t;
    if (task.hook != Hook::none) out << " hook=" << static_cast<int>(task.hook);
    if (task.rule != TriggerRule::all_success) out << ' ' << to_string(task.rule);
    if (!task.ups.empty()) out << " need=" << joined(task.ups);
    if (!task.setups.empty()) out << " teardown=" << joined(task.setups);
    if (task.teardown_counts) out << " fail_run";
    if (task.allow_failure) out << " allow_failure";
    if (task.noop) out << " noop";
    if (task.sensor) out << " sensor";
    if (task.retries > 0) out << " retries=" << task.retries;
    if (task.items >= 0) out << " items=" << task.items;
    if (task.condition != '-') out << " if=" << task.condition;
    out << " |";
  }
  return out.str();
}

std::string to_text(const std::vector<Step>& steps) {
  std::string out;
  for (const Step& s : steps) {
    out += (out.empty() ? "" : " ") + std::string(1, s.what);
    if (is_of_run(s.what)) continue;
    out += std::to_string(s.task);
    if (s.index > 0) out += "." + std::to_string(s.index);
  }
  return out;
}

std::string to_text(const Case& c) {
  return to_text(c.plan) + " # " + to_text(c.steps);
}

std::optional<Case> case_from(std::string_view text) {
  Case c;
  std::istringstream in{std::string(text)};
  std::string part;
  std::getline(in, part, '|');
  std::istringstream head(part);
  for (std::string w; head >> w;) {
    if (w == "ff")
      c.plan.fail_fast = true;
    else if (w.starts_with("losses="))
      c.plan.losses_max = std::stoi(w.substr(7));
    else
      return std::nullopt;
  }
  while (std::getline(in, part, '|')) {
    std::istringstream words(part);
    std::string number;
    words >> number;
    if (number == "#") {
      for (std::string w; words >> w;) {
        const auto step = step_from(w);
        if (!step) return std::nullopt;
        c.steps.push_back(*step);
      }
      return c;
    }
    const auto task = task_from(words);
    if (!task) return std::nullopt;
    c.plan.tasks.push_back(*task);
  }
  return c;
}

}  // namespace baton::model
