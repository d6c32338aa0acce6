#include "scheduler/store/wal_space.h"

#include <sqlite3.h>

#include <algorithm>
#include <array>

#include "scheduler/store/sqlite_db.h"

namespace baton::sqlite {
namespace {

// https://www.sqlite.org/fileformat.html#the_write_ahead_log
constexpr std::int64_t kWalHeaderBytes = 32;
constexpr std::int64_t kFrameBytes = 24 + 4096;

constexpr std::int64_t kRoomBytesMin = 64 << 10;  // a dozen commits of a few rows
constexpr std::int64_t kStepBytesMin = 256 << 10;
constexpr std::int64_t kStepBytesMax = 4 << 20;
constexpr std::size_t kChunkBytes = 64 << 10;

sqlite3_file* wal_file(Database& db) {
  sqlite3_file* file = nullptr;
  const int rc = sqlite3_file_control(db.handle(), "main", SQLITE_FCNTL_JOURNAL_POINTER, &file);
  return rc == SQLITE_OK && file != nullptr && file->pMethods != nullptr ? file : nullptr;
}

}  // namespace

void reserve_wal_space(Database& db, std::int64_t frames) {
  sqlite3_file* const wal = wal_file(db);
  sqlite3_int64 size = 0;
  if (wal == nullptr || wal->pMethods->xFileSize(wal, &size) != SQLITE_OK) return;
  const std::int64_t used = kWalHeaderBytes + frames * kFrameBytes;
  if (size - used >= kRoomBytesMin) return;
  static constexpr std::array<char, kChunkBytes> kZeros{};
  const std::int64_t end = std::max<std::int64_t>(size, used) + std::clamp(used, kStepBytesMin, kStepBytesMax);
  for (std::int64_t at = std::max<std::int64_t>(size, used); at < end; at += static_cast<std::int64_t>(kChunkBytes)) {
    if (wal->pMethods->xWrite(wal, kZeros.data(), static_cast<int>(kChunkBytes), at) != SQLITE_OK) return;
  }
}

}  // namespace baton::sqlite
