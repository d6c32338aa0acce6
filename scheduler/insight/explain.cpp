#include "scheduler/insight/explain.h"

#include <algorithm>
#include <map>

#include "scheduler/insight/words.h"

namespace baton::insight {
namespace {

constexpr std::size_t kAdviceMax = 5;

std::size_t slot(Wait wait) {
  return static_cast<std::size_t>(wait);
}

void add_times(WaitSums& sums, std::string_view json) {
  for (const auto& [wait, us] : times_of(json)) sums[slot(wait)] += us;
}

DurationUs sum_of(const WaitSums& sums) {
  DurationUs out = 0;
  for (const DurationUs us : sums) out += us;
  return out;
}

std::string percent(DurationUs part, DurationUs whole) {
  return whole <= 0 ? "0 %" : std::to_string((part * 100 + whole / 2) / whole) + " %";
}

/// Instances by task, and the path back from the last end.
class PathFinder {
 public:
  PathFinder(const Dag& dag, const Explanation& explanation)
      : dag_(dag), all_(explanation), by_task_(dag.tasks.size()) {
    for (std::size_t i = 0; i < all_.instances.size(); ++i) {
      by_task_[static_cast<std::size_t>(all_.instances[i].view->row.task_no)].push_back(i);
    }
  }

  std::vector<PathStep> run() const {
    std::vector<PathStep> path;
    for (std::size_t at = last_of_run(); at != kNone;) {
      const std::size_t before = latest_upstream(at);
      PathStep step;
      step.instance = at;
      step.end = end_of(at);
      step.begin = before == kNone ? all_.begin : end_of(before);
      step.by_wait = all_.instances[at].by_wait;
      step.by_wait[slot(Wait::upstream)] = 0;
      path.push_back(step);
      at = before;
    }
    std::ranges::reverse(path);
    return path;
  }

 private:
  static constexpr std::size_t kNone = SIZE_MAX;

  [[nodiscard]] WallUs end_of(std::size_t i) const {
    const TaskRow& row = all_.instances[i].view->row;
    return row.ended_at != kNoTime                               ? row.ended_at
           : is_final(row.state) || row.state == TaskState::none ? kNoTime
                                                                 : all_.end;
  }
  [[nodiscard]] bool is_hook(std::size_t i) const { return all_.instances[i].view->hook != Hook::none; }

  [[nodiscard]] std::size_t last_of_run() const {
    std::size_t out = kNone;
    for (std::size_t i = 0; i < all_.instances.size(); ++i) {
      if (is_hook(i) || end_of(i) == kNoTime) continue;
      if (out == kNone || end_of(i) > end_of(out)) out = i;
    }
    return out;
  }
  [[nodiscard]] std::size_t latest_upstream(std::size_t at) const {
    std::size_t out = kNone;
    for (const TaskNo u : dag_.upstream.of(all_.instances[at].view->row.task_no)) {
      for (const std::size_t i : by_task_[static_cast<std::size_t>(u)]) {
        if (end_of(i) != kNoTime && (out == kNone || end_of(i) > end_of(out))) out = i;
      }
    }
    return out;
  }

  const Dag& dag_;
  const Explanation& all_;
  std::vector<std::vector<std::size_t>> by_task_;
};

/// Advice with the time it would save at most.
struct Advice {
  DurationUs saves_us;
  std::string text;
};

std::vector<std::string> advice_of(const Explanation& e) {
  const DurationUs whole = e.end - e.begin;
  std::vector<Advice> out;
  const auto add = [&](DurationUs us, std::string text) {
    if (us > whole / 100 && us > kMillisecond) out.push_back({us, std::move(text)});
  };
  const auto on_path = [&](Wait wait) { return e.on_path[slot(wait)]; };
  add(e.queued_us, "room to begin: it waited " + span(e.queued_us) +
                       " behind other runs (max_active_runs), or because its DAG was held");
  add(on_path(Wait::slots),
      "more slots: the critical path waited " + span(on_path(Wait::slots)) + " for a free one");
  add(on_path(Wait::pool), "larger pools: the critical path waited " + span(on_path(Wait::pool)) + " for them");
  add(on_path(Wait::limit), "higher limits (max_active_tasks, max_parallel): the critical path waited " +
                                span(on_path(Wait::limit)) + " for them");
  add(on_path(Wait::sensor),
      "earlier input: the critical path waited " + span(on_path(Wait::sensor)) + " for sensors");
  add(on_path(Wait::offline), "nobody ran the engine for " + span(on_path(Wait::offline)));
  DurationUs retried = on_path(Wait::backoff);
  std::size_t longest = SIZE_MAX;
  for (std::size_t s = 0; s < e.path.size(); ++s) {
    retried += e.instances[e.path[s].instance].failed_tries_us;
    if (longest == SIZE_MAX || e.path[s].by_wait[slot(Wait::running)] > e.path[longest].by_wait[slot(Wait::running)])
      longest = s;
  }
  add(retried, "no failed tries: retries on the critical path took " + span(retried) + ", of which " +
                   span(on_path(Wait::backoff)) + " backoff");
  const DurationUs overhead = on_path(Wait::commit) + on_path(Wait::starting) + on_path(Wait::worker);
  if (overhead > whole / 10) {
    add(overhead,
        "fewer, longer tasks: starting and committing took " + span(overhead) + " of the critical path");
  }
  if (longest != SIZE_MAX) {
    const InstanceTimes& task = e.instances[e.path[longest].instance];
    const DurationUs own = e.path[longest].by_wait[slot(Wait::running)];
    add(own / 2, instance_name(*task.view) + " twice as fast would save up to " + span(own / 2) +
                     ": it ran for " + span(own) + ", " + percent(own, whole) + " of the run");
  }
  std::ranges::stable_sort(out, std::greater<>(), &Advice::saves_us);
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < out.size() && i < kAdviceMax; ++i) texts.push_back(std::move(out[i].text));
  return texts;
}

}  // namespace

Explanation explain(const Dag& dag, const RunView& run, const std::vector<InstanceView>& instances,
                    const std::vector<TryView>& tries, WallUs now) {
  Explanation out;
  // Task instances live from when it first began; `started_at` is of the last retry. What it waited before is no time of
  // theirs: counted with the first step of the path, that would seem to be a slow task.
  const bool has_begun = run.row.begun_at != kNoTime;
  out.begin = has_begun ? run.row.begun_at : run.row.queued_at;
  if (has_begun) out.queued_us = std::max<DurationUs>(0, run.row.begun_at - run.row.queued_at);
  out.end = run.row.ended_at == kNoTime ? now : run.row.ended_at;
  std::map<InstanceNo, std::size_t> place;
  for (const InstanceView& view : instances) {
    if (view.row.state == TaskState::removed) continue;
    place[view.row.instance_no] = out.instances.size();
    InstanceTimes times;
    times.view = &view;
    add_times(times.by_wait, view.row.times_json);
    out.instances.push_back(times);
  }
  std::map<InstanceNo, DurationUs> last_running;
  for (const TryView& view : tries) {
    const auto found = place.find(view.row.instance_no);
    if (found == place.end()) continue;
    InstanceTimes& times = out.instances[found->second];
    WaitSums own{};
    add_times(own, view.row.times_json);
    for (std::size_t i = 0; i < own.size(); ++i) times.by_wait.at(i) += own.at(i);
    ++times.tries;
    times.failed_tries_us += last_running[view.row.instance_no];
    last_running[view.row.instance_no] = own[slot(Wait::running)];
  }
  for (InstanceTimes& times : out.instances) {
    times.lifetime_us = sum_of(times.by_wait);
    for (std::size_t i = 0; i < out.totals.size(); ++i) out.totals.at(i) += times.by_wait.at(i);
  }
  out.path = PathFinder(dag, out).run();
  for (const PathStep& step : out.path) {
    for (std::size_t i = 0; i < out.on_path.size(); ++i) out.on_path.at(i) += step.by_wait.at(i);
  }
  out.advice = advice_of(out);
  return out;
}

}  // namespace baton::insight
