// WalSpace: zeros ahead of the end of the write-ahead log, so that a commit overwrites instead of growing the file: its
// sync then has no file size and no block map to write (100 µs instead of 250, and no pauses of 10 ms, on ext4).
// SQLite takes zeros for the end of the log. Writer's thread.
#pragma once

#include <cstdint>

namespace baton::sqlite {

class Database;

/// After a commit that left `frames` frames in the log: makes room for the next ones if little is left. Nothing is
/// promised: what fails here (a full disk) the next commit meets by itself.
void reserve_wal_space(Database& db, std::int64_t frames);

}  // namespace baton::sqlite
