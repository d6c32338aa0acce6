// A SQLite VFS over files in memory that writes the log of a disk and can fail at any call. One thread; one at a time
// is attached to a connection's files.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/crash/disk.h"

struct sqlite3_vfs;

namespace baton::crash {

/// Which call fails, how, and for how long.
struct Fault {
  /// partial_read: half of what was asked, then an error. (A read that is merely short never reaches SQLite: its unix
  /// VFS goes on reading until the end of the file.)
  enum class Kind : std::uint8_t { none, io, full, busy, partial_read, cannot_open };
  Kind kind = Kind::none;
  std::int64_t at = -1;     ///< number of the call (of those this kind can hit), from 0
  bool persistent = false;  ///< from then on, every one
};

class DiskVfs {
 public:
  DiskVfs();
  ~DiskVfs();
  DiskVfs(const DiskVfs&) = delete;
  DiskVfs& operator=(const DiskVfs&) = delete;

  [[nodiscard]] const char* name() const { return name_.c_str(); }

  /// A new machine with these files: no log, no fault. No connection may be open.
  void load(const Image& image);
  /// The files as the process sees them now.
  [[nodiscard]] Image image() const;
  [[nodiscard]] const Log& log() const { return log_; }
  [[nodiscard]] Log take_log() { return std::move(log_); }

  void set_fault(const Fault& fault) {
    fault_ = fault;
    calls_ = 0;
    hits_ = 0;
  }
  [[nodiscard]] std::int64_t calls() const { return calls_; }  ///< that the fault's kind could have hit
  [[nodiscard]] std::int64_t hits() const { return hits_; }    ///< that failed

  // ---- for the methods that SQLite calls ----
  struct File {
    Bytes bytes;
    std::vector<std::unique_ptr<unsigned char[]>> shared_memory;
  };
  enum class Call : std::uint8_t { read, write, sync, lock, open, other };
  /// Whether this call must fail.
  bool fails(Call call);
  [[nodiscard]] Fault::Kind fault_kind() const { return fault_.kind; }
  void note(Op op) { log_.push_back(std::move(op)); }
  std::map<std::string, std::shared_ptr<File>>& files() { return files_; }

 private:
  std::string name_;
  std::unique_ptr<sqlite3_vfs> vfs_;
  std::map<std::string, std::shared_ptr<File>> files_;
  Log log_;
  Fault fault_;
  std::int64_t calls_ = 0, hits_ = 0;
};

}  // namespace baton::crash
