// The few facts about files that the store must know before SQLite opens one. Any thread; blocks.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "scheduler/model/result.h"

namespace baton {

/// Makes an empty file of mode 0600 where there is none.
Status make_private_file(const std::string& path);
/// Makes `folder` with mode 0700, with its parents, and makes the name durable.
Status make_private_folder(const std::filesystem::path& folder);
/// fsync of a folder: the names in it are durable. An empty path is the current folder.
Status sync_folder(const std::filesystem::path& folder);
/// The size of a file; 0 where there is none.
std::int64_t file_bytes(const std::string& path);
/// Error (code 2) where `folder` lies on a network file system: neither flock nor WAL hold there.
Status refuse_network_filesystem(const std::filesystem::path& folder);
/// Error (code 2) where the database or a WAL beside it belongs to another user.
Status refuse_foreign_owner(const std::string& database);

}  // namespace baton
