// AssetDoor: the changes of what asset events start that the API can ask for. As Door (door.h): any thread, no call
// waits, each is answered when it is durable.
#pragma once

#include <functional>
#include <string>

#include "web/api/door.h"

namespace baton::api {

class AssetDoor {
 public:
  virtual ~AssetDoor() = default;
  using OnDone = std::function<void(Status)>;

  /// What waits for a DAG, of one asset or (empty) of all, is past. not_found: the DAG does not run on it.
  virtual void skip(std::string dag_id, std::string asset, Asker asker, OnDone done) = 0;
  /// Holds an asset back: its events wait, and start nobody; or lets it go on. Whoever asks has looked that it is there.
  virtual void quarantine(std::string asset, bool is_held, std::string why, Asker asker, OnDone done) = 0;
};

}  // namespace baton::api
