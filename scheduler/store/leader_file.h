// LeaderFile: what a state folder remembers beside its database, so that a database which was put back from a copy is
// noticed. Such a copy knows nothing of the runs, attempts and logs that came after it, and a worker may still hold some
// of them: what is new must get numbers above all of theirs, or an answer for one would be taken for one of the other.
//
// One line of text with a checksum, overwritten in place: one sector, which is old or new. It is synced where numbers are
// reserved. If the power takes more than that, the file is older or gone, which is noticed too. Used by SqliteStore alone,
// under its lock on the folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "scheduler/model/attempt_key.h"

namespace baton::sqlite {

struct Leadership {
  std::string store_id;
  std::int64_t epoch = 0;    ///< of who led last
  RunNo runs_below = 0;      ///< numbers up to here may have been given
  Epoch attempts_above = 0;  ///< attempts get epochs above this one: it is as large as time when the folder was restored
  friend bool operator==(const Leadership&, const Leadership&) = default;
};

class LeaderFile {
 public:
  explicit LeaderFile(const std::filesystem::path& folder) : path_((folder / "leader").string()) {}

  /// None: there is no such file, or what it says is damaged.
  [[nodiscard]] std::optional<Leadership> read() const;
  /// False: it could not be written (a full disk); what it says is older then, and numbers may have to be passed over.
  bool write(const Leadership& what, bool synced) const;

 private:
  std::string path_;
};

/// The largest number of a run that has a folder below `<state>/logs`; 0: none has.
RunNo last_logged_run(const std::filesystem::path& state_folder);

}  // namespace baton::sqlite
