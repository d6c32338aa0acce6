// Cgroups v2, as far as this host lets us: a folder of our own with one leaf per running attempt, used again when
// empty. A leaf says exactly when an attempt's process tree is gone and kills it as a whole, whatever its processes did
// to escape. Every failure only means less capability. Owned by the agent; main thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "worker/posix.h"
#include "worker/protocol/messages.h"

namespace baton::worker {

/// One leaf. Processes are put in at their creation (CLONE_INTO_CGROUP with dir_fd()).
class CgroupLeaf {
 public:
  /// Makes the folder; null if that fails.
  [[nodiscard]] static std::unique_ptr<CgroupLeaf> make(std::string path);
  CgroupLeaf(const CgroupLeaf&) = delete;
  CgroupLeaf& operator=(const CgroupLeaf&) = delete;
  ~CgroupLeaf();

  [[nodiscard]] int dir_fd() const { return dir_.get(); }
  /// Some process, not yet dead, is in the leaf or below it.
  [[nodiscard]] bool populated() const;
  /// SIGKILL to all of it. The leaf is spent afterwards: some kernels (6.18 is one) kill whatever is created later with
  /// CLONE_INTO_CGROUP in a cgroup that has seen cgroup.kill, because they compare its count of kills with the
  /// parent's.
  void kill_all();
  [[nodiscard]] bool spent() const { return spent_; }
  /// `signal` to each process that is in the leaf now.
  void signal_all(int signal) const;
  /// Sets what the controllers of this leaf can hold and lifts what is not asked for; true if all of it is enforced.
  [[nodiscard]] bool set_limits(const wire::Limits& limits);
  /// How many processes the kernel has killed here for memory, ever; 0 without the controller.
  [[nodiscard]] std::int64_t oom_kills() const;

 private:
  explicit CgroupLeaf(std::string path) : path_(std::move(path)) {}
  [[nodiscard]] bool write_control(const char* file, const std::string& value) const;

  std::string path_;
  Fd dir_;
  Fd events_;
  Fd kill_;
  bool spent_ = false;
  bool limited_ = false;  // Some limit file holds something else than "max".
};

/// The leaves of one worker.
class CgroupTree {
 public:
  /// Looks where cgroups v2 are mounted and makes "baton-<pid>" beside us. Never fails: see capabilities() and notes().
  /// `wanted` false: no cgroups at all, as on hosts that have none.
  explicit CgroupTree(bool wanted);
  ~CgroupTree();
  CgroupTree(const CgroupTree&) = delete;
  CgroupTree& operator=(const CgroupTree&) = delete;

  /// An empty leaf, or null where there are no cgroups.
  [[nodiscard]] std::unique_ptr<CgroupLeaf> acquire();
  /// Gives an empty leaf back, for the next attempt unless it is spent.
  void release(std::unique_ptr<CgroupLeaf> leaf);
  /// A process could not be created in a leaf: no more leaves are handed out.
  void disable(const std::string& reason);

  [[nodiscard]] std::uint32_t capabilities() const { return capabilities_; }
  [[nodiscard]] const std::string& notes() const { return notes_; }
  /// The folder above the leaves; empty without cgroups. For the journal.
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  void enable_controllers(const std::string& parent);
  void remove_abandoned(const std::string& parent) const;
  void note(const std::string& sentence);

  std::string path_;
  std::vector<std::unique_ptr<CgroupLeaf>> free_;
  std::uint32_t capabilities_ = 0;
  std::string notes_;
  int made_ = 0;
};

/// Kills what is left in the cgroup folder of a dead worker and removes it. For recovery at start.
void destroy_cgroup(const std::string& path);

/// Where cgroup v2 is mounted and we are in it, from the texts of /proc/self/mountinfo and /proc/self/cgroup; else
/// empty.
[[nodiscard]] std::string own_cgroup_folder(const std::string& mountinfo, const std::string& cgroup);

}  // namespace baton::worker
