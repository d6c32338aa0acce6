#include "tests/sim/check_truth.h"

#include <cstdlib>
#include <vector>

#include "tests/sim/rng.h"

namespace baton::sim {
namespace {

constexpr std::uint64_t kChecks = 37;
constexpr std::uint64_t kHoldPercent = 68;

/// What the file says, in plain text, an entry a line.
std::vector<std::string> entries_of(const TaskSpec& spec) {
  std::vector<std::string> out;
  const std::string& json = spec.body->json;
  for (std::size_t at = json.find('{'); at != std::string::npos; at = json.find('{', at + 1)) {
    const std::size_t dollar = json.find("${{", at);
    std::size_t end = json.find('}', at);
    if (dollar != std::string::npos && dollar < end) end = json.find('}', json.find("}}", dollar) + 2);
    out.push_back(json.substr(at, end - at));
    at = end;
  }
  return out;
}

bool says(const std::string& entry, const char* what) { return entry.find(what) != std::string::npos; }

/// `tasks.t0.outputs.n >= 2`: what the row above has on disk. What a person has marked has no outputs.
bool expectation_holds(const DiskRun& run, const std::string& entry) {
  const std::string& outputs = run.at(0).outputs_json;
  const std::size_t at = outputs.find("\"n\":");
  if (at == std::string::npos || run.at(0).state != TaskState::success) return false;
  const std::size_t least = entry.find(">= ");
  return std::atoll(outputs.c_str() + at + 4) >= std::atoll(entry.c_str() + least + 3);
}

}  // namespace

bool script_holds(std::uint64_t seed, const DiskRun& run, const TaskRow& row, std::int32_t failures, std::size_t k) {
  const auto generation = static_cast<std::uint64_t>(run.facts_of(row.instance_no).generation);
  const std::uint64_t h = hash_of({seed, kChecks, static_cast<std::uint64_t>(row.run_no),
                                   static_cast<std::uint64_t>(row.task_no), generation,
                                   static_cast<std::uint64_t>(failures), k});
  return h % 100 < kHoldPercent;
}

CheckTruth truth_of_checks(std::uint64_t seed, const DiskRun& run, const TaskRow& row, std::int32_t failures) {
  CheckTruth out;
  const std::vector<std::string> entries = entries_of(run.dag->spec(row.task_no));
  for (std::size_t k = 0; k < entries.size(); ++k) {
    const std::string& entry = entries[k];
    const bool is_expected = says(entry, "\"expect\"");
    if (is_expected ? expectation_holds(run, entry) : script_holds(seed, run, row, failures, k)) continue;
    const bool warns = says(entry, "\"warn\""), quarantines = says(entry, "\"quarantine\"");
    out.warns = out.warns || warns;
    out.quarantines = out.quarantines || quarantines;
    out.fails = out.fails || (!warns && !quarantines);
  }
  return out;
}

std::string output_of_checks(std::uint64_t seed, const DiskRun& run, const TaskRow& row, std::int32_t failures) {
  std::string out;
  const std::vector<std::string> entries = entries_of(run.dag->spec(row.task_no));
  for (std::size_t k = 0; k < entries.size(); ++k) {
    if (says(entries[k], "\"expect\"")) continue;
    const bool holds = script_holds(seed, run, row, failures, k);
    out += std::string(out.empty() ? "" : ",") + "{\"exit\":" + (holds ? "0" : "1") + "}";
  }
  return "{\"checks\":[" + out + "]}";
}

std::set<TaskNo> gates_behind(const Dag& dag, TaskNo producer) {
  std::set<TaskNo> seen, out;
  std::vector<TaskNo> open = {producer};
  while (!open.empty()) {
    const TaskNo at = open.back();
    open.pop_back();
    for (const TaskNo t : dag.downstream.of(at)) {
      if (!seen.insert(t).second) continue;
      const TaskSpec& spec = dag.spec(t);
      if (spec.kind != TaskKind::checks) {
        open.push_back(t);
      } else if (says(spec.body->json, "\"quarantine\"")) {
        out.insert(t);
      }
    }
  }
  return out;
}

std::set<std::string> produced_before(const Dag& dag, TaskNo checks) {
  std::set<std::string> out;
  for (std::size_t t = 0; t < dag.tasks.size(); ++t) {
    const auto producer = static_cast<TaskNo>(t);
    if (!gates_behind(dag, producer).contains(checks)) continue;
    out.insert(dag.spec(producer).produces.begin(), dag.spec(producer).produces.end());
  }
  return out;
}

}  // namespace baton::sim
