#include "scheduler/executor/worker_link.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string_view>
#include <utility>
#include <vector>

#include "scheduler/model/check.h"
#include "worker/protocol/frames.h"

extern char** environ;

namespace baton {

namespace asio = boost::asio;

namespace {

wire::AttemptKey to_wire(const AttemptKey& k) { return {k.run_no, k.task_no, k.map_index, k.epoch}; }
AttemptKey from_wire(const wire::AttemptKey& k) { return {k.run_no, k.task_no, k.map_index, k.epoch}; }

wire::Launch to_wire(LaunchSpec spec) {
  wire::Launch launch;
  launch.key = to_wire(spec.key);
  for (const auto& arg : spec.argv) launch.argv.add(arg);
  launch.script = std::move(spec.script);
  for (const auto& entry : spec.env) launch.env.add(entry);
  launch.cwd = std::move(spec.cwd);
  if (!spec.stdin_text.empty()) {
    launch.stdin_kind = wire::StdinKind::kBytes;
    launch.stdin_value = std::move(spec.stdin_text);
  }
  launch.log_path = std::move(spec.log_path);
  launch.output_path = std::move(spec.output_path);
  launch.heartbeat_path = std::move(spec.heartbeat_path);
  launch.timeout_us = spec.timeout_us;
  launch.grace_us = spec.grace_us;
  launch.heartbeat_us = spec.heartbeat_us;
  launch.log_limit_bytes = spec.log_limit_bytes;
  launch.limits.memory_bytes = spec.memory_bytes;
  launch.limits.cpus_milli = spec.cpus_milli;
  for (const auto& mask : spec.masks) launch.masks.add(mask);
  return launch;
}

AttemptEnd::Outcome from_wire(wire::Outcome outcome) {
  switch (outcome) {
    case wire::Outcome::kExited: return AttemptEnd::Outcome::exited;
    case wire::Outcome::kSignaled: return AttemptEnd::Outcome::signaled;
    case wire::Outcome::kTimedOut: return AttemptEnd::Outcome::timed_out;
    case wire::Outcome::kStopped: return AttemptEnd::Outcome::stopped;
    case wire::Outcome::kHeartbeatLost: return AttemptEnd::Outcome::heartbeat_lost;
    case wire::Outcome::kSpawnFailed: return AttemptEnd::Outcome::spawn_failed;
    case wire::Outcome::kLost: return AttemptEnd::Outcome::lost;
  }
  return AttemptEnd::Outcome::lost;
}

/// What a person should know beside the outcome.
std::string remark_of(wire::Ended& ended) {
  std::string remark = std::move(ended.message);
  const auto add = [&](wire::EndedFlag flag, const char* sentence) {
    if ((ended.flags & flag) != 0) remark.append(remark.empty() ? "" : "; ").append(sentence);
  };
  add(wire::kLogTruncated, "the middle of its log was left out (log_limit)");
  add(wire::kLimitsNotEnforced, "its resource limits are not enforced on this host (baton doctor says why)");
  add(wire::kTreeNotEmpty, "some of its processes could not be killed");
  return remark;
}

AttemptEnd from_wire(wire::Ended ended) {
  AttemptEnd end;
  end.key = from_wire(ended.key);
  end.outcome = from_wire(ended.outcome);
  end.exit_code = ended.exit_code;
  end.signal = ended.signal;
  end.started = ended.started_at_us != 0;
  end.oom_killed = (ended.flags & wire::kOomKilled) != 0;
  end.output_too_large = (ended.flags & wire::kOutputTooLarge) != 0;
  end.output_holds_secret = (ended.flags & wire::kOutputHoldsSecret) != 0;
  end.started_at = ended.started_at_us != 0 ? ended.started_at_us : kNoTime;
  end.ended_at = ended.ended_at_us != 0 ? ended.ended_at_us : kNoTime;
  end.run_us = ended.run_us;
  end.user_us = ended.user_us;
  end.sys_us = ended.sys_us;
  end.max_rss_bytes = ended.max_rss_bytes;
  end.log_bytes = ended.log_bytes;
  end.output = std::move(ended.output);
  end.note = remark_of(ended);
  return end;
}

/// What the worker has for an environment, which each of its tasks can read in /proc: what programs need to find
/// themselves and to speak, never what a person has given to this process alone (BATON_SECRET_*, tokens).
std::vector<std::string> clean_environment() {
  constexpr std::string_view kNames[] = {"PATH",        "HOME",         "USER",         "LANG",         "TZ", "TMPDIR",
                                         "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS"};
  std::vector<std::string> kept;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::string_view name = text.substr(0, text.find('='));
    const bool is_known = std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
    if (is_known || name.starts_with("LC_")) kept.emplace_back(text);
  }
  return kept;
}

/// The words as C pointers into them, ended by a null pointer.
std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> result;
  result.reserve(words.size() + 1);
  for (std::string& word : words) result.push_back(word.data());
  result.push_back(nullptr);
  return result;
}

/// Children of this process that are not ours: what a dead worker's tasks left behind. Killed until there is none. Only
/// what has got its SIGKILL is waited for: what a dying one leaves to us comes up in the next round, alive.
void sweep_adopted_children() {
  for (int round = 0; round < 100; ++round) {
    std::ifstream children("/proc/self/task/" + std::to_string(getpid()) + "/children");
    std::vector<pid_t> pids;
    for (pid_t pid = 0; children >> pid;) pids.push_back(pid);
    if (pids.empty()) return;
    for (const pid_t pid : pids) kill(pid, SIGKILL);
    for (const pid_t pid : pids) {
      while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
      }
    }
  }
}

}  // namespace

class WorkerLink::Impl {
 public:
  Impl(AsioLoop& loop, WorkerLinkOptions options) : loop_(loop), options_(std::move(options)), socket_(loop.context()) {}
  ~Impl() { kill_worker(); }

  Status spawn();
  void connect(ExecutorEvents& events, const std::string& scheduler_id, std::int64_t epoch,
               std::function<void(const std::string&)> gave_up);
  template <typename Message>
  void send(const Message& message);
  void flush();
  void launch(LaunchSpec spec, bool gated);
  void shut_down(DurationUs grace_us, DurationUs wait_us);

 private:
  void greet();
  void read();
  void take(const wire::Frame& frame);
  void take_message(const wire::WorkerHello& hello);
  void take_message(wire::Inventory inventory);
  void take_message(wire::Started started);
  void take_message(wire::Ended ended);
  void take_message(wire::Pong) {}
  void lost(const std::string& why);
  void restart();
  void kill_worker();

  AsioLoop& loop_;
  WorkerLinkOptions options_;
  asio::local::stream_protocol::socket socket_;
  ExecutorEvents* events_ = nullptr;
  std::function<void(const std::string&)> gave_up_;
  std::string scheduler_id_;
  std::int64_t epoch_ = 0;
  pid_t pid_ = -1;
  bool closing_ = false;
  std::int32_t restarts_ = 0;
  std::uint64_t generation_ = 0;       ///< rises with every worker; handlers of an older one do nothing
  std::vector<AttemptKey> live_;       ///< gathered from the parts of an inventory
  wire::FrameReader frames_;
  std::array<char, 64 * 1024> buffer_{};
  std::string out_, writing_;
};

Status WorkerLink::Impl::spawn() {
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return Error{std::string("cannot make a socket for the worker: ") + std::strerror(errno), ErrorKind::storage};
  }
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  constexpr int kWorkerFd = 3;
  posix_spawn_file_actions_adddup2(&actions, ends[1], kWorkerFd);
  // dup2 onto itself keeps CLOEXEC (POSIX); the descriptor is moved away first when it happens to be 3.
  if (ends[1] == kWorkerFd) {
    const int moved = fcntl(ends[1], F_DUPFD_CLOEXEC, kWorkerFd + 1);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, moved, kWorkerFd);
    close(ends[1]);
    ends[1] = moved;
  }
  const std::string fd = std::to_string(kWorkerFd);
  std::vector<std::string> words = {options_.program, "--fd", fd, "--state", options_.state_folder};
  std::vector<std::string> environment = clean_environment();
  const int error = posix_spawn(&pid_, options_.program.c_str(), &actions, nullptr, pointers(words).data(),
                                pointers(environment).data());
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  if (error != 0) {
    close(ends[0]);
    pid_ = -1;
    return Error{"cannot start the worker " + options_.program + ": " + std::strerror(error), ErrorKind::storage};
  }
  ++generation_;
  frames_ = wire::FrameReader{};
  socket_.assign(asio::local::stream_protocol(), ends[0]);
  socket_.non_blocking(true);
  return Unit{};
}

void WorkerLink::Impl::connect(ExecutorEvents& events, const std::string& scheduler_id, std::int64_t epoch,
                               std::function<void(const std::string&)> gave_up) {
  events_ = &events;
  scheduler_id_ = scheduler_id;
  epoch_ = epoch;
  gave_up_ = std::move(gave_up);
  greet();
  read();
}

void WorkerLink::Impl::greet() {
  wire::Hello hello;
  hello.scheduler_id = scheduler_id_;
  hello.scheduler_epoch = epoch_;
  hello.on_lost = options_.tasks_outlive_us ? wire::OnLost::kKeep : wire::OnLost::kStop;
  hello.slots = static_cast<std::uint32_t>(options_.slots);
  out_.clear();
  writing_.clear();
  live_.clear();
  send(hello);
  flush();
}

template <typename Message>
void WorkerLink::Impl::send(const Message& message) {
  const bool fits = wire::append_frame(out_, message);
  BATON_CHECK(fits);
}

void WorkerLink::Impl::launch(LaunchSpec spec, bool gated) {
  const AttemptKey key = spec.key;
  wire::Launch message = to_wire(std::move(spec));
  message.gated = gated;
  if (wire::append_frame(out_, message)) return;
  loop_.post([this, key] {  // larger than a frame may be: the author's environment is
    AttemptEnd end;
    end.key = key;
    end.outcome = AttemptEnd::Outcome::spawn_failed;
    end.note = "its environment and script are larger than 8 MiB";
    end.ended_at = loop_.wall_now();
    events_->attempt_ended(end);
  });
}

void WorkerLink::Impl::flush() {
  if (out_.empty() || !writing_.empty() || !socket_.is_open()) return;
  writing_.swap(out_);
  // Most of the time the socket takes all of it at once.
  boost::system::error_code error;
  const std::size_t sent = socket_.write_some(asio::buffer(writing_), error);
  if (!error && sent == writing_.size()) {
    writing_.clear();
    return;
  }
  if (error && error != asio::error::would_block) return;  // the reader hears of it
  writing_.erase(0, error ? 0 : sent);
  asio::async_write(socket_, asio::buffer(writing_),
                    [this, generation = generation_](const boost::system::error_code& failed, std::size_t) {
                      if (generation != generation_) return;
                      writing_.clear();
                      if (!failed) flush();
                    });
}

void WorkerLink::Impl::read() {
  socket_.async_read_some(
      asio::buffer(buffer_),
      [this, generation = generation_](const boost::system::error_code& error, std::size_t size) {
        if (generation != generation_) return;
        if (error) return lost("it ended");
        frames_.feed({buffer_.data(), size});
        while (auto frame = frames_.next()) take(*frame);
        if (generation != generation_) return;
        if (frames_.broken()) return lost("it sent what is no message");
        read();
      });
}

void WorkerLink::Impl::take(const wire::Frame& frame) {
  auto message = wire::decode_from_worker(frame);
  if (!message) return;  // a newer worker may say what this scheduler does not know
  std::visit([this](auto& m) { take_message(std::move(m)); }, *message);
}

void WorkerLink::Impl::take_message(const wire::WorkerHello& hello) {
  if (hello.protocol != 0) return;
  closing_ = true;
  gave_up_("the worker refused this scheduler: " + hello.notes);
}

void WorkerLink::Impl::take_message(wire::Inventory inventory) {
  for (const auto& live : inventory.live) live_.push_back(from_wire(live.key));
  for (auto& ended : inventory.ended) events_->attempt_ended(from_wire(std::move(ended)));
  if (!inventory.last) return;
  events_->executor_ready(live_);
}

void WorkerLink::Impl::take_message(wire::Started started) {
  restarts_ = 0;
  events_->attempt_started(from_wire(started.key), started.pid, started.at_us);
}

void WorkerLink::Impl::take_message(wire::Ended ended) {
  restarts_ = 0;
  events_->attempt_ended(from_wire(std::move(ended)));
}

/// The socket is gone: the worker is made sure to be dead, with all that its tasks left, before another one starts.
void WorkerLink::Impl::lost(const std::string& why) {
  ++generation_;
  socket_.close();
  kill_worker();
  sweep_adopted_children();
  if (closing_) return;
  events_->executor_gone(why);
  if (++restarts_ > options_.restarts_max) {
    gave_up_("the worker died " + std::to_string(restarts_) + " times in a row");
    return;
  }
  loop_.call_at(loop_.mono_now() + (restarts_ == 1 ? 0 : options_.restart_delay_us), [this] { restart(); });
}

void WorkerLink::Impl::restart() {
  if (closing_) return;
  if (auto spawned = spawn(); !spawned) return gave_up_(spawned.error().message);
  greet();
  read();
}

void WorkerLink::Impl::kill_worker() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
}

void WorkerLink::Impl::shut_down(DurationUs grace_us, DurationUs wait_us) {
  closing_ = true;
  if (pid_ <= 0) return;
  wire::Shutdown shutdown;
  shutdown.grace_us = grace_us;
  if (socket_.is_open()) {
    send(shutdown);
    boost::system::error_code error;
    socket_.non_blocking(false, error);
    asio::write(socket_, asio::buffer(writing_ + out_), error);
    socket_.shutdown(asio::local::stream_protocol::socket::shutdown_send, error);
  }
  const int pidfd = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
  if (pidfd >= 0) {
    pollfd wait{pidfd, POLLIN, 0};
    poll(&wait, 1, static_cast<int>(wait_us / kMillisecond));
    close(pidfd);
  }
  kill_worker();
  sweep_adopted_children();
}

WorkerLink::WorkerLink(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
WorkerLink::~WorkerLink() = default;

Result<std::unique_ptr<WorkerLink>> WorkerLink::start(AsioLoop& loop, WorkerLinkOptions options) {
  auto impl = std::make_unique<Impl>(loop, std::move(options));
  if (auto spawned = impl->spawn(); !spawned) return spawned.error();
  return std::unique_ptr<WorkerLink>(new WorkerLink(std::move(impl)));
}

void WorkerLink::connect(ExecutorEvents& events, const std::string& scheduler_id, std::int64_t epoch,
                         std::function<void(const std::string&)> gave_up) {
  impl_->connect(events, scheduler_id, epoch, std::move(gave_up));
}
void WorkerLink::launch(LaunchSpec spec) { impl_->launch(std::move(spec), false); }
void WorkerLink::prepare(LaunchSpec spec) { impl_->launch(std::move(spec), true); }
void WorkerLink::release(AttemptKey key) { impl_->send(wire::Release{to_wire(key)}); }
void WorkerLink::stop(AttemptKey key, DurationUs grace_us, bool kill_now) {
  impl_->send(wire::Stop{.key = to_wire(key), .grace_us = grace_us, .kill_now = kill_now});
}
void WorkerLink::acknowledge(AttemptKey key) { impl_->send(wire::Ack{.key = to_wire(key)}); }
void WorkerLink::flush() { impl_->flush(); }
void WorkerLink::shut_down(DurationUs grace_us, DurationUs wait_us) { impl_->shut_down(grace_us, wait_us); }

}  // namespace baton
