// The API on its sockets without a scheduler behind it, over canned_state.h: for tests of access and of the
// description. `api_server FOLDER` keeps its secrets there, prints its address and the login path, and serves until its
// standard input ends; the line `unready` makes it say that it takes no requests.
#include <unistd.h>

#include <atomic>
#include <iostream>
#include <string>

#include "tests/http/canned_state.h"
#include "web/server.h"

namespace {

int fail(const baton::Error& error) {
  std::cerr << error.message << "\n";
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  std::atomic<bool> is_ready = true;
  baton::web::Settings settings;
  settings.state_folder = argv[1];
  settings.store_id = "0123456789abcdef";
  settings.owner = getuid();
  baton::api::Services services;
  services.version = "0 test";
  services.health = [&] {
    baton::api::Health health;
    health.is_ready = is_ready;
    health.why = "the scheduler does not turn";
    return health;
  };
  baton::api::CannedState state;
  baton::api::CannedDoor door(state);
  services.door = &door;
  baton::web::Seams seams;
  seams.open_reader = [&]() -> baton::Result<std::unique_ptr<baton::Reader>> {
    return std::unique_ptr<baton::Reader>(new baton::api::CannedReader(state));
  };
  seams.compile = [](const baton::VersionRow&) -> baton::Result<std::shared_ptr<const baton::Dag>> {
    return baton::api::canned_dag();
  };
  seams.on_refused = [](const baton::http::Request& request, int status, const std::string&) {
    std::cerr << "refused " << status << " " << request.path() << std::endl;
  };
  auto server = baton::web::Server::make(settings, services, seams);
  if (!server) return fail(server.error());
  if (const auto started = (*server)->start(); !started) return fail(started.error());
  std::cout << (*server)->address() << "\n" << (*server)->make_login_path() << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    is_ready = line != "unready";
    std::cout << "ok" << std::endl;
  }
  (*server)->stop();
  return 0;
}
