// ApiLetters: what the API may ask of jobs over dead letters, carried out on the loop. Its calls come from threads that
// handle requests. Owned by who serves; outlives the web, and is outlived by the loop.
#pragma once

#include <memory>
#include <utility>

#include "scheduler/engine/loop.h"
#include "scheduler/service/dead_letters.h"
#include "web/api/letter_door.h"

namespace baton {

class ApiLetters final : public api::LetterDoor {
 public:
  ApiLetters(Loop& loop, LetterJobs& jobs) : loop_(loop), jobs_(jobs) {}
  ~ApiLetters() override { *is_alive_ = false; }
  ApiLetters(const ApiLetters&) = delete;
  ApiLetters& operator=(const ApiLetters&) = delete;

  void create(LetterJobAsk ask, std::int64_t total, api::Asker asker, OnMade done) override {
    on_loop([this, ask = std::move(ask), total, asker = std::move(asker), done = std::move(done)] {
      jobs_.create(ask, total, {asker.name, asker.address, asker.via}, done);
    });
  }
  void cancel(std::int64_t job_no, api::Asker asker, OnDone done) override {
    on_loop([this, job_no, asker = std::move(asker), done = std::move(done)] {
      jobs_.cancel(job_no, {asker.name, asker.address, asker.via}, done);
    });
  }

 private:
  template <typename F>
  void on_loop(F f) {
    loop_.post([alive = is_alive_, f = std::move(f)] {
      if (*alive) f();
    });
  }

  Loop& loop_;
  LetterJobs& jobs_;
  std::shared_ptr<bool> is_alive_ = std::make_shared<bool>(true);  ///< loop thread: guards what is posted
};

}  // namespace baton
