// ApiDoor: what the API may ask for, carried out through the one door for changes. Its calls come from threads that
// handle requests, and go on on the loop: there the DAG is looked for, its params are resolved, and Control decides.
// Owned by who serves; outlives the web, and is outlived by the loop.
#pragma once

#include <memory>
#include <optional>

#include "cli/host_door.h"
#include "scheduler/host/local/local_server.h"
#include "scheduler/service/bulk_jobs.h"
#include "scheduler/service/dag_folder.h"
#include "scheduler/service/dag_shelf.h"
#include "scheduler/service/tick_holds.h"
#include "scheduler/service/ticks_service.h"

namespace baton {

class ApiDoor final : public HostDoor {
 public:
  ApiDoor(LocalServer& server, DagShelf& shelf, TicksService& ticks, DagFolder& folder, BulkJobs& jobs)
      : HostDoor(server.host()),
        server_(server),
        shelf_(shelf),
        ticks_(ticks),
        folder_(folder),
        jobs_(jobs),
        holds_(server.loop(), ticks) {}
  ~ApiDoor() override { *is_alive_ = false; }
  ApiDoor(const ApiDoor&) = delete;
  ApiDoor& operator=(const ApiDoor&) = delete;

  void trigger(api::TriggerAsk ask, api::Asker asker, api::Once once, OnRun done) override;
  void change(api::ChangeAsk ask, api::Asker asker, api::Once once, OnChanged done) override;
  void look_at_folder(OnDone done) override;
  void set_paused(std::string dag_id, bool is_paused, api::Asker asker, OnDone done) override;
  void hold_dag(api::DagHold wish, api::Asker asker, OnDone done) override;
  void hold_server(bool freeze, std::string why, api::Asker asker, OnDone done) override;
  void server_hold(OnHolds done) override;
  void find_wait(RunNo run_no, OnWait done) override;

 private:
  struct Triggering {
    api::TriggerAsk ask;
    Actor actor;
    std::optional<IdempotencyKey> key;
    OnRun done;
  };
  void find_dag(std::shared_ptr<Triggering> what);
  void trigger_found(const ShelvedDag& found, Triggering& what);
  void delete_run(DeleteRun request, Actor actor, OnChanged done);
  void find_latest(const std::string& dag_id, std::function<void(const Result<ShelvedDag>&)> found);

  LocalServer& server_;
  DagShelf& shelf_;
  TicksService& ticks_;
  DagFolder& folder_;
  BulkJobs& jobs_;
  TickHolds holds_;
  std::shared_ptr<bool> is_alive_ = std::make_shared<bool>(true);  ///< loop thread: guards what is posted
};

}  // namespace baton
