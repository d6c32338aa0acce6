#include "scheduler/host/launch_context.h"

#include <cstdlib>
#include <utility>

#include "scheduler/host/folders.h"

namespace baton {
namespace {

std::vector<std::string> base_env(const Config& config) {
  std::vector<std::string> env;
  const auto pass = [&](const std::string& name) {
    if (const char* value = std::getenv(name.c_str())) env.push_back(name + "=" + value);
  };
  for (const char* name : {"PATH", "HOME", "LANG", "TZ"}) pass(name);
  for (const std::string& name : config.pass_env) pass(name);
  return env;
}

}  // namespace

LaunchContext launch_context(const std::string& state_folder, const std::string& store_id, const Config& config,
                             std::function<Result<std::string>(const std::string& name)> secret) {
  LaunchContext context;
  context.state_folder = state_folder;
  context.store_id = store_id;
  context.worker_program = worker_program();
  context.task_program = task_program();
  context.default_shell = is_in_path("bash") ? std::vector<std::string>{"bash", "-euo", "pipefail"}
                                             : std::vector<std::string>{"sh", "-eu"};
  context.base_env = base_env(config);
  context.secret = std::move(secret);
  return context;
}

std::vector<Connection> launch_connections(const Config& config) {
  std::vector<Connection> out = config.connections;
  for (Connection& connection : out) {
    const bool is_relative = connection.kind == Connection::Kind::sqlite && !connection.target.starts_with('/');
    if (!is_relative) continue;
    const auto folder = made_absolute(config.path).parent_path();
    connection.target = (folder / connection.target).lexically_normal().string();
  }
  return out;
}

}  // namespace baton
