// ScriptedExecutor: an Executor whose attempts end as a test says, when it says. One worker, of as many slots as the test
// gives. Loop thread.
#pragma once

#include <functional>
#include <map>
#include <memory>

#include "scheduler/engine/executor.h"
#include "scheduler/engine/loop.h"
#include "scheduler/rehearsal/test_case.h"

namespace baton::rehearsal {

/// What an attempt comes to, with the content of $BATON_OUTPUT. Asked as it starts.
struct Ending {
  Outcome outcome;
  std::string output;
};

/// Hears when an attempt begins and when it ends, before the engine does.
class AttemptWatch {
 public:
  virtual ~AttemptWatch() = default;
  virtual void attempt_begins(AttemptKey key) = 0;
  virtual void attempt_ends(AttemptKey key) = 0;
};

class ScriptedExecutor final : public Executor {
 public:
  using Script = std::function<Ending(const LaunchSpec& spec)>;
  ScriptedExecutor(Loop& loop, Script script) : loop_(loop), script_(std::move(script)) {}

  /// The worker says that it is there, with `slots`.
  void connect(ExecutorEvents& events, std::int32_t slots);

  /// Outlives this.
  void watch(AttemptWatch* watch) { watch_ = watch; }

  void launch(LaunchSpec spec) override;
  void prepare(LaunchSpec spec) override;
  void release(AttemptKey key) override;
  void stop(AttemptKey key, DurationUs grace_us, bool kill_now) override;
  void acknowledge(AttemptKey key) override { attempts_.erase(key); }
  void flush() override {}

 private:
  struct Attempt {
    LaunchSpec spec;
    bool is_started = false, has_begun = false, has_ended = false;
    AttemptEnd end;            ///< as it will be
    Loop::TimerId timer = 0;   ///< of that; 0: none, or it has ended
  };
  void start(AttemptKey key);
  void end(AttemptKey key);

  Loop& loop_;
  Script script_;
  ExecutorEvents* events_ = nullptr;
  AttemptWatch* watch_ = nullptr;
  WorkerRef worker_ = std::make_shared<const Worker>(Worker{"local", "rehearsal", "here"});
  std::map<AttemptKey, Attempt> attempts_;
};

}  // namespace baton::rehearsal
