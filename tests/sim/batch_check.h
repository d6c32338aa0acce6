// BatchCheck: what a store says of a batch before any of it is written: which parts are struck because what they would
// make exists, and whether a row is not as the writer left it, which fences all of it. Lives for one batch.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "scheduler/engine/batch.h"

namespace baton::sim {

struct DiskRun;

/// Names that belong to one run or one request each.
struct TakenNames {
  std::map<std::pair<std::string, std::string>, RunNo> run_ids;     ///< by DAG and run id
  std::map<std::pair<std::string, WallUs>, RunNo> dates;            ///< by DAG and logical date, inner ones too
  std::set<std::tuple<std::string, std::string, std::string>> keys; ///< principal, route, key

  void take(const RunCreation& creation);
  void take(const IdempotencyRow& row) { keys.emplace(row.principal, row.route, row.key); }
};

class BatchCheck {
 public:
  BatchCheck(const std::map<RunNo, DiskRun>& runs, const TakenNames& taken) : runs_(runs), taken_(taken) {}

  /// By part; none: the batch is fenced.
  std::optional<std::vector<PartVerdict>> judge(const Batch& batch);
  /// Which promise the fenced batch breaks, and how.
  [[nodiscard]] const std::string& invariant() const { return invariant_; }
  [[nodiscard]] const std::string& why() const { return why_; }

 private:
  [[nodiscard]] PartVerdict meets(const Part& part) const;
  bool fits(const Part& part);
  bool fits(const RunCreation& creation);
  bool fits_new(const TaskRow& row);
  bool fits(const TaskRow& row);
  bool fits(const TryRow& row);
  std::vector<Epoch>* epochs_of(RunNo run_no);
  bool fence(const char* invariant, std::string why);

  const std::map<RunNo, DiskRun>& runs_;
  const TakenNames& taken_;
  TakenNames added_;                              ///< by earlier parts
  std::map<RunNo, std::vector<Epoch>> epochs_;    ///< by instance, of the runs that the batch speaks of
  std::set<std::tuple<RunNo, InstanceNo, Epoch>> tries_;
  std::string invariant_, why_;
};

}  // namespace baton::sim
