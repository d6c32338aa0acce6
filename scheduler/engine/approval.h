// What an approval asks of a person: the form of its question, what an answer to it comes to, and what its deadline
// does. Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "scheduler/engine/dag_run.h"
#include "scheduler/model/result.h"
#include "scheduler/model/value.h"

namespace baton {

/// The option that fails the task, whoever has written it; every other one lets it succeed.
inline constexpr const char* kRejects = "reject";

struct ApprovalAsk {
  enum class Silence : std::uint8_t { fail, skip, takes_default };
  std::string prompt;
  std::vector<std::string> options;    ///< at least one
  bool multiple = false;               ///< several may be chosen
  Value params;                        ///< a map: name → JSON Schema; what the answer may say beside the options
  std::vector<std::string> assignees;  ///< who may answer; empty: whoever may mark the task
  bool self = false;                   ///< whoever has triggered the run may answer too
  std::vector<std::string> defaults;   ///< chosen beforehand, and where nobody has answered
  DurationUs timeout_us = 0;           ///< 0: it waits for ever
  Silence on_timeout = Silence::fail;
};

/// Of the task's body, expressions and all: what an answer is held against. The prompt is as its author wrote it.
[[nodiscard]] ApprovalAsk ask_of(const TaskSpec& spec);
/// What instance `i` asks now: with its prompt rendered. An Error: an expression of it has failed.
[[nodiscard]] Result<ApprovalAsk> rendered_ask(const DagRun& run, InstanceNo i);

/// As ApprovalRow keeps it, and back.
[[nodiscard]] std::string ask_json(const ApprovalAsk& ask);
[[nodiscard]] ApprovalAsk ask_from_json(const std::string& json);

/// The outputs of the task: {chosen, option, params, by, at, note}.
[[nodiscard]] Value answer_value(const std::vector<std::string>& chosen, Value params, const std::string& by, WallUs at,
                                 const std::string& note);
/// The params of its form where nobody has filled it in: their defaults; an error names one that has none.
[[nodiscard]] Result<Value> form_defaults(const ApprovalAsk& ask);
/// Whether to choose these fails the task.
[[nodiscard]] bool rejects(const std::vector<std::string>& chosen);
/// Whether `chosen` are options of this question, each once, and one alone where it takes one.
[[nodiscard]] Status check_chosen(const ApprovalAsk& ask, const std::vector<std::string>& chosen);

}  // namespace baton
