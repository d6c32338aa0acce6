// WriteQueue: what the loop hands to the writer's thread, in order. Bounded. Any thread may push; one thread waits, and
// takes while it holds the writer.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <utility>
#include <variant>
#include <vector>

#include "scheduler/engine/store.h"

namespace baton::sqlite {

struct QueuedCommit {
  Batch batch;
  Store::OnCommitted done;
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

  /// Waits until there is something, the queue is closed, wake() is called, or `idle` is over (zero: it never is).
  void wait(std::chrono::milliseconds idle) {
    std::unique_lock lock(mutex_);
    const auto has_something = [this] { return !items_.empty() || is_closed_ || std::exchange(is_woken_, false); };
    if (idle.count() == 0) {
      ready_.wait(lock, has_something);
    } else {
      ready_.wait_for(lock, idle, has_something);
    }
  }
  /// Ends a wait() with nothing to take.
  void wake() {
    const std::lock_guard lock(mutex_);
    is_woken_ = true;
    ready_.notify_one();
  }

  /// All that is there now.
  std::vector<QueuedItem> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(items_, {});
  }
  [[nodiscard]] bool is_empty() const {
    const std::lock_guard lock(mutex_);
    return items_.empty();
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
  bool is_woken_ = false;
};

}  // namespace baton::sqlite
