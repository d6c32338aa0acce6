// The SqliteReader's loads of pools: what of the live runs holds slots of which, or waits for them.
#include <array>
#include <map>

#include "scheduler/store/reader_connection.h"
#include "scheduler/store/row_sums.h"

namespace baton::sqlite {
namespace {

constexpr std::array kStates = {TaskState::scheduled, TaskState::queued, TaskState::running, TaskState::deferred};

/// Most runs name no pool and are told by the counts in their rows; the instances of those that do are looked through.
class PoolLoads {
 public:
  explicit PoolLoads(ReaderConnection& connection) : connection_(connection) {}

  Result<std::vector<PoolLoad>> all() {
    struct Live {
      RunNo run_no;
      std::int64_t version_no;
      StateCounts counts;
    };
    std::vector<Live> runs;
    const Status read = connection_.query(
        "SELECT r.run_no, r.version_no, r.counts FROM (SELECT run_no FROM dag_run WHERE state IN (0, 1) UNION"
        " SELECT run_no FROM dag_run WHERE hooks_open = 1) l CROSS JOIN dag_run r ON r.run_no = l.run_no",
        [&](const Statement& row) -> Status {
          Live live{row.integer(0), row.integer(1), {}};
          if (!counts_from_json(row.text(2), live.counts)) return damaged("a run");
          runs.push_back(live);
          return Unit{};
        });
    if (!read) return read.error();
    for (const Live& live : runs) {
      const auto with_pools = names_pools(live.version_no);
      if (!with_pools) return with_pools.error();
      if (!*with_pools) {
        add_counts(live.counts);
      } else if (Status added = add_instances(live.run_no, live.version_no); !added) {
        return added.error();
      }
    }
    std::vector<PoolLoad> out;
    for (auto& [key, load] : loads_) out.push_back(std::move(load));
    return out;
  }

 private:
  /// Whether a task of it names a pool or takes more than one slot. A version never changes, so nobody asks twice.
  Result<bool> names_pools(std::int64_t version_no) {
    constexpr std::size_t kKeptMax = 10'000;
    std::map<std::int64_t, bool>& known = connection_.versions_with_pools();
    if (const auto at = known.find(version_no); at != known.end()) return at->second;
    const auto found = connection_.integers(
        "SELECT EXISTS (SELECT 1 FROM dag_task WHERE version_no = ? AND (pool IS NOT NULL OR pool_slots <> 1))", version_no);
    if (!found) return found.error();
    if (known.size() >= kKeptMax) known.clear();
    return known[version_no] = found->at(0) != 0;
  }

  void add_counts(const StateCounts& counts) {
    for (const TaskState state : kStates) {
      const std::int64_t count = counts[static_cast<std::size_t>(state)];
      if (count > 0) add("", state, count, count);
    }
  }

  Status add_instances(RunNo run_no, std::int64_t version_no) {
    return connection_.query(
        "SELECT coalesce(k.pool, ''), t.state, count(*), sum(k.pool_slots) FROM task_instance t CROSS JOIN dag_task k"
        " ON k.version_no = ?2 AND k.task_no = t.task_no WHERE t.run_no = ?1 AND t.state IN (1, 2, 3, 10) GROUP BY 1, 2",
        [&](const Statement& row) -> Status {
          add(row.string(0), static_cast<TaskState>(row.integer(1)), row.integer(2), row.integer(3));
          return Unit{};
        },
        run_no, version_no);
  }

  void add(const std::string& pool, TaskState state, std::int64_t instances, std::int64_t slots) {
    PoolLoad& load = loads_[{pool, state}];
    load.pool = pool;
    load.state = state;
    load.instances += instances;
    load.slots += slots;
  }

  ReaderConnection& connection_;
  std::map<std::pair<std::string, TaskState>, PoolLoad> loads_;
};

}  // namespace
}  // namespace baton::sqlite

namespace baton {

Result<std::vector<PoolLoad>> SqliteReader::pool_loads() {
  const sqlite::ReaderConnection::Snapshot snapshot(*connection_);
  return sqlite::PoolLoads(*connection_).all();
}

}  // namespace baton
