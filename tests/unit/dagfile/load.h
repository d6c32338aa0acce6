// Loading in tests: a Dag or a failed test with its findings.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "scheduler/dagfile/loader.h"

namespace baton::test {

inline std::shared_ptr<const Dag> load(const std::string& yaml, const LoadOptions& options = {}) {
  LoadResult r = load_text(yaml, "test.yaml", options);
  EXPECT_FALSE(has_errors(r.diagnostics)) << render_text(r.diagnostics);
  if (r.dags.empty()) return nullptr;
  return r.dags[0];
}

/// The rules of all findings, in order: "unknown-task cycle".
inline std::string rules_of(const LoadResult& r) {
  std::string out;
  for (const auto& d : r.diagnostics) out += (out.empty() ? "" : " ") + d.rule;
  return out;
}

/// The ids of the upstreams of a task: "a b".
inline std::string upstream(const Dag& dag, std::string_view id) {
  std::string out;
  const auto t = dag.find(id);
  if (!t) return "no such task";
  for (const TaskNo u : dag.upstream.of(*t)) out += (out.empty() ? "" : " ") + dag.task(u).id;
  return out;
}

inline const TaskSpec& spec(const Dag& dag, std::string_view id) {
  return dag.spec(*dag.find(id));
}

/// The full example of docs/dag-language.md.
extern const char* const kFullExample;

}  // namespace baton::test
