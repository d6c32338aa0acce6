// Values as JSON, for those who use expressions: see scheduler/json/json_value.h.
#pragma once

#include "scheduler/json/json_value.h"

namespace baton::expr {

using baton::append_exact_json;
using baton::append_json;
using baton::append_json_string;
using baton::from_exact_json;
using baton::from_json;
using baton::JsonLimits;
using baton::to_exact_json;
using baton::to_json;
using baton::to_tagged_json;

}  // namespace baton::expr
