// SQLite on a file, read beside the writer; and in memory, read in copies.
#pragma once

#include <gtest/gtest.h>

#include "scheduler/store/sqlite_reader.h"
#include "scheduler/store/sqlite_store.h"
#include "scheduler/store/state_folder.h"
#include "tests/conformance/reader/backend.h"

namespace baton {

class FileBackend final : public ReaderBackend {
 public:
  explicit FileBackend(TestLoop& loop) {
    StoreOptions options;
    options.sync_normal = true;
    store_ = SqliteStore::open_for_writing(folder_.path(), loop, options).value();
  }
  Store& store() override { return *store_; }
  std::unique_ptr<Reader> reader() override { return SqliteReader::open(folder_.path()).value(); }

 private:
  sample::Folder folder_;
  std::unique_ptr<SqliteStore> store_;
};

class MemoryBackend final : public ReaderBackend {
 public:
  explicit MemoryBackend(TestLoop& loop) : store_(SqliteStore::open_in_memory(loop).value()) {}
  Store& store() override { return *store_; }
  std::unique_ptr<Reader> reader() override {
    const Status copied = store_->back_up(database_path(folder_.path()).string());
    EXPECT_TRUE(copied.ok());
    return SqliteReader::open(folder_.path()).value();
  }
  [[nodiscard]] bool is_followed() const override { return false; }

 private:
  sample::Folder folder_;
  std::unique_ptr<SqliteStore> store_;
};

}  // namespace baton
