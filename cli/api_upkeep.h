// ApiUpkeep: what the API may ask of the retention of a server, carried out on the loop. Its calls come from threads
// that handle requests. Owned by who serves; outlives the web, and is outlived by the loop.
#pragma once

#include <memory>

#include "scheduler/engine/loop.h"
#include "scheduler/service/retention.h"
#include "scheduler/service/ticks_service.h"
#include "web/api/upkeep_door.h"

namespace baton {

class ApiUpkeep final : public api::UpkeepDoor {
 public:
  ApiUpkeep(Loop& loop, RetentionService& retention, const TicksService& ticks)
      : loop_(loop), retention_(retention), ticks_(ticks) {}
  ~ApiUpkeep() override { *is_alive_ = false; }
  ApiUpkeep(const ApiUpkeep&) = delete;
  ApiUpkeep& operator=(const ApiUpkeep&) = delete;

  void prune(api::PruneWanted wanted, api::Asker asker, OnJob done) override;
  void retention(OnNow done) override;
  void delete_dag(std::string dag_id, api::Asker asker, OnDone done) override;
  void run_deleted(RunNo run_no) override;

 private:
  template <typename F>
  void on_loop(F f) {
    loop_.post([alive = is_alive_, f = std::move(f)] {
      if (*alive) f();
    });
  }

  Loop& loop_;
  RetentionService& retention_;
  const TicksService& ticks_;
  std::shared_ptr<bool> is_alive_ = std::make_shared<bool>(true);  ///< loop thread: guards what is posted
};

}  // namespace baton
