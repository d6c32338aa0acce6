#include "scheduler/host/local/local_server.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <boost/asio/signal_set.hpp>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "scheduler/host/local/folder_sweeper.h"
#include "scheduler/json/json_value.h"

namespace baton {
namespace {

namespace asio = boost::asio;

/// How long a second Ctrl-C may follow the first one, where tasks run.
constexpr DurationUs kSecondThoughtUs = 3 * kSecond;
/// How often it looks whether all is durable, or no task runs any more; and how long that may take where tasks stay.
constexpr DurationUs kLookUs = 20 * kMillisecond;
constexpr DurationUs kClosingMaxUs = 10 * kSecond;

Error failed_to(const std::string& what, const std::string& path) {
  return {"cannot " + what + " " + path + ": " + std::strerror(errno), ErrorKind::storage};
}

/// Who reads it sees the old file or the whole new one.
Status write_whole(const std::string& path, const std::string& text) {
  const std::string fresh = path + ".new";
  const int fd = open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return failed_to("write", fresh);
  const bool is_written = write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (::close(fd) != 0 || !is_written || rename(fresh.c_str(), path.c_str()) != 0) return failed_to("write", path);
  return Unit{};
}

}  // namespace

class LocalServer::Impl {
 public:
  Impl(std::unique_ptr<Machine> machine, LocalServerOptions options, RunObserver& observer)
      : machine_(std::move(machine)),
        options_(std::move(options)),
        observer_(observer),
        loop_(machine_->loop()),
        signals_(loop_.context(), SIGINT, SIGTERM),
        work_folders_(work_base(options_.state_folder)) {
    machine_->host().on_finished([this](const DagRun& run) { finished(run); });
  }

  Status serve(LocalServer& self);
  void watch_signals();
  void signalled(int number);
  void interrupted();
  void close();
  void stop_runs(bool kill);
  void look();
  void finished(const DagRun& run);
  void end() { loop_.stop(); }
  [[nodiscard]] std::size_t live_tasks();
  [[nodiscard]] std::string info_path() const { return options_.state_folder + "/server.json"; }
  Status announce(const std::string& url);

  const std::unique_ptr<Machine> machine_;
  const LocalServerOptions options_;
  RunObserver& observer_;
  AsioLoop& loop_;
  asio::signal_set signals_;
  FolderSweeper work_folders_;  ///< of runs that have ended well
  std::vector<std::function<Attachment(LocalServer&)>> attaches_;
  std::vector<std::function<void()>> closings_;
  std::vector<std::function<void(const DagRun&)>> finisheds_;
  int interrupts_ = 0;
  bool is_closing_ = false;
  bool is_stopping_ = false;    ///< the runs, for a second Ctrl-C
  bool is_announced_ = false;
  MonoUs leaves_at_ = 0;        ///< not before: a second Ctrl-C may still come
  MonoUs gives_up_at_ = 0;
  std::optional<Error> error_;
};

std::size_t LocalServer::Impl::live_tasks() {
  std::size_t count = 0;
  for (const RunNo run_no : machine_->host().runs()) {
    const DagRun* run = machine_->host().engine().run(run_no);
    if (run == nullptr) continue;
    for (const Instance& instance : run->instances) count += is_live(instance.state) ? 1U : 0U;
  }
  return count;
}

void LocalServer::Impl::finished(const DagRun& run) {
  machine_->run_folders().ends(run.row.run_no);
  if (run.row.state == RunState::success) work_folders_.remove(std::to_string(run.row.run_no));
  for (const auto& told : finisheds_) told(run);
}

void LocalServer::Impl::watch_signals() {
  signals_.async_wait([this](const boost::system::error_code& error, int number) {
    if (error) return;
    watch_signals();
    signalled(number);
  });
}

void LocalServer::Impl::signalled(int number) {
  if (number == SIGTERM) return close();
  interrupted();
}

void LocalServer::Impl::interrupted() {
  ++interrupts_;
  const std::size_t tasks = live_tasks();
  if (interrupts_ == 1) {
    if (tasks > 0) {
      leaves_at_ = loop_.mono_now() + kSecondThoughtUs;
      observer_.notice(std::to_string(tasks) + (tasks == 1 ? " task goes on" : " tasks go on") +
                       " without the server, and the next one takes over; again to stop");
    }
    return close();
  }
  observer_.notice(interrupts_ == 2 ? "stopping: tasks get their grace; again to kill them" : "killing what still runs");
  stop_runs(interrupts_ > 2);
}

/// Attempts that are stopped end in this process, so it stays for them.
void LocalServer::Impl::stop_runs(bool kill) {
  is_stopping_ = true;
  for (const RunNo run_no : machine_->host().runs()) {
    const Status asked =
        machine_->host().ask(StopRun{run_no, kill, "the server was interrupted at the terminal"}, options_.actor, nullptr);
    if (!asked) observer_.notice(asked.error().message);
  }
  machine_->host().engine().resume_claims();  // due teardowns run
  if (interrupts_ > 3) end();
}

void LocalServer::Impl::close() {
  if (is_closing_) return;
  is_closing_ = true;
  gives_up_at_ = loop_.mono_now() + kClosingMaxUs;
  machine_->host().engine().hold_claims();
  for (const auto& told : closings_) told();
  look();
}

/// Whether it may go: everything is durable and, where it waits for them, no task runs any more.
void LocalServer::Impl::look() {
  const MonoUs now = loop_.mono_now();
  const bool waits_for_tasks = is_stopping_ ? !machine_->host().engine().queue().is_empty() : options_.drains && live_tasks() > 0;
  const bool is_quiet = machine_->host().engine().is_idle() || (!is_stopping_ && now > gives_up_at_);
  if (now >= leaves_at_ && is_quiet && !waits_for_tasks) return end();
  loop_.call_at(now + kLookUs, [this] { look(); });
}

Status LocalServer::Impl::announce(const std::string& url) {
  ValueMap info;
  if (!url.empty()) info.emplace_back(Value{std::string("url")}, Value{url});
  info.emplace_back(Value{std::string("pid")}, Value{static_cast<std::int64_t>(getpid())});
  info.emplace_back(Value{std::string("version")}, Value{options_.version});
  Status written = write_whole(info_path(), to_json(Value{std::move(info)}) + "\n");
  is_announced_ = is_announced_ || written.ok();
  return written;
}

Status LocalServer::Impl::serve(LocalServer& self) {
  watch_signals();
  unlink(info_path().c_str());  // of a server that was killed: the folder's lock is ours
  std::vector<Attachment> attachments;
  for (const auto& attach : attaches_) attachments.push_back(attach(self));
  machine_->connect([this](Error error) {
    if (!error_) error_ = std::move(error);
    end();
  });
  if (!is_announced_) {
    if (Status written = announce(""); !written) observer_.notice(written.error().message);
  }
  loop_.run();
  unlink(info_path().c_str());
  while (!attachments.empty()) attachments.pop_back();
  if (is_stopping_) {
    machine_->worker().shut_down(kShutdownGraceUs, kShutdownWaitUs);
  } else {
    machine_->worker().leave();
  }
  machine_->close();
  if (error_) return *error_;
  return Unit{};
}

// ── the public face ─────────────────────────────────────────────────────────────────────────────────────────────────

LocalServer::LocalServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LocalServer::~LocalServer() = default;

Result<std::unique_ptr<LocalServer>> LocalServer::open(LocalServerOptions options, RunObserver& observer) {
  auto machine = Machine::open(options, HostPolicy::all_runs, observer);
  if (!machine) return machine.error();
  auto impl = std::make_unique<Impl>(std::move(machine).value(), std::move(options), observer);
  return std::unique_ptr<LocalServer>(new LocalServer(std::move(impl)));
}

void LocalServer::on_loop(std::function<Attachment(LocalServer&)> attach) {
  impl_->attaches_.push_back(std::move(attach));
}
void LocalServer::on_closing(std::function<void()> told) {
  impl_->closings_.push_back(std::move(told));
}
void LocalServer::on_finished(std::function<void(const DagRun&)> told) {
  impl_->finisheds_.push_back(std::move(told));
}
Status LocalServer::serve() {
  return impl_->serve(*this);
}
void LocalServer::close() {
  impl_->close();
}
bool LocalServer::is_closing() const {
  return impl_->is_closing_;
}
Status LocalServer::announce(const std::string& url) {
  return impl_->announce(url);
}
AsioLoop& LocalServer::loop() {
  return impl_->loop_;
}
Host& LocalServer::host() {
  return impl_->machine_->host();
}
SqliteStore& LocalServer::store() {
  return impl_->machine_->store();
}
void LocalServer::set_connections(const Config& config) {
  impl_->machine_->set_connections(config);
}
ConnectionSource LocalServer::connections() const {
  return impl_->machine_->connections();
}
const MachineOptions& LocalServer::options() const {
  return impl_->machine_->options();
}

}  // namespace baton
