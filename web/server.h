// web::Server: the API on its sockets, as the process that serves makes it: secrets in the state folder, who may,
// routes from the description, HTTP. It knows no engine and no database; what it shows and changes is given to it
// (Services). Owned by the process; start() and stop() from one thread.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "scheduler/model/result.h"
#include "web/api/compiled_dags.h"
#include "web/api/services.h"
#include "web/http/server.h"

namespace baton::web {

struct Settings {
  std::string state_folder;           ///< where admin.token, token.key and control.sock lie
  std::string store_id;               ///< names the cookie: ports share cookies
  uid_t owner = 0;                    ///< of the state folder
  std::string address = "127.0.0.1";  ///< loopback; empty: the socket alone
  std::uint16_t port = 0;             ///< 0: a free one
  bool has_socket = true;             ///< control.sock in the state folder
  int listening = -1;                 ///< in its place: a Unix socket that listens already, from start() on the server's
  std::vector<std::string> hosts;     ///< that Host may name, beside those of loopback
  std::size_t handlers = 4;
  http::Limits limits;
  std::string page_folder;  ///< a built page on disk in place of the one within the program; empty: that one
};

/// What it needs of the store. Any thread; all but open_reader and compile may be empty.
struct Seams {
  api::Readers::Open open_reader;
  api::CompiledDags::Compile compile;  ///< a version that is stored
  api::KnownDags::Read read_dag;
  std::function<std::optional<http::TokenGrant>(const std::string& sha256)> find_token;
  std::function<std::string(uid_t)> name_of;  ///< as http::AccessOptions
  /// Told of each answer that is 401 or 403.
  std::function<void(const http::Request& request, int status, const std::string& why)> on_refused;
};

class Server {
 public:
  /// Reads or makes the secrets and the routes. denied or storage: the secrets cannot be; internal: the description of
  /// the API and what carries it out do not fit each other. Of `services`
  /// what is made here need not be set: access, counts, readers, events, dags, state_folder.
  static Result<std::unique_ptr<Server>> make(Settings settings, api::Services services, Seams seams);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// invalid: the address is none of loopback; conflict: it is taken.
  Status start();
  /// Nothing new is taken, what is in flight is answered. Idempotent.
  void stop();

  /// `http://127.0.0.1:PORT`; empty without TCP, or before start().
  [[nodiscard]] std::string address() const;
  /// A path for the browser that opens one session as admin, once, within ten minutes: `/auth/login?code=…`.
  [[nodiscard]] std::string make_login_path();

 private:
  Server();
  api::Services services_;
  std::unique_ptr<http::Access> access_;
  std::unique_ptr<api::Readers> readers_;
  api::Locks locks_;
  std::unique_ptr<api::KnownDags> known_dags_;
  std::unique_ptr<api::EventHub> events_;
  std::unique_ptr<api::CompiledDags> dags_;
  std::unique_ptr<api::Followers> followers_;
  std::unique_ptr<http::Server> http_;
};

}  // namespace baton::web
