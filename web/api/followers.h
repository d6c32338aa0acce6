// Followers: streams that tell of one object until it has come to its end: the wait for a run, a log that grows. One
// thread serves all of them, and sleeps while there are none. Any thread may call add() and stop().
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "web/api/readers.h"
#include "web/http/message.h"

namespace baton::api {

class Followers {
 public:
  /// Writes what there is to tell; false: that was the last. Called on the thread of this, which it must not hold up.
  using Step = std::function<bool(Reader&, http::StreamSink&)>;

  explicit Followers(Readers& readers) : readers_(readers) {}
  ~Followers() { stop(); }
  Followers(const Followers&) = delete;
  Followers& operator=(const Followers&) = delete;

  void add(http::StreamWriter writer, Step step);
  /// Ends every stream. Idempotent.
  void stop();

 private:
  struct Follower {
    http::StreamWriter writer;
    Step step;
  };
  void work();
  void step_all(std::vector<Follower>& all);

  Readers& readers_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Follower> new_;
  bool stops_ = false;
  std::thread thread_;
};

}  // namespace baton::api
