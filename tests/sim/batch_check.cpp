#include "tests/sim/batch_check.h"

#include <fmt/format.h>

#include <algorithm>

#include "tests/sim/disk.h"

namespace baton::sim {

void TakenNames::take(const RunCreation& creation) {
  const RunRow& run = creation.run;
  run_ids[{run.dag_id, run.run_id}] = run.run_no;
  if (run.logical_date != kNoTime) dates[{run.dag_id, run.logical_date}] = run.run_no;
  for (const WallUs date : creation.inner_dates) dates[{run.dag_id, date}] = run.run_no;
}

std::optional<std::vector<PartVerdict>> BatchCheck::judge(const Batch& batch) {
  std::vector<PartVerdict> verdicts;
  for (const Part& part : batch.parts) {
    verdicts.push_back(meets(part));
    if (verdicts.back().is_done() && !fits(part)) return std::nullopt;
  }
  return verdicts;
}

/// What exists already of what a part would make.
PartVerdict BatchCheck::meets(const Part& part) const {
  for (const IdempotencyRow& row : part.idempotency) {
    const auto key = std::make_tuple(row.principal, row.route, row.key);
    if (taken_.keys.contains(key) || added_.keys.contains(key)) return {PartVerdict::Exists::idempotency_key, 0};
  }
  for (const RunCreation& creation : part.creations) {
    const RunRow& run = creation.run;
    for (const TakenNames* names : {&taken_, &added_}) {
      const auto at = names->run_ids.find({run.dag_id, run.run_id});
      if (at != names->run_ids.end()) return {PartVerdict::Exists::run_id, at->second};
    }
    std::vector<WallUs> dates = creation.inner_dates;
    if (run.logical_date != kNoTime) dates.push_back(run.logical_date);
    for (const WallUs date : dates) {
      for (const TakenNames* names : {&taken_, &added_}) {
        const auto at = names->dates.find({run.dag_id, date});
        if (at != names->dates.end()) return {PartVerdict::Exists::logical_date, at->second};
      }
    }
  }
  return {};
}

bool BatchCheck::fence(const char* invariant, std::string why) {
  invariant_ = invariant;
  why_ = std::move(why);
  return false;
}

std::vector<Epoch>* BatchCheck::epochs_of(RunNo run_no) {
  if (const auto known = epochs_.find(run_no); known != epochs_.end()) return &known->second;
  const auto at = runs_.find(run_no);
  if (at == runs_.end()) return nullptr;
  std::vector<Epoch>& epochs = epochs_[run_no];
  for (const TaskRow& row : at->second.instances) epochs.push_back(row.epoch);
  return &epochs;
}

/// In the order in which a part is written: a later row sees what an earlier one has made.
bool BatchCheck::fits(const Part& part) {
  for (const IdempotencyRow& row : part.idempotency) added_.take(row);
  const auto is_there = [this](RunNo run_no) {
    return epochs_of(run_no) != nullptr ||
           fence("INV-02", fmt::format("run {} is changed and is not there", run_no));
  };
  return std::ranges::all_of(part.creations, [this](const RunCreation& c) { return fits(c); }) &&
         std::ranges::all_of(part.reversions, [&](const RunCreation& r) { return is_there(r.run.run_no); }) &&
         std::ranges::all_of(part.new_instances, [this](const TaskRow& row) { return fits_new(row); }) &&
         std::ranges::all_of(part.instances, [this](const TaskRow& row) { return fits(row); }) &&
         std::ranges::all_of(part.tries, [this](const TryRow& row) { return fits(row); }) &&
         std::ranges::all_of(part.runs, [&](const RunRow& row) { return is_there(row.run_no); });
}

/// A number that is taken is no answer to the one who asked: that fences.
bool BatchCheck::fits(const RunCreation& creation) {
  const RunNo run_no = creation.run.run_no;
  if (epochs_of(run_no) != nullptr) return fence("INV-02", fmt::format("run {} is made a second time", run_no));
  const bool has_begun = creation.run.begun_at != kNoTime;
  epochs_[run_no].assign(has_begun ? creation.dag->tasks.size() : 0, 0);
  added_.take(creation);
  return true;
}

bool BatchCheck::fits_new(const TaskRow& row) {
  std::vector<Epoch>* epochs = epochs_of(row.run_no);
  if (epochs == nullptr || static_cast<std::size_t>(row.instance_no) != epochs->size()) {
    return fence("INV-02", fmt::format("instance {} of run {} is out of order", row.instance_no, row.run_no));
  }
  epochs->push_back(row.epoch);
  return true;
}

bool BatchCheck::fits(const TaskRow& row) {
  std::vector<Epoch>* epochs = epochs_of(row.run_no);
  const auto i = static_cast<std::size_t>(row.instance_no);
  if (epochs == nullptr || i >= epochs->size()) {
    return fence("INV-02", fmt::format("a row of instance {}/{}, which is not there", row.run_no, row.instance_no));
  }
  if (row.epoch < (*epochs)[i]) {
    return fence("INV-04", fmt::format("{}/{}: its epoch goes from {} back to {}", row.run_no, row.instance_no,
                                       (*epochs)[i], row.epoch));
  }
  (*epochs)[i] = row.epoch;
  return true;
}

bool BatchCheck::fits(const TryRow& row) {
  const std::vector<Epoch>* epochs = epochs_of(row.run_no);
  if (epochs == nullptr || static_cast<std::size_t>(row.instance_no) >= epochs->size()) {
    return fence("INV-02", fmt::format("a try of instance {}/{}, which is not there", row.run_no, row.instance_no));
  }
  const auto run = runs_.find(row.run_no);
  const bool is_second = run != runs_.end() && run->second.tries.contains({row.instance_no, row.epoch});
  if (is_second || !tries_.emplace(row.run_no, row.instance_no, row.epoch).second) {
    return fence("INV-04", fmt::format("{}/{}: a second result for epoch {}", row.run_no, row.instance_no, row.epoch));
  }
  return true;
}

}  // namespace baton::sim
