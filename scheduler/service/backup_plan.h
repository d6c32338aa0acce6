// When a server makes a copy of its database by itself, how it is called, and which of the older ones go: pure.
#pragma once

#include <string>
#include <vector>

#include "scheduler/model/dag.h"

namespace baton {

/// `baton-20260131T040000Z.db`: sorted by name they are sorted by time.
[[nodiscard]] std::string backup_name(WallUs at);

/// When a file of this name was begun; kNoTime: it is none of ours, and stays whatever happens.
[[nodiscard]] WallUs backup_time(const std::string& name);

/// When the next one is due, by those that are there: at once where there is none, or where the newest claims to be of
/// a later time than now.
[[nodiscard]] WallUs next_backup(const BackupSettings& settings, const std::vector<std::string>& names, WallUs now);

/// Those that go once a new one is there: all but the newest `keep`.
[[nodiscard]] std::vector<std::string> backups_to_drop(const BackupSettings& settings, std::vector<std::string> names);

}  // namespace baton
