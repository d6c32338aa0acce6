// What the attempt of a task with checks has written, check by check: exit codes, results of their own, and files of
// Great Expectations and dbt. Whatever stands there is data: nothing in it is believed to have a form. Pure.
#pragma once

#include <string_view>
#include <vector>

#include "scheduler/engine/checks.h"
#include "scheduler/model/value.h"

namespace baton {

class ProgramResults {
 public:
  /// `output` as baton-worker writes it: {"checks": [{"exit", "signal", "problem", "result", "file"}, …]}.
  explicit ProgramResults(std::string_view output);

  /// Those of the next check that was launched: at least one. Names that they have of their own are in `name`.
  std::vector<CheckResult> next(const CheckSpec& check);

 private:
  ValueList entries_;
  std::size_t at_ = 0;
};

/// Of Great Expectations' validation result, or a checkpoint's. Empty: it holds none.
std::vector<CheckResult> great_expectations_results(const Value& document);
/// Of dbt's run_results.json. Empty: it holds none.
std::vector<CheckResult> dbt_results(const Value& document);

}  // namespace baton
