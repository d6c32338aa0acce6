#include "cli/run_socket.h"

#include <unistd.h>

#include <boost/asio/local/stream_protocol.hpp>
#include <chrono>
#include <set>
#include <string_view>
#include <thread>
#include <utility>

#include "cli/host_door.h"
#include "scheduler/dagfile/canonical.h"
#include "scheduler/host/local/local_actor.h"
#include "scheduler/store/sqlite_reader.h"
#include "web/http/handler_pool.h"
#include "web/http/listener.h"
#include "web/server.h"

namespace baton {
namespace {

namespace asio = boost::asio;
using Local = asio::local::stream_protocol;

constexpr const char* kSocketName = "/control.sock";
/// The run has ended, and its terminal waits for this process: who asks has an answer by then, or asks anew.
constexpr std::chrono::milliseconds kStop{200};
constexpr std::size_t kHandlers = 2;

const char* const kNoServer =
    "this is a run in a terminal, which works on its one run: start `baton server` for all else";

/// What touches one run, and who this is.
Status serves(const api::Operation& operation) {
  static constexpr std::string_view kRun = "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}";
  static const std::set<std::string_view> kOthers = {"get_version", "get_healthz", "get_readyz",
                                                     "post_clear_task_instances"};
  if (operation.path.starts_with(kRun) || kOthers.contains(operation.id)) return Unit{};
  return Error{kNoServer, ErrorKind::unavailable};
}

}  // namespace

class RunSocket::Impl {
  /// What else a server carries out. Nothing of it is asked here: see serves().
  class Door final : public HostDoor {
   public:
    using HostDoor::HostDoor;
    /// Whoever comes here is the one who has started the run, or root: nobody else could answer what it asks.
    void answer(api::AnswerAsk ask, api::Asker asker, api::Once once, OnChanged done) override {
      ask.what.requester.clear();
      HostDoor::answer(std::move(ask), std::move(asker), std::move(once), std::move(done));
    }
    void trigger(api::TriggerAsk, api::Asker, api::Once, OnRun done) override { done(no_server()); }
    void set_paused(std::string, bool, api::Asker, OnDone done) override { done(no_server()); }
    void hold_dag(api::DagHold, api::Asker, OnDone done) override { done(no_server()); }
    void hold_server(bool, std::string, api::Asker, OnDone done) override { done(no_server()); }
    void server_hold(OnHolds done) override { done({}); }

   private:
    static Error no_server() { return {kNoServer, ErrorKind::unavailable}; }
  };

 public:
  Impl(LocalHost& host, std::string folder, RunObserver& observer, int fd)
      : loop_(host.loop()),
        folder_(std::move(folder)),
        observer_(observer),
        door_(host.host()),
        comes_(loop_.context(), Local(), fd) {
    comes_.async_wait(Local::acceptor::wait_read, [this](const boost::system::error_code& error) {
      if (!error) somebody_comes();
    });
  }
  ~Impl() {
    *is_alive_ = false;
    if (maker_.joinable()) maker_.join();
    if (web_) web_->stop();
    ::unlink((folder_ + kSocketName).c_str());
  }

 private:
  /// Beside the loop: the description of the API takes milliseconds to read.
  void somebody_comes() {
    boost::system::error_code error;
    const int fd = comes_.release(error);
    if (error) return;
    maker_ = std::thread([this, fd] {
      http::block_signals();
      const Status started = start(fd);
      if (started) return;
      loop_.post([this, alive = is_alive_, error = started.error()] {
        if (*alive) observer_.notice("nobody can ask this run anything: " + error.message);
      });
    });
  }

  Status start(int fd) {
    web::Settings settings;
    settings.state_folder = folder_;
    settings.owner = ::getuid();
    settings.address.clear();
    settings.has_socket = false;
    settings.listening = fd;
    settings.handlers = kHandlers;
    settings.limits.stop = kStop;
    api::Services services;
    services.version = BATON_VERSION;
    services.now = [this] { return loop_.wall_now(); };
    services.health = [this] { return api::Health{.is_ready = true, .scheduler_seen = loop_.wall_now()}; };
    services.door = &door_;
    services.serves = serves;
    web::Seams seams;
    seams.name_of = [](uid_t uid) { return actor_of(uid, "socket").name; };  // as the commands of this terminal do
    seams.open_reader = [folder = folder_] { return SqliteReader::open(folder); };
    seams.compile = [](const VersionRow& row) {
      return from_canonical(row.canonical_json, {row.source_file, row.work_folder});
    };
    seams.read_dag = [compile = seams.compile](const VersionRow& row) -> Result<api::KnownDag> {
      auto dag = compile(row);
      if (!dag) return dag.error();
      return api::KnownDag{std::move(*dag), nullptr};
    };
    auto made = web::Server::make(std::move(settings), std::move(services), std::move(seams));
    if (!made) {
      ::close(fd);
      return made.error();
    }
    web_ = std::move(*made);
    return web_->start();
  }

  AsioLoop& loop_;
  const std::string folder_;
  RunObserver& observer_;
  Door door_;
  Local::acceptor comes_;  ///< until somebody does
  std::thread maker_;
  std::unique_ptr<web::Server> web_;  ///< `maker_` makes it; after its end this thread's
  std::shared_ptr<bool> is_alive_ = std::make_shared<bool>(true);  ///< loop thread
};

RunSocket::RunSocket(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RunSocket::~RunSocket() = default;

Result<std::shared_ptr<RunSocket>> RunSocket::listen(LocalHost& host, const std::string& state_folder,
                                                     RunObserver& observer) {
  auto bound = http::listen_unix(state_folder + kSocketName);
  if (!bound) return bound.error();
  return std::shared_ptr<RunSocket>(
      new RunSocket(std::make_unique<Impl>(host, state_folder, observer, bound->fd)));
}

}  // namespace baton
