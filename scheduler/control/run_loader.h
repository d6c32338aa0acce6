// RunReadingThread: the RunLoader (scheduler/engine/run_loader.h) with a thread of its own, and whatever it reads with is
// that thread's: the loop never waits for a read, nor does the writer.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "scheduler/control/idempotency.h"
#include "scheduler/engine/loop.h"
#include "scheduler/engine/run_loader.h"

namespace baton {

class RunReadingThread final : public RunLoader, public KeyFinder {
 public:
  using Read = std::function<Result<LoadedRun>(RunNo, Moment)>;
  using ReadRow = std::function<Result<RunRow>(RunNo)>;
  using FindKey = std::function<Result<std::optional<IdempotencyRow>>(const IdempotencyKey&)>;
  /// The functions are called on the thread alone. What they return is posted to `loop`, which must outlive stop().
  /// Without `find_key` no key is known; without `read_row` no row of a run that `read` could not bring.
  RunReadingThread(Loop& loop, Read read, FindKey find_key = nullptr, ReadRow read_row = nullptr);
  ~RunReadingThread() override { stop(); }
  RunReadingThread(const RunReadingThread&) = delete;
  RunReadingThread& operator=(const RunReadingThread&) = delete;

  void load(RunNo run_no, Moment now, OnLoaded done) override;
  void load_row(RunNo run_no, OnRow done) override;
  void find(IdempotencyKey key, OnFound done) override;
  /// Ends the thread after the read that it is at. What was asked for and not read is never answered. Idempotent.
  void stop();

 private:
  using Wish = std::function<std::function<void()>()>;  ///< reads; what it returns is for the loop
  void want(Wish wish);
  void run();

  Loop& loop_;
  const Read read_;
  const FindKey find_key_;
  const ReadRow read_row_;
  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<Wish> wishes_;
  bool is_stopped_ = false;
  std::thread thread_;
};

}  // namespace baton
