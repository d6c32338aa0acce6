// Locks: names of what is being changed under a condition that was looked at beforehand: an object with If-Match, one
// that must not be there yet, a key of a request. Who comes second meanwhile is refused rather than kept waiting: what
// it looked at is about to be past. Any thread.
#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace baton::api {

class Locks {
 public:
  /// Held until the last copy of what this gives is gone; null: somebody holds it. Outlived by this.
  std::shared_ptr<void> take(const std::string& name) {
    const std::lock_guard guard(mutex_);
    if (!names_.insert(name).second) return nullptr;
    return {static_cast<void*>(this), [this, name](void*) {
              const std::lock_guard release(mutex_);
              names_.erase(name);
            }};
  }

 private:
  std::mutex mutex_;
  std::set<std::string> names_;
};

/// What one request keeps from others. Let go before its answer leaves: who has read the answer may ask the next thing
/// at once, and must not meet the locks of a request that is over. Any thread.
class Held {
 public:
  void keep(const std::string& name, std::shared_ptr<void> lock) {
    const std::lock_guard guard(mutex_);
    names_.insert(name);
    locks_.push_back(std::move(lock));
  }
  /// Whether this request holds it itself: an earlier action of it keeps nobody from a later one.
  [[nodiscard]] bool has(const std::string& name) {
    const std::lock_guard guard(mutex_);
    return names_.contains(name);
  }
  void let_go() {
    std::vector<std::shared_ptr<void>> locks;
    const std::lock_guard guard(mutex_);
    names_.clear();
    locks.swap(locks_);
  }

 private:
  std::mutex mutex_;
  std::set<std::string> names_;
  std::vector<std::shared_ptr<void>> locks_;
};

}  // namespace baton::api
