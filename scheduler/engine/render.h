// Renders a task instance into the attempt that a worker runs: expressions evaluated, environment complete. Pure but for
// the secrets, which come from a function that the shell gives. Loop thread.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "scheduler/engine/dag_run.h"
#include "scheduler/engine/executor.h"
#include "scheduler/model/connection.h"

namespace baton {

/// The longest params that BATON_PARAMS is given: one variable of an environment ends at 128 KiB.
inline constexpr std::size_t kParamsBytesMax = 100 * 1024;

/// What is the same for every launch of this process.
struct LaunchContext {
  std::string state_folder;               ///< absolute; logs, outputs and work folders lie below
  std::string store_id;
  std::string worker_program;             ///< absolute path of baton-worker, for file sensors and hashes
  std::string task_program;               ///< absolute path of baton-task, for http and sql
  std::vector<std::string> default_shell; ///< {"bash", "-euo", "pipefail"} or {"sh", "-eu"}
  std::vector<std::string> base_env;      ///< NAME=value that every task gets: PATH HOME LANG TZ and what baton.yaml lets through
  std::function<Result<std::string>(const std::string& name)> secret;
  ConnectionSource connection;            ///< those of baton.yaml; unset: there are none
};

struct Rendered {
  LaunchSpec spec;
  std::string rendered_json;              ///< what the try row keeps where there were expressions; never a secret
};

/// Why an instance cannot be launched.
struct RenderError {
  Reason reason = Reason::expression;
  std::string message;
};

/// The attempt that follows for instance `i`: with the epoch and try number that its claim will give it.
class Renderer {
 public:
  explicit Renderer(LaunchContext context) : context_(std::move(context)) {}

  [[nodiscard]] std::variant<Rendered, RenderError> render(const DagRun& run, InstanceNo i, Epoch epoch,
                                                                Moment now) const;

  [[nodiscard]] const LaunchContext& context() const { return context_; }
  [[nodiscard]] std::string log_path(RunNo run_no, InstanceNo i, Epoch epoch) const;
  [[nodiscard]] std::string work_dir(RunNo run_no) const;
  [[nodiscard]] std::string output_dir(RunNo run_no) const;

 private:
  LaunchContext context_;
};

}  // namespace baton
