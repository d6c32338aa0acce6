// FairQueue: whose turn it is among those that wait for one thing: a slot, a pool, a limit, a breaker (docs/decisions,
// fair shares; docs/INVARIANTS.md, INV-15). First by priority; within one, DAGs take turns by their weights; of one DAG
// who has waited hours longer, then who has the longer path ahead, then who came first. The order is total, and stands
// still until somebody is granted what is waited for: who asks twice gets one answer.
//
// Shares are earliest eligible virtual deadline first. Each grant moves the virtual time on by 1/W, W being the weight of
// all DAGs that wait. A DAG's next turn is due within 1/weight from where its last one was; of those whose time has come
// the earliest deadline goes first, so that nobody is ever a whole turn from its share, before or behind. Who comes back
// begins at the present: what it did not use is not saved up.
//
// A priority rises with age: whoever was offered an hour of the clock earlier stands one level higher, and lifts its
// priority with it until it is granted. Pure. Owned by Admission. Loop thread.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "scheduler/model/attempt_key.h"
#include "scheduler/model/time.h"

namespace baton {

struct Door;

/// What a DAG may have of what others want too. Whoever queues its tasks outlives the queue.
struct Share {
  std::string dag_id;
  std::int32_t weight = 1;
};

/// A task instance that offers itself.
struct Candidate {
  RunNo run_no = 0;
  InstanceNo instance = -1;
  std::int32_t priority = 0;
  std::int64_t path_us = 0;      ///< critical path from here to the end of the run
  MonoUs since = 0;              ///< from when on it has waited
  const Share* share = nullptr;  ///< its DAG's; null: that of all who have none
  // given by Admission::offer()
  std::uint64_t age = 0;         ///< smaller is older
  std::int32_t hour = 0;         ///< that of `since`
  Door* stands_at = nullptr;     ///< it is called from there, and stands there until it has been looked at
};

struct Waiter {
  Candidate candidate;
  std::int32_t amount = 1;  ///< of what it waits for
};

class FairQueue {
 public:
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::size_t size() const { return size_; }
  /// Whose turn it is; somebody waits.
  [[nodiscard]] const Waiter& front();
  /// Whether this one, which does not wait here, would go before all that do.
  [[nodiscard]] bool would_be_first(const Candidate& c);

  void push(const Candidate& c, std::int32_t amount = 1);
  /// It waits here no longer, and has got nothing.
  void erase(const Candidate& c);
  /// It gets what is waited for here, whether it has waited or not: its DAG has had a turn.
  void grant(const Candidate& c, bool waits_here);
  /// Takes out all, in no order.
  void drain(const std::function<void(const Candidate&)>& each);

 private:
  static constexpr std::int64_t kTurn = std::int64_t{720'720} * 64;  ///< virtual time of a turn; 720720 = lcm(1 … 16)

  struct WithinDag {
    bool operator()(const Waiter& a, const Waiter& b) const {
      if (a.candidate.hour != b.candidate.hour) return a.candidate.hour < b.candidate.hour;
      if (a.candidate.path_us != b.candidate.path_us) return a.candidate.path_us > b.candidate.path_us;
      return a.candidate.age < b.candidate.age;
    }
  };
  /// What of one DAG waits in one priority.
  struct Flow {
    const Share* share = nullptr;
    std::int32_t weight = 1;  ///< as its share said when it began to wait: what is sorted does not change
    std::int64_t start = 0;   ///< virtual time from which its next turn is due
    bool is_eligible = false;
    std::set<Waiter, WithinDag> waiting;

    [[nodiscard]] std::int64_t deadline() const { return start + kTurn / weight; }
  };
  /// One priority.
  struct Level {
    std::int64_t now = 0;     ///< its virtual time
    std::int64_t weight = 0;  ///< of the DAGs that wait
    std::size_t size = 0;
    std::int32_t oldest = std::numeric_limits<std::int32_t>::max();  ///< hour; see Level rises below
    std::map<const Share*, Flow> flows;
    std::vector<Flow*> eligible, later;  ///< that wait; by deadline, by start
    std::vector<std::pair<std::int32_t, std::size_t>> hours;  ///< when those that wait were offered, ascending
  };

  static bool by_deadline(const Flow* a, const Flow* b);
  static bool by_start(const Flow* a, const Flow* b);
  static void place(Level& level, Flow& flow);
  static void unplace(Level& level, Flow& flow);
  static Flow& first_of(Level& level);
  static Flow& begin_waiting(Level& level, const Candidate& c);
  static void count_hour(Level& level, std::int32_t hour);
  static void forget_hour(Level& level, std::int32_t hour);
  static void forget_idle(Level& level);
  void take_out(Level& level, Flow& flow, const Candidate& c);

  std::size_t size_ = 0;
  std::map<std::int32_t, Level, std::greater<>> levels_;
};

}  // namespace baton
