#include "scheduler/dagfile/schema_formats.h"

#include <arpa/inet.h>
#include <re2/re2.h>

#include "scheduler/timetable/civil.h"
#include "scheduler/timetable/time_text.h"

namespace baton::dagfile {
namespace {

re2::StringPiece piece(std::string_view text) {
  return {text.data(), text.size()};
}

re2::RE2::Options quiet_options() {
  re2::RE2::Options options;
  options.set_log_errors(false);
  return options;
}

bool matches_whole(std::string_view text, const char* pattern) {
  const re2::RE2 re(pattern, quiet_options());
  return re2::RE2::FullMatch(piece(text), re);
}

bool is_date_time(std::string_view text) {
  return text.size() > 10 && matches_whole(text, R"(\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d))") &&
         timetable::parse_time(text, timetable::utc()).ok();
}

bool is_address(std::string_view text, int family) {
  unsigned char buffer[sizeof(in6_addr)];
  return inet_pton(family, std::string(text).c_str(), buffer) == 1;
}

}  // namespace

bool matches_pattern(std::string_view text, std::string_view pattern) {
  const re2::RE2 re(piece(pattern), quiet_options());
  return re.ok() && re2::RE2::PartialMatch(piece(text), re);
}

std::string pattern_fault(std::string_view pattern) {
  const re2::RE2 re(piece(pattern), quiet_options());
  return re.ok() ? std::string() : re.error();
}

bool matches_format(std::string_view text, std::string_view format) {
  if (format == "date") return timetable::parse_date(text).ok();
  if (format == "date-time") return is_date_time(text);
  if (format == "time") return is_date_time("2000-01-01T" + std::string(text));
  if (format == "duration") return !text.empty() && text[0] == 'P' && timetable::parse_duration(text).ok();
  if (format == "email") return matches_whole(text, R"([^@\s]+@[^@\s]+)");
  if (format == "uri") return matches_whole(text, R"([A-Za-z][A-Za-z0-9+.-]*:[^\s<>"{}|\\^`]*)");
  if (format == "uuid") return matches_whole(text, "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}");
  if (format == "ipv4") return is_address(text, AF_INET);
  if (format == "ipv6") return is_address(text, AF_INET6);
  if (format == "hostname") {
    return text.size() <= 253 &&
           matches_whole(
               text, R"([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*)");
  }
  if (format == "regex") return pattern_fault(text).empty();
  return true;
}

}  // namespace baton::dagfile
