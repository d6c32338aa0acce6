// Deliveries: what stands in the outbox goes to those it is for, at least once, under an id that stays the same. The rows
// are durable before anybody is told; that somebody was told is written afterwards, so that a server that dies in between
// tells it again.
//
//   due ──▶ on its way ──delivered──▶ written
//    ▲           └─────failed──▶ due later: 5 s, 10 s, … 10 min; given up a day after it happened
//    └───────────────────────────┘
//
// Four at a time, one for each target: a target that hangs holds up nobody else. Nothing here waits; who sends does so on
// threads of its own. Loop thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "scheduler/engine/loop.h"
#include "scheduler/engine/reader_views.h"
#include "scheduler/model/result.h"

namespace baton {

class DeliveryHost {
 public:
  virtual ~DeliveryHost() = default;
  using OnDue = std::function<void(const Result<std::vector<DeliveryView>>&)>;
  /// Off the loop; posts `done`. What is due by `now`, by when.
  virtual void find_due(WallUs now, std::int64_t limit, OnDue done) = 0;
  /// Off the loop; posts `done`. An Error: it was not taken, or nobody knows.
  virtual void send(const DeliveryView& what, std::function<void(const Status&)> done) = 0;
  virtual void write(ServiceRows rows, std::function<void()> done) = 0;
};

class Deliveries {
 public:
  Deliveries(Loop& loop, DeliveryHost& host) : loop_(loop), host_(host) {}
  ~Deliveries() { stop(); }
  Deliveries(const Deliveries&) = delete;
  Deliveries& operator=(const Deliveries&) = delete;

  /// Something may be due.
  void look();
  /// No more is sent. What is on its way is not heard any more: it is told again. Idempotent.
  void stop();
  [[nodiscard]] std::size_t in_flight() const { return flying_.size(); }

  static constexpr std::size_t kAtOnce = 4;
  static constexpr DurationUs kFirstDelay = 5 * kSecond, kLongestDelay = 10 * kMinute, kGivesUpAfter = kDay;

 private:
  void found(const Result<std::vector<DeliveryView>>& due);
  void sent(const DeliveryView& what, const Status& how);

  template <typename F>
  auto guarded(F f) {
    return [alive = is_alive_, f = std::move(f)](auto&&... args) {
      if (*alive) f(std::forward<decltype(args)>(args)...);
    };
  }

  Loop& loop_;
  DeliveryHost& host_;
  std::set<std::pair<std::int64_t, std::string>> flying_;  ///< on their way, or not written yet
  std::set<std::string> busy_;                             ///< targets that have one on its way
  bool is_reading_ = false, looks_again_ = false, is_stopped_ = false;
  std::shared_ptr<bool> is_alive_ = std::make_shared<bool>(true);
};

/// How long after its `tries`-th failure it is tried again: doubled each time.
[[nodiscard]] DurationUs delivery_delay(std::int32_t tries);

}  // namespace baton
