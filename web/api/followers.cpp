#include "web/api/followers.h"

#include <chrono>
#include <iterator>
#include <utility>

namespace baton::api {

namespace {

/// How long something new may be untold.
constexpr auto kPause = std::chrono::milliseconds(200);

}  // namespace

void Followers::add(http::StreamWriter writer, Step step) {
  const std::lock_guard lock(mutex_);
  if (stops_) return writer->close();
  new_.push_back({std::move(writer), std::move(step)});
  if (!thread_.joinable()) thread_ = std::thread([this] { work(); });
  changed_.notify_one();
}

void Followers::stop() {
  {
    const std::lock_guard lock(mutex_);
    stops_ = true;
    changed_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

void Followers::work() {
  std::vector<Follower> all;
  std::unique_lock lock(mutex_);
  while (!stops_) {
    if (all.empty()) {
      changed_.wait(lock, [this] { return stops_ || !new_.empty(); });
    } else {
      changed_.wait_for(lock, kPause, [this] { return stops_; });
    }
    std::move(new_.begin(), new_.end(), std::back_inserter(all));
    new_.clear();
    lock.unlock();
    step_all(all);
    lock.lock();
  }
  for (const Follower& one : all) one.writer->close();
  for (const Follower& one : new_) one.writer->close();
}

void Followers::step_all(std::vector<Follower>& all) {
  auto reader = readers_.take();
  if (!reader) return;  // they are told later
  std::erase_if(all, [&](Follower& one) {
    if (one.writer->is_open() && one.step(**reader, *one.writer)) return false;
    one.writer->close();
    return true;
  });
}

}  // namespace baton::api
