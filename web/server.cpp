#include "web/server.h"

#include <ctime>

#include "web/api/description.h"
#include "web/api/routes.h"
#include "web/http/secret_file.h"
#include "web/page/page.h"

namespace baton::web {

namespace {

constexpr std::size_t kIdShown = 8;

/// What the document of the page says of who asks for it; empty: nobody is logged in.
std::string session_of(const http::Access& access, const http::Request& request) {
  const auto holder = access.session_holder(request);
  return holder ? api::who_is(access, request, *holder) : std::string();
}

}  // namespace

Server::Server() = default;
Server::~Server() {
  stop();
}

Result<std::unique_ptr<Server>> Server::make(Settings settings, api::Services services, Seams seams) {
  auto admin_token = http::read_or_make_secret(settings.state_folder + "/admin.token", "");
  if (!admin_token) return admin_token.error();
  auto signing_key = http::read_or_make_secret(settings.state_folder + "/token.key", "");
  if (!signing_key) return signing_key.error();
  auto description = api::Description::read(api::request_rules_json());
  if (!description) return description.error();

  std::unique_ptr<Server> server(new Server());
  http::AccessOptions access;
  access.admin_token = std::move(*admin_token);
  access.signing_key = std::move(*signing_key);
  access.cookie = "baton_" + settings.store_id.substr(0, kIdShown);
  access.owner = settings.owner;
  access.now_s = [] { return static_cast<std::int64_t>(std::time(nullptr)); };
  access.name_of = std::move(seams.name_of);
  access.find_token = std::move(seams.find_token);
  access.on_refused = seams.on_refused;
  access.ended_file = settings.state_folder + "/sessions.ended";
  server->access_ = std::make_unique<http::Access>(std::move(access));
  if (auto loaded = server->access_->load(); !loaded) return loaded.error();

  server->readers_ = std::make_unique<api::Readers>(std::move(seams.open_reader));
  server->events_ = std::make_unique<api::EventHub>(*server->readers_);
  server->dags_ = std::make_unique<api::CompiledDags>(std::move(seams.compile));
  server->services_ = std::move(services);
  server->services_.state_folder = settings.state_folder;
  server->services_.on_refused = std::move(seams.on_refused);
  server->services_.readers = server->readers_.get();
  server->services_.events = server->events_.get();
  server->services_.dags = server->dags_.get();
  server->services_.locks = &server->locks_;
  server->followers_ = std::make_unique<api::Followers>(*server->readers_);
  server->services_.followers = server->followers_.get();
  server->known_dags_ = std::make_unique<api::KnownDags>(std::move(seams.read_dag));
  server->services_.known_dags = server->known_dags_.get();
  if (!server->services_.now) {
    server->services_.now = [] { return static_cast<WallUs>(std::time(nullptr)) * kSecond; };
  }
  server->services_.access = server->access_.get();
  for (const api::Operation& one : (*description)->operations()) server->services_.resources.push_back(one.resource);
  server->services_.counts = [server = server.get()] {
    return server->http_ ? server->http_->counts() : http::ServerCounts{};
  };
  auto routes = api::make_routes(*description, server->services_);
  if (!routes) return routes.error();
  const page::PageOptions page{settings.page_folder, [allowed = server->access_.get()](const http::Request& request) {
                                 return session_of(*allowed, request);
                               }};
  if (auto added = page::add_page(*routes, page); !added) return added.error();

  http::ServerOptions options;
  options.address = std::move(settings.address);
  options.port = settings.port;
  if (settings.has_socket) options.socket_path = settings.state_folder + "/control.sock";
  options.listening = settings.listening;
  options.hosts = std::move(settings.hosts);
  options.handlers = settings.handlers;
  options.limits = settings.limits;
  options.not_found = [page](const http::Request& request) { return page::not_found(request, page); };
  const http::Access* allowed = server->access_.get();
  server->http_ =
      std::make_unique<http::Server>(std::move(options), std::move(*routes),
                                     [allowed](http::Request& request) { return allowed->authorize(request); });
  return server;
}

Status Server::start() {
  return http_->start();
}

void Server::stop() {
  if (events_) events_->stop();
  if (followers_) followers_->stop();
  if (http_) http_->stop();
}

std::string Server::address() const {
  return http_->address();
}

std::string Server::make_login_path() {
  return "/auth/login?code=" + access_->make_login_code();
}

}  // namespace baton::web
