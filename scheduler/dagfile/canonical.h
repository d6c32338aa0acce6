// The canonical form of a Dag: JSON that depends on the meaning of the file alone, not on its layout. The store keeps
// it; resume reads it instead of YAML. Its hash without the sizes of pools is the version of the Dag
// (docs/ARCHITECTURE.md). Pure functions, any thread.
#pragma once

#include <string>
#include <string_view>

#include "scheduler/model/dag.h"
#include "scheduler/model/result.h"

namespace baton {

/// The language that this program reads and the canonical form it writes; part of every version.
inline constexpr int kLanguageVersion = 1;

/// Everything that a run of the Dag depends on, defaults resolved; without comments, positions, `source_file`,
/// `work_folder` and values of secrets. The slots of pools are in it (a resumed run needs them), but not in version.
std::string canonical_json(const Dag& dag);

/// SHA-256 (hex) of the canonical form without the slots of pools.
std::string version_of(const Dag& dag);

/// What a Dag has from where its file lies, not from what it says.
struct DagPlace {
  std::string source_file, work_folder;
};

/// The Dag again, with its expressions compiled and its version, at `place`; its lines are empty. Never reads YAML. The
/// text must be one of canonical_json: what else it gets is an Error, never a crash.
Result<std::shared_ptr<const Dag>> from_canonical(std::string_view json, DagPlace place = {});

/// The variable that `baton run` reads a secret from: BATON_SECRET_ and its name in upper case, other characters `_`.
std::string secret_variable(std::string_view secret);

}  // namespace baton
