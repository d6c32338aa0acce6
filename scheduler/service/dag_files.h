// Which DAGs the files of a folder give, and what changes when a file does. Pure: what was seen and what was read go
// in; what to read, which DAGs come, change or go, and the rows of the files come out. DagFolder is the shell around
// it.
//
// A file that cannot be read as it should leaves its DAGs on their last good version and carries its findings until
// it is mended or gone. A DAG id belongs to the file that had it first; another one that has it too is told so, at
// both places.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "scheduler/dagfile/diagnostic.h"
#include "scheduler/dagfile/loader.h"
#include "scheduler/engine/service_store.h"

namespace baton {

/// What a look at a file tells without reading it. A link tells of what it points to.
struct FileSeen {
  std::string path;
  std::int64_t size = 0;
  WallUs mtime = kNoTime;
  std::int64_t inode = 0;
};

/// A file that was read. `hash` empty: its content could not be had.
struct FileRead {
  FileSeen seen;
  std::string hash;        ///< SHA-256 of the content
  std::string commit;      ///< of the git work tree that holds it; empty: none
  bool is_same = false;    ///< the content has the hash that was known, and was not read as DAGs
  std::string calendars;  ///< of baton.yaml, with which it was read: no version tells of them, but schedules go by them
  LoadResult content;      ///< else: what it says
};

/// A DAG that a file gives: new, in another version, or in other words. Not all that a file says is part of the
/// version: sizes of pools, comments and the folder are not, and hold for what comes all the same.
struct DagGiven {
  std::shared_ptr<const Dag> dag;
  std::string path;
};

struct FileChanges {
  std::vector<DagGiven> given;
  std::vector<std::string> lost;       ///< ids that no file gives any more
  std::vector<DagFileRow> files;       ///< to be written
  std::set<std::string> read_again;    ///< whatever they look like: an id may be theirs now, or a finding gone
};

class DagFiles {
 public:
  /// As the store has left it: nothing of it needs to be read again unless it has changed.
  DagFiles(const std::vector<DagFileRow>& files, const std::vector<DagRow>& dags);

  /// A whole look at the folder: paths to be read; those that were there and are not any more are in `gone`.
  struct Look {
    std::vector<std::string> to_read;
    std::vector<std::string> gone;
  };
  [[nodiscard]] Look see_all(const std::vector<FileSeen>& all) const;
  /// Whether a file is to be read, as it looks now.
  [[nodiscard]] bool has_changed(const FileSeen& seen) const;
  /// The hash that a file had when it was last read; empty: none.
  [[nodiscard]] std::string hash_of(const std::string& path) const;

  FileChanges take(FileRead read, WallUs now);
  FileChanges drop(const std::string& path, WallUs now);

  /// The path that gives a DAG; none: no file does.
  [[nodiscard]] std::optional<std::string> file_of(const std::string& dag_id) const;
  [[nodiscard]] std::vector<std::string> paths() const;

 private:
  struct File {
    DagFileRow row;
    std::set<std::string> gives;                ///< ids that are this file's
    std::vector<FoundId> claims;                ///< all ids in it, with their places; empty until it is read
    std::vector<Diagnostic> findings;           ///< its own, without those about shared ids
    std::map<std::string, std::string> versions;  ///< of what it gives, where known
    std::optional<std::string> given_words;     ///< hash and calendars that have given it; none: not known
  };

  void give(File& file, const FileRead& read, FileChanges& changes);
  void take_from(File& file, const std::string& dag_id, FileChanges& changes);
  void tell(File& file, WallUs now, FileChanges& changes);
  [[nodiscard]] std::vector<Diagnostic> shared_with_others(const File& file) const;
  [[nodiscard]] std::set<std::string> claimants(const std::vector<FoundId>& ids, const std::string& but) const;

  std::map<std::string, File> files_;             ///< by path
  std::map<std::string, std::string> owners_;     ///< DAG id → path
  std::map<std::string, std::set<std::string>> claimed_by_;  ///< DAG id → paths; of files that have been read
};

/// The text of a file, and where it comes from.
struct SourceSeen {
  std::string text, hash, commit;
};

/// As the store keeps a version: the canonical form and the source.
std::shared_ptr<const VersionRow> version_row(const Dag& dag, const SourceSeen& source, WallUs now);

}  // namespace baton
