// ApiJobs: what the API may ask of bulk jobs, carried out on the loop. Its calls come from threads that handle
// requests. Owned by who serves; outlives the web, and is outlived by the loop.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "scheduler/engine/loop.h"
#include "scheduler/host/host.h"
#include "scheduler/service/bulk_jobs.h"
#include "web/api/job_door.h"

namespace baton {

class ApiJobs final : public api::JobDoor {
 public:
  ApiJobs(Loop& loop, Host& host, BulkJobs& jobs) : loop_(loop), host_(host), jobs_(jobs) {}
  ~ApiJobs() override { *is_alive_ = false; }
  ApiJobs(const ApiJobs&) = delete;
  ApiJobs& operator=(const ApiJobs&) = delete;

  void create(Ask ask, std::int64_t total, api::Asker asker, api::Once once, OnMade done) override {
    const Actor actor{asker.name, asker.address, asker.via};
    on_loop([this, ask = std::move(ask), total, actor, once = std::move(once), done = std::move(done)] {
      create_now(ask, total, actor, once, done);
    });
  }
  void cancel(std::int64_t job_no, api::Asker asker, OnDone done) override {
    on_loop([this, job_no, asker = std::move(asker), done = std::move(done)] {
      jobs_.cancel(job_no, {asker.name, asker.address, asker.via}, done);
    });
  }

 private:
  /// Through the door for changes, which knows the keys of requests.
  void create_now(const Ask& ask, std::int64_t total, const Actor& actor, const api::Once& once, const OnMade& done) {
    NewJob made = jobs_.prepare(ask, total, actor);
    WriteRecords what;
    what.rows.jobs.push_back(made.row);
    what.audit = std::move(made.audit);
    what.object = "job/" + std::to_string(made.row.job_no);
    std::optional<IdempotencyKey> key;
    if (!once.key.empty()) key = IdempotencyKey{actor.name, once.route, once.key, once.body_hash, 202};
    const Status asked = host_.ask(std::move(what), actor, std::move(key),
                                   [this, alive = is_alive_, row = made.row, done](const Result<Answer>& how) {
                                     if (!how) return done(how.error());
                                     if (how->repeated_status != 0) {
                                       return done(Error{"the request of this key was carried out just now; ask again",
                                                         ErrorKind::conflict});
                                     }
                                     if (*alive) jobs_.begin(row);
                                     done(row.job_no);
                                   });
    if (!asked) done(asked.error());
  }

  template <typename F>
  void on_loop(F f) {
    loop_.post([alive = is_alive_, f = std::move(f)] {
      if (*alive) f();
    });
  }

  Loop& loop_;
  Host& host_;
  BulkJobs& jobs_;
  std::shared_ptr<bool> is_alive_ = std::make_shared<bool>(true);  ///< loop thread: guards what is posted
};

}  // namespace baton
