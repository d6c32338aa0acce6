// HandlerPool: a few threads on which handlers run, and the bounded queue before them. Any thread may push.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace baton::http {

/// Of this thread: signals are for the thread that begins and ends the process.
void block_signals();

class HandlerPool {
 public:
  explicit HandlerPool(std::size_t queue_max) : queue_max_(queue_max) {}
  ~HandlerPool() { stop(); }
  HandlerPool(const HandlerPool&) = delete;
  HandlerPool& operator=(const HandlerPool&) = delete;

  void start(std::size_t threads);
  /// False: too many wait already, or it has stopped.
  [[nodiscard]] bool push(std::function<void()> job);
  /// Of a request that was taken already: waits for no room. False: it has stopped.
  bool push_answer(std::function<void()> job);
  /// Everything that was pushed is done first. Idempotent.
  void stop();

 private:
  void work();

  const std::size_t queue_max_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> jobs_;
  bool stops_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace baton::http
