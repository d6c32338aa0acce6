#include "scheduler/host/local/backups_on_disk.h"

#include <cstdio>
#include <filesystem>
#include <utility>

#include "scheduler/store/backup.h"
#include "scheduler/store/state_folder.h"

namespace baton {
namespace {

namespace fs = std::filesystem;

Result<std::vector<std::string>> names_in(const std::string& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return Error{"cannot make " + folder + ": " + error.message(), ErrorKind::storage};
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    names.push_back(entry.path().filename().string());
  }
  if (error) return Error{"cannot read " + folder + ": " + error.message(), ErrorKind::storage};
  return names;
}

}  // namespace

Status back_up_folder(const std::string& state_folder, const std::string& path) {
  // A reader may copy while the writer goes on: the copy is of one instant.
  sqlite::OpenOptions options;
  options.access = sqlite::Access::read;
  Result<sqlite::Database> db = sqlite::Database::open(database_path(state_folder).string(), options);
  if (!db) return db.error();
  if (Status copied = sqlite::backup_to(*db, path, nullptr); !copied) return copied;
  const Status whole = sqlite::check_file(path, true, nullptr);
  // Who only reads leaves these behind, empty: a copy is one file.
  for (const char* suffix : {"-wal", "-shm"}) std::remove((path + suffix).c_str());
  if (whole) return Unit{};
  std::remove(path.c_str());
  return Error{"the copy is not whole: " + whole.error().message, ErrorKind::storage};
}

void BackupsOnDisk::list(const std::string& folder, OnNames done) {
  thread_.post([&loop = loop_, folder, done = std::move(done)] {
    loop.post([names = names_in(folder), done] { done(names); });
  });
}

void BackupsOnDisk::copy_to(const std::string& folder, const std::string& name, OnDone done) {
  thread_.post([&loop = loop_, from = state_folder_, to = (fs::path(folder) / name).string(), done = std::move(done)] {
    loop.post([copied = back_up_folder(from, to), done] { done(copied); });
  });
}

void BackupsOnDisk::remove(const std::string& folder, const std::vector<std::string>& names) {
  thread_.post([folder, names] {
    std::error_code ignored;
    for (const std::string& name : names) fs::remove(fs::path(folder) / name, ignored);
  });
}

}  // namespace baton
