// Mirror: a real SqliteStore in memory beside the simulated disk: it gets every batch that the disk gets, must answer
// the same, and is what recovery reads. It outlives the simulated schedulers, as a file does. One per day that has one.
#pragma once

#include <deque>
#include <memory>
#include <string>

#include "scheduler/store/sqlite_store.h"
#include "tests/sim/sim_loop.h"

namespace baton::sim {

struct DiskRun;

class Mirror {
 public:
  explicit Mirror(const SimLoop& time);
  ~Mirror();

  CommitDone apply(const Batch& batch);
  [[nodiscard]] Store& store() { return *store_; }
  [[nodiscard]] ServiceStore& service() { return *store_; }
  /// Runs what the store has posted: its answers.
  void drain() { loop_.drain(); }
  /// What differs between the rows of `run` here and there; empty: nothing.
  [[nodiscard]] std::string difference(const DiskRun& run);

 private:
  /// Time comes from the simulation; posted calls run when they are asked to.
  class HandLoop final : public Loop {
   public:
    explicit HandLoop(const SimLoop& time) : time_(time) {}
    [[nodiscard]] WallUs wall_now() const override { return time_.wall(); }
    [[nodiscard]] MonoUs mono_now() const override { return time_.now(); }
    [[nodiscard]] std::uint64_t random() override { return ++random_; }
    void post(std::function<void()> f) override { posted_.push_back(std::move(f)); }
    TimerId call_at(MonoUs, std::function<void()>) override { return 0; }
    void cancel(TimerId) override {}
    void drain();

   private:
    const SimLoop& time_;
    std::uint64_t random_ = 0;
    std::deque<std::function<void()>> posted_;
  };

  HandLoop loop_;
  std::unique_ptr<SqliteStore> store_;
};

}  // namespace baton::sim
