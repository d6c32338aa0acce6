// What would fail a task at its start and can be known before the first one: asked before anything is durable. Pure but
// for the secrets, which come from the function that launches ask.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "scheduler/model/connection.h"
#include "scheduler/model/dag.h"
#include "scheduler/model/result.h"
#include "scheduler/model/value.h"

namespace baton {

using SecretSource = std::function<Result<std::string>(const std::string& name)>;

/// invalid, with everything that is missing in one message: params that no task's environment can hold, secrets of
/// `selected` tasks (by TaskNo; empty: all) that `secret` does not know, and connections that `connection` does not.
Status check_request(const Dag& dag, const std::vector<bool>& selected, const Value& params, const SecretSource& secret,
                     const ConnectionSource& connection = nullptr);

/// The same for a run that goes on with the tasks that are `wanted`, by TaskNo: their secrets and connections.
Status check_secrets(const Dag& dag, const std::vector<bool>& wanted, const SecretSource& secret,
                     const ConnectionSource& connection = nullptr);

/// The values of the secrets that a task is given, as far as they are known.
std::vector<std::string> secrets_of(const Dag& dag, TaskNo t, const SecretSource& secret,
                                    const ConnectionSource& connection = nullptr);

}  // namespace baton
