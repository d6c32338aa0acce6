// Rare<T>: a member that most of its owners leave as it is by default. It takes one pointer until somebody sets it, so
// that what is kept by the thousand (a TaskSpec of each task of each DAG) pays for what it says alone. A value like T:
// who edits a copy changes that copy only. Copies share what they hold until then, so what many say alike (the retries
// of `defaults`) is kept once. Reading never fails. Any thread may read, copy and drop; one at a time may edit.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace baton {

template <typename T>
class Rare {
 public:
  Rare() = default;
  Rare(T value) : held_(new Held(std::move(value))) {}  // NOLINT(google-explicit-constructor): it is a T
  Rare(const Rare& other) : held_(other.held_) {
    if (held_ != nullptr) held_->owners.fetch_add(1, std::memory_order_relaxed);
  }
  Rare(Rare&& other) noexcept : held_(std::exchange(other.held_, nullptr)) {}
  Rare& operator=(Rare other) noexcept {
    std::swap(held_, other.held_);
    return *this;
  }
  ~Rare() { reset(); }

  /// What it says; the default of T, one for all, where nobody has set it. Valid until it is edited, assigned or reset.
  [[nodiscard]] const T& get() const { return held_ != nullptr ? held_->value : unset(); }
  const T& operator*() const { return get(); }
  const T* operator->() const { return &get(); }
  operator const T&() const { return get(); }  // NOLINT(google-explicit-constructor): it is a T

  /// To change it: a T of its own from now on, also where that says no more than the default.
  T& edit() {
    if (held_ == nullptr) {
      held_ = new Held(T{});
    } else if (held_->owners.load(std::memory_order_acquire) > 1) {
      *this = Rare(held_->value);
    }
    return held_->value;
  }
  /// Whether it has been set or edited, and not reset since.
  [[nodiscard]] bool has_value() const { return held_ != nullptr; }
  explicit operator bool() const { return has_value(); }
  void reset() {
    Held* const held = std::exchange(held_, nullptr);
    if (held != nullptr && held->owners.fetch_sub(1, std::memory_order_acq_rel) == 1) delete held;
  }

  // Of lists and texts.
  [[nodiscard]] auto begin() const { return get().begin(); }
  [[nodiscard]] auto end() const { return get().end(); }
  [[nodiscard]] bool empty() const { return get().empty(); }

  friend bool operator==(const Rare& a, const Rare& b) { return a.held_ == b.held_ || a.get() == b.get(); }

 private:
  struct Held {
    explicit Held(T v) : value(std::move(v)) {}
    T value;
    std::atomic<std::uint32_t> owners = 1;
  };
  static const T& unset() {
    static const T value{};
    return value;
  }
  Held* held_ = nullptr;
};

}  // namespace baton
