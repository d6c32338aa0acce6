// The params of a run, from `-p` and from a file (`--params`). Reads one file; main thread.
#pragma once

#include "cli/invocation.h"
#include "scheduler/model/dag.h"
#include "scheduler/model/value.h"

namespace baton::cli {

/// `-p k=v` and `--params FILE` (JSON or YAML) by the declared types, with defaults; `-p` wins over the file. All faults
/// in one Error. Errors: not_found, denied; invalid, with the findings in the file on stderr.
Result<Value> params_of(const Dag& dag, const Invocation& call);
/// Of these only what was given: the defaults stay with whoever makes the run.
Result<Value> params_given(const Dag& dag, const Invocation& call);

}  // namespace baton::cli
