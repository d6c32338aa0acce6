#include "scheduler/rehearsal/task_names.h"

namespace baton::rehearsal {

TaskName task_name_of(std::string_view text, std::uint32_t line) {
  const std::size_t bracket = text.find('[');
  if (bracket == std::string_view::npos || !text.ends_with(']')) return {std::string(text), std::nullopt, line};
  const std::string_view inside = text.substr(bracket + 1, text.size() - bracket - 2);
  return {std::string(text.substr(0, bracket)), std::string(inside), line};
}

std::string to_text(const TaskName& name) {
  return name.instance ? name.task + "[" + *name.instance + "]" : name.task;
}

bool names(const TaskName& name, std::string_view task, std::int32_t map_index, std::string_view label) {
  if (name.task != task) return false;
  if (!name.instance) return true;
  return map_index >= 0 && (*name.instance == std::to_string(map_index) || (!label.empty() && *name.instance == label));
}

}  // namespace baton::rehearsal
