// ApiBackfills: what the API may ask of backfills, carried out on the loop. Its calls come from threads that handle
// requests. Owned by who serves; outlives the web, and is outlived by the loop.
#pragma once

#include <memory>

#include "scheduler/engine/loop.h"
#include "scheduler/service/backfills.h"
#include "web/api/backfill_door.h"

namespace baton {

class ApiBackfills final : public api::BackfillDoor {
 public:
  ApiBackfills(Loop& loop, Backfills& backfills) : loop_(loop), backfills_(backfills) {}
  ~ApiBackfills() override { *is_alive_ = false; }
  ApiBackfills(const ApiBackfills&) = delete;
  ApiBackfills& operator=(const ApiBackfills&) = delete;

  void create(api::BackfillWanted wanted, api::Asker asker, OnMade done) override;
  void plan(api::BackfillWanted wanted, OnPlan done) override;
  std::optional<api::BackfillSize> size_of(const BackfillRow& row, const timetable::Timetable& schedule) override;
  void change(std::int64_t backfill_no, Change change, api::Asker asker, OnDone done) override;

 private:
  template <typename F>
  void on_loop(F f) {
    loop_.post([alive = is_alive_, f = std::move(f)] {
      if (*alive) f();
    });
  }

  Loop& loop_;
  Backfills& backfills_;
  std::shared_ptr<bool> is_alive_ = std::make_shared<bool>(true);  ///< loop thread: guards what is posted
};

}  // namespace baton
