// ServerLog: what a server says of itself on standard error: notices for people, or lines of JSON for who collects them.
// Its runs are watched by other commands. Loop thread, and the main thread before and after the loop.
#pragma once

#include <string>
#include <string_view>

#include "cli/invocation.h"
#include "scheduler/engine/observer.h"

namespace baton::cli {

class ServerLog final : public RunObserver {
 public:
  ServerLog(const Invocation& call, bool is_json) : call_(call), is_json_(is_json) {}

  void run_began(const DagRun&) override {}
  void instance_changed(const DagRun&, const TaskRow&) override {}
  void try_ended(const DagRun&, const TryRow&) override {}
  void run_ended(const DagRun&) override {}
  void notice(const std::string& text) override;

  /// Where everything lies, once it answers. `login` is for people alone: lines of JSON go to places where many read.
  void serving(const std::string& state, const std::string& dags, const std::string& url, const std::string& login) const;
  /// The exit code of `error`.
  int fail(const Error& error) const;

 private:
  const Invocation& call_;
  const bool is_json_;
};

/// One line: {"time", "level", "message"}.
std::string log_line(WallUs at, std::string_view level, std::string_view message);

}  // namespace baton::cli
