#include "cli/log_wish.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "cli/reading.h"
#include "cli/views.h"

namespace baton::cli {

Result<LogWish> log_wish_of(const Arguments& arguments) {
  LogWish out;
  out.follow = arguments.has("follow");
  out.timestamps = arguments.has("timestamps");
  out.raw = arguments.has("raw");
  if (out.raw && out.timestamps) return Error{"--raw and --timestamps exclude each other: --raw adds nothing"};
  const Result<std::int64_t> tail = number_of(arguments, "tail", -1, 0);
  if (!tail) return tail.error();
  out.tail = *tail;
  const Result<std::int64_t> number = number_of(arguments, "try", 0, 1);
  if (!number) return number.error();
  out.try_number = *number;
  if (arguments.has("grep")) {
    Result<logs::LineFilter> filter = logs::LineFilter::matching(arguments.value("grep"));
    if (!filter) return Error{"--grep: " + filter.error().message};
    out.filter = std::move(*filter);
  }
  return out;
}

LogPrinter::Options options_of(const LogWish& wish, bool names) {
  return {.raw = wish.raw, .names = names && !wish.raw, .timestamps = wish.timestamps};
}

bool wants(const LogWish& wish, const logs::Piece& piece) {
  return piece.cut_bytes > 0 ? wish.filter.lets_all_through() : wish.filter.wants(piece.text);
}

void order_by_start(std::vector<InstanceView>& views) {
  std::map<TaskNo, WallUs> begun;
  for (const InstanceView& view : views) {
    const WallUs at = view.row.started_at == kNoTime ? INT64_MAX : view.row.started_at;
    WallUs& first = begun.try_emplace(view.row.task_no, at).first->second;
    first = std::min(first, at);
  }
  std::ranges::stable_sort(views, {}, [&](const InstanceView& view) {
    return std::tuple(begun[view.row.task_no], view.row.task_no, view.row.map_index);
  });
}

int say_no_log(const Invocation& call, const std::vector<InstanceView>& views, const LogWish& wish) {
  const bool is_one = views.size() == 1;
  const std::string name = is_one ? instance_name(views.front()) : std::string();
  if (wish.try_number > 0) {
    std::int32_t last = 0;
    for (const InstanceView& view : views) last = std::max(last, view.row.try_number);
    const std::string number = std::to_string(wish.try_number);
    return call.fail({(is_one ? name + " has no try " + number : "no task instance has a try " + number) +
                          (last > 0 ? "; the last one is " + std::to_string(last) : ""),
                      ErrorKind::not_found});
  }
  if (is_one) call.note(name + " has not run; `baton why " + call.args().at(0) + " " + name + "` says why");
  return kOk;
}

}  // namespace baton::cli
