// HostDoor: of what the API may ask for, what a Host carries out by itself, whatever else its process does: changes of
// runs, and answers. Its calls come from threads that handle requests and go on on the loop. Outlives the web, and is
// outlived by the host.
#pragma once

#include <optional>

#include "scheduler/control/idempotency.h"
#include "scheduler/host/host.h"
#include "web/api/door.h"

namespace baton {

/// The asker as the audit names who did something.
Actor actor_of(const api::Asker& asker);
/// none: no key was given.
std::optional<IdempotencyKey> key_of(const api::Asker& asker, const api::Once& once, std::int32_t status);

class HostDoor : public api::Door {
 public:
  explicit HostDoor(Host& host) : host_(host) {}

  /// Where it names a DAG whose latest version it wants: unavailable. Who knows DAGs does better.
  void change(api::ChangeAsk ask, api::Asker asker, api::Once once, OnChanged done) override;
  void answer(api::AnswerAsk ask, api::Asker asker, api::Once once, OnChanged done) override;
  void kill_run(RunNo run_no, std::string why, api::Asker asker, OnRun done) override;

 protected:
  void ask(Request request, Actor actor, std::optional<IdempotencyKey> key, OnChanged done);

 private:
  Host& host_;
};

}  // namespace baton
