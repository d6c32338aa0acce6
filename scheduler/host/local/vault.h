// Vault: secrets that people gave this state folder, encrypted at rest: <state>/secrets.json, a name in clear and a box
// for each. The key is a file of its own: `baton-secrets-key` of systemd's credentials where the service has one
// (systemd.exec(5), LoadCredential), else <state>/secrets.key, mode 0600, made with the first secret. Each box is
// XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha) with the name as additional data: a box that is moved under another name
// does not open. Values stand in no error, log, row or list.
//
// Any thread: each call reads or replaces the whole file, under a lock that holds between processes too; a reader sees
// the file before or after a change. What it reads is kept until the file is another one.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "scheduler/model/result.h"
#include "scheduler/model/time.h"

namespace baton {

class Vault {
 public:
  /// The longest value: one variable of an environment ends at 128 KiB.
  static constexpr std::size_t kValueBytesMax = 64 * 1024;

  struct Entry {
    std::string name, updated_by;
    WallUs updated_at = kNoTime;
  };

  /// Nothing is read yet. `state_folder` may be missing until the first set().
  explicit Vault(std::filesystem::path state_folder);

  /// none: it holds no such secret. Errors: denied, a file that others can read or that may not be read; storage, a
  /// file or box that does not open, with what may have happened.
  [[nodiscard]] Result<std::optional<std::string>> find(const std::string& name) const;
  /// By name. Errors as of find().
  [[nodiscard]] Result<std::vector<Entry>> list() const;

  /// Durable when it returns. Makes the folder (0700) and the key where they are missing. invalid: the name is none, or
  /// the value is empty, too long, or holds a NUL.
  Status set(const std::string& name, const std::string& value, const std::string& by, WallUs at);
  /// not_found: it holds no such secret.
  Status remove(const std::string& name);

 private:
  struct Box {
    std::string nonce, bytes;  ///< as they are, not as the file writes them
    std::string updated_by;
    WallUs updated_at = kNoTime;
  };
  using Boxes = std::map<std::string, Box>;
  struct Seen {  ///< by which a file is known to be the one that was read
    std::int64_t modified_ns = -1, bytes = -1;
    std::uint64_t inode = 0;
    friend bool operator==(const Seen&, const Seen&) = default;
  };

  [[nodiscard]] std::filesystem::path file() const { return folder_ / "secrets.json"; }
  [[nodiscard]] Status check_ready() const;
  Result<Boxes> read() const;
  Status change(const std::function<Status(Boxes&, const std::string& key)>& what);
  Result<std::string> key(bool make) const;

  std::filesystem::path folder_;
  bool is_ready_;
  mutable std::mutex mutex_;
  mutable Seen seen_;
  mutable Boxes kept_;
};

}  // namespace baton
