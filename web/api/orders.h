// By what runs and task instances can be ordered, by the names of the API. Any thread.
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "scheduler/engine/reader_queries.h"

namespace baton::api {

const std::vector<std::pair<std::string_view, RunField>>& run_orders();
const std::vector<std::pair<std::string_view, InstanceField>>& instance_orders();

}  // namespace baton::api
