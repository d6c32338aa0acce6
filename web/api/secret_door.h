// SecretDoor: the secrets of the state folder, as the API may change them. Values go in and never come out. Any thread;
// each call blocks for a file.
#pragma once

#include <string>
#include <vector>

#include "scheduler/model/result.h"
#include "scheduler/model/time.h"

namespace baton::api {

struct SecretView {
  std::string name, updated_by;
  WallUs updated_at = kNoTime;
};

class SecretDoor {
 public:
  virtual ~SecretDoor() = default;
  /// By name.
  virtual Result<std::vector<SecretView>> list() = 0;
  /// Durable when it returns. invalid: no name, or no value that a task could be given.
  virtual Status set(const std::string& name, const std::string& value, const std::string& by) = 0;
  /// not_found: there is no such secret.
  virtual Status remove(const std::string& name) = 0;
};

}  // namespace baton::api
