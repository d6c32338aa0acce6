// `logs`: what tasks wrote, once or as it comes.
#include <algorithm>
#include <chrono>
#include <map>
#include <thread>

#include "cli/handlers.h"
#include "cli/log_wish.h"
#include "cli/logs_elsewhere.h"
#include "cli/reading.h"
#include "cli/views.h"
#include "scheduler/logs/log_file.h"
#include "scheduler/logs/log_place.h"
#include "scheduler/store/state_folder.h"

namespace baton::cli {
namespace {

constexpr auto kFollowPoll = std::chrono::milliseconds(100);

/// Where reading begins: --tail without --grep is found from the end.
Result<std::int64_t> first_offset(const std::string& path, const LogWish& wish) {
  if (wish.tail < 0 || !wish.filter.lets_all_through()) return std::int64_t{0};
  const Result<logs::LogFile> log = logs::LogFile::open(path);
  if (log) return logs::tail_begin(*log, wish.tail);
  if (log.error().kind == ErrorKind::not_found) return std::int64_t{0};
  return log.error();
}

/// Reads what is there now: with --grep and --tail the last matches, else everything.
Status print_present(const LogSource& source, const logs::LogTimes& times, logs::LineReader& reader, bool is_complete,
                     const LogWish& wish, LogPrinter& printer) {
  const bool keeps = wish.tail >= 0 && !wish.filter.lets_all_through();
  LastLines last(wish.tail);
  Status read = reader.read(is_complete, [&](const logs::Piece& piece) {
    if (!wants(wish, piece)) return;
    if (keeps) {
      last.add(piece);
    } else {
      printer.print(source, times, piece);
    }
  });
  last.for_each([&](const logs::Piece& piece) { printer.print(source, times, piece); });
  return read;
}

/// The epoch whose log is meant; 0: there is none.
Result<Epoch> epoch_of(Reader& reader, const InstanceView& view, std::int64_t try_number) {
  if (try_number == 0 || view.row.try_number == try_number) return view.row.epoch;
  const Result<std::vector<TryView>> tries = reader.tries(view.row.run_no, view.row.instance_no);
  if (!tries) return tries.error();
  Epoch epoch = 0;
  for (const TryView& one : *tries) {
    if (one.row.try_number == try_number) epoch = one.row.epoch;
  }
  return epoch;
}

LogSource source_of(const OpenRun& run, const InstanceView& view, Epoch epoch) {
  const WallUs time = view.row.ended_at != kNoTime     ? view.row.ended_at
                      : view.row.started_at != kNoTime ? view.row.started_at
                                                       : now_us();
  return {instance_name(view), logs::log_path(run.folder.string(), run.run_no, view.row.instance_no, epoch), time};
}

int print_once(const Invocation& call, OpenRun& run, std::vector<InstanceView> views, const LogWish& wish) {
  order_by_start(views);
  LogPrinter printer(call, options_of(wish, views.size() > 1));
  std::vector<LogSource> sources;
  for (const InstanceView& view : views) {
    const Result<Epoch> epoch = epoch_of(*run.reader, view, wish.try_number);
    if (!epoch) return call.fail(epoch.error());
    if (*epoch == 0) continue;
    sources.push_back(source_of(run, view, *epoch));
    printer.fit(sources.back().name);
  }
  if (sources.empty()) return say_no_log(call, views, wish);
  for (const LogSource& source : sources) {
    const Result<std::int64_t> from = first_offset(source.path, wish);
    if (!from) return call.fail(from.error());
    logs::LineReader reader(source.path, *from);
    const logs::LogTimes times = wish.timestamps ? logs::LogTimes::load(source.path) : logs::LogTimes();
    const Status printed = print_present(source, times, reader, true, wish, printer);
    if (!printed) return call.fail(printed.error());
  }
  printer.finish();
  return kOk;
}

/// Follows many logs at once, and learns of new tries from the store.
class Follow {
 public:
  Follow(const Invocation& call, OpenRun& run, std::string selector, const LogWish& wish, bool names)
      : call_(call), run_(run), selector_(std::move(selector)), wish_(wish), printer_(call, options_of(wish, names)) {}

  int run() {
    while (true) {
      // Read the store first: what a task wrote before it ended is then in its log.
      if (Status refreshed = refresh(); !refreshed) return call_.fail(refreshed.error());
      if (Status read = read_all(); !read) return call_.fail(read.error());
      if (run_over_ && logs_.empty()) {
        printer_.finish();
        return kOk;
      }
      if (nobody_runs()) {
        call_.note("nobody runs this run now: `baton resume " + call_.args().at(0) + state_flag_of(call_.args()) +
                   "` goes on");
        return kOk;
      }
      std::this_thread::sleep_for(kFollowPoll);
    }
  }

 private:
  struct Log {
    LogSource source;
    logs::LineReader reader;
    logs::LogTimes times;
    bool ended = false;
  };
  using Key = std::pair<InstanceNo, Epoch>;

  Status refresh() {
    const Result<RunView> view = run_.reader->run(run_.run_no);
    if (!view) return view.error();
    run_over_ = is_final(view->row.state) && view->row.seq == seen_seq_;
    if (view->row.seq == seen_seq_) return Unit{};
    seen_seq_ = view->row.seq;
    const Result<std::vector<InstanceView>> views = chosen_instances(run_, selector_);
    if (!views) return views.error();
    for (const InstanceView& one : *views) {
      if (Status noted = note(one); !noted) return noted;
    }
    return Unit{};
  }

  Status note(const InstanceView& view) {
    if (view.row.epoch == 0) return Unit{};
    const Key key{view.row.instance_no, view.row.epoch};
    for (auto& [known, log] : logs_) {
      if (known.first == key.first && known.second < key.second) log.ended = true;
    }
    Epoch& newest = begun_[view.row.instance_no];
    if (newest < view.row.epoch) {
      newest = view.row.epoch;
      if (Status begun = begin(key, view); !begun) return begun;
    }
    if (const auto found = logs_.find(key); found != logs_.end()) found->second.ended = !is_live(view.row.state);
    return Unit{};
  }

  /// --tail is of what stood there when the command began; what begins later is shown whole.
  Status begin(const Key& key, const InstanceView& view) {
    LogSource source = source_of(run_, view, view.row.epoch);
    printer_.fit(source.name);
    const Result<std::int64_t> from = first_look_ ? first_offset(source.path, wish_) : std::int64_t{0};
    if (!from) return from.error();
    logs::LogTimes times = wish_.timestamps ? logs::LogTimes::load(source.path) : logs::LogTimes();
    logs::LineReader reader(source.path, *from);
    Log& log = logs_.emplace(key, Log{std::move(source), std::move(reader), std::move(times), false}).first->second;
    if (!first_look_ || wish_.tail < 0) return Unit{};
    return print_present(log.source, log.times, log.reader, false, wish_, printer_);
  }

  Status read_all() {
    for (auto& [key, log] : logs_) {
      Log& one = log;
      Status read = one.reader.read(one.ended, [&](const logs::Piece& piece) {
        if (!wants(wish_, piece)) return;
        if (wish_.timestamps) one.source.time_if_unknown = now_us();
        printer_.print(one.source, one.times, piece);
      });
      if (!read) return read;
    }
    std::fflush(stdout);
    std::erase_if(logs_, [](const auto& entry) { return entry.second.ended; });
    return Unit{};
  }

  bool nobody_runs() {
    first_look_ = false;
    if (++looks_ % 10 != 0) return false;
    const Result<LockHolder> holder = StateFolder::holder(run_.folder);
    return holder && holder->pid == 0;
  }

  const Invocation& call_;
  OpenRun& run_;
  std::string selector_;
  const LogWish& wish_;
  LogPrinter printer_;
  std::map<Key, Log> logs_;
  std::map<InstanceNo, Epoch> begun_;
  std::int64_t seen_seq_ = -1;
  std::int64_t looks_ = 0;
  bool run_over_ = false;
  bool first_look_ = true;
};

}  // namespace

int logs_command(const Invocation& call) {
  const Result<LogWish> wish = log_wish_of(call.args());
  if (!wish) return call.fail(wish.error());
  Result<OpenRun> run = open_run(call);
  if (!run) return call.fail(run.error());
  Result<std::vector<InstanceView>> views = chosen_instances(*run, call.args().at(1));
  if (!views) return call.fail(views.error());
  if (run->elsewhere) return logs_elsewhere(call, *run, std::move(*views), *wish);
  if (!wish->follow) return print_once(call, *run, std::move(*views), *wish);
  return Follow(call, *run, call.args().at(1), *wish, views->size() > 1 || call.args().at(1).empty()).run();
}

}  // namespace baton::cli
