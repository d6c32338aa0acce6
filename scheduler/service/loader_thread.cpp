#include "scheduler/service/loader_thread.h"

#include <utility>

namespace baton {

void LoaderThread::post(std::function<void()> work) {
  {
    const std::lock_guard lock(mutex_);
    if (is_stopped_) return;
    work_.push_back(std::move(work));
  }
  ready_.notify_one();
}

void LoaderThread::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_stopped_ = true;
    work_.clear();
  }
  ready_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void LoaderThread::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    ready_.wait(lock, [this] { return is_stopped_ || !work_.empty(); });
    if (is_stopped_) return;
    std::function<void()> work = std::move(work_.front());
    work_.pop_front();
    lock.unlock();
    work();
    work = nullptr;
    lock.lock();
  }
}

}  // namespace baton
