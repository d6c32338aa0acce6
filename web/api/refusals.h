// Refusals: who was refused, for the audit. Each refusal is a row of its own up to a few a minute from one address and
// from all; the others of that minute are one row that counts them, so that nobody fills the database by being refused.
// RefusalWindows is pure; Refusals is called on any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "web/api/door.h"
#include "web/http/message.h"

namespace baton::api {

class RefusalWindows {
 public:
  static constexpr std::int64_t kRowsEach = 10, kRowsAll = 60;  ///< a minute
  static constexpr std::size_t kAddressesMost = 100;  ///< that are told apart in one minute
  static constexpr DurationUs kWindowUs = 60 * kSecond;

  /// Of an address, within its minute, those that got no row of their own.
  struct Rest {
    std::string address;  ///< empty: of several
    std::int64_t count = 0;
    WallUs from = kNoTime, to = kNoTime;
  };

  /// Whether this one gets a row of its own; else it is counted.
  bool take(const std::string& address, WallUs now);
  /// What has been counted in minutes that are over, once.
  std::vector<Rest> take_over(WallUs now);

 private:
  struct Window {
    WallUs begun = kNoTime, last = kNoTime;
    std::int64_t rows = 0, rest = 0;
  };
  std::map<std::string, Window> by_address_;
  WallUs all_begun_ = kNoTime;
  std::int64_t all_rows_ = 0;
};

class Refusals {
 public:
  using Write = std::function<void(ChangeAsk what, Asker who)>;
  Refusals(std::function<WallUs()> now, Write write) : now_(std::move(now)), write_(std::move(write)) {}
  Refusals(const Refusals&) = delete;
  Refusals& operator=(const Refusals&) = delete;

  /// Of a request that was answered with 401 or 403.
  void told(const http::Request& request, int status, const std::string& why);
  /// Writes what was counted in minutes that are over; to be called now and then.
  void look();

 private:
  void write_rest(const std::vector<RefusalWindows::Rest>& rest);

  const std::function<WallUs()> now_;
  const Write write_;
  std::mutex mutex_;
  RefusalWindows windows_;
};

}  // namespace baton::api
