// LoaderThread: one thread that does in order what it is given: reading and parsing, so that the loop never waits for a
// disk. Each piece of work posts its own result to the loop.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace baton {

class LoaderThread {
 public:
  LoaderThread() : thread_([this] { run(); }) {}
  ~LoaderThread() { stop(); }
  LoaderThread(const LoaderThread&) = delete;
  LoaderThread& operator=(const LoaderThread&) = delete;

  /// Any thread. After stop() nothing more is taken.
  void post(std::function<void()> work);
  /// Ends after the piece of work that it is at; what waits is dropped. Idempotent. Not from the thread itself.
  void stop();

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<std::function<void()>> work_;
  bool is_stopped_ = false;
  std::thread thread_;
};

}  // namespace baton
