#include "scheduler/control/run_loader.h"

#include <memory>
#include <utility>

namespace baton {

RunReadingThread::RunReadingThread(Loop& loop, Read read, FindKey find_key, ReadRow read_row)
    : loop_(loop), read_(std::move(read)), find_key_(std::move(find_key)), read_row_(std::move(read_row)) {}

void RunReadingThread::load(RunNo run_no, Moment now, OnLoaded done) {
  want([this, run_no, now, done = std::move(done)]() -> std::function<void()> {
    auto loaded = std::make_shared<Result<LoadedRun>>(read_(run_no, now));
    return [done, loaded] { done(std::move(*loaded)); };
  });
}

void RunReadingThread::load_row(RunNo run_no, OnRow done) {
  if (!read_row_) return RunLoader::load_row(run_no, std::move(done));
  want([this, run_no, done = std::move(done)]() -> std::function<void()> {
    return [done, row = read_row_(run_no)] { done(row); };
  });
}

void RunReadingThread::find(IdempotencyKey key, OnFound done) {
  want([this, key = std::move(key), done = std::move(done)]() -> std::function<void()> {
    Result<std::optional<IdempotencyRow>> found = std::optional<IdempotencyRow>();
    if (find_key_) found = find_key_(key);
    return [done, found] { done(found); };
  });
}

void RunReadingThread::want(Wish wish) {
  const std::lock_guard lock(mutex_);
  if (is_stopped_) return;
  wishes_.push_back(std::move(wish));
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
    loop_.post(wish());
    lock.lock();
  }
}

}  // namespace baton
