// `logs`: what tasks wrote, once or as it comes.
#include <re2/re2.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <thread>

#include "cli/display/log_glimpse.h"
#include "cli/handlers.h"
#include "cli/log_lines.h"
#include "cli/reading.h"
#include "cli/terminal.h"
#include "cli/text/clock_text.h"
#include "cli/text/display_width.h"
#include "cli/views.h"
#include "scheduler/model/did_you_mean.h"
#include "scheduler/store/state_folder.h"

namespace baton::cli {
namespace {

constexpr auto kPoll = std::chrono::milliseconds(100);
constexpr std::size_t kPrefixColumnsMax = 24;

/// What of the lines is wanted, and how they are shown.
struct Wish {
  std::unique_ptr<re2::RE2> grep;
  std::int64_t tail = -1;       ///< −1: all
  std::int64_t try_number = 0;  ///< 0: the last one
  bool follow = false, timestamps = false;
};

Result<Wish> wish_of(const Arguments& arguments) {
  Wish out;
  out.follow = arguments.has("follow");
  out.timestamps = arguments.has("timestamps");
  const Result<std::int64_t> tail = number_of(arguments, "tail", -1, 0);
  if (!tail) return tail.error();
  out.tail = *tail;
  const Result<std::int64_t> number = number_of(arguments, "try", 0, 1);
  if (!number) return number.error();
  out.try_number = *number;
  if (arguments.has("grep")) {
    out.grep = std::make_unique<re2::RE2>(arguments.value("grep"), re2::RE2::Quiet);
    if (!out.grep->ok()) return Error{"--grep: " + out.grep->error() + "; the syntax is RE2's"};
  }
  return out;
}

/// One log: where it lies, and what leads its lines.
struct Source {
  std::string name, path;
  WallUs time_if_unknown = kNoTime;
};

class Printer {
 public:
  Printer(const Invocation& call, const Wish& wish, bool names)
      : style_(call.out_style()), wish_(wish), names_(names), terminal_(is_terminal(STDOUT_FILENO)) {}

  void fit(const std::string& name) {
    columns_ = std::max(columns_, std::min(kPrefixColumnsMax, text::display_width(name)));
  }

  [[nodiscard]] bool wants(std::string_view line) const {
    return !wish_.grep || re2::RE2::PartialMatch(re2::StringPiece(line.data(), line.size()), *wish_.grep);
  }

  void print(const Source& source, const LogTimes& times, std::string_view line, std::int64_t end_offset) {
    if (terminal_) {
      if (!line_for_terminal(line, style_, shown_)) return;
    } else {
      shown_ = line;
    }
    std::string lead;
    if (names_) {
      lead =
          style_.paint(text::Ink::cyan, text::pad_right(text::clip(source.name, columns_, style_.unicode), columns_)) +
          style_.paint(text::Ink::dim, style_.unicode ? " │ " : " | ");
    }
    if (wish_.timestamps) {
      const WallUs at = times.at(end_offset, source.time_if_unknown);
      lead += style_.paint(text::Ink::dim, terminal_ ? text::local_clock(at) : text::utc_time(at)) + "  ";
    }
    Invocation::print(lead + shown_ + "\n");
  }

 private:
  const text::Style& style_;
  const Wish& wish_;
  const bool names_;
  const bool terminal_;
  std::size_t columns_ = 0;
  std::string shown_;
};

/// The whole of a log that is there now.
void print_log(const Source& source, const Wish& wish, Printer& printer) {
  const LogTimes times = wish.timestamps ? LogTimes::load(source.path) : LogTimes();
  LogFollower follower(source.path);
  std::deque<std::pair<std::string, std::int64_t>> last;
  follower.read(true, [&](const LogFollower::Line& line) {
    if (!printer.wants(line.text)) return;
    if (wish.tail < 0) {
      printer.print(source, times, line.text, line.end_offset);
      return;
    }
    last.emplace_back(std::string(line.text), line.end_offset);
    if (static_cast<std::int64_t>(last.size()) > wish.tail) last.pop_front();
  });
  for (const auto& [line, offset] : last) printer.print(source, times, line, offset);
}

Result<std::vector<InstanceView>> chosen_instances(OpenRun& run, const std::string& selector) {
  if (selector.empty()) return all_instances(*run.reader, run.run_no);
  if (selector.find('[') != std::string::npos) {
    const Result<InstanceNo> one = run.reader->find_instance(run.run_no, selector);
    if (!one) return one.error();
    Result<InstanceView> view = run.reader->instance(run.run_no, *one);
    if (!view) return view.error();
    return std::vector<InstanceView>{std::move(*view)};
  }
  InstanceFilter filter;
  filter.task_id = selector;
  Result<std::vector<InstanceView>> found = all_instances(*run.reader, run.run_no, filter);
  if (!found || !found->empty()) return found;
  const Result<std::vector<InstanceView>> all = all_instances(*run.reader, run.run_no);
  std::vector<std::string> ids;
  if (all) {
    for (const InstanceView& view : *all) ids.push_back(view.task_id);
  }
  return Error{"run " + run.run.row.run_id + " has no task \"" + selector + "\"" + did_you_mean_suffix(selector, ids) +
                   "; `baton show` lists its tasks",
               ErrorKind::not_found};
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

Source source_of(const OpenRun& run, const InstanceView& view, Epoch epoch) {
  const WallUs time = view.row.ended_at != kNoTime     ? view.row.ended_at
                      : view.row.started_at != kNoTime ? view.row.started_at
                                                       : now_us();
  return {instance_name(view), display::log_path(run.folder.string(), run.run_no, view.row.instance_no, epoch), time};
}

int print_once(const Invocation& call, OpenRun& run, std::vector<InstanceView> views, const Wish& wish) {
  std::ranges::stable_sort(
      views, {}, [](const InstanceView& v) { return v.row.started_at == kNoTime ? INT64_MAX : v.row.started_at; });
  Printer printer(call, wish, views.size() > 1);
  std::vector<Source> sources;
  for (const InstanceView& view : views) {
    const Result<Epoch> epoch = epoch_of(*run.reader, view, wish.try_number);
    if (!epoch) return call.fail(epoch.error());
    if (*epoch == 0) continue;
    sources.push_back(source_of(run, view, *epoch));
    printer.fit(sources.back().name);
  }
  for (const Source& source : sources) print_log(source, wish, printer);
  if (sources.empty() && views.size() == 1) {
    const InstanceView& one = views.front();
    call.note(wish.try_number > 0 && one.row.try_number > 0
                  ? instance_name(one) + " has no try " + std::to_string(wish.try_number) + "; its last one is " +
                        std::to_string(one.row.try_number)
                  : instance_name(one) + " has not run; `baton why " + call.args().at(0) + " " + instance_name(one) +
                        "` says why");
  }
  return kOk;
}

/// Follows many logs at once, and learns of new tries from the store.
class Follow {
 public:
  Follow(const Invocation& call, OpenRun& run, std::string selector, const Wish& wish, bool names)
      : call_(call), run_(run), selector_(std::move(selector)), wish_(wish), printer_(call, wish, names) {}

  int run() {
    while (true) {
      // Read the store first: what a task wrote before it ended is then in its log.
      if (Status refreshed = refresh(); !refreshed) return call_.fail(refreshed.error());
      for (auto& entry : logs_) {
        auto& log = entry.second;
        log.follower.read(log.ended, [&](const LogFollower::Line& line) { show(log, line); });
      }
      std::erase_if(logs_, [](const auto& entry) { return entry.second.ended; });
      std::fflush(stdout);
      if (run_over_ && logs_.empty()) return kOk;
      if (nobody_runs()) {
        call_.note("nobody runs this run now: `baton resume " + call_.args().at(0) + state_flag_of(call_.args()) +
                   "` goes on");
        return kOk;
      }
      std::this_thread::sleep_for(kPoll);
    }
  }

 private:
  struct Log {
    Source source;
    LogFollower follower;
    LogTimes times;
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
    for (const InstanceView& one : *views) note(one);
    return Unit{};
  }

  void note(const InstanceView& view) {
    if (view.row.epoch == 0) return;
    const bool over = !is_live(view.row.state);
    const Key key{view.row.instance_no, view.row.epoch};
    for (auto& [known, log] : logs_) {
      if (known.first == key.first && known.second < key.second) log.ended = true;
    }
    Epoch& newest = begun_[view.row.instance_no];
    if (newest < view.row.epoch) {
      newest = view.row.epoch;
      Source source = source_of(run_, view, view.row.epoch);
      printer_.fit(source.name);
      Log& log = logs_
                     .emplace(key, Log{source, LogFollower(source.path),
                                       wish_.timestamps ? LogTimes::load(source.path) : LogTimes(), false})
                     .first->second;
      if (first_look_ && wish_.tail >= 0) print_tail(log);
    }
    if (const auto found = logs_.find(key); found != logs_.end()) found->second.ended = over;
  }

  void print_tail(Log& log) {
    std::deque<std::pair<std::string, std::int64_t>> last;
    log.follower.read(false, [&](const LogFollower::Line& line) {
      if (!printer_.wants(line.text)) return;
      last.emplace_back(std::string(line.text), line.end_offset);
      if (static_cast<std::int64_t>(last.size()) > wish_.tail) last.pop_front();
    });
    for (const auto& [line, offset] : last) printer_.print(log.source, log.times, line, offset);
  }

  void show(Log& log, const LogFollower::Line& line) {
    if (!printer_.wants(line.text)) return;
    if (wish_.timestamps) log.source.time_if_unknown = now_us();
    printer_.print(log.source, log.times, line.text, line.end_offset);
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
  const Wish& wish_;
  Printer printer_;
  std::map<Key, Log> logs_;
  std::map<InstanceNo, Epoch> begun_;
  std::int64_t seen_seq_ = -1;
  std::int64_t looks_ = 0;
  bool run_over_ = false;
  bool first_look_ = true;
};

}  // namespace

int logs_command(const Invocation& call) {
  const Result<Wish> wish = wish_of(call.args());
  if (!wish) return call.fail(wish.error());
  Result<OpenRun> run = open_run(call);
  if (!run) return call.fail(run.error());
  Result<std::vector<InstanceView>> views = chosen_instances(*run, call.args().at(1));
  if (!views) return call.fail(views.error());
  if (!wish->follow) return print_once(call, *run, std::move(*views), *wish);
  return Follow(call, *run, call.args().at(1), *wish, views->size() > 1 || call.args().at(1).empty()).run();
}

}  // namespace baton::cli
