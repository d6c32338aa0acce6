// Runs that wait for each other: a part of Requests. Who is refused because it would wait for itself would have; and
// some minutes after the last fault nobody does. By the rows on disk alone.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>

#include "tests/sim/disk.h"
#include "tests/sim/requests.h"

namespace baton::sim {
namespace {

/// A refusal was decided so long before it is written at most.
constexpr DurationUs kRefusedLateUs = 5 * kMinute;
constexpr MonoUs kStillWaits = std::numeric_limits<MonoUs>::max();

bool starts_runs(const DiskRun& run, const TaskRow& row) {
  return run.dag->spec(row.task_no).kind == TaskKind::trigger_dag;
}

/// The DAG that a task starts runs of: its file says it in plain text.
std::string started_by(const TaskSpec& spec) {
  const std::string& json = spec.body->json;
  const std::size_t at = json.find(R"("dag":")");
  return at == std::string::npos ? "" : json.substr(at + 7, json.find('"', at + 7) - at - 7);
}

}  // namespace

void Requests::note_waits(const TaskRow& now) {
  const DiskRun& run = *find_run_(now.run_no);
  const auto waits = [&](const TaskRow& row) { return row.state == TaskState::deferred && starts_runs(run, row); };
  if (waits(now)) waited_at_[now.run_no] = kStillWaits;
  const auto known = waited_at_.find(now.run_no);
  const bool has_waited = known != waited_at_.end() && known->second == kStillWaits;
  if (has_waited && std::ranges::none_of(run.instances, waits)) known->second = ground_.loop.now();
}

/// Whether a run of this DAG is `run_no`, or has started it, be it through others.
bool Requests::is_above(RunNo run_no, const std::string& dag_id) const {
  for (std::size_t depth = 0; depth <= children_.size(); ++depth) {
    const DiskRun* run = find_run_(run_no);
    if (run == nullptr) return false;
    if (run->row.dag_id == dag_id) return true;
    const auto parent = std::ranges::find_if(children_, [&](const auto& one) { return one.second.child_no == run_no; });
    if (parent == children_.end()) return false;
    run_no = parent->second.run_no;
  }
  return false;
}

/// Those that live, backfills aside.
std::vector<RunNo> Requests::holders_of(const std::string& dag_id) const {
  std::vector<RunNo> out;
  for (const auto& [run_no, run] : runs_) {
    const bool lives = run.row.state != RunState::queued && !run.is_finished();
    if (lives && run.row.dag_id == dag_id && run.row.type != RunType::backfill) out.push_back(run_no);
  }
  return out;
}

void Requests::check_deadlock(const TaskRow& now, const DiskRun& run) {
  const Key key{now.run_no, now.instance_no, now.epoch};
  if (!starts_runs(run, now)) return fail(key, "it starts nothing and is in a deadlock");
  const std::string wanted = started_by(run.dag->spec(now.task_no));
  if (is_above(now.run_no, wanted)) return static_cast<void>(ground_.strike(Fault::run_above_refused));
  ground_.strike(Fault::circle_refused);
  const std::vector<RunNo> holders = holders_of(wanted);
  for (const RunNo holder : holders) {
    const auto waited = waited_at_.find(holder);
    const bool waits = waited != waited_at_.end() && waited->second > ground_.loop.now() - kRefusedLateUs;
    if (holder != now.run_no && !waits) {
      fail(key, fmt::format("it is called a deadlock, and run {} of {} waits for nothing", holder, wanted));
    }
  }
  if (holders.empty()) fail(key, "it is called a deadlock, and no run of " + wanted + " lives");
}

/// All who wait are taken for stuck; who waits for a run that lives and is not, or for a place that somebody will
/// leave, goes on.
void Requests::check_circles() {
  std::set<RunNo> stuck;
  const auto waits = [&](const Key& key, const ChildRow& row) {
    const DiskRun* parent = find_run_(row.run_no);
    if (parent == nullptr || row.state != ChildState::awaited) return false;
    const TaskRow& now = parent->at(std::get<1>(key));
    return now.state == TaskState::deferred && now.epoch == row.epoch;
  };
  for (const auto& [key, row] : children_) {
    if (waits(key, row)) stuck.insert(row.run_no);
  }
  for (bool has_changed = true; has_changed;) {
    has_changed = std::erase_if(stuck, [&](RunNo run_no) {
      return std::ranges::none_of(children_, [&](const auto& one) {
        const ChildRow& row = one.second;
        if (row.run_no != run_no || !waits(one.first, row)) return false;
        const DiskRun* child = find_run_(row.child_no);
        if (child == nullptr || child->is_finished()) return false;
        if (child->row.state != RunState::queued) return stuck.contains(row.child_no);
        const std::vector<RunNo> holders = holders_of(row.dag_id);
        const std::int32_t limit = child->dag->max_active_runs;
        const bool is_full = limit > 0 && std::ssize(holders) >= limit;
        return is_full && std::ranges::all_of(holders, [&](RunNo h) { return stuck.contains(h); });
      });
    }) > 0;
  }
  if (stuck.empty()) return;
  ground_.findings.fail("ASKED",
                        fmt::format("run {} and {} others wait for each other", *stuck.begin(), stuck.size() - 1));
}

}  // namespace baton::sim
