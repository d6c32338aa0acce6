#include "scheduler/loop/asio_loop.h"

#include <sys/timerfd.h>
#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <ctime>
#include <map>
#include <random>
#include <unordered_map>
#include <utility>

#include "scheduler/model/check.h"

namespace baton {

namespace asio = boost::asio;

namespace {

std::int64_t clock_us(clockid_t clock) {
  timespec t{};
  clock_gettime(clock, &t);
  return std::int64_t{t.tv_sec} * kSecond + t.tv_nsec / 1000;
}

}  // namespace

/// Timers stand in an ordered map; one timerfd on CLOCK_BOOTTIME wakes for the first of them.
class AsioLoop::Impl {
 public:
  Impl() : context_(1), work_(asio::make_work_guard(context_)), timer_(context_, make_timerfd()) {
    std::random_device device;
    generator_.seed((static_cast<std::uint64_t>(device()) << 32U) ^ device());
    wait();
  }

  static int make_timerfd() {
    const int fd = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
    BATON_CHECK(fd >= 0);
    return fd;
  }

  TimerId call_at(MonoUs at, std::function<void()> f) {
    const TimerId id = next_id_++;
    timers_.emplace(std::pair{at, id}, std::move(f));
    due_.emplace(id, at);
    if (timers_.begin()->first.second == id) arm();
    return id;
  }

  void cancel(TimerId id) {
    const auto at = due_.find(id);
    if (at == due_.end()) return;
    timers_.erase({at->second, id});
    due_.erase(at);
  }

  asio::io_context context_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  std::mt19937_64 generator_;

 private:
  void arm() {
    itimerspec spec{};
    if (!timers_.empty()) {
      const MonoUs at = std::max<MonoUs>(timers_.begin()->first.first, 1);
      spec.it_value.tv_sec = at / kSecond;
      spec.it_value.tv_nsec = (at % kSecond) * 1000;
    }
    timerfd_settime(timer_.native_handle(), TFD_TIMER_ABSTIME, &spec, nullptr);
  }

  void wait() {
    timer_.async_wait(asio::posix::stream_descriptor::wait_read, [this](const boost::system::error_code& error) {
      if (error) return;
      std::uint64_t expirations = 0;
      (void)!read(timer_.native_handle(), &expirations, sizeof expirations);
      fire();
      arm();
      wait();
    });
  }

  void fire() {
    const MonoUs now = clock_us(CLOCK_BOOTTIME);
    while (!timers_.empty() && timers_.begin()->first.first <= now) {
      const auto first = timers_.begin();
      auto f = std::move(first->second);
      due_.erase(first->first.second);
      timers_.erase(first);
      f();
    }
  }

  asio::posix::stream_descriptor timer_;
  TimerId next_id_ = 1;
  std::map<std::pair<MonoUs, TimerId>, std::function<void()>> timers_;
  std::unordered_map<TimerId, MonoUs> due_;
};

AsioLoop::AsioLoop() : impl_(std::make_unique<Impl>()) {}
AsioLoop::~AsioLoop() = default;

void AsioLoop::run() { impl_->context_.run(); }
void AsioLoop::stop() { impl_->context_.stop(); }
asio::io_context& AsioLoop::context() { return impl_->context_; }
WallUs AsioLoop::wall_now() const { return clock_us(CLOCK_REALTIME); }
MonoUs AsioLoop::mono_now() const { return clock_us(CLOCK_BOOTTIME); }
std::uint64_t AsioLoop::random() { return impl_->generator_(); }
void AsioLoop::post(std::function<void()> f) { asio::post(impl_->context_, std::move(f)); }
Loop::TimerId AsioLoop::call_at(MonoUs at, std::function<void()> f) { return impl_->call_at(at, std::move(f)); }
void AsioLoop::cancel(TimerId id) { impl_->cancel(id); }

}  // namespace baton
