#include "web/http/handler_pool.h"

#include <pthread.h>

#include <csignal>
#include <string>

namespace baton::http {

void block_signals() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

void HandlerPool::start(std::size_t threads) {
  for (std::size_t k = 0; k < threads; ++k) {
    threads_.emplace_back([this, k] {
      block_signals();
      pthread_setname_np(pthread_self(), ("http-" + std::to_string(k + 1)).c_str());
      work();
    });
  }
}

bool HandlerPool::push(std::function<void()> job) {
  {
    const std::lock_guard lock(mutex_);
    if (stops_ || jobs_.size() >= queue_max_) return false;
    jobs_.push_back(std::move(job));
  }
  changed_.notify_one();
  return true;
}

bool HandlerPool::push_answer(std::function<void()> job) {
  {
    const std::lock_guard lock(mutex_);
    if (stops_) return false;
    jobs_.push_front(std::move(job));
  }
  changed_.notify_one();
  return true;
}

void HandlerPool::stop() {
  {
    const std::lock_guard lock(mutex_);
    stops_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void HandlerPool::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stops_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    std::function<void()> job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job();
    job = nullptr;
    lock.lock();
  }
}

}  // namespace baton::http
