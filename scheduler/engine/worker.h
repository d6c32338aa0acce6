// Worker: who runs attempts, as rows and events name it. A value, never changed once it is shared; any thread.
#pragma once

#include <memory>
#include <string>

namespace baton {

/// The two names together are one worker for ever, over all its restarts.
struct Worker {
  std::string executor;  ///< which executor: local, …
  std::string name;      ///< which of its workers
  std::string host;      ///< where that is, for people
};

/// One object for all that is told of a worker, so that an event costs no text. Null: not known, not asked for.
using WorkerRef = std::shared_ptr<const Worker>;

}  // namespace baton
