#include "cli/logs_elsewhere.h"

#include <chrono>
#include <map>
#include <thread>

#include "cli/views.h"
#include "scheduler/timetable/time_text.h"
#include "scheduler/timetable/zone.h"
#include "web/http/target.h"

namespace baton::cli {
namespace {

constexpr auto kFollowPoll = std::chrono::milliseconds(500);

/// How far a try's log has been read.
struct RemoteLog {
  LogSource source;
  std::string target;   ///< of the try, without what to go on with
  std::string token;    ///< empty: from its beginning
  bool is_over = false;
};

RemoteLog log_of(const OpenRun& run, const InstanceView& view, std::int64_t try_number) {
  const RunRow& row = run.run.row;
  std::string target = run_target(row.dag_id, row.run_id) + "/taskInstances/" + http::percent_encoded(view.task_id);
  if (view.row.map_index != kUnmapped) target += "/" + std::to_string(view.row.map_index);
  return {{instance_name(view), "", kNoTime}, target + "/logs/" + std::to_string(try_number), "", false};
}

class RemoteLogs {
 public:
  RemoteLogs(const Invocation& call, OpenRun& run, const LogWish& wish, bool names)
      : call_(call), run_(run), wish_(wish), printer_(call, options_of(wish, names)) {}

  void fit(const InstanceView& view) { printer_.fit(instance_name(view)); }

  /// What is there now; with --tail its last lines alone.
  Status print_present(RemoteLog& log) {
    if (wish_.tail < 0) return read(log, [&](const logs::Piece& piece) { print(log, piece); });
    struct Line {
      std::string text;
      WallUs at;
    };
    std::deque<Line> last;
    Status done = read(log, [&](const logs::Piece& piece) {
      last.push_back({std::string(piece.text), log.source.time_if_unknown});
      if (static_cast<std::int64_t>(last.size()) > wish_.tail) last.pop_front();
    });
    for (const Line& line : last) {
      log.source.time_if_unknown = line.at;
      print(log, {line.text, 0, true, true, 0});
    }
    return done;
  }

  int follow() {
    const std::string selector = call_.args().at(1);
    for (bool is_first = true;; is_first = false) {
      const Result<RunView> now = run_.reader->run(run_.run_no);  // before the logs: what was written then is in them
      if (!now) return call_.fail(now.error());
      const auto views = chosen_instances(run_, selector);
      if (!views) return call_.fail(views.error());
      for (const InstanceView& view : *views) {
        if (view.row.try_number == 0) continue;
        const std::pair key(view.row.instance_no, view.row.try_number);
        const auto [known, is_new] = logs_.try_emplace(key, log_of(run_, view, view.row.try_number));
        if (is_new) fit(view);
        if (known->second.is_over) continue;
        const auto told = is_first ? print_present(known->second) : print_more(known->second);
        if (!told && told.error().kind != ErrorKind::not_found) return call_.fail(told.error());
      }
      std::fflush(stdout);
      if (is_final(now->row.state)) break;
      std::this_thread::sleep_for(kFollowPoll);
    }
    finish();
    return kOk;
  }

  void finish() { printer_.finish(); }

 private:
  Status print_more(RemoteLog& log) {
    return read(log, [&](const logs::Piece& piece) { print(log, piece); });
  }

  void print(const RemoteLog& log, const logs::Piece& piece) { printer_.print(log.source, logs::LogTimes(), piece); }

  /// Whole lines up to where the log ends now.
  template <typename Each>
  Status read(RemoteLog& log, Each each) {
    while (!log.is_over) {
      const std::string from = log.token.empty() ? "" : "?token=" + http::percent_encoded(log.token);
      const Result<Value> part = run_.elsewhere->get(log.target + from);
      if (!part) return part.error();
      const ValueList& lines = list_member(*part, "content");
      for (const Value& line : lines) {
        const std::string text = text_member(line, "event");
        const auto at = timetable::parse_time(text_member(line, "timestamp"), timetable::utc());
        log.source.time_if_unknown = at ? *at : now_us();
        const logs::Piece piece{text, 0, true, true, 0};
        if (wants(wish_, piece)) each(piece);
      }
      log.token = text_member(*part, "continuation_token");
      log.is_over = log.token.empty();
      if (lines.empty()) break;  // it goes on, and there is no more yet
    }
    return Unit{};
  }

  const Invocation& call_;
  OpenRun& run_;
  const LogWish& wish_;
  LogPrinter printer_;
  std::map<std::pair<InstanceNo, std::int32_t>, RemoteLog> logs_;
};

}  // namespace

int logs_elsewhere(const Invocation& call, OpenRun& run, std::vector<InstanceView> views, const LogWish& wish) {
  order_by_start(views);
  RemoteLogs all(call, run, wish, views.size() > 1 || call.args().at(1).empty());
  if (wish.follow) return all.follow();
  bool has_some = false;
  for (const InstanceView& view : views) {
    if (view.row.try_number > 0) all.fit(view);
  }
  for (const InstanceView& view : views) {
    const std::int64_t number = wish.try_number > 0 ? wish.try_number : view.row.try_number;
    if (number == 0) continue;
    RemoteLog log = log_of(run, view, number);
    const Status printed = all.print_present(log);
    if (!printed && printed.error().kind == ErrorKind::not_found) continue;  // it has no such try
    if (!printed) return call.fail(printed.error());
    has_some = true;
  }
  if (!has_some) return say_no_log(call, views, wish);
  all.finish();
  return kOk;
}

}  // namespace baton::cli
