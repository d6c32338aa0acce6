// WorkerPeer: one worker at the other end of a stream: its frames, without blocking, and what is known of it. Owned by
// WorkerLink, which decides; loop thread.
#pragma once

#include <array>
#include <boost/asio/local/stream_protocol.hpp>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "scheduler/engine/worker.h"
#include "scheduler/executor/local/worker_process.h"
#include "scheduler/model/attempt_key.h"
#include "worker/protocol/frames.h"

namespace baton {

class WorkerPeer;

/// Who hears what a peer says.
class PeerListener {
 public:
  virtual ~PeerListener() = default;
  virtual void heard(WorkerPeer& peer, wire::FromWorker message) = 0;
  /// The stream has ended; the process may still live.
  virtual void broke(WorkerPeer& peer, const std::string& why) = 0;
};

class WorkerPeer : public std::enable_shared_from_this<WorkerPeer> {
 public:
  WorkerPeer(AsioLoop& loop, PeerListener& listener, WorkerRef worker, int no, WorkerConnection connection);

  /// Begins to read; heard() and broke() come from here on, from the loop.
  void listen();
  /// Adds to what the next flush() writes. False: it is longer than a frame may be.
  template <typename Message>
  [[nodiscard]] bool send(const Message& message) {
    return wire::append_frame(out_, message);
  }
  void flush();
  /// Writes what is unsent and ends our direction, blocking for a second at most: the last words of a scheduler.
  void say_last();
  /// No more is heard of this stream.
  void close();

  [[nodiscard]] const WorkerRef& worker() const { return worker_; }
  [[nodiscard]] int no() const { return no_; }
  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] MonoUs heard_at() const { return heard_at_; }

  // What WorkerLink knows of it.
  std::string worker_id;             ///< empty before its hello
  bool is_ours = false;              ///< started by this process, so of its build, whatever stands between
  bool is_greeted = false;
  int inventories_due = 0;           ///< one for each hello; only the last one asked for counts
  std::vector<AttemptKey> live;      ///< gathered from its inventory until that is complete
  bool is_gone = false;              ///< dead, or on its way there; it stands here until another one is in its place
  bool drains = false;               ///< of another build, or not needed: gets no launches, and ends when it has nothing
  bool is_dismissed = false;         ///< it was told to end
  /// Whether it may be sent what concerns attempts: it has said what it holds, and answers.
  [[nodiscard]] bool is_ready() const { return is_greeted && inventories_due == 0 && !is_gone && !silence_told; }
  std::set<AttemptKey> holds;        ///< where it drains: live, or ended and not acknowledged
  DurationUs silent_us = 0;          ///< of this loop's awake time
  bool silence_told = false;

 private:
  void read();

  AsioLoop& loop_;
  PeerListener& listener_;
  const WorkerRef worker_;
  const int no_;
  const pid_t pid_;
  boost::asio::local::stream_protocol::socket socket_;
  MonoUs heard_at_ = 0;
  wire::FrameReader frames_;
  std::array<char, 64 * 1024> buffer_{};
  std::string out_, writing_;
};

}  // namespace baton
