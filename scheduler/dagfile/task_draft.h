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

/// The one expression of a key that otherwise takes a number or a duration; unset where it holds none.
Text read_computed(Node node, std::string_view key, Wanted wanted, Stage stage, Expressions& expressions,
                   Reporter& reporter);
/// Reports a literal that is no time.
void check_literal_time(const Text& text, Node node, Reporter& reporter);
/// Warns of `~` and `$NAME` in a path, which is that of `key`.
void warn_unexpanded(std::string_view path, Span where, std::string_view key, Reporter& reporter);
/// Whether `if` names the item or the matrix.
bool names_instance(const TaskSpec& spec);
/// `bash -eu` or `[bash, -eu]` as argv.
std::vector<std::string> read_shell(Node node, Reporter& reporter);
OutputSpec::Type output_type(std::string_view name);
/// True for names that expressions know by themselves: params, env, tasks, …
bool is_builtin_name(std::string_view name);

}  // namespace baton::dagfile
