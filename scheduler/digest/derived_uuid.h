// UUIDs that the API shows for rows: derived from the store's id and the row's key, so that no column holds them and a
// restored backup answers the same (RFC 9562 §5.5, version 5: SHA-1 of a name in a namespace). Any thread.
#pragma once

#include <string>
#include <string_view>

namespace baton {

/// Version 5 UUID of `name` in the namespace `store_id` (a UUID as text).
std::string derived_uuid(std::string_view store_id, std::string_view name);

}  // namespace baton
