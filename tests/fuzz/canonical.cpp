// Any bytes as the canonical form of a Dag, as the store may hand it back: an error, or a Dag whose form is stable.
#include <cstdint>
#include <string_view>

#include "scheduler/dagfile/canonical.h"
#include "scheduler/model/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto dag = baton::from_canonical(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!dag) return 0;
  const std::string json = baton::canonical_json(**dag);
  const auto again = baton::from_canonical(json);
  BATON_CHECK(again.ok());
  BATON_CHECK(baton::canonical_json(**again) == json);
  return 0;
}
