#include "scheduler/service/dag_folder.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>

#include "scheduler/dagfile/calendars.h"
#include "scheduler/dagfile/git_commit.h"
#include "scheduler/digest/digest.h"

namespace baton {
namespace fs = std::filesystem;
namespace {

std::optional<FileSeen> see(const std::string& path) {
  struct stat found {};
  if (stat(path.c_str(), &found) != 0 || S_ISDIR(found.st_mode)) return std::nullopt;
  const WallUs mtime = found.st_mtim.tv_sec * kSecond + found.st_mtim.tv_nsec / 1'000;
  return FileSeen{path, found.st_size, mtime, static_cast<std::int64_t>(found.st_ino)};
}

struct FolderSeen {
  std::vector<FileSeen> files;
  bool has_links = false;  ///< nobody tells of an edit of what a link points to
};

/// Every DAG file below `root`; hidden folders aside. Links are followed, to each folder once: one may point upwards.
FolderSeen see_all(const std::string& root) {
  FolderSeen seen_all;
  std::vector<FileSeen>& all = seen_all.files;
  std::set<fs::path> linked;
  std::error_code error;
  constexpr auto kHow = fs::directory_options::skip_permission_denied | fs::directory_options::follow_directory_symlink;
  const fs::path top = fs::weakly_canonical(root, error);
  for (fs::recursive_directory_iterator at(root, kHow, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    std::error_code is_gone;
    const bool is_link = at->is_symlink(is_gone) && name.front() != '.';
    seen_all.has_links = seen_all.has_links || is_link;
    if (is_link && at->is_directory(is_gone)) {
      const fs::path target = fs::weakly_canonical(at->path(), is_gone);
      const fs::path way = target.lexically_relative(top);
      const bool is_within = !way.empty() && *way.begin() != "..";  // read there already
      const bool is_above = std::mismatch(target.begin(), target.end(), top.begin(), top.end()).first == target.end();
      if (is_within || is_above || !linked.insert(target).second) at.disable_recursion_pending();
      continue;
    }
    if (name.front() == '.' && at->is_directory(error)) {
      at.disable_recursion_pending();
    } else if (is_dag_file_name(name)) {
      if (auto seen = see(at->path().string())) all.push_back(std::move(*seen));
    }
  }
  return seen_all;
}

/// What stands in a file, parsed only where its hash is not `known`.
FileRead read_file(FileSeen seen, const std::string& known, const Config& config) {
  FileRead read;
  read.seen = std::move(seen);
  LoadOptions options;
  options.config = config;
  Result<std::string> text = read_regular_file(read.seen.path, config.max_file_bytes);
  if (!text) {
    read.content = load_file(read.seen.path, options);  // says why, as a finding
    return read;
  }
  read.hash = sha256_hex(*text);
  read.calendars = config.calendars_json;
  read.is_same = read.hash == known;
  if (read.is_same) return read;
  read.content = load_text(std::move(*text), read.seen.path, options);
  read.commit = git_commit_of(read.seen.path);
  return read;
}

}  // namespace

Result<DagSchedule> schedule_of(const Dag& dag, const Config& config) {
  DagSchedule made;
  if (!dag.schedule) {
    made.hash = schedule_hash({}, {});
    return made;
  }
  std::vector<timetable::Calendar> calendars = dagfile::calendars_from_json(dag.calendars_json);
  for (timetable::Calendar& more : dagfile::calendars_from_json(config.calendars_json)) {
    calendars.push_back(std::move(more));
  }
  made.hash = schedule_hash(*dag.schedule, calendars);
  Result<TickSchedule> schedule = tick_schedule(*dag.schedule, dag.id, calendars, dag.max_active_runs);
  if (!schedule) return schedule.error();
  if (schedule->ticks.has_ticks()) made.dag.schedule = std::move(schedule).value();
  return made;
}

/// As Airflow names the classes that do the same.
std::string kind_of_schedule(const Dag& dag) {
  if (dag.schedule == nullptr) return "NullTimetable";
  const auto& entries = dag.schedule->entries;
  if (dag.schedule->assets) return entries.empty() ? "AssetTriggeredTimetable" : "AssetOrTimeSchedule";
  if (entries.empty()) return "NullTimetable";
  if (entries.size() > 1) return "MultipleCronTriggerTimetable";
  return entries.front().cron.empty() ? "DeltaDataIntervalTimetable" : "CronDataIntervalTimetable";
}

void give_dag(const ShelvedDag& given, const std::string& path, const Config& config, TickHost& host,
              TicksService& ticks, DagShelf& shelf, std::function<void()> done) {
  const Dag& dag = *given.dag;
  Result<DagSchedule> schedule = schedule_of(dag, config);
  if (!schedule) {
    host.say("DAG \"" + dag.id + "\" has no ticks: " + schedule.error().message);
    schedule = DagSchedule{};
  }
  shelf.put(given);
  host.declare_shared(dag);
  host.declare_assets(dag);  // before the row of the file says that it was read
  ServiceRows rows;
  rows.versions.push_back({given.dag, given.version});
  rows.tags.push_back({dag.id, dag.tags, dag.owner, kind_of_schedule(dag)});
  ticks.put_dag(dag.id, path, dag.version, schedule->hash, std::move(schedule->dag), std::move(rows), std::move(done));
}

DagFolder::DagFolder(Loop& loop, TickHost& host, TicksService& ticks, DagShelf& shelf, LoaderThread& loader,
                     FolderSettings settings)
    : loop_(loop), host_(host), ticks_(ticks), shelf_(shelf), loader_(loader), settings_(std::move(settings)) {}

void DagFolder::start(const ServiceSnapshot& found) {
  files_.emplace(found.files, found.dags);
  for (const DagFileRow& row : found.files) say_what_fails(row);
  begin_watch();
  look_through({});
}

void DagFolder::begin_watch() {
  watch_ = std::make_unique<FolderWatch>(loop_, settings_.root, [this](const FolderEvents& e) { events(e); });
}

void DagFolder::stop() {
  *is_alive_ = false;
  is_alive_ = std::make_shared<bool>(true);
  watch_.reset();
  if (timer_ != 0) loop_.cancel(timer_);
  timer_ = 0;
  open_writes_ = 0;
  waiting_.clear();
}

void DagFolder::set_timer() {
  if (timer_ != 0) loop_.cancel(timer_);
  DurationUs wait = is_watched() ? settings_.look_every_us : settings_.look_blind_us;
  if (has_links_) wait = std::min(wait, settings_.look_links_us);
  if (is_missing_) wait = std::min(wait, settings_.look_missing_us);
  timer_ = loop_.call_at(loop_.mono_now() + wait, guarded([this] {
                           if (!is_watched()) begin_watch();  // the folder may have come, or there is room again
                           look_through({});
                         }));
}

void DagFolder::set_config(Config config) {
  settings_.config = std::move(config);
  for (const std::string& path : files_->paths()) read(path, true);
}

void DagFolder::events(const FolderEvents& events) {
  for (const std::string& path : events.files) read(path, false);
  if (events.look_through) look_through({});
}

void DagFolder::look_through(std::function<void()> done) {
  if (done) waiting_.push_back(std::move(done));
  set_timer();
  if (is_looking_) return;
  is_looking_ = true;
  auto looked_at = guarded([this](const std::vector<FileSeen>& all, bool is_missing, bool has_links) {
    looked(all, is_missing, has_links);
  });
  loader_.post([&loop = loop_, root = settings_.root, looked_at] {
    std::error_code ignored;
    const bool is_missing = !std::filesystem::exists(root, ignored);
    const auto all = std::make_shared<FolderSeen>(see_all(root));
    loop.post([all, is_missing, looked_at] { looked_at(all->files, is_missing, all->has_links); });
  });
}

void DagFolder::looked(const std::vector<FileSeen>& all, bool is_missing, bool has_links) {
  is_looking_ = false;
  const bool was_missing = std::exchange(is_missing_, is_missing), had_links = std::exchange(has_links_, has_links);
  if (was_missing != is_missing || had_links != has_links) set_timer();
  const DagFiles::Look look = files_->see_all(all);
  for (const std::string& path : look.gone) is_gone(path);
  for (const std::string& path : look.to_read) read(path, false);
  tell_if_idle();
}

/// Stat and content are taken together by the loader, so that a row never speaks of another content than it says.
void DagFolder::read(const std::string& path, bool whatever_it_holds) {
  if (!asked_.insert(path).second) return;  // it is read later than now
  ++open_reads_;
  const std::string known = whatever_it_holds ? std::string() : files_->hash_of(path);
  auto begun = guarded([this, path] { asked_.erase(path); });  // what changes from here on is read once more
  auto done = guarded([this, path](const std::shared_ptr<FileRead>& read) {
    --open_reads_;
    read != nullptr ? was_read(std::move(*read)) : is_gone(path);
    tell_if_idle();
  });
  loader_.post([&loop = loop_, path, known, config = settings_.config, begun, done] {
    loop.post(begun);
    std::optional<FileSeen> seen = see(path);
    auto read = seen ? std::make_shared<FileRead>(read_file(std::move(*seen), known, config)) : nullptr;
    loop.post([done, read] { done(read); });
  });
}

void DagFolder::was_read(FileRead read) {
  const SourceSeen source{read.content.source, read.hash, read.commit};
  apply(files_->take(std::move(read), loop_.wall_now()), source);
}

void DagFolder::is_gone(const std::string& path) {
  apply(files_->drop(path, loop_.wall_now()), {});
}

void DagFolder::apply(FileChanges changes, const SourceSeen& source) {
  const WallUs now = loop_.wall_now();
  auto last = std::make_shared<ServiceRows>();  // written when the last DAG that comes or goes is
  last->files = std::move(changes.files);
  for (const DagFileRow& row : last->files) say_what_fails(row);
  // Goes with the last of those that hold it: with this call where no DAG is lost or given.
  auto written = guarded([this] {
    --open_writes_;
    tell_if_idle();
  });
  if (!last->files.empty()) ++open_writes_;
  auto all_written = std::shared_ptr<void>(nullptr, guarded([this, last, written](void*) {
                                             if (!last->files.empty()) host_.write(*last, {}, written);
                                           }));
  for (const std::string& id : changes.lost) {
    ticks_.lose_dag(id, "its file is gone, or does not hold it any more", {}, [all_written] {});
  }
  if (!changes.given.empty()) {
    ServiceRows unread;  // the DAGs refer to the row of their file
    for (DagFileRow row : last->files) {
      if (row.path != changes.given.front().path) continue;
      row.size = -1;
      row.hash.clear();
      unread.files.push_back(std::move(row));
    }
    host_.write(std::move(unread), {}, [] {});
  }
  for (const DagGiven& given : changes.given) {
    const auto version = version_row(*given.dag, source, now);
    give_dag({given.dag, version}, given.path, settings_.config, host_, ticks_, shelf_, [all_written] {});
  }
  for (const std::string& path : changes.read_again) read(path, true);
}

/// Whoever looks at the server's log alone is to see a broken file too: once for each thing that is wrong with it.
void DagFolder::say_what_fails(const DagFileRow& row) {
  if (row.failed_since == kNoTime || row.is_gone) {
    if (failing_.erase(row.path) > 0 && !row.is_gone) host_.say(row.path + " reads again");
    return;
  }
  const std::string what = first_kept_error(row.findings_json);
  std::string& said = failing_[row.path];
  if (said == what) return;
  said = what;
  host_.say(what + "; what it gave before, if anything, goes on");
}

void DagFolder::tell_if_idle() {
  if (is_looking_ || open_reads_ > 0 || open_writes_ > 0) return;
  has_looked_ = true;
  const std::vector<std::function<void()>> waiting = std::exchange(waiting_, {});
  for (const auto& done : waiting) done();
}

}  // namespace baton
