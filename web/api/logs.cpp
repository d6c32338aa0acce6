// The log of one try: as lines in JSON, as NDJSON, or as the bytes that the task wrote. A long one comes in parts, each
// with the token of the next.
#include <optional>

#include "scheduler/logs/log_file.h"
#include "scheduler/logs/log_times.h"
#include "scheduler/model/number.h"
#include "web/api/answers.h"
#include "web/api/fields.h"
#include "web/api/followers.h"
#include "web/api/list_query.h"
#include "web/api/tried_log.h"

namespace baton::api {

namespace {

constexpr std::int64_t kPartBytes = 512 * 1024;
constexpr std::int64_t kTextBytes = 8 * 1024 * 1024;
constexpr std::int64_t kFullBytes =
    64 * 1024 * 1024;  // with full_content: as much as a task writes without a limit of its own

/// A part of the log: whole lines, but for the last one of a log that has ended, and one that is longer than a part.
struct Part {
  std::string text;
  std::int64_t end = 0;  ///< offset behind it
  bool is_last = false;  ///< nothing follows, ever
};

/// In place of what was cut out, which reads as zeros that nobody wrote: a line that says so.
Part part_of_cut(const logs::LogFile& file, const logs::Cut& cut) {
  const auto before = cut.begin > 0 ? file.read(cut.begin - 1, 1) : Result<std::string>(std::string("\n"));
  std::string text = before && *before != "\n" ? "\n" : "";
  text += "[" + std::to_string(cut.end - cut.begin) + " bytes were left out here, to hold the limit of the log]\n";
  return {std::move(text), cut.end, false};
}

Result<Part> read_part(const std::string& path, std::int64_t offset, std::int64_t bytes, bool has_ended) {
  Part part;
  part.end = offset;
  part.is_last = has_ended;
  const auto file = logs::LogFile::open(path);
  if (!file) {
    if (file.error().kind == ErrorKind::not_found) return part;  // it wrote nothing (yet), or its log was removed
    return file.error();
  }
  auto text = file->read(offset, bytes);
  if (!text) return text.error();
  const auto size = file->size();
  if (!size) return size.error();
  const auto cut = file->cut();
  if (cut && offset >= cut->begin && offset < cut->end) return part_of_cut(*file, *cut);
  if (cut && offset < cut->begin && offset + static_cast<std::int64_t>(text->size()) > cut->begin) {
    text->resize(static_cast<std::size_t>(cut->begin - offset));
    return Part{std::move(*text), cut->begin, false};
  }
  const bool reaches_end = offset + static_cast<std::int64_t>(text->size()) >= *size;
  if (!(reaches_end && has_ended)) {
    const std::size_t newline = text->rfind('\n');
    if (newline != text->npos) {
      text->resize(newline + 1);
    } else if (reaches_end) {
      text->clear();  // the line is not whole yet
    }
  }
  part.text = std::move(*text);
  part.end = offset + static_cast<std::int64_t>(part.text.size());
  part.is_last = has_ended && part.end >= *size;
  return part;
}

template <typename Each>
void each_line(const Part& part, Each each) {
  std::string_view text = part.text;
  std::int64_t end = part.end - static_cast<std::int64_t>(text.size());
  while (!text.empty()) {
    const std::size_t newline = text.find('\n');
    const std::size_t taken = newline == text.npos ? text.size() : newline + 1;
    end += static_cast<std::int64_t>(taken);
    each(text.substr(0, std::min(newline, text.size())), end);
    text.remove_prefix(taken);
  }
}

void append_line(std::string& out, std::string_view line, WallUs at) {
  JsonObject one(out);
  time_field(one, "timestamp", at);
  one.text("event", line);
}

http::Response as_json(const Part& part, const logs::LogTimes& times) {
  http::Response response;
  {
    JsonObject out(response.body);
    std::string& list = out.member("content") += '[';
    bool is_first = true;
    each_line(part, [&](std::string_view line, std::int64_t end) {
      if (!is_first) list += ',';
      is_first = false;
      append_line(list, line, times.at(end, kNoTime));
    });
    list += ']';
    text_field(out, "continuation_token", part.is_last ? std::string() : std::to_string(part.end));
  }
  return response;
}

http::Response as_lines(const Part& part, const logs::LogTimes& times) {
  http::Response response;
  response.content_type = "application/x-ndjson";
  each_line(part, [&](std::string_view line, std::int64_t end) {
    append_line(response.body, line, times.at(end, kNoTime));
    response.body += '\n';
  });
  return response;
}

http::Response as_text(Part part) {
  http::Response response;
  response.content_type = "text/plain";
  response.body = std::move(part.text);
  return response;
}

/// Where a reader of a log that grows stands.
struct Follow {
  std::string path;
  RunNo run_no = 0;
  InstanceNo instance_no = 0;
  Epoch epoch = 0;
  std::int64_t offset = 0;
  bool as_text = false;
};

/// What has been written since; false: the attempt has ended, and that was the last.
bool follow_on(Follow& follow, Reader& reader, http::StreamSink& to) {
  const auto instance = reader.instance(follow.run_no, follow.instance_no);
  const bool lives = instance && instance->row.epoch == follow.epoch &&
                     (instance->row.state == TaskState::queued || instance->row.state == TaskState::running);
  for (;;) {
    auto part = read_part(follow.path, follow.offset, kPartBytes, !lives);
    if (!part) return false;
    if (part->text.empty()) return lives;
    follow.offset = part->end;
    const bool is_last = part->is_last;
    std::string bytes = follow.as_text ? std::move(part->text) : as_lines(*part, logs::LogTimes::load(follow.path)).body;
    if (!to.write(std::move(bytes))) return false;
    if (is_last) return false;
  }
}

http::Response get_log(const Call& call) {
  const http::Request& request = call.request;
  const std::string_view accept = request.header("accept");
  const bool wants_text = accept.substr(0, 10) == "text/plain", wants_lines = accept == "application/x-ndjson";
  const auto tried = log_of_path(call);
  if (!tried) return read_error(tried.error(), call);
  const std::string& path = tried->path;
  const std::string token(request.query_value("token").value_or("0"));
  const auto offset = token.empty() ? std::optional<std::int64_t>(0) : read_integer(token);
  if (!offset || *offset < 0) {
    return http::error_response(400, "\"" + token + "\" is no continuation_token of a log", &request);
  }
  const std::int64_t most = flag(request, "full_content").value_or(false) ? kFullBytes
                            : wants_text || wants_lines                    ? kTextBytes
                                                                           : kPartBytes;
  auto part = read_part(path, *offset, most, tried->has_ended);
  if (!part) return read_error(part.error(), call);
  const bool follows = flag(request, "follow").value_or(false) && (wants_text || wants_lines) && !tried->has_ended;
  const std::int64_t end = part->end;
  const std::string next = part->is_last || follows ? std::string() : std::to_string(part->end);
  http::Response response = wants_text    ? as_text(std::move(*part))
                            : wants_lines ? as_lines(*part, logs::LogTimes::load(path))
                                          : as_json(*part, logs::LogTimes::load(path));
  if (follows) {
    const Follow follow{path, tried->run_no, tried->instance_no, tried->epoch, end, wants_text};
    response.stream = [call, follow](const http::StreamWriter& writer) {
      call.services.followers->add(writer, [at = Follow(follow)](Reader& from, http::StreamSink& to) mutable {
        return follow_on(at, from, to);
      });
    };
  }
  if (!next.empty()) response.headers.push_back({"Airflow-Continuation-Token", next});
  return response;
}

}  // namespace

void add_logs(Operations& operations) {
  operations.at_once["get_log"] = operations.at_once["get_mapped_log"] = get_log;
}

}  // namespace baton::api
