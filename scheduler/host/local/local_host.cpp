#include "scheduler/host/local/local_host.h"

#include <signal.h>

#include <boost/asio/signal_set.hpp>
#include <optional>
#include <utility>

#include "scheduler/host/local/machine.h"

namespace baton {
namespace {

namespace asio = boost::asio;

/// How long what was killed may take to end before this process goes without it; and then the worker.
constexpr DurationUs kKilledWaitUs = 3 * kSecond;
constexpr DurationUs kAbandonedWaitUs = kSecond;

}  // namespace

class LocalHost::Impl {
 public:
  Impl(std::unique_ptr<Machine> machine, Actor actor, RunObserver& observer)
      : machine_(std::move(machine)), actor_(std::move(actor)), observer_(observer), loop_(machine_->loop()) {
    machine_->host().on_finished([this](const DagRun& run) { finished(run); });
  }

  Result<RunEnd> start_with(Request request, RunNo run_no, LocalHost& self);
  Result<RunEnd> loop_until_ended(LocalHost& self);
  void finished(const DagRun& run);
  void watch_signals();
  void interrupt(int number);
  void give_up();
  void fail(Error error);

  const std::unique_ptr<Machine> machine_;
  const Actor actor_;
  RunObserver& observer_;
  AsioLoop& loop_;
  std::unique_ptr<asio::signal_set> signals_;
  std::function<Attachment(LocalHost&)> attach_;
  RunNo run_no_ = 0;
  int interrupts_ = 0;
  bool gave_up_ = false;
  std::optional<Result<Answer>> refused_;  ///< or there was nothing to do
  std::optional<RunEnd> end_;
  std::optional<Error> error_;
};

void LocalHost::Impl::finished(const DagRun& run) {
  if (run.row.state == RunState::success) remove_work_folder(machine_->options().state_folder, run.row.run_no);
  end_ = RunEnd{.state = run.row.state, .interrupted = interrupts_ > 0};
  loop_.stop();
}

void LocalHost::Impl::fail(Error error) {
  if (!error_) error_ = std::move(error);
  loop_.stop();
}

void LocalHost::Impl::watch_signals() {
  signals_ = std::make_unique<asio::signal_set>(loop_.context(), SIGINT, SIGTERM, SIGHUP);
  signals_->async_wait([this](const boost::system::error_code& error, int number) {
    if (!error) interrupt(number);
  });
}

/// The first one stops the tasks with their grace; the next one kills; one more does not wait for that.
void LocalHost::Impl::interrupt(int number) {
  const bool again = ++interrupts_ > 1;
  if (interrupts_ > 2) return give_up();
  const char* why = number == SIGINT ? "interrupted at the terminal" : number == SIGTERM ? "SIGTERM" : "SIGHUP";
  // Where it has ended meanwhile there is nothing to stop, and its end is on the way here. A stop that is refused because
  // too much is asked at once is asked again by the next signal.
  const Status asked = machine_->host().ask(StopRun{run_no_, again, why}, actor_, nullptr);
  if (!asked) observer_.notice(asked.error().message);
  observer_.notice(again ? "killing what still runs" : "stopping: tasks get their grace; again to kill them");
  watch_signals();
  if (again) loop_.call_at(loop_.mono_now() + kKilledWaitUs, [this] { give_up(); });
}

/// A worker that does not answer must not keep a person waiting: it is killed with all that it runs, and the run stays
/// as it is in the store, being stopped.
void LocalHost::Impl::give_up() {
  if (end_) return;
  gave_up_ = true;
  observer_.notice("what was killed has not ended: the worker is killed; the run can be resumed or stopped later");
  end_ = RunEnd{.interrupted = true};
  loop_.stop();
}

Result<RunEnd> LocalHost::Impl::loop_until_ended(LocalHost& self) {
  watch_signals();
  Attachment attachment;
  if (attach_) attachment = attach_(self);
  machine_->connect([this](Error error) { fail(std::move(error)); });
  loop_.run();
  attachment.reset();
  signals_.reset();
  machine_->worker().shut_down(gave_up_ ? 0 : kShutdownGraceUs, gave_up_ ? kAbandonedWaitUs : kShutdownWaitUs);
  machine_->close();
  if (error_) return *error_;
  return end_.value_or(RunEnd{});
}

Result<RunEnd> LocalHost::Impl::start_with(Request request, RunNo run_no, LocalHost& self) {
  run_no_ = run_no;
  machine_->host().start_with(std::move(request), actor_, [this](const Result<Answer>& how) {
    if (how && how->has_changed) return;
    refused_ = how;
    loop_.stop();
  });
  if (!refused_) {
    auto end = loop_until_ended(self);
    if (!refused_ || error_) return end;
  }
  if (!*refused_) return refused_->error();
  return RunEnd{.state = (*refused_)->state, .did_nothing = true, .touched = (*refused_)->instances};
}

// ── the public face ─────────────────────────────────────────────────────────────────────────────────────────────────

LocalHost::LocalHost(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LocalHost::~LocalHost() = default;

Result<std::unique_ptr<LocalHost>> LocalHost::open(LocalHostOptions options, RunObserver& observer) {
  Actor actor = options.actor;
  auto machine = Machine::open(std::move(options), HostPolicy::one_run, observer);
  if (!machine) return machine.error();
  auto impl = std::make_unique<Impl>(std::move(machine).value(), std::move(actor), observer);
  return std::unique_ptr<LocalHost>(new LocalHost(std::move(impl)));
}

void LocalHost::on_loop(std::function<Attachment(LocalHost&)> attach) {
  impl_->attach_ = std::move(attach);
}
AsioLoop& LocalHost::loop() {
  return impl_->loop_;
}
Host& LocalHost::host() {
  return impl_->machine_->host();
}
RunNo LocalHost::run_no() const {
  return impl_->run_no_;
}

Result<RunEnd> LocalHost::run(NewRun request) {
  const Machine& machine = *impl_->machine_;
  if (auto checked = check_request(*request.dag, request.selected, request.params, machine.options().secret,
                                   machine.connections());
      !checked) {
    return checked.error();
  }
  TriggerRun trigger = impl_->machine_->host().trigger_of(std::move(request));
  const RunNo run_no = trigger.creation.run.run_no;
  return impl_->start_with(std::move(trigger), run_no, *this);
}

Result<RunEnd> LocalHost::go_on(Request request) {
  const RunNo run_no = run_of(request);
  return impl_->start_with(std::move(request), run_no, *this);
}

}  // namespace baton
