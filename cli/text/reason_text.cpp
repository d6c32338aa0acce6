#include "cli/text/reason_text.h"

#include "cli/text/display_width.h"
#include "scheduler/model/attempt_key.h"

namespace baton::text {
std::string instance_name(std::string_view task_id, std::int32_t map_index, std::string_view map_key) {
  std::string out(task_id);
  if (map_index == kUnmapped) return out;
  // A label of digits alone would be read as an index.
  const bool is_label = map_key.find_first_not_of("0123456789") != std::string_view::npos;
  return out + "[" + (is_label ? printable(map_key) : std::to_string(map_index)) + "]";
}

}  // namespace baton::text
