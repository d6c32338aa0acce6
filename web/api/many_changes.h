// Several changes that one request asks for, each of a run of its own: asked at once, told together. Any thread.
#pragma once

#include <functional>
#include <vector>

#include "web/api/door.h"

namespace baton::api {

inline constexpr std::int64_t kRunsAtOnce = 500;

/// `done` gets all that was changed, in the order of `asks`, or the first error; what was asked for beside it has been
/// carried out then. Each has a key of its own, made of that of the request and its run: a repetition goes on where the
/// first was cut off. At most kRunsAtOnce.
void change_all(Door& door, std::vector<ChangeAsk> asks, const Asker& asker, const Once& once,
                std::function<void(Result<std::vector<Changed>>)> done);

}  // namespace baton::api
