// DagFolder: keeps the DAGs of a folder as its files say. A watch tells of changes at once; the folder is looked
// through every five minutes all the same, every thirty seconds where the watch is not whole. Files are read and
// parsed on the loader's thread, one after the other, each within its limits; what they come to is decided on the
// loop (dag_files.h).
//
//   inotify ──▶ path ─────────────┐                              ┌▶ TicksService::put_dag, lose_dag
//   timer ────▶ look ─▶ changed? ─┴▶ read, hash, parse ─▶ loop ──┴▶ rows of the file
//
// A file's row says "read" only after its DAGs are written, so that a death in between reads it again.
// Loop thread only, but for the loader.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "scheduler/dagfile/loader.h"
#include "scheduler/service/dag_files.h"
#include "scheduler/service/dag_shelf.h"
#include "scheduler/service/folder_watch.h"
#include "scheduler/service/loader_thread.h"
#include "scheduler/service/ticks_service.h"

namespace baton {

struct FolderSettings {
  std::string root;                             ///< absolute; need not exist yet
  Config config;                                ///< of baton.yaml
  DurationUs look_every_us = 5 * kMinute;       ///< while the watch is whole
  DurationUs look_blind_us = 30 * kSecond;
  DurationUs look_links_us = 2 * kSecond;       ///< while there are links: nobody tells of what they point to
  DurationUs look_missing_us = kSecond;         ///< while the folder is not there: nobody tells when it comes
};

/// What the ticks of `dag` follow from, with the calendars of `config` beside its own.
struct DagSchedule {
  ScheduledDag dag;
  std::string hash;
};
Result<DagSchedule> schedule_of(const Dag& dag, const Config& config);

/// A version of a DAG, new or another than before, as its file `path` gives it: it goes on the shelf, what it says of
/// breakers and assets holds from now on, and so do its ticks. `done` once all of it is durable.
void give_dag(const ShelvedDag& given, const std::string& path, const Config& config, TickHost& host,
              TicksService& ticks, DagShelf& shelf, std::function<void()> done);

class DagFolder {
 public:
  DagFolder(Loop& loop, TickHost& host, TicksService& ticks, DagShelf& shelf, LoaderThread& loader,
            FolderSettings settings);
  ~DagFolder() { stop(); }
  DagFolder(const DagFolder&) = delete;
  DagFolder& operator=(const DagFolder&) = delete;

  /// Goes on from what is stored: only what has changed since is read. After TicksService::start().
  void start(const ServiceSnapshot& found);
  /// Nothing more is heard of the folder. Idempotent.
  void stop();
  /// Looks through the folder now; `done` once all that this found is read and durable. May be empty.
  void look_through(std::function<void()> done);
  /// Another baton.yaml: every file is read again.
  void set_config(Config config);

  [[nodiscard]] const DagFiles& files() const { return *files_; }
  /// Whether all that the first look has found is read and durable: a DAG that is not there by then is none.
  [[nodiscard]] bool has_looked() const { return has_looked_; }
  [[nodiscard]] bool is_watched() const { return watch_ != nullptr && watch_->is_whole(); }

 private:
  void begin_watch();
  void events(const FolderEvents& events);
  void looked(const std::vector<FileSeen>& all, bool is_missing, bool has_links);
  void read(const std::string& path, bool whatever_it_holds);
  void was_read(FileRead read);
  void is_gone(const std::string& path);
  void apply(FileChanges changes, const SourceSeen& source);
  void say_what_fails(const DagFileRow& row);
  void set_timer();
  void tell_if_idle();

  template <typename F>
  auto guarded(F f) {
    return [alive = is_alive_, f = std::move(f)](auto&&... args) {
      if (*alive) f(std::forward<decltype(args)>(args)...);
    };
  }

  Loop& loop_;
  TickHost& host_;
  TicksService& ticks_;
  DagShelf& shelf_;
  LoaderThread& loader_;
  FolderSettings settings_;
  std::optional<DagFiles> files_;
  std::unique_ptr<FolderWatch> watch_;
  std::map<std::string, std::string> failing_;  ///< files that do not read, and what was said of each
  std::set<std::string> asked_;                ///< to be read, and not begun yet
  std::size_t open_reads_ = 0, open_writes_ = 0;
  std::vector<std::function<void()>> waiting_;  ///< for nothing more to be read or written
  bool is_looking_ = false, has_looked_ = false;
  bool is_missing_ = false;                    ///< the folder was not there at the last look
  bool has_links_ = false;                     ///< links stood in it then
  Loop::TimerId timer_ = 0;
  std::shared_ptr<bool> is_alive_ = std::make_shared<bool>(true);
};

}  // namespace baton
