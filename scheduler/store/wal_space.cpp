#include "scheduler/store/wal_space.h"

#include <sqlite3.h>

#include <algorithm>
#include <array>

#include "scheduler/store/sqlite_db.h"

namespace baton::sqlite {
namespace {

constexpr std::int64_t kWalHeaderBytes = 32;  // https://www.sqlite.org/fileformat.html#the_write_ahead_log

constexpr std::int64_t kRoomBytesMin = 64 << 10;  // a few commits of a few rows
constexpr std::int64_t kStepBytesMin = 256 << 10;
constexpr std::int64_t kStepBytesMax = 1 << 20;
constexpr std::size_t kChunkBytes = 64 << 10;

sqlite3_file* wal_file(Database& db) {
  sqlite3_file* file = nullptr;
  const int rc = sqlite3_file_control(db.handle(), "main", SQLITE_FCNTL_JOURNAL_POINTER, &file);
  return rc == SQLITE_OK && file != nullptr && file->pMethods != nullptr ? file : nullptr;
}

}  // namespace

/// Asking for the size makes the next write note a fine time, and its sync write the inode (multigrain timestamps of
/// Linux 6.13): only where the size may have changed.
void WalSpace::look(sqlite3_file* wal) {
  sqlite3_int64 size = 0;
  size_ = wal->pMethods->xFileSize(wal, &size) == SQLITE_OK ? size : 0;
}

void WalSpace::reserve(Database& db, std::int64_t frames_bytes) {
  const bool has_begun_anew = frames_bytes < frames_bytes_;  // after a checkpoint; SQLite may have cut the file
  frames_bytes_ = frames_bytes;
  const std::int64_t used = kWalHeaderBytes + frames_bytes;
  if (!has_begun_anew && size_ - used >= kRoomBytesMin) return;
  sqlite3_file* const wal = wal_file(db);
  if (wal == nullptr) return;
  look(wal);
  if (size_ - used >= kRoomBytesMin) return;
  static constexpr std::array<char, kChunkBytes> kZeros{};
  size_ = std::max(size_, used);
  const std::int64_t end = size_ + std::clamp(used, kStepBytesMin, kStepBytesMax);
  for (; size_ < end; size_ += static_cast<std::int64_t>(kChunkBytes)) {
    if (wal->pMethods->xWrite(wal, kZeros.data(), static_cast<int>(kChunkBytes), size_) != SQLITE_OK) return;
  }
}

}  // namespace baton::sqlite
