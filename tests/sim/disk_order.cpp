// In what order runs of a DAG begin, held against what lies on disk. Part of Disk.
#include <fmt/format.h>

#include <tuple>
#include <vector>

#include "tests/sim/disk.h"

namespace baton::sim {
namespace {

/// A turn is decided before it is written: a full disk, slow commits, a row that has to be read first.
constexpr DurationUs kTurnLateUs = 2 * kMinute;

int rank_of(RunType type) { return type == RunType::manual ? 0 : type == RunType::backfill ? 2 : 1; }

}  // namespace

/// Whether it was its turn: what people ask for goes before schedules, and of the same kind what is due longest. Runs that
/// people have brought back wait anew, and nobody can tell since when. Where tasks depend on the run of the date
/// before, dates have an order of their own (past_books.cpp).
void Disk::check_turn(const DiskRun& run) {
  const MonoUs late = ground_.loop.now() - kTurnLateUs;
  const bool clock_held = ground_.loop.last_wall_step() < 0 || ground_.loop.last_wall_step() < late - kTurnLateUs;
  if (run.was_changed) return;
  // Of a ring, whose versions say different limits, there may be a place more since a moment ago: a new run takes it
  // while the one whose turn it is, and which has a place too, is still being read.
  if (run.row.dag_id.front() == 'r') return;
  std::int64_t live = 1;
  std::vector<RunNo> passed;
  for (const auto& [other_no, other] : runs_) {
    const bool is_beside = other_no != run.row.run_no && other.row.dag_id == run.row.dag_id && !other.is_finished() &&
                           other.row.state != RunState::queued && other.row.type != RunType::backfill;
    live += is_beside ? 1 : 0;
    const bool is_old = asked_at_[other_no] < late;
    if (other_no == run.row.run_no || other.row.dag_id != run.row.dag_id || !is_old || other.was_changed) continue;
    const bool waits = other.row.state == RunState::queued && other.row.begun_at == kNoTime;
    const bool is_due = other.row.run_after == kNoTime || other.row.run_after < ground_.loop.wall() - kTurnLateUs;
    const bool own_lane = (other.row.type == RunType::backfill) == (run.row.type == RunType::backfill);
    const bool shares = run.dag->max_active_runs > 0 || run.row.type == other.row.type;
    if (!waits || !is_due || !clock_held || !own_lane || !shares || held_moved_at_ > late) continue;
    const bool is_dated = run.row.logical_date != kNoTime || other.row.logical_date != kNoTime;
    if (is_dated && looks_back(*run.dag)) continue;
    const auto turn = [](const RunRow& row) { return std::make_tuple(rank_of(row.type), row.run_after, row.run_no); };
    if (turn(run.row) < turn(other.row)) continue;
    if (requests_.is_given_up(other_no)) continue;  // its stop is on its way: it is read for that, and not to begin
    passed.push_back(other_no);
  }
  // Where there is a place for all of them, a new run takes its own while those before it are still being read.
  const bool has_room_for_all = run.dag->max_active_runs >= live + std::ssize(passed) && run.row.type != RunType::backfill;
  if (passed.empty() || has_room_for_all) return;
  ground_.findings.fail(
      "INV-16", fmt::format("run {} begins before run {}, whose turn it is", run.row.run_no, passed.front()));
}

}  // namespace baton::sim
