#include "scheduler/executor/local/worker_link.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "scheduler/executor/local/wire_form.h"
#include "scheduler/executor/local/worker_peer.h"
#include "scheduler/model/check.h"
#include "worker/protocol/build_id.h"

namespace baton {

using Peer = std::shared_ptr<WorkerPeer>;

namespace {

std::string host_name() {
  char name[256] = "";
  return gethostname(name, sizeof(name) - 1) == 0 ? name : "";
}

}  // namespace

class WorkerLink::Impl final : public PeerListener {
 public:
  Impl(AsioLoop& loop, WorkerLinkOptions options)
      : loop_(loop), options_(std::move(options)), build_id_(wire::build_id_of(options_.program)) {}
  ~Impl() override { end_all(0); }

  Status open();
  void connect(ExecutorEvents& events, const std::string& scheduler_id, std::int64_t epoch,
               std::function<void(const std::string&)> gave_up);
  void launch(LaunchSpec spec, bool gated);
  template <typename Message>
  void say(AttemptKey key, const Message& message);
  void stop(AttemptKey key, DurationUs grace_us, bool kill_now);
  void acknowledge(AttemptKey key);
  void flush();
  void shut_down(DurationUs grace_us, DurationUs wait_us);
  void leave();

 private:
  /// What was asked for before its worker had said what it holds.
  struct Held {
    AttemptKey key;
    std::variant<wire::Launch, wire::Release, wire::Stop, wire::Ack> message;
  };

  void heard(WorkerPeer& peer, wire::FromWorker message) override;
  void broke(WorkerPeer& peer, const std::string& why) override;
  void take(WorkerPeer& peer, const wire::WorkerHello& hello);
  void take(WorkerPeer& peer, wire::Inventory inventory);
  void take(WorkerPeer& peer, const wire::Started& started);
  void take(WorkerPeer& peer, wire::Ended ended);
  void take(WorkerPeer& peer, const wire::Pong&);

  Status start_on(int no);
  [[nodiscard]] int free_number() const;
  void add(int no, WorkerConnection connection);
  void greet(WorkerPeer& peer);
  void begin(WorkerPeer& peer);
  void tell_capacity(const WorkerPeer& peer, std::int32_t slots_max);
  void spoke(WorkerPeer& peer);
  void announce(WorkerPeer& peer);
  void give_up(WorkerPeer& peer, const std::string& why);
  void replace(int no);
  void remove(const WorkerPeer& peer);
  [[nodiscard]] WorkerPeer* primary() const;
  [[nodiscard]] WorkerPeer* worker_of(AttemptKey key) const;
  template <typename Message>
  void send_or_hold(WorkerPeer* to, AttemptKey key, Message message);
  void refuse(AttemptKey key);
  void end_unsent(AttemptKey key, AttemptEnd::Outcome outcome, std::string note);
  void dismiss_if_done(WorkerPeer& peer);
  void watch();
  void expect_deaths();
  void end_all(DurationUs wait_us);
  /// Calls `f` after `wait_us`, unless this is gone by then.
  template <typename F>
  void after(DurationUs wait_us, F f) {
    loop_.call_at(loop_.mono_now() + wait_us, [here = std::weak_ptr<int>(here_), f = std::move(f)] {
      if (!here.expired()) f();
    });
  }

  AsioLoop& loop_;
  const WorkerLinkOptions options_;
  const std::string build_id_;
  ExecutorEvents* events_ = nullptr;
  std::function<void(const std::string&)> gave_up_;
  std::string scheduler_id_;
  std::int64_t epoch_ = 0;
  std::vector<Peer> peers_;
  std::vector<Held> held_;                ///< in the order of the calls
  std::map<AttemptKey, MonoUs> kills_;    ///< asked for at that time, and not ended
  const std::string host_ = host_name();
  bool is_settled_ = false;               ///< all that were found at the start have spoken once
  bool closing_ = false;
  std::int32_t restarts_ = 0;
  const std::shared_ptr<int> here_ = std::make_shared<int>();
};

// ── workers come ────────────────────────────────────────────────────────────────────────────────────────────────────

Status WorkerLink::Impl::open() {
  const auto listening = listening_workers(options_.state_folder);
  for (const ListeningWorker& worker : listening) {
    if (!options_.tasks_outlive_us) {
      if (worker.has_attempts) {
        return Error{"worker " + std::to_string(worker.no) + " (process " + std::to_string(worker.pid) +
                         ") still runs tasks of a server in this folder; start the server again, or end the worker",
                     ErrorKind::conflict};
      }
      kill(worker.pid, SIGTERM);  // idle: it ends, and the one that we start waits for that
      return start_on(worker.no);
    }
    auto connection = connect_worker(options_.state_folder, worker.no);
    if (connection) add(worker.no, *connection);
  }
  if (peers_.empty()) return start_on(free_number());
  // Those that live leave a dead one's folder alone: one of our own takes it over, with the ends that nobody has heard.
  const auto abandoned = abandoned_folder(options_.state_folder);
  return abandoned ? start_on(*abandoned) : Status{Unit{}};
}

/// The lowest folder in which no worker listens. Where one is about to end in it, the new one waits for that.
int WorkerLink::Impl::free_number() const {
  const auto listening = listening_workers(options_.state_folder);
  int no = 1;
  const auto is_taken = [&](int number) {
    return std::any_of(listening.begin(), listening.end(), [&](const auto& w) { return w.no == number; }) ||
           std::any_of(peers_.begin(), peers_.end(), [&](const Peer& p) { return p->no() == number; });
  };
  while (is_taken(no)) ++no;
  return no;
}

Status WorkerLink::Impl::start_on(int no) {
  auto connection = start_worker({.program = options_.program,
                                  .state_folder = options_.state_folder,
                                  .no = no,
                                  .listens = options_.tasks_outlive_us});
  if (!connection) return connection.error();
  add(no, *connection);
  for (const Peer& peer : peers_) peer->is_ours = peer->is_ours || peer->no() == no;
  return Unit{};
}

/// In the place of the one that had this number before, with what that one left.
void WorkerLink::Impl::add(int no, WorkerConnection connection) {
  const WorkerRef worker = std::make_shared<const Worker>(Worker{"local", std::to_string(no), host_});
  const Peer peer = std::make_shared<WorkerPeer>(loop_, *this, worker, no, connection);
  const auto before = std::find_if(peers_.begin(), peers_.end(), [&](const Peer& p) { return p->no() == no; });
  if (before == peers_.end()) {
    peers_.push_back(peer);
  } else {
    peer->drains = (*before)->drains;
    peer->holds = std::move((*before)->holds);
    *before = peer;
  }
  if (events_ != nullptr) begin(*peer);
}

void WorkerLink::Impl::begin(WorkerPeer& peer) {
  greet(peer);
  peer.listen();
}

void WorkerLink::Impl::connect(ExecutorEvents& events, const std::string& scheduler_id, std::int64_t epoch,
                               std::function<void(const std::string&)> gave_up) {
  events_ = &events;
  scheduler_id_ = scheduler_id;
  epoch_ = epoch;
  gave_up_ = std::move(gave_up);
  for (const Peer& peer : peers_) begin(*peer);
  watch();
}

/// Asks what it holds; what comes before its answer is complete is held here.
void WorkerLink::Impl::greet(WorkerPeer& peer) {
  wire::Hello hello;
  hello.scheduler_id = scheduler_id_;
  hello.scheduler_epoch = epoch_;
  hello.slots = static_cast<std::uint32_t>(options_.slots);
  BATON_CHECK(peer.send(hello));
  ++peer.inventories_due;
  peer.live.clear();
  peer.flush();
}

WorkerPeer* WorkerLink::Impl::primary() const {
  const auto found = std::find_if(peers_.begin(), peers_.end(), [](const Peer& p) { return !p->drains; });
  return found == peers_.end() ? nullptr : found->get();
}

WorkerPeer* WorkerLink::Impl::worker_of(AttemptKey key) const {
  for (const Peer& peer : peers_) {
    if (peer->drains && peer->holds.contains(key)) return peer.get();
  }
  return primary();
}

// ── what they say ───────────────────────────────────────────────────────────────────────────────────────────────────

void WorkerLink::Impl::heard(WorkerPeer& peer, wire::FromWorker message) {
  if (closing_) return;
  if (std::exchange(peer.silence_told, false)) greet(peer);  // it speaks again: what does it hold?
  std::visit([&](auto& m) { take(peer, std::move(m)); }, message);
}

void WorkerLink::Impl::take(WorkerPeer& peer, const wire::WorkerHello& hello) {
  if (hello.protocol == 0) {
    closing_ = true;
    return gave_up_("the worker refused this scheduler: " + hello.notes);
  }
  const bool is_first = !std::exchange(peer.is_greeted, true);
  peer.worker_id = hello.worker_id;
  // One launches, the others go on to the end of what they have.
  const bool have_one = std::any_of(peers_.begin(), peers_.end(), [&](const Peer& p) {
    return p.get() != &peer && p->is_greeted && !p->drains;
  });
  if (is_first) peer.drains = peer.drains || have_one || (!peer.is_ours && hello.build_id != build_id_);
  tell_capacity(peer, static_cast<std::int32_t>(hello.slots_max));
  const bool all_greeted = std::all_of(peers_.begin(), peers_.end(), [](const Peer& p) { return p->is_greeted; });
  if (!is_first || !all_greeted || primary() != nullptr) return;
  if (auto started = start_on(free_number()); !started) gave_up_(started.error().message);
}

void WorkerLink::Impl::tell_capacity(const WorkerPeer& peer, std::int32_t slots_max) {
  if (peer.drains) return events_->worker_capacity(peer.worker(), 0, {}, "");
  const std::int32_t slots = std::max(std::min(options_.slots, slots_max), 1);
  const bool fits = slots == options_.slots;
  events_->worker_capacity(peer.worker(), slots, {}, fits ? "" : "no more than " + std::to_string(slots) + " tasks run at once: each takes "
                                                 "some of the files that the worker may have open (ulimit -Hn)");
}

void WorkerLink::Impl::take(WorkerPeer& peer, wire::Inventory inventory) {
  const bool counts = peer.inventories_due == 1;
  for (const auto& live : inventory.live) {
    const AttemptKey key = from_wire(live.key);
    if (counts) peer.live.push_back(key);
    if (peer.drains) peer.holds.insert(key);
    if (live.started_at_us != 0) events_->attempt_started(key, peer.worker(), live.pid, live.started_at_us);
  }
  for (auto& ended : inventory.ended) {
    if (peer.drains) peer.holds.insert(from_wire(ended.key));
    events_->attempt_ended(from_wire(std::move(ended)));
  }
  if (!inventory.last) return;
  --peer.inventories_due;
  dismiss_if_done(peer);
  spoke(peer);
}

/// It has said what it holds. At the start all are waited for, so that whatever an earlier scheduler prepared and never
/// released is known before anything is launched.
void WorkerLink::Impl::spoke(WorkerPeer& peer) {
  if (is_settled_) return peer.is_ready() ? announce(peer) : void();
  const bool all = std::all_of(peers_.begin(), peers_.end(), [](const Peer& p) { return p->is_ready(); });
  if (!all || primary() == nullptr) return;
  is_settled_ = true;
  for (const bool drains : {true, false}) {
    for (const Peer& each : std::vector<Peer>(peers_)) {
      if (each->drains == drains && each->is_ready()) announce(*each);
    }
  }
  events_->executor_settled("local");
}

/// What is held here for it is as good as live: it is sent now, once.
void WorkerLink::Impl::announce(WorkerPeer& peer) {
  std::vector<AttemptKey> live = std::exchange(peer.live, {});
  std::vector<Held> others;
  for (Held& held : std::exchange(held_, {})) {
    const bool is_launch = std::holds_alternative<wire::Launch>(held.message);
    if ((is_launch ? primary() : worker_of(held.key)) != &peer) {
      others.push_back(std::move(held));
      continue;
    }
    if (is_launch) live.push_back(held.key);
    std::visit([&](auto& message) { send_or_hold(&peer, held.key, std::move(message)); }, held.message);
  }
  held_ = std::move(others);
  events_->worker_ready(peer.worker(), live);
  flush();
}

void WorkerLink::Impl::take(WorkerPeer& peer, const wire::Started& started) {
  restarts_ = 0;
  events_->attempt_started(from_wire(started.key), peer.worker(), started.pid, started.at_us);
}

void WorkerLink::Impl::take(WorkerPeer&, wire::Ended ended) {
  restarts_ = 0;
  kills_.erase(from_wire(ended.key));
  events_->attempt_ended(from_wire(std::move(ended)));
}

void WorkerLink::Impl::take(WorkerPeer&, const wire::Pong&) {}

// ── what they are told ──────────────────────────────────────────────────────────────────────────────────────────────

void WorkerLink::Impl::launch(LaunchSpec spec, bool gated) {
  const AttemptKey key = spec.key;
  if (options_.before_launch) options_.before_launch(key.run_no);
  wire::Launch message = to_wire(std::move(spec));
  message.gated = gated;
  message.keep = options_.tasks_outlive_us;
  send_or_hold(primary(), key, std::move(message));
}

template <typename Message>
void WorkerLink::Impl::send_or_hold(WorkerPeer* to, AttemptKey key, Message message) {
  const bool may_go = to != nullptr && is_settled_ && to->is_ready();
  if (!may_go) return held_.push_back({key, std::move(message)});
  if (to->send(message)) return;
  constexpr bool is_launch = std::is_same_v<Message, wire::Launch>;
  BATON_CHECK(is_launch);
  refuse(key);
}

/// It is larger than a frame may be: the author's environment is.
void WorkerLink::Impl::refuse(AttemptKey key) {
  end_unsent(key, AttemptEnd::Outcome::spawn_failed, "its environment and script are larger than 8 MiB");
}

/// No worker has ever heard of it.
void WorkerLink::Impl::end_unsent(AttemptKey key, AttemptEnd::Outcome outcome, std::string note) {
  after(0, [this, key, outcome, note = std::move(note)] {
    AttemptEnd end;
    end.key = key;
    end.outcome = outcome;
    end.note = note;
    end.ended_at = loop_.wall_now();
    events_->attempt_ended(end);
  });
}

template <typename Message>
void WorkerLink::Impl::say(AttemptKey key, const Message& message) {
  send_or_hold(worker_of(key), key, message);
}

void WorkerLink::Impl::stop(AttemptKey key, DurationUs grace_us, bool kill_now) {
  // Sent first, the launch would start what nobody wants any more, if only for a moment.
  const auto is_its_launch = [&](const Held& h) { return h.key == key && std::holds_alternative<wire::Launch>(h.message); };
  if (std::any_of(held_.begin(), held_.end(), is_its_launch)) {
    std::erase_if(held_, [&](const Held& h) { return h.key == key; });
    return end_unsent(key, AttemptEnd::Outcome::stopped, "");
  }
  say(key, wire::Stop{.key = to_wire(key), .grace_us = grace_us, .kill_now = kill_now});
  if (!kill_now || closing_) return;
  WorkerPeer* const holder = worker_of(key);
  // One that lives answers, whatever the task does.
  if (holder != nullptr && holder->is_ready()) BATON_CHECK(holder->send(wire::Ping{}));
  const bool first = kills_.empty();
  kills_.emplace(key, loop_.mono_now());
  if (first) after(options_.kill_answer_us, [this] { expect_deaths(); });
}

/// A person has asked for a kill and waits: who is silent since then does not answer for anything.
void WorkerLink::Impl::expect_deaths() {
  if (closing_ || kills_.empty()) return;
  MonoUs oldest = loop_.mono_now();
  for (const auto& [key, asked_at] : kills_) oldest = std::min(oldest, asked_at);
  kills_.clear();
  for (const Peer& peer : std::vector<Peer>(peers_)) {
    if (peer->is_greeted && !peer->is_gone && peer->heard_at() < oldest) give_up(*peer, "it did not answer when its tasks were to be killed");
  }
}

void WorkerLink::Impl::acknowledge(AttemptKey key) {
  say(key, wire::Ack{to_wire(key)});
  for (const Peer& peer : std::vector<Peer>(peers_)) {
    if (peer->holds.erase(key) > 0) dismiss_if_done(*peer);
  }
}

void WorkerLink::Impl::dismiss_if_done(WorkerPeer& peer) {
  if (!peer.drains || !peer.is_ready() || !peer.holds.empty() || peer.is_dismissed) return;
  peer.is_dismissed = true;
  BATON_CHECK(peer.send(wire::Shutdown{}));
  peer.flush();
}

void WorkerLink::Impl::flush() {
  for (const Peer& peer : peers_) peer->flush();
}

// ── workers go ──────────────────────────────────────────────────────────────────────────────────────────────────────

void WorkerLink::Impl::broke(WorkerPeer& peer, const std::string& why) {
  if (closing_) return;
  if (!peer.is_dismissed) return give_up(peer, why);
  const Peer gone = peer.shared_from_this();  // it goes by itself, with nothing: nobody needs to hear of it
  remove(peer);
  for (const Peer& other : std::vector<Peer>(peers_)) {
    if (!is_settled_) spoke(*other);
  }
}

void WorkerLink::Impl::remove(const WorkerPeer& peer) {
  std::erase_if(peers_, [&](const Peer& p) { return p.get() == &peer; });
}

/// Its stream is gone, or it does not answer: it is made sure to be dead, with all that its tasks left, before another
/// one starts in its folder and reads its journal. What it ran is judged then.
void WorkerLink::Impl::give_up(WorkerPeer& peer, const std::string& why) {
  if (std::exchange(peer.is_gone, true)) return;
  peer.close();
  end_worker(loop_, peer.pid(), peer.worker_id, [this, here = std::weak_ptr<int>(here_), no = peer.no()] {
    if (!here.expired() && !closing_) replace(no);
  });
  events_->worker_gone(peer.worker(), "the worker is gone (" + why + "); starting it again");
}

void WorkerLink::Impl::replace(int no) {
  if (++restarts_ > options_.restarts_max) {
    closing_ = true;
    return gave_up_("the worker died " + std::to_string(restarts_) + " times in a row");
  }
  const DurationUs delay = restarts_ == 1 ? 0 : options_.restart_delay_us;
  after(delay, [this, no] {
    if (closing_) return;
    if (auto started = start_on(no); !started) gave_up_(started.error().message);
  });
}

/// A worker answers pings. The time that this process has slept, was stopped or was busy does not count against it.
void WorkerLink::Impl::watch() {
  after(options_.ping_every_us, [this] {
    if (closing_) return;
    for (const Peer& peer : std::vector<Peer>(peers_)) {
      if (peer->is_gone) continue;
      if (!peer->is_greeted && !options_.tasks_outlive_us) continue;  // may wait for a lock
      peer->silent_us += options_.ping_every_us;
      if (peer->silent_us > options_.silence_ends_us) {
        give_up(*peer, "it was silent for " + std::to_string(options_.silence_ends_us / kSecond) + " s");
        continue;
      }
      if (peer->silent_us > options_.silence_told_us && !std::exchange(peer->silence_told, true)) {
        events_->worker_gone(peer->worker(), "the worker is silent; nothing is launched to it until it answers");
      }
      BATON_CHECK(peer->send(wire::Ping{}));
      peer->flush();
    }
    watch();
  });
}

void WorkerLink::Impl::shut_down(DurationUs grace_us, DurationUs wait_us) {
  closing_ = true;
  wire::Shutdown shutdown;
  shutdown.grace_us = grace_us;
  for (const Peer& peer : peers_) {
    if (peer->is_gone) continue;
    static_cast<void>(peer->send(shutdown));
    peer->say_last();
  }
  end_all(wait_us);
}

void WorkerLink::Impl::end_all(DurationUs wait_us) {
  closing_ = true;
  for (const Peer& peer : peers_) {
    if (!peer->is_gone) await_worker(peer->pid(), peer->worker_id, wait_us);  // else its number may be another's
  }
  for (const Peer& peer : peers_) peer->close();
  peers_.clear();
}

void WorkerLink::Impl::leave() {
  closing_ = true;
  for (const Peer& peer : peers_) peer->close();
  peers_.clear();
}

// ── the Executor ────────────────────────────────────────────────────────────────────────────────────────────────────

WorkerLink::WorkerLink(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
WorkerLink::~WorkerLink() = default;

Result<std::unique_ptr<WorkerLink>> WorkerLink::start(AsioLoop& loop, WorkerLinkOptions options) {
  auto impl = std::make_unique<Impl>(loop, std::move(options));
  if (auto opened = impl->open(); !opened) return opened.error();
  return std::unique_ptr<WorkerLink>(new WorkerLink(std::move(impl)));
}

void WorkerLink::connect(ExecutorEvents& events, const std::string& scheduler_id, std::int64_t epoch,
                         std::function<void(const std::string&)> gave_up) {
  impl_->connect(events, scheduler_id, epoch, std::move(gave_up));
}
void WorkerLink::launch(LaunchSpec spec) { impl_->launch(std::move(spec), false); }
void WorkerLink::prepare(LaunchSpec spec) { impl_->launch(std::move(spec), true); }
void WorkerLink::release(AttemptKey key) { impl_->say(key, wire::Release{to_wire(key)}); }
void WorkerLink::stop(AttemptKey key, DurationUs grace_us, bool kill_now) { impl_->stop(key, grace_us, kill_now); }
void WorkerLink::acknowledge(AttemptKey key) { impl_->acknowledge(key); }
void WorkerLink::flush() { impl_->flush(); }
void WorkerLink::shut_down(DurationUs grace_us, DurationUs wait_us) { impl_->shut_down(grace_us, wait_us); }
void WorkerLink::leave() { impl_->leave(); }

}  // namespace baton
