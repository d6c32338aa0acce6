#include "worker/agent.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "worker/proc.h"
#include "worker/protocol/build_id.h"
#include "worker/recovery.h"

namespace baton::worker {
namespace {

constexpr std::size_t kInventoryBytesMax = 4U << 20;
constexpr int kFarewellMs = 2000;

void complain(const std::string& what) {
  std::fprintf(stderr, "baton-worker: %s\n", what.c_str());
}

}  // namespace

Agent::Agent(AgentOptions options) : options_(std::move(options)) {}
Agent::~Agent() = default;

Exit Agent::run() {
  if (const Exit exit = open(); exit != Exit::kDone) return exit;
  while (!done()) turn();
  flush();
  // What the peer has not read yet gets a moment; afterwards the journal knows it.
  while (link_ && link_->has_unsent()) {
    pollfd wait{link_->fd(), POLLOUT, 0};
    if (::poll(&wait, 1, kFarewellMs) <= 0 || !link_->flush()) break;
  }
  journal_.closed();
  journal_.flush();
  if (listener_) ::unlink(folder_.socket_path().c_str());
  return Exit::kDone;
}

Exit Agent::open() {
  const std::string path = worker_folder_path(options_.state_folder, options_.worker_no);
  static_cast<void>(make_parent_folders(path + "/lock"));
  const WorkerFolder::Taken taken = folder_.take(path);
  if (taken == WorkerFolder::Taken::kFailed) {
    complain("worker folder \"" + path + "\": " + error_text(errno));
    return Exit::kUsage;
  }
  if (taken == WorkerFolder::Taken::kHeld && !folder_.wait(options_.link_fd)) {
    complain("another worker holds \"" + path + "/lock\"");
    return Exit::kLocked;
  }
  folder_.write_holder();
  ::unlink(folder_.socket_path().c_str());  // Of one that was killed: its existence says that somebody listens.
  open_signals();
  worker_id_ = folder_.id();
  JournalContent content = recover(read_journal(folder_.journal_path()), worker_id_, boot_id());
  Inheritance inheritance;
  if (!inheritance.take(options_.state_folder, options_.worker_no, options_.link_fd, content)) {
    complain("an earlier worker of \"" + options_.state_folder + "\" did not end in time");
    return Exit::kLocked;
  }
  cgroups_ = std::make_unique<CgroupTree>(options_.cgroups);
  scheduler_epoch_ = content.scheduler_epoch;
  record_ = {content.worker.epoch + 1, ::getpid(), boot_id(), cgroups_->path()};
  content.worker = record_;
  if (!journal_.start(folder_.journal_path(), content)) {
    complain("journal \"" + folder_.journal_path() + "\": " + error_text(errno));
    return Exit::kInternal;
  }
  inheritance.settle();
  for (Reported& reported : content.ended) unacknowledged_.emplace(reported.ended.key, std::move(reported));
  attempts_ = std::make_unique<Attempts>(worker_id_, options_.state_folder, folder_.report_folder(), poller_, *cgroups_,
                                         raise_file_limit(), reports());

  if (options_.listens) {
    listener_ = listen_at(folder_.socket_path());
    if (!listener_) {
      complain("socket \"" + folder_.socket_path() + "\": " + error_text(errno));
      return Exit::kInternal;
    }
    poller_.watch(listener_.get(), event_source(Source::kListener));
    idle_at_us_ = boottime_us() + kIdleUs;
    poller_.alarm_by(idle_at_us_);
  }
  if (options_.link_fd >= 0) {
    link_ = std::make_unique<Link>(Fd(options_.link_fd));
    poller_.watch(link_->fd(), event_source(Source::kLink));
  }
  return Exit::kDone;
}

void Agent::open_signals() {
  // Out of the terminal's reach: what Ctrl-C, Ctrl-Z and a hangup mean, the scheduler decides.
  ::setsid();
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  // Everything is blocked rather than ignored, since ignored signals would stay ignored in what we execute.
  struct sigaction usual {};
  usual.sa_handler = SIG_DFL;
  for (const int number : {SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTERM, SIGTSTP, SIGTTIN, SIGTTOU, SIGUSR1, SIGUSR2}) {
    ::sigaction(number, &usual, nullptr);
  }
  usual.sa_flags = SA_NOCLDSTOP;
  ::sigaction(SIGCHLD, &usual, nullptr);
  sigset_t blocked;
  ::sigfillset(&blocked);
  for (const int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS}) ::sigdelset(&blocked, number);
  ::sigprocmask(SIG_SETMASK, &blocked, nullptr);
  sigset_t wanted;
  ::sigemptyset(&wanted);
  ::sigaddset(&wanted, SIGCHLD);
  ::sigaddset(&wanted, SIGTERM);
  signals_.reset(::signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK));
  poller_.watch(signals_.get(), event_source(Source::kSignals));
}

bool Agent::done() {
  if (!link_ && listener_ && !shutting_down_) look_for_socket();
  if (shutting_down_) return attempts_->none_live();
  // Nobody can connect any more.
  if (!link_ && !listener_) return attempts_->none_live();
  if (link_ || !attempts_->none_live()) {
    idle_at_us_ = kNever;
    return false;
  }
  const std::int64_t now = boottime_us();
  if (idle_at_us_ == kNever) idle_at_us_ = now + kIdleUs;
  poller_.alarm_by(idle_at_us_);
  return now >= idle_at_us_;
}

/// Now and then while no scheduler is linked. Where the socket's name is gone, with the whole state folder perhaps,
/// nobody will ever come for what runs here, and nobody would know whom to stop: it ends.
void Agent::look_for_socket() {
  const std::int64_t now = boottime_us();
  if (now >= look_at_us_) {
    look_at_us_ = now + kLookUs;
    if (!folder_.has_socket()) {
      complain("its socket is gone: nobody can come for what runs here");
      return begin_shutdown(-1);
    }
  }
  poller_.alarm_by(look_at_us_);
}

void Agent::turn() {
  for (const epoll_event& event : poller_.wait()) {
    if (event.data.u64 >= kFirstPipe) {
      attempts_->pump(event.data.u64);
      continue;
    }
    switch (static_cast<Source>(event.data.u64)) {
      case Source::kSignals:
        on_signals();
        break;
      case Source::kTimer:
        on_alarm();
        break;
      case Source::kLink:
        if (link_ && (event.events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0) on_readable(link_);
        break;
      case Source::kNewcomer:
        if (newcomer_) on_readable(newcomer_);
        break;
      case Source::kListener:
        on_listener();
        break;
    }
  }
  start_waiting();
  flush();
}

void Agent::flush() {
  if (journal_.wants_rewrite()) {
    journal_.flush();
    static_cast<void>(journal_.start(folder_.journal_path(), content()));
  }
  journal_.flush();
  if (!link_) return;
  const std::int64_t now = boottime_us();
  if (now >= say_starts_at_us_) say_starts();
  if (may_wait(now)) return;
  flush_at_us_ = kNever;
  if (!link_->flush()) return lose(link_);
  if (link_->has_unsent() != link_waits_to_write_) {
    link_waits_to_write_ = link_->has_unsent();
    poller_.change(link_->fd(), event_source(Source::kLink), link_waits_to_write_ ? EPOLLIN | EPOLLOUT : EPOLLIN);
  }
}

void Agent::say_starts() {
  for (const wire::Started& started : unsaid_starts_) static_cast<void>(link_->send(started));
  unsaid_starts_.clear();
  say_starts_at_us_ = kNever;
}

/// Whether what is unsent can wait for more of its kind: the slots have work for a while.
bool Agent::may_wait(std::int64_t now_us) {
  if (shutting_down_ || waiting_.size() < slots_ || !link_->has_unsent() || link_waits_to_write_) return false;
  if (flush_at_us_ == kNever) {
    flush_at_us_ = now_us + kGatherEndsUs;
    poller_.alarm_by(flush_at_us_);
  }
  return now_us < flush_at_us_;
}

void Agent::on_signals() {
  bool children = false;
  signalfd_siginfo infos[4];  // There are only two signals that can be pending.
  const ssize_t got = ::read(signals_.get(), infos, sizeof(infos));
  for (std::size_t i = 0; got > 0 && i < static_cast<std::size_t>(got) / sizeof(infos[0]); ++i) {
    if (infos[i].ssi_signo == SIGTERM) begin_shutdown(-1);
    if (infos[i].ssi_signo == SIGCHLD) children = true;
  }
  if (children) attempts_->reap();
}

void Agent::on_alarm() {
  if (poller_.take_alarm()) attempts_->run_timers();
}

void Agent::begin_shutdown(std::int64_t grace_us) {
  shutting_down_ = true;
  while (!waiting_.empty()) {
    const wire::AttemptKey key = waiting_.front().key;
    withdraw(key);
    report_unstarted(key, wire::Outcome::kStopped, "");
  }
  attempts_->stop_all(grace_us);
}

void Agent::on_listener() {
  Fd peer = accept_peer(listener_.get());
  if (!peer) return;
  if (newcomer_) lose(newcomer_);
  newcomer_ = std::make_unique<Link>(std::move(peer));
  poller_.watch(newcomer_->fd(), event_source(Source::kNewcomer));
}

void Agent::on_readable(std::unique_ptr<Link>& link) {
  if (!link->receive()) {
    // What came before the end still counts.
    take_frames(link);
    if (link) lose(link);
    return;
  }
  take_frames(link);
}

void Agent::take_frames(std::unique_ptr<Link>& link) {
  while (link) {
    const auto frame = link->next();
    if (!frame) break;
    auto message = wire::decode_to_worker(*frame);
    if (!message) return refuse(link, "a message of type " + std::to_string(frame->type) + " could not be read");
    if (auto* const hello = std::get_if<wire::Hello>(&*message)) {
      greet(link, *hello);
      continue;
    }
    if (link != link_ || !greeted_) return refuse(link, "the first message must be hello");
    std::visit(
        [this](auto& one) {
          if constexpr (!std::is_same_v<std::decay_t<decltype(one)>, wire::Hello>) on(one);
        },
        *message);
  }
  if (link && link->broken()) refuse(link, "the stream holds no frames");
}

void Agent::lose(std::unique_ptr<Link>& link) {
  poller_.forget(link->fd());
  const bool was_link = &link == &link_;
  link.reset();
  if (!was_link) return;
  greeted_ = false;
  link_waits_to_write_ = false;
  unsaid_starts_.clear();
  // Who cannot connect again will not want anything to go on.
  if (!listener_) return begin_shutdown(-1);
  abandon();
}

/// The scheduler of the link is gone. What it wanted kept goes on and is told to the next one.
void Agent::abandon() {
  std::vector<wire::AttemptKey> keys;
  for (const wire::Launch& launch : waiting_) {
    if (launch.gated || !launch.keep) keys.push_back(launch.key);
  }
  for (const wire::AttemptKey& key : keys) {
    withdraw(key);
    report_unstarted(key, wire::Outcome::kStopped, "");
  }
  attempts_->on_link_broken();
}

void Agent::refuse(std::unique_ptr<Link>& link, std::string reason) {
  complain("link refused: " + reason);
  wire::WorkerHello answer;
  answer.protocol = 0;
  answer.worker_id = worker_id_;
  answer.notes = std::move(reason);
  if (link->send(answer)) static_cast<void>(link->flush());
  lose(link);
}

void Agent::greet(std::unique_ptr<Link>& link, const wire::Hello& hello) {
  if (hello.protocol_min > wire::kProtocolMax || hello.protocol_max < wire::kProtocolMin) {
    return refuse(link, "this worker speaks protocol " + std::to_string(wire::kProtocolMin) + " to " +
                            std::to_string(wire::kProtocolMax));
  }
  if (hello.scheduler_epoch < scheduler_epoch_) {
    return refuse(link, "a scheduler of epoch " + std::to_string(scheduler_epoch_) + " has been here");
  }
  if (hello.scheduler_epoch > scheduler_epoch_) {
    // Written before it hears anything: were this worker killed, the next one would talk with a scheduler that has been
    // deposed, and let it acknowledge the ends of attempts that it knows nothing of.
    scheduler_epoch_ = hello.scheduler_epoch;
    journal_.scheduler(scheduler_epoch_);
    journal_.flush();
  }
  slots_ = std::clamp<std::size_t>(hello.slots, 1, attempts_->capacity());
  if (&link == &newcomer_) {
    if (link_) {
      poller_.forget(link_->fd());
      link_.reset();
      greeted_ = false;
      abandon();
    }
    link_ = std::move(newcomer_);
    link_waits_to_write_ = false;
    poller_.change(link_->fd(), event_source(Source::kLink), EPOLLIN);
  }
  greeted_ = true;
  unsaid_starts_.clear();  // The inventory says them.
  wire::WorkerHello answer;
  answer.protocol = std::min(hello.protocol_max, wire::kProtocolMax);
  answer.worker_no = options_.worker_no;
  answer.worker_id = worker_id_;
  answer.boot_id = record_.boot_id;
  answer.build_id = wire::build_id_of("/proc/self/exe");
  answer.pid = record_.pid;
  answer.worker_epoch = record_.epoch;
  answer.capabilities = cgroups_->capabilities() | wire::kSubreaper | wire::kPidfd;
  if (ChildrenFile().listed()) answer.capabilities |= wire::kChildrenFile;
  answer.slots_max = static_cast<std::uint32_t>(attempts_->capacity());
  answer.notes = notes(hello.slots);
  static_cast<void>(link_->send(answer));
  send_inventory();
  // Messages that came along with this hello are still in the link.
  if (&link == &newcomer_) take_frames(link_);
}

std::string Agent::notes(std::size_t slots_wanted) const {
  constexpr std::size_t kFew = 64;
  std::string notes = cgroups_->notes();
  if (attempts_->capacity() >= std::max(slots_wanted, kFew)) return notes;
  return notes + (notes.empty() ? "" : "; ") + "no more than " + std::to_string(attempts_->capacity()) +
         " tasks run at once, since this process may have " + std::to_string(attempts_->files_max()) +
         " files open (ulimit -Hn)";
}

void Agent::send_inventory() {
  wire::Inventory part;
  part.live = attempts_->inventory();
  for (const wire::Launch& launch : waiting_) part.live.push_back({launch.key, 0, 0, 0});
  part.last = false;
  std::size_t bytes = 0;
  for (const auto& [key, reported] : unacknowledged_) {
    bytes += 256 + reported.ended.output.size() + reported.ended.message.size() + reported.ended.log_tail.size() +
             reported.ended.state.size();
    part.ended.push_back(reported.ended);
    if (bytes < kInventoryBytesMax) continue;
    static_cast<void>(link_->send(part));
    part = {};
    part.last = false;
    bytes = 0;
  }
  part.last = true;
  static_cast<void>(link_->send(part));
}

void Agent::on(wire::Launch& message) {
  if (attempts_->is_live(message.key)) return attempts_->repeat_started(message.key);
  if (const auto found = unacknowledged_.find(message.key); found != unacknowledged_.end()) {
    static_cast<void>(link_->send(found->second.ended));
    return;
  }
  if (waiting_by_key_.contains(message.key)) return;
  if (shutting_down_) {
    report_unstarted(message.key, wire::Outcome::kLost, "the worker is shutting down and has not started it");
    return;
  }
  if (waiting_.empty() && attempts_->live_count() < slots_) return attempts_->launch(std::move(message));
  const wire::AttemptKey key = message.key;
  waiting_by_key_.emplace(key, waiting_.insert(waiting_.end(), std::move(message)));
}

void Agent::start_waiting() {
  while (!shutting_down_ && !waiting_.empty() && attempts_->live_count() < slots_) {
    wire::Launch next = std::move(waiting_.front());
    waiting_.pop_front();
    waiting_by_key_.erase(next.key);
    attempts_->launch(std::move(next));
  }
}

bool Agent::withdraw(const wire::AttemptKey& key) {
  const auto found = waiting_by_key_.find(key);
  if (found == waiting_by_key_.end()) return false;
  waiting_.erase(found->second);
  waiting_by_key_.erase(found);
  return true;
}

void Agent::report_unstarted(const wire::AttemptKey& key, wire::Outcome outcome, std::string message) {
  Reported reported;
  reported.ended.key = key;
  reported.ended.outcome = outcome;
  reported.ended.ended_at_us = wall_us();
  reported.ended.message = std::move(message);
  report(std::move(reported));
}

void Agent::on(const wire::Release& message) {
  if (const auto found = waiting_by_key_.find(message.key); found != waiting_by_key_.end()) {
    found->second->gated = false;
    return;
  }
  attempts_->release(message.key);
}

void Agent::on(const wire::Stop& message) {
  if (attempts_->is_live(message.key)) return attempts_->stop(message.key, message.grace_us, message.kill_now);
  if (withdraw(message.key)) return report_unstarted(message.key, wire::Outcome::kStopped, "");
  if (const auto found = unacknowledged_.find(message.key); found != unacknowledged_.end()) {
    static_cast<void>(link_->send(found->second.ended));
    return;
  }
  // Not kept and not to be acknowledged: the answer to a question, not news.
  wire::Ended unknown;
  unknown.key = message.key;
  unknown.outcome = wire::Outcome::kLost;
  unknown.ended_at_us = wall_us();
  unknown.message = "this worker does not know the attempt";
  static_cast<void>(link_->send(unknown));
}

void Agent::on(const wire::Ack& message) {
  const auto found = unacknowledged_.find(message.key);
  if (found == unacknowledged_.end()) return;
  if (!found->second.output_path.empty()) ::unlink(found->second.output_path.c_str());
  unacknowledged_.erase(found);
  journal_.ack(message.key);
}

void Agent::on(const wire::Shutdown& message) {
  begin_shutdown(message.grace_us);
}

void Agent::on(const wire::Ping& /*message*/) {
  static_cast<void>(link_->send(wire::Pong{}));
}

Reports Agent::reports() {
  Reports reports;
  reports.begun = [this](const Begun& begun) { journal_.begin(begun); };
  reports.started = [this](const wire::Started& started) {
    if (!greeted_) return;
    if (unsaid_starts_.empty()) {
      say_starts_at_us_ = boottime_us() + kSayStartUs;
      poller_.alarm_by(say_starts_at_us_);
    }
    unsaid_starts_.push_back(started);
  };
  reports.ended = [this](Reported reported) { report(std::move(reported)); };
  return reports;
}

void Agent::report(Reported reported) {
  journal_.end(reported);
  std::erase_if(unsaid_starts_, [&](const wire::Started& started) { return started.key == reported.ended.key; });
  if (greeted_) static_cast<void>(link_->send(reported.ended));
  const wire::AttemptKey key = reported.ended.key;
  unacknowledged_.insert_or_assign(key, std::move(reported));
}

JournalContent Agent::content() const {
  JournalContent content;
  content.worker = record_;
  content.scheduler_epoch = scheduler_epoch_;
  content.live = attempts_->begun();
  for (const auto& [key, reported] : unacknowledged_) content.ended.push_back(reported);
  return content;
}

}  // namespace baton::worker
