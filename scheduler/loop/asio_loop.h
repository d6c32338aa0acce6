// AsioLoop: the Loop of the real program, over one io_context. Whoever calls run() is the loop thread. Other files of
// the process reach Asio through context(), so that sockets and signals share the thread.
#pragma once

#include <functional>
#include <memory>

#include "scheduler/engine/loop.h"

namespace boost::asio {
class io_context;
}

namespace baton {

class AsioLoop final : public Loop {
 public:
  AsioLoop();
  ~AsioLoop() override;
  AsioLoop(const AsioLoop&) = delete;
  AsioLoop& operator=(const AsioLoop&) = delete;

  /// Runs until stop(). The calling thread is the loop thread.
  void run();
  /// Ends run() after the handler that runs now. Any thread.
  void stop();

  [[nodiscard]] boost::asio::io_context& context();

  [[nodiscard]] WallUs wall_now() const override;
  [[nodiscard]] MonoUs mono_now() const override;
  [[nodiscard]] std::uint64_t random() override;
  void post(std::function<void()> f) override;
  TimerId call_at(MonoUs at, std::function<void()> f) override;
  void cancel(TimerId id) override;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace baton
