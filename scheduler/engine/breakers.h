// Breakers: all circuit breakers of a state folder, by name. Their names are global: what baton.yaml says of one goes
// before what DAGs say, and among DAGs the first that has said something stays. A name that nobody has declared stands
// before nothing. Pure. Owned by the engine. Loop thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "scheduler/engine/breaker.h"
#include "scheduler/engine/service_rows.h"
#include "scheduler/model/result.h"

namespace baton {

/// What a person wants of a breaker.
struct BreakerWish {
  enum class Kind : std::uint8_t { trip, reset };
  Kind kind = Kind::trip;
  DurationUs span_us = 0;  ///< trip: it lets probes through after that; 0: not before it is reset
  std::string why, actor;
};

class Breakers {
 public:
  using Names = std::vector<std::string>;

  /// One as it was left, before anything else. What is declared of it in this process takes the place of what its row says.
  void restore(const BreakerRow& row, Moment now);
  /// `by`: the DAG that says so; empty: baton.yaml.
  void declare(const BreakerSpec& spec, const std::string& by, DeclaredBy how = DeclaredBy::file);

  /// An attempt of a task that names these starts, lives on from an earlier scheduler, or is over.
  void begin(AttemptKey key, const Names& names);
  void recover(AttemptKey key, const Names& names);
  /// What it was to each breaker is asked of `result`: not every breaker counts every failure.
  void end(AttemptKey key, const Names& names, const std::function<CallResult(const BreakerSpec&)>& result,
           const std::string& cause, Moment now);
  /// Those whose cooldown has passed.
  void wake(Moment now);
  /// When wake() has something to do; none: never by itself.
  [[nodiscard]] std::optional<MonoUs> due() const;
  /// not_found: nobody has declared it; the message names one that is near.
  Status change(const std::string& name, const BreakerWish& wish, Moment now);

  [[nodiscard]] const Breaker* find(std::string_view name) const;
  /// Calls `each` with every one, by name.
  void each(const std::function<void(const std::string& name, const Breaker& breaker)>& each) const;

  /// Calls `each` with those that may let through more or fewer than at the last call, and how many.
  void take_moved(const std::function<void(const std::string& name, std::int32_t permits)>& each);
  /// What must be written of them.
  void take_rows(ServiceRows& rows, Moment now);
  /// Of one of them alone.
  void take_rows_of(const std::string& name, ServiceRows& rows, Moment now);
  [[nodiscard]] bool has_rows() const { return !unwritten_.empty(); }

 private:
  struct Entry {
    Breaker breaker;
    std::string by;
    bool is_declared = false;  ///< in this process
  };
  Entry* entry(const std::string& name);
  void note(const std::string& name);

  std::map<std::string, Entry, std::less<>> all_;
  std::set<std::string> moved_, unwritten_;
};

}  // namespace baton
