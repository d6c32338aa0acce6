// What a service manager (systemd, Type=notify) is told over $NOTIFY_SOCKET: that the server answers, that its loop
// turns, that it ends. Without one every call does nothing. Any thread.
#pragma once

#include <string_view>

#include "scheduler/model/time.h"

namespace baton {

/// One or several lines `NAME=value`. Who does not listen is not waited for.
void tell_service_manager(std::string_view lines);

/// How often WATCHDOG=1 is wanted at least ($WATCHDOG_USEC, where it is meant for this process); 0: not at all.
DurationUs watchdog_interval();

}  // namespace baton
