// BackfillsOnEngine: what the backfills of a server stand on, over its Host, its ticks and a shelf of DAGs. Loop thread
// only; it outlives the Backfills that it serves.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "scheduler/host/host.h"
#include "scheduler/service/backfills.h"
#include "scheduler/service/dag_folder.h"
#include "scheduler/service/dag_shelf.h"
#include "scheduler/service/ticks_service.h"

namespace baton {

/// What a server has of its runs' dates, off the loop. Posts `done` to the loop, never from within the call.
using FindDates =
    std::function<void(const std::string& dag_id, WallUs from, WallUs to, BackfillHost::OnDates done)>;

class BackfillsOnEngine final : public BackfillHost {
 public:
  /// All of these outlive it. `config`: the calendars that schedules name beside their own. `say`: one line for a
  /// person; may be empty.
  BackfillsOnEngine(Loop& loop, Store& store, Host& host, TicksService& ticks, DagShelf& shelf, Config config,
                    FindDates find_dates, std::function<void(const std::string& line)> say)
      : loop_(loop),
        store_(store),
        host_(host),
        ticks_(ticks),
        shelf_(shelf),
        config_(std::move(config)),
        find_dates_(std::move(find_dates)),
        say_(std::move(say)) {}
  ~BackfillsOnEngine() override { *is_alive_ = false; }

  void set_config(Config config) { config_ = std::move(config); }

  [[nodiscard]] Result<BackfilledDag> dag(const std::string& dag_id) override;
  void find_schedule(const std::string& dag_id, const std::string& version, const std::string& conf_json,
                     OnSource done) override;
  void find_dates(const std::string& dag_id, WallUs from, WallUs to, OnDates done) override;
  RunNo make_run(const BackfillRun& run, ServiceRows rows, std::function<void(const PartVerdict&)> done) override;
  void clear_run(RunNo run_no, const std::string& by, std::function<ServiceRows()> rows,
                 std::function<void(const Status&)> done) override;
  [[nodiscard]] bool waits(RunNo run_no) override { return host_.engine().queue().is_waiting(run_no); }
  void stop_waiting(RunNo run_no) override;
  void write(ServiceRows rows, std::vector<AuditRow> audit, std::function<void()> done) override;
  void lift_limit(const std::string& dag_id) override;
  void say(const std::string& line) override;

 private:
  Loop& loop_;
  Store& store_;
  Host& host_;
  TicksService& ticks_;
  DagShelf& shelf_;
  Config config_;
  const FindDates find_dates_;
  const std::function<void(const std::string& line)> say_;
  std::shared_ptr<bool> is_alive_ = std::make_shared<bool>(true);
};

}  // namespace baton
