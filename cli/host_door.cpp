#include "cli/host_door.h"

#include <utility>

#include "scheduler/dagfile/params.h"
#include "scheduler/engine/approval.h"

namespace baton {

Actor actor_of(const api::Asker& asker) {
  return {asker.name, asker.address, asker.via};
}

std::optional<IdempotencyKey> key_of(const api::Asker& asker, const api::Once& once, std::int32_t status) {
  if (once.key.empty()) return std::nullopt;
  return IdempotencyKey{asker.name, once.route, once.key, once.body_hash, status};
}

void HostDoor::ask(Request request, Actor actor, std::optional<IdempotencyKey> key, OnChanged done) {
  const Status asked = host_.ask(std::move(request), std::move(actor), std::move(key),
                                 [done](const Result<Answer>& how) {
                                   if (!how) return done(how.error());
                                   done(api::Changed{how->run_no, how->instances, how->asset_event_no});
                                 });
  if (!asked) done(asked.error());
}

void HostDoor::change(api::ChangeAsk what, api::Asker asker, api::Once once, OnChanged done) {
  if (!what.latest_of.empty()) {
    return done(Error{"this process knows no version but the one that its run began with", ErrorKind::unavailable});
  }
  auto key = key_of(asker, once, what.status);
  Request request = std::visit([](auto& one) -> Request { return std::move(one); }, what.what);
  ask(std::move(request), actor_of(asker), std::move(key), std::move(done));
}

void HostDoor::answer(api::AnswerAsk what, api::Asker asker, api::Once once, OnChanged done) {
  auto params = resolve_form(what.what.task.task_id, ask_from_json(what.form_json).params, what.what.params);
  if (!params) return done(params.error());
  what.what.params = std::move(*params);
  auto key = key_of(asker, once, 200);
  ask(std::move(what.what), actor_of(asker), std::move(key), std::move(done));
}

void HostDoor::kill_run(RunNo run_no, std::string why, api::Asker asker, OnRun done) {
  ask(StopRun{run_no, true, std::move(why)}, actor_of(asker), std::nullopt, [done](const Result<api::Changed>& how) {
    done(how ? Result<RunNo>(how->run_no) : how.error());
  });
}

}  // namespace baton
