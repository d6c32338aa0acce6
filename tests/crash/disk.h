// A disk of the tests: files in memory, a log of every operation that changes one, and what a crash at any point of the
// log leaves behind. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace baton::crash {

using Bytes = std::vector<unsigned char>;
/// Files by name, as the next process finds them.
using Image = std::map<std::string, Bytes>;

struct Op {
  enum class Kind : std::uint8_t { create, write, truncate, sync, remove, sync_folder };
  Kind kind = Kind::write;
  std::string file;
  std::size_t offset = 0;  ///< write: where; truncate: the new size
  Bytes data;
  bool folder_synced = false;  ///< remove: its name is gone for good; create: its first sync syncs the folder too
};
using Log = std::vector<Op>;

/// How a process or machine ends.
enum class Death : std::uint8_t {
  kill,   ///< the process is killed before the operation; the kernel keeps what was written
  torn,   ///< the same, in the middle of a write
  power,  ///< the machine loses power: a random part of what was not synced is there, in any order
};

/// Replays a log and says what the disk holds after each operation.
class Replay {
 public:
  explicit Replay(const Image& start);

  void apply(const Op& op);
  /// What `death` leaves when it comes at `next`, the first operation that did not happen.
  [[nodiscard]] Image image_after(Death death, const Op& next, std::mt19937_64& random) const;

 private:
  struct File {
    Bytes now;                ///< as the kernel sees it
    Bytes synced;             ///< as it was at the last sync
    std::vector<Op> pending;  ///< since then
    bool exists = true;
    bool name_synced = true;  ///< that it exists (or not) has reached the disk
    bool syncs_folder = false;
  };
  static void write(Bytes& bytes, std::size_t offset, const unsigned char* data, std::size_t size);
  static void change(Bytes& bytes, const Op& op);
  static Bytes after_power_loss(const File& file, std::mt19937_64& random);

  std::map<std::string, File> files_;
};

}  // namespace baton::crash
