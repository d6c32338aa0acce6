// `server`: a scheduler that stays, for all runs of a state folder.
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "cli/dag_lookup.h"
#include "cli/foreground.h"
#include "cli/handlers.h"
#include "cli/reading.h"
#include "cli/state_lookup.h"
#include "scheduler/host/local/local_actor.h"
#include "scheduler/host/local/local_server.h"
#include "scheduler/host/local/secrets.h"

namespace baton::cli {
namespace {

/// What a server says of itself: notices alone. Its runs are watched by other commands.
class NoticePrinter final : public RunObserver {
 public:
  explicit NoticePrinter(const Invocation& call) : call_(call) {}
  void run_began(const DagRun&) override {}
  void instance_changed(const DagRun&, const TaskRow&) override {}
  void try_ended(const DagRun&, const TryRow&) override {}
  void run_ended(const DagRun&) override {}
  void notice(const std::string& text) override { call_.note(text); }

 private:
  const Invocation& call_;
};

Result<LocalServerOptions> options_of(const Invocation& call) {
  LocalServerOptions options;
  options.state_folder = state_folder_of(call.args()).string();
  Result<Config> config = load_config_beside(call, std::filesystem::current_path() / "baton.yaml");
  if (!config) return config.error();
  options.config = std::move(*config);
  const Result<std::int64_t> slots = number_of(call.args(), "slots", 0, 1);
  if (!slots) return slots.error();
  options.slots = static_cast<std::int32_t>(std::min<std::int64_t>(*slots, 100'000));
  auto secrets = Secrets::load(call.args().value("secrets"));
  if (!secrets) return secrets.error();
  options.secret = [known = std::move(secrets).value()](const std::string& name) { return known.find(name); };
  options.purpose = "server";
  options.actor = actor_of(getuid(), "cli");
  options.version = BATON_VERSION;
  options.drains = call.args().has("drain");
  return options;
}

}  // namespace

int server_command(const Invocation& call) {
  Result<LocalServerOptions> options = options_of(call);
  if (!options) return call.fail(options.error());
  NoticePrinter observer(call);
  const std::string folder = options->state_folder;
  auto server = LocalServer::open(std::move(*options), observer);
  if (!server) return call.fail(with_way_out(server.error(), folder));
  (*server)->on_loop([&](LocalServer& self) {
    Invocation::print("state  " + folder + "\n");
    std::fflush(stdout);
    return listen_for_stop(self.loop(), self.host(), folder, observer);
  });
  const Status served = (*server)->serve();
  if (!served) return call.fail(served.error());
  call.note("the server has ended");
  return kOk;
}

}  // namespace baton::cli
