// WorkerFolder: <state>/workers/<n>, which is one worker's alone while it holds the lock in it: `lock` (whose text is
// the holder's pid), `journal`, `sock`, `reports`. Owned by the agent; main thread.
#pragma once

#include <string>

#include "worker/journal.h"
#include "worker/posix.h"

namespace baton::worker {

class WorkerFolder {
 public:
  /// How taking one went.
  enum class Taken { kYes, kHeld, kFailed };  ///< kFailed: errno says why.

  /// Opens `path`, and takes the lock `lock_name` in it, if nobody holds it.
  [[nodiscard]] Taken take(const std::string& path, const char* lock_name = "lock");
  /// Waits for a holder that has no listening socket: the worker of a scheduler that is dead, which gives its tasks
  /// their grace. One that is frozen is killed. False if it takes a minute, or if the other end of `link_fd` goes
  /// meanwhile; at once without a link.
  [[nodiscard]] bool wait(int link_fd);

  /// A worker listens in it, or did before it died.
  [[nodiscard]] bool has_socket() const;
  [[nodiscard]] pid_t holder() const;
  /// Names us in the lock, for people and for the next worker; the lock itself does not need it.
  void write_holder() const;

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string journal_path() const { return path_ + "/journal"; }
  [[nodiscard]] std::string socket_path() const { return path_ + "/sock"; }
  [[nodiscard]] std::string report_folder() const { return path_ + "/reports"; }
  /// The identity of the folder's workers, the same at every start: BATON_WORKER of what they run.
  [[nodiscard]] std::string id() const;

 private:
  std::string path_;
  Fd folder_;
  Fd lock_;
};

[[nodiscard]] std::string worker_folder_path(const std::string& state_folder, int worker_no);

/// What workers of other folders of this state left when they died, and the one of the layout before there were
/// folders: their locks are taken, what they left running is killed, and their ends are added to `content`, so that one
/// worker answers for all. Workers that listen are left alone: a scheduler that wants them connects to them.
class Inheritance {
 public:
  /// False if one that stops its tasks did not end in time.
  [[nodiscard]] bool take(const std::string& state_folder, int own_no, int link_fd, JournalContent& content);
  /// `content` is in our own journal: the others' are emptied, that of the old layout is removed, the locks are freed.
  void settle();

 private:
  struct Left {
    WorkerFolder folder;
    std::string journal;
    WorkerRecord worker;
    bool is_old_layout = false;
  };
  [[nodiscard]] bool take_one(const std::string& path, bool is_old_layout, int link_fd, JournalContent& content);
  std::vector<Left> left_;
};

}  // namespace baton::worker
