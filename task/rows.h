// What statements gave: rows up to a bound, counts, the first value. Fed by the databases, told as outputs. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "scheduler/model/result.h"
#include "scheduler/model/value.h"
#include "task/spec.h"

namespace baton::task {

inline constexpr std::int64_t kRowsMax = 10'000;

class Rows {
 public:
  explicit Rows(const Wanted& wanted) : wanted_(wanted) {}

  /// A statement that gives rows begins: what an earlier one gave is forgotten. Two columns of one name get numbers.
  void begin(std::vector<std::string> columns);
  void add(ValueList row);
  void changed(std::int64_t rows) { changes_ += rows; }

  [[nodiscard]] std::int64_t count() const { return count_; }
  [[nodiscard]] std::int64_t changes() const { return changes_; }
  /// Those that are declared; an error where there are more rows than an output may hold.
  [[nodiscard]] Result<ValueMap> outputs() const;

 private:
  const Wanted& wanted_;
  std::vector<std::string> columns_;
  ValueList rows_;
  Value first_;
  std::int64_t count_ = 0, changes_ = 0;
};

}  // namespace baton::task
