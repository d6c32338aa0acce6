#include "cli/display/eta.h"

#include <algorithm>
#include <vector>

namespace baton::display {
namespace {

/// Run time of one instance of each task; −1: not known.
std::vector<DurationUs> expected_spans(const RunPicture& picture, const Means& means) {
  const Dag& dag = picture.dag();
  std::vector<DurationUs> out(dag.tasks.size(), -1);
  DurationUs sum = 0;
  std::int64_t known = 0;
  for (std::size_t t = 0; t < out.size(); ++t) {
    const TaskCounts& own = picture.of_task(static_cast<TaskNo>(t));
    const auto mean = means.find(dag.tasks[t].id);
    if (own.run_count >= 3 || (own.run_count > 0 && mean == means.end())) {
      out[t] = own.run_us_sum / own.run_count;
    } else if (mean != means.end()) {
      out[t] = mean->second;
    } else if (dag.tasks[t].spec->kind == TaskKind::noop) {
      out[t] = 0;
    }
    if (out[t] < 0 || dag.tasks[t].spec->kind == TaskKind::noop) continue;
    sum += out[t];
    ++known;
  }
  if (known == 0) return {};
  for (DurationUs& span : out) {
    if (span < 0) span = sum / known;
  }
  return out;
}

}  // namespace

std::optional<DurationUs> estimate_left(const RunPicture& picture, const Means& means, std::int32_t slots, WallUs now) {
  const std::vector<DurationUs> spans = expected_spans(picture, means);
  if (spans.empty()) return std::nullopt;
  const Dag& dag = picture.dag();

  // What live instances have behind them.
  std::vector<DurationUs> elapsed(dag.tasks.size(), 0);
  std::vector<std::int32_t> live(dag.tasks.size(), 0);
  for (const auto& [i, row] : picture.rows()) {
    if (row.state != TaskState::running || row.started_at == kNoTime) continue;
    const auto t = static_cast<std::size_t>(row.task_no);
    elapsed[t] += std::clamp<DurationUs>(now - row.started_at, 0, spans[t]);
    ++live[t];
  }

  std::vector<DurationUs> path(dag.tasks.size(), 0);
  DurationUs work = 0;
  DurationUs longest = 0;
  for (auto it = dag.topological.rbegin(); it != dag.topological.rend(); ++it) {
    const auto t = static_cast<std::size_t>(*it);
    const TaskCounts& counts = picture.of_task(*it);
    const std::int32_t open = counts.total() - counts.ended();
    DurationUs after = 0;
    for (const TaskNo d : dag.downstream.of(*it)) after = std::max(after, path[static_cast<std::size_t>(d)]);
    DurationUs own = 0;
    if (open > 0) {
      const bool all_live = live[t] == open;
      own = spans[t] - (all_live ? elapsed[t] / open : 0);
      work += spans[t] * open - elapsed[t];
    }
    path[t] = after + own;
    longest = std::max(longest, path[t]);
  }
  return std::max(longest, work / std::max(1, slots));
}

}  // namespace baton::display
