// WriteQueue: what the loop hands to the writer's thread, in order. Bounded. Any thread may push; one thread takes.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <variant>
#include <vector>

#include "scheduler/engine/store.h"

namespace baton::sqlite {

struct QueuedCommit {
  Batch batch;
  Store::CommitDone done;
  std::uint64_t generation = 0;  ///< see SqliteStore: all of a generation that saw a full disk are rolled back
};
/// A read or a piece of maintenance, between two transactions.
struct QueuedTask {
  std::function<void()> run;
};
using QueuedItem = std::variant<QueuedCommit, QueuedTask>;

class WriteQueue {
 public:
  explicit WriteQueue(std::size_t depth_max) : depth_max_(depth_max) {}

  /// False, and `item` untouched, when the queue is full or closed. Tasks pass the limit: who pushes one waits for it.
  bool push(QueuedItem& item) {
    const std::lock_guard lock(mutex_);
    const bool is_task = std::holds_alternative<QueuedTask>(item);
    if (is_closed_ || (!is_task && items_.size() >= depth_max_)) return false;
    items_.push_back(std::move(item));
    if (items_.size() == 1) ready_.notify_one();
    return true;
  }

  /// Waits for items and takes all. Empty: closed and drained, or nothing came within `idle` (zero: waits for ever).
  std::vector<QueuedItem> take(std::chrono::milliseconds idle) {
    std::unique_lock lock(mutex_);
    const auto has_something = [this] { return !items_.empty() || is_closed_; };
    if (idle.count() == 0) {
      ready_.wait(lock, has_something);
    } else {
      ready_.wait_for(lock, idle, has_something);
    }
    return std::exchange(items_, {});
  }

  void close() {
    const std::lock_guard lock(mutex_);
    is_closed_ = true;
    ready_.notify_one();
  }
  [[nodiscard]] bool is_closed() const {
    const std::lock_guard lock(mutex_);
    return is_closed_;
  }

 private:
  const std::size_t depth_max_;
  mutable std::mutex mutex_;
  std::condition_variable ready_;
  std::vector<QueuedItem> items_;
  bool is_closed_ = false;
};

}  // namespace baton::sqlite
