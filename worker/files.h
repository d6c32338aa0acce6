// What the helper modes of baton-worker do with files, so that the scheduler touches none: `--look` for file sensors
// and `--hash-files` for cache keys. Patterns know * ? [] and ** (any depth of folders). Their own short processes.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace baton::worker {

/// Paths that match, sorted. ** does not enter symbolic links; * and ? do not match a leading dot. Stops after
/// `count_max` paths.
[[nodiscard]] std::vector<std::string> matching_paths(std::string_view pattern, std::size_t count_max);

/// The hash of all regular files that match some pattern: SHA-256 over the lines "<sha256 hex>  <path>\n" sorted by
/// path, as `sha256sum … | sha256sum` prints it. "" if nothing matches; nothing, with `error` set, if a file cannot be
/// read.
[[nodiscard]] std::optional<std::string> hash_files(const std::vector<std::string>& patterns, std::string& error);

}  // namespace baton::worker
