#include "worker/poller.h"

#include <sys/timerfd.h>

#include <algorithm>

namespace baton::worker {

Poller::Poller() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  timer_.reset(::timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK));
  watch(timer_.get(), event_source(Source::kTimer));
}

void Poller::watch(int fd, std::uint64_t source, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = source;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event);
}

void Poller::change(int fd, std::uint64_t source, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = source;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event);
}

void Poller::forget(int fd) {
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

void Poller::alarm_by(std::int64_t when_us) {
  if (when_us >= alarm_us_) return;
  alarm_us_ = when_us;
  const std::int64_t at = std::max<std::int64_t>(when_us, 1);  // All zeros would switch it off.
  itimerspec spec{};
  spec.it_value.tv_sec = at / 1'000'000;
  spec.it_value.tv_nsec = at % 1'000'000 * 1000;
  ::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &spec, nullptr);
}

bool Poller::take_alarm() {
  std::uint64_t count = 0;
  if (::read(timer_.get(), &count, sizeof(count)) != sizeof(count)) return false;
  alarm_us_ = kNever;
  return true;
}

std::span<const epoll_event> Poller::wait() {
  const int count = ::epoll_wait(epoll_.get(), events_, kEventsMax, -1);
  return {events_, static_cast<std::size_t>(std::max(count, 0))};
}

}  // namespace baton::worker
