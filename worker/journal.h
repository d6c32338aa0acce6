// Journal: which attempts this worker began and how they ended, so that the next worker on the same state folder can
// say so. Appended without fsync: it serves the death of processes, and after a reboot all of them are dead anyway.
// Records are length, CRC-32C, payload; reading stops at the first that is torn. Holds no secret. Main thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "worker/posix.h"
#include "worker/protocol/messages.h"

namespace baton::worker {

/// An attempt that began. `start_ticks` is the floor of its start in clock ticks since boot, one too low at most.
struct Begun {
  wire::AttemptKey key;
  std::int32_t pid = 0;
  std::int64_t start_ticks = 0;
  std::int64_t started_at_us = 0;
  std::string output_path;
  friend bool operator==(const Begun&, const Begun&) = default;
};

/// An end that the scheduler has not acknowledged.
struct Reported {
  wire::Ended ended;
  std::string output_path;
};

/// The worker that wrote a journal.
struct WorkerRecord {
  std::int64_t epoch = 0;
  std::int32_t pid = 0;
  std::string boot_id;
  std::string cgroup;  ///< The folder above its leaves; empty if it had none.
};

/// What a journal says.
struct JournalContent {
  WorkerRecord worker;
  std::vector<Begun> live;
  std::vector<Reported> ended;
  std::int64_t scheduler_epoch = 0;  ///< The highest of those that this worker, or one before it, has heard.
  bool closed = true;  ///< The worker went in good order, with nothing left alive (true also for an empty journal).
};

/// Reads as many whole records as there are. Total: any bytes give some content.
[[nodiscard]] JournalContent replay_journal(std::string_view bytes);

/// The same of a file; empty where there is none.
[[nodiscard]] JournalContent read_journal(const std::string& path);

class Journal {
 public:
  /// Starts a new journal at `path` with `content` as its first records; the old file is replaced at once or not at
  /// all.
  [[nodiscard]] bool start(std::string path, const JournalContent& content);

  /// A scheduler of a higher epoch has come: whoever takes the folder next refuses those below it.
  void scheduler(std::int64_t epoch);
  void begin(const Begun& begun);
  void end(const Reported& reported);
  void ack(const wire::AttemptKey& key);
  void closed();

  /// One write for everything since the last call. What cannot be written now (disk full) is kept up to a limit and
  /// tried again; beyond it records are dropped, which costs a later worker its memory of them, nothing else.
  void flush();

  /// Large enough that start() with what still counts is worth it.
  [[nodiscard]] bool wants_rewrite() const { return size_bytes_ >= rewrite_bytes_; }

 private:
  std::string path_;
  Fd file_;
  std::string pending_;
  std::int64_t size_bytes_ = 0;
  std::int64_t rewrite_bytes_ = 0;
};

}  // namespace baton::worker
