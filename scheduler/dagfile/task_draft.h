// What the files of TaskReader share: the task being read, and small functions of values.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "scheduler/dagfile/task_reader.h"

namespace baton::dagfile {

struct TaskReader::Draft {
  const TaskNodes& nodes;
  std::string_view owner;
  Expressions& expressions;
  TaskSpec& spec;
};

/// Reports a literal that is no time.
void check_literal_time(const Text& text, Node node, Reporter& reporter);
/// Whether `if` names the item or the matrix.
bool names_instance(const TaskSpec& spec);
/// `bash -eu` or `[bash, -eu]` as argv.
std::vector<std::string> read_shell(Node node, Reporter& reporter);
OutputSpec::Type output_type(std::string_view name);
/// True for names that expressions know by themselves: params, env, tasks, …
bool is_builtin_name(std::string_view name);

}  // namespace baton::dagfile
