// EndedSessions: sessions that were logged out before their time, by the SHA-256 of their cookie, so that a copy of it
// opens nothing any more. Kept in a file of the state folder, a line for each, until they would have ended by
// themselves. Any thread.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "scheduler/model/result.h"

namespace baton::http {

class EndedSessions {
 public:
  /// `path` empty: in memory alone.
  explicit EndedSessions(std::string path) : path_(std::move(path)) {}
  EndedSessions(const EndedSessions&) = delete;
  EndedSessions& operator=(const EndedSessions&) = delete;

  /// What the file says; those that have ended by `now_s` go from it. storage: it cannot be read or written.
  Status load(std::int64_t now_s);
  /// From now on, and durable. storage: it is so in memory alone.
  Status end(std::string_view session, std::int64_t expires_s);
  [[nodiscard]] bool has(std::string_view session) const;

 private:
  [[nodiscard]] Status write_all() const;

  const std::string path_;
  mutable std::mutex mutex_;
  std::map<std::string, std::int64_t> ended_;  ///< when each would have ended
};

}  // namespace baton::http
