#include "scheduler/control/run_loader.h"

#include <utility>

namespace baton {

RunReadingThread::RunReadingThread(Loop& loop, Read read) : loop_(loop), read_(std::move(read)) {}

void RunReadingThread::load(RunNo run_no, Moment now, OnLoaded done) {
  const std::lock_guard lock(mutex_);
  if (is_stopped_) return;
  wishes_.push_back({run_no, now, std::move(done)});
  ready_.notify_one();
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });  // most processes never read one
}

void RunReadingThread::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_stopped_ = true;
    ready_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

void RunReadingThread::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    ready_.wait(lock, [this] { return is_stopped_ || !wishes_.empty(); });
    if (is_stopped_) return;
    Wish wish = std::move(wishes_.front());
    wishes_.pop_front();
    lock.unlock();
    auto loaded = std::make_shared<Result<LoadedRun>>(read_(wish.run_no, wish.now));
    loop_.post([done = std::move(wish.done), loaded] { done(std::move(*loaded)); });
    lock.lock();
  }
}

}  // namespace baton
