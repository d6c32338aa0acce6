// BackupsOnDisk: what the backups of a server stand on: its database, over a read-only connection of each copy's own,
// and the folder for the copies. On a thread of its own: neither the loop nor the writer waits. Loop thread; it
// outlives the service.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "scheduler/service/backups.h"
#include "scheduler/service/loader_thread.h"

namespace baton {

/// A whole, synced copy of the database of a state folder at `path`, of one instant, and looked at. storage: it could
/// not be made or is not whole; none is left then. Any thread.
Status back_up_folder(const std::string& state_folder, const std::string& path);

class BackupsOnDisk final : public BackupHost {
 public:
  BackupsOnDisk(Loop& loop, LoaderThread& thread, std::string state_folder,
                std::function<void(const std::string& line)> say)
      : loop_(loop), thread_(thread), state_folder_(std::move(state_folder)), say_(std::move(say)) {}

  void list(const std::string& folder, OnNames done) override;
  void copy_to(const std::string& folder, const std::string& name, OnDone done) override;
  void remove(const std::string& folder, const std::vector<std::string>& names) override;
  void say(const std::string& line) override { say_(line); }

 private:
  Loop& loop_;
  LoaderThread& thread_;
  const std::string state_folder_;
  const std::function<void(const std::string& line)> say_;
};

}  // namespace baton
