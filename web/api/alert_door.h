// AlertDoor: a message that shows whether somebody can be reached. As Door (door.h): any thread, no call waits.
#pragma once

#include <functional>
#include <string>

#include "scheduler/model/result.h"

namespace baton::api {

class AlertDoor {
 public:
  virtual ~AlertDoor() = default;
  /// `done` from any thread. An Error: it was not taken, with why.
  virtual void test(std::string target, std::function<void(Status)> done) = 0;
};

}  // namespace baton::api
