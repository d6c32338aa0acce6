// JobDoor: the bulk jobs that the API can ask for. As Door (door.h): any thread, no call waits, each is answered when it
// is durable.
#pragma once

#include <cstdint>
#include <functional>
#include <variant>

#include "scheduler/control/letter_job.h"
#include "scheduler/control/run_job.h"
#include "web/api/door.h"

namespace baton::api {

class JobDoor {
 public:
  virtual ~JobDoor() = default;
  using Ask = std::variant<LetterJobAsk, RunJobAsk>;
  using OnMade = std::function<void(Result<std::int64_t>)>;
  using OnDone = std::function<void(Status)>;

  /// `done` with its number. `total`: how many objects its filter lets through now.
  virtual void create(Ask ask, std::int64_t total, Asker asker, Once once, OnMade done) = 0;
  /// not_found: there is none of this number that is not through. conflict: it cannot be cancelled.
  virtual void cancel(std::int64_t job_no, Asker asker, OnDone done) = 0;
};

}  // namespace baton::api
