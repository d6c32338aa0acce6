// Bulk requests of Airflow's form: `{"actions": [{"action": "create", "entities": […]}]}`. Each entity is changed by
// itself; what could not be done is told in the answer, which is 200. Any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "web/api/services.h"

namespace baton::api {

enum class BulkWant : std::uint8_t {
  create,
  put,  ///< create with action_on_existence: overwrite
  update,
  drop,
};

/// What becomes of one entity: refused, or asked for.
struct BulkStep {
  std::optional<http::Response> refused;
  std::optional<ChangeAsk> ask;
  std::string told_as;  ///< among the successes; empty: by the name of the entity
};

/// `key`: the member that names an entity. `plan` is called for each, with a copy of the call of its own, before
/// anything is asked for but of the object that it names again; of an update with what `update_mask` leaves of the
/// entity. `done` hears of each change that is durable; may be empty.
void carry_out_bulk(const Call& call, const http::Reply& reply, std::string key,
                    std::function<BulkStep(Call&, BulkWant, const std::string& name, const Value& entity)> plan,
                    std::function<void(const Call&, const ChangeAsk&)> done = {});

}  // namespace baton::api
