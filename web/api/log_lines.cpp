// A log by the numbers of its lines: some of them from anywhere, the last ones, and which of them a search finds. A log
// may have a gigabyte: an answer takes a bounded time, and tells how far it has come and where to go on.
#include <chrono>
#include <memory>
#include <mutex>
#include <shared_mutex>

#include "scheduler/logs/line_index.h"
#include "scheduler/logs/line_search.h"
#include "scheduler/logs/log_times.h"
#include "scheduler/model/number.h"
#include "web/api/answers.h"
#include "web/api/fields.h"
#include "web/api/list_query.h"
#include "web/api/objects.h"
#include "web/api/tried_log.h"
#include "web/api/waiting_instances.h"

namespace baton::api {

namespace {

constexpr std::chrono::milliseconds kSlice{100};  // of a handler's thread, for the lines, and again for a search
constexpr std::int64_t kLinesDefault = 200, kMatchesDefault = 100;
constexpr std::size_t kGroupsMax = logs::LineIndex::kGroupsMax;

using Indexes = std::shared_ptr<logs::LineIndexes>;

logs::GoesOn for_a_slice() {
  return [end = std::chrono::steady_clock::now() + kSlice] { return std::chrono::steady_clock::now() < end; };
}

/// What the description has checked to be a number.
std::int64_t number_word(const http::Request& request, const char* name, std::int64_t otherwise) {
  const auto word = request.query_value(name);
  return word ? read_integer(*word).value_or(otherwise) : otherwise;
}

/// A log whose index has grown as far as one slice goes, and that stays as it is while this lives.
struct Looked {
  TriedLog tried;
  std::optional<logs::LogFile> file;  ///< none: it wrote nothing (yet), or its log was removed
  std::shared_ptr<logs::LineIndexes::Kept> kept;
  std::shared_lock<std::shared_mutex> lock;
  bool is_counted = true;
  std::int64_t bytes = 0;

  [[nodiscard]] const logs::LineIndex& index() const { return kept->index; }
  [[nodiscard]] std::int64_t lines() const {
    return file ? index().lines() + (is_ended() && index().has_open_line() ? 1 : 0) : 0;
  }
  /// What lacks its newline is the last line, and not just as far as the index has come.
  [[nodiscard]] bool is_ended() const { return tried.has_ended && is_counted; }
};

Result<Looked> look_at(const Call& call, const Indexes& indexes) {
  auto tried = log_of_path(call);
  if (!tried) return tried.error();
  Looked looked;
  looked.tried = std::move(*tried);
  auto file = logs::LogFile::open(looked.tried.path);
  if (!file) {
    if (file.error().kind != ErrorKind::not_found) return file.error();
    return looked;
  }
  const auto bytes = file->size();
  if (!bytes) return bytes.error();
  looked.bytes = *bytes;
  looked.kept = indexes->of(looked.tried.path);
  {
    const std::lock_guard grows(looked.kept->mutex);
    const auto grown = looked.kept->index.grow(*file, for_a_slice());
    if (!grown) return grown.error();
    looked.is_counted = *grown;
  }
  looked.lock = std::shared_lock(looked.kept->mutex);
  looked.file = std::move(*file);
  return looked;
}

void append_line(std::string& out, const logs::GivenLine& line, const logs::LogTimes& times) {
  JsonObject one(out);
  if (line.number > 0) {
    one.number("number", line.number);
  } else {
    null_field(one, "number");
  }
  one.text("text", line.text);
  time_field(one, "timestamp", times.at(line.end, kNoTime));
  bool_field(one, "is_whole", line.is_whole);
  one.number("cut_bytes", line.cut_bytes);
}

void append_group(std::string& out, const logs::LineGroup& group) {
  JsonObject one(out);
  one.text("name", group.name);
  one.number("first", group.first);
  one.number("last", group.last);
}

/// How far the log is known.
void known_fields(JsonObject& out, const Looked& looked) {
  out.number("total_lines", looked.lines());
  bool_field(out, "is_counted", looked.is_counted);
  out.number("bytes", looked.bytes);
  out.number("counted_bytes", looked.file ? looked.index().end().offset : 0);
  const auto cut = looked.file ? looked.index().cut() : std::nullopt;
  out.number("cut_bytes", cut ? cut->end - cut->begin : 0);
  bool_field(out, "has_ended", looked.tried.has_ended);
}

void number_or_null(JsonObject& out, std::string_view name, std::int64_t number) {
  if (number > 0) {
    out.number(name, number);
  } else {
    null_field(out, name);
  }
}

http::Response get_log_lines(const Call& call, const Indexes& indexes) {
  const auto looked = look_at(call, indexes);
  if (!looked) return read_error(looked.error(), call);
  const http::Request& request = call.request;
  const auto most = static_cast<std::size_t>(number_word(request, "limit", kLinesDefault));
  const std::int64_t total = looked->lines();
  std::int64_t from = number_word(request, "from", 0);
  const bool wants_last = from == 0;
  if (wants_last) from = std::max<std::int64_t>(1, total - static_cast<std::int64_t>(most) + 1);
  Result<std::vector<logs::GivenLine>> lines = std::vector<logs::GivenLine>{};
  std::vector<logs::LineGroup> groups;
  if (looked->file) {
    lines = wants_last && !looked->is_counted
                ? logs::last_lines(*looked->file, most, looked->tried.has_ended, for_a_slice())
                : logs::lines_from(*looked->file, looked->index(), from, most, looked->is_ended(), for_a_slice());
    if (const auto first = number_word(request, "groups_from", 0); first > 0) {
      groups = looked->index().groups_from(first, kGroupsMax);
    }
  }
  if (!lines) return read_error(lines.error(), call);
  std::optional<InstanceView> instance;
  if (flag(request, "task_instance").value_or(false) && request.principal.scopes.empty()) {
    auto reader = call.services.readers->take();
    if (!reader) return read_error(reader.error(), call);
    auto found = found_or_waiting(**reader, call);
    if (!found) return read_error(found.error(), call);
    instance = std::move(*found);
  }
  const logs::LogTimes times = logs::LogTimes::load(looked->tried.path);
  const std::int64_t next = lines->empty() ? from : lines->back().number + 1;
  const bool goes_on = !looked->is_counted || next <= total;
  http::Response response;
  {
    JsonObject out(response.body);
    append_json_array(out.member("lines"), *lines,
                      [&](std::string& to, const logs::GivenLine& line) { append_line(to, line, times); });
    number_or_null(out, "next", goes_on ? next : 0);
    append_json_array(out.member("groups"), groups, append_group);
    known_fields(out, *looked);
    out.number("try_number", looked->tried.try_number);
    if (instance) append_instance(out.member("task_instance"), *instance);
  }
  return response;
}

http::Response search_log(const Call& call, const Indexes& indexes) {
  const http::Request& request = call.request;
  auto filter = logs::LineFilter::holding(
      std::string(request.query_value("text").value_or("")),
      {flag(request, "regex").value_or(false), flag(request, "match_case").value_or(false)});
  if (!filter) return read_error(filter.error(), call);
  const auto looked = look_at(call, indexes);
  if (!looked) return read_error(looked.error(), call);
  logs::LineSearch search;
  search.filter = std::move(*filter);
  search.backwards = flag(request, "backwards").value_or(false);
  search.from = number_word(request, "from", search.backwards ? INT64_MAX : 1);
  search.most = static_cast<std::size_t>(number_word(request, "limit", kMatchesDefault));
  search.has_ended = looked->is_ended();
  search.is_indexed = looked->is_counted;
  Result<logs::LinesFound> found = logs::LinesFound{};
  if (looked->file) found = logs::search_lines(*looked->file, looked->index(), search, for_a_slice());
  if (!found) return read_error(found.error(), call);
  http::Response response;
  {
    JsonObject out(response.body);
    append_json_array(out.member("lines"), found->lines,
                      [](std::string& to, std::int64_t line) { append_json_int(to, line); });
    out.number("count", found->count);
    number_or_null(out, "next", found->next);
    known_fields(out, *looked);
  }
  return response;
}

}  // namespace

void add_log_lines(Operations& operations) {
  const auto indexes = std::make_shared<logs::LineIndexes>();
  operations.at_once["get_log_lines"] = operations.at_once["get_mapped_log_lines"] = [indexes](const Call& call) {
    return get_log_lines(call, indexes);
  };
  operations.at_once["search_log"] = operations.at_once["search_mapped_log"] = [indexes](const Call& call) {
    return search_log(call, indexes);
  };
}

}  // namespace baton::api
