// What the commands about alerts do: as handlers.h.
#pragma once

#include "cli/invocation.h"

namespace baton::cli {

int alert_ls_command(const Invocation& call);
int alert_test_command(const Invocation& call);

}  // namespace baton::cli
