#include "scheduler/insight/eta.h"

#include <algorithm>

namespace baton::insight {
namespace {

/// What one task still has before it.
struct Open {
  std::int64_t instances = 0;
  DurationUs elapsed_us = 0;    ///< of those that run
  DurationUs youngest_us = 0;   ///< what the one that began last has behind it
  bool waits = false;           ///< one of them has not begun
};

/// Run time of one instance of each task; empty: nothing is known.
std::vector<DurationUs> expected_spans(const Dag& dag, const std::unordered_map<std::string, DurationView>& means) {
  std::vector<DurationUs> spans(dag.tasks.size(), -1);
  DurationUs sum = 0;
  std::int64_t known = 0;
  for (std::size_t t = 0; t < spans.size(); ++t) {
    if (dag.tasks[t].spec->kind == TaskKind::noop) {
      spans[t] = 0;
    } else if (const auto mean = means.find(dag.tasks[t].id); mean != means.end()) {
      spans[t] = mean->second.mean_us;
      sum += spans[t];
      ++known;
    } else if (dag.tasks[t].spec->expected->try_us > 0) {
      spans[t] = dag.tasks[t].spec->expected->try_us;
      sum += spans[t];
      ++known;
    }
  }
  if (known == 0) return {};
  for (DurationUs& span : spans) span = span < 0 ? sum / known : span;
  return spans;
}

std::vector<Open> open_of(const Dag& dag, const std::vector<InstanceView>& instances,
                          const std::vector<DurationUs>& spans, WallUs now) {
  std::vector<Open> open(dag.tasks.size());
  for (const InstanceView& view : instances) {
    if (is_final(view.row.state) || view.hook != Hook::none) continue;
    const auto t = static_cast<std::size_t>(view.row.task_no);
    if (t >= open.size()) continue;
    Open& own = open[t];
    ++own.instances;
    if (view.row.state != TaskState::running || view.row.started_at == kNoTime) {
      own.waits = true;
      continue;
    }
    const DurationUs elapsed = std::clamp<DurationUs>(now - view.row.started_at, 0, spans[t]);
    own.youngest_us = own.elapsed_us == 0 ? elapsed : std::min(own.youngest_us, elapsed);
    own.elapsed_us += elapsed;
  }
  return open;
}

}  // namespace

std::optional<DurationUs> estimate_left(const Dag& dag, const std::vector<InstanceView>& instances,
                                        const std::unordered_map<std::string, DurationView>& means, std::int32_t slots,
                                        WallUs now) {
  const std::vector<DurationUs> spans = expected_spans(dag, means);
  if (spans.empty()) return std::nullopt;
  const std::vector<Open> open = open_of(dag, instances, spans, now);
  std::vector<DurationUs> path(dag.tasks.size(), 0);
  DurationUs work = 0, longest = 0;
  for (auto it = dag.topological.rbegin(); it != dag.topological.rend(); ++it) {
    const auto t = static_cast<std::size_t>(*it);
    for (const TaskNo d : dag.downstream.of(*it)) path[t] = std::max(path[t], path[static_cast<std::size_t>(d)]);
    if (open[t].instances == 0) continue;
    path[t] += spans[t] - (open[t].waits ? 0 : open[t].youngest_us);
    work += spans[t] * open[t].instances - open[t].elapsed_us;
    longest = std::max(longest, path[t]);
  }
  return std::max(longest, slots > 0 ? work / slots : 0);
}

std::optional<DurationUs> usual_duration(const std::vector<RunView>& ended) {
  std::vector<DurationUs> took;
  for (const RunView& run : ended) {
    if (run.row.started_at != kNoTime && run.row.ended_at != kNoTime)
      took.push_back(run.row.ended_at - run.row.started_at);
  }
  if (took.empty()) return std::nullopt;
  const auto middle = took.begin() + std::ssize(took) / 2;
  std::nth_element(took.begin(), middle, took.end());
  return *middle;
}

}  // namespace baton::insight
