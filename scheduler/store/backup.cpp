#include "scheduler/store/backup.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "scheduler/store/files.h"

namespace baton::sqlite {
namespace {

/// Leaves a plain file (no WAL beside it) with all pages of `db`.
Status copy_pages(Database& db, const std::string& to, const char* vfs) {
  sqlite3* target = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
  int rc = sqlite3_open_v2(to.c_str(), &target, flags, vfs);
  if (rc == SQLITE_OK) rc = sqlite3_exec(target, "PRAGMA synchronous=FULL", nullptr, nullptr, nullptr);
  std::string message;
  if (rc == SQLITE_OK) {
    sqlite3_backup* backup = sqlite3_backup_init(target, "main", db.handle(), "main");
    if (backup != nullptr) {
      rc = sqlite3_backup_step(backup, -1);
      const int end = sqlite3_backup_finish(backup);
      rc = rc == SQLITE_DONE ? end : rc;
    } else {
      rc = sqlite3_errcode(target);
    }
  }
  // What is put in the place of its original must be known for a copy (leader_file.h). A database without that table is
  // none of ours to mark.
  if (rc == SQLITE_OK) sqlite3_exec(target, "UPDATE store SET is_clean = 2", nullptr, nullptr, nullptr);
  if (rc != SQLITE_OK) message = sqlite3_errmsg(target);
  sqlite3_close(target);
  if (rc == SQLITE_OK) return Unit{};
  return Error{"the backup " + to + " could not be written: " + message, ErrorKind::storage};
}

}  // namespace

Status backup_to(Database& db, const std::string& path, const char* vfs) {
  const std::string partial = path + ".partial";
  for (const char* suffix : {"", "-journal", "-wal", "-shm"}) std::remove((partial + suffix).c_str());
  if (Status made = make_private_file(partial); !made) return made;
  if (Status copied = copy_pages(db, partial, vfs); !copied) {
    std::remove(partial.c_str());
    return copied;
  }
  if (std::rename(partial.c_str(), path.c_str()) != 0) {
    return Error{"the backup " + path + " could not be named: " + std::strerror(errno), ErrorKind::storage};
  }
  return sync_folder(std::filesystem::path(path).parent_path());
}

Status check_file(const std::string& path, bool full, const char* vfs) {
  OpenOptions options;
  options.access = Access::read;
  options.vfs = vfs;
  auto db = Database::open(path, options);
  if (!db) return db.error();
  return db->check(full);
}

}  // namespace baton::sqlite
