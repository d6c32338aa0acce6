// Params: what a run is given, checked against what the DAG declares. For `-p`, and for the JSON of the API. Pure
// functions, any thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "scheduler/model/dag.h"
#include "scheduler/model/result.h"

namespace baton {

/// From `-p name=text`: a string verbatim, any other type as JSON; a list of simple items also as `a,b`
/// (docs/ARCHITECTURE.md). Several of one name make one list for an array, and are an error for anything else. Gives a
/// map of every declared param, in their order, defaults filled in; a param without a default that is not given is an
/// error. One error says all that is wrong.
Result<Value> resolve_params(const Dag& dag, const std::vector<std::pair<std::string, std::string>>& given);

/// The same from a JSON object.
Result<Value> resolve_params_json(const Dag& dag, std::string_view json);
Result<Value> resolve_params_value(const Dag& dag, const Value& given);

/// What an answer says beside its choice, held against the form of the question: `forms` is a map of names to JSON
/// Schemas, `given` a map or null. Defaults are filled in.
Result<Value> resolve_form(const std::string& task_id, const Value& forms, const Value& given);
/// The same from `-p name=text`.
Result<Value> resolve_form(const std::string& task_id, const Value& forms,
                           const std::vector<std::pair<std::string, std::string>>& given);

namespace dagfile {
/// A ParamSpec of its declaration's canonical JSON; an Error when that is no JSON.
Result<ParamSpec> param_of(std::string name, std::string schema_json);
}  // namespace dagfile

}  // namespace baton
