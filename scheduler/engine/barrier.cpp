#include "scheduler/engine/barrier.h"

#include <algorithm>

#include "scheduler/engine/expand.h"

namespace baton {
namespace {

bool is_mapped(const DagRun& run, TaskNo t) { return run.dag->spec(t).mapping->kind != Mapping::Kind::none; }

bool is_behind_barrier(const DagRun& run, TaskNo t) {
  if (run.progress(t).expanded) return false;  // its items are made
  const auto is_open = [&](TaskNo above) {
    return above != t && is_mapped(run, above) && run.progress(above).own_open > 0;
  };
  const auto direct = run.dag->upstream.of(t);
  if (std::any_of(direct.begin(), direct.end(), is_open)) return true;
  const auto sources = items_come_from(*run.dag, t);
  return std::any_of(sources.begin(), sources.end(), is_open);
}

}  // namespace

Verdict judge(const DagRun& run, TaskNo t) {
  const Verdict verdict = judge(run.dag->spec(t).trigger_rule, run.progress(t).upstreams);
  const bool waits = verdict == Verdict::run && is_mapped(run, t) && is_behind_barrier(run, t);
  return waits ? Verdict::wait : verdict;
}

bool items_wait_for(const DagRun& run, TaskNo t, TaskNo source) {
  if (t == source || !is_mapped(run, t) || run.progress(t).expanded || run.at(t).state != TaskState::none) return false;
  const auto sources = items_come_from(*run.dag, t);
  return std::find(sources.begin(), sources.end(), source) != sources.end();
}

}  // namespace baton
