// Records of people (variables, what is told of secrets) in a state folder that nobody works on: the rows and their audit
// in one transaction, as a server writes them. Main thread.
#pragma once

#include <string>

#include "cli/command.h"
#include "scheduler/engine/service_rows.h"
#include "scheduler/model/value.h"

namespace baton::cli {

/// Makes the folder where it is missing. `object` says what it is about, in the audit: {"variable": "region"}. conflict:
/// another process holds the folder; storage: it could not be written.
Status write_here(const Arguments& arguments, const std::string& command, const std::string& action,
                  const ValueMap& object, ServiceRows rows);

}  // namespace baton::cli
