#include "scheduler/host/local/local_actor.h"

#include <pwd.h>

#include <utility>
#include <vector>

namespace baton {

Actor actor_of(uid_t uid, std::string via) {
  constexpr std::size_t kEntryBytes = 16'384;
  std::vector<char> buffer(kEntryBytes);
  passwd entry{};
  passwd* found = nullptr;
  const bool is_known = getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr;
  return {is_known ? std::string(found->pw_name) : "uid " + std::to_string(uid), "", std::move(via)};
}

}  // namespace baton
