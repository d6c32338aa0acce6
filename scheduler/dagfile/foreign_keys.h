// Keys as other programs call them, and keys that stand in the wrong place: who comes from Airflow, Argo, Dagu or GitHub
// Actions writes what they know, and no spelling is near enough to find ours by. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace baton::dagfile {

/// The way out for a key that `object` (keys.h) does not have; empty: none is known.
std::string foreign_key_hint(std::string_view object, std::string_view key);

}  // namespace baton::dagfile
