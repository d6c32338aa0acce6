#include "web/api/refusals.h"

#include <algorithm>

#include "scheduler/json/json_writer.h"
#include "web/api/fields.h"

namespace baton::api {

namespace {

constexpr std::size_t kPathShown = 200;

std::string address_of(const http::Peer& peer) {
  return peer.uid ? "uid " + std::to_string(*peer.uid) : peer.address;
}

/// Never more than the beginning of a character's bytes less.
std::string shortened(std::string_view text) {
  std::size_t end = std::min(text.size(), kPathShown);
  while (end > 0 && end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return std::string(text.substr(0, end));
}

/// The path alone: words of the query may be secrets.
std::string extra_of(const http::Request& request, int status, const std::string& why) {
  std::string out;
  {
    JsonObject one(out);
    one.number("status", status);
    one.text("method", http::to_string(request.method));
    one.text("path", shortened(request.path()));
    one.text("why", why);
  }
  return out;
}

std::string extra_of(const RefusalWindows::Rest& rest) {
  std::string out;
  {
    JsonObject one(out);
    one.number("count", rest.count);
    time_field(one, "from", rest.from);
    time_field(one, "to", rest.to);
  }
  return out;
}

ChangeAsk row(std::string extra_json) {
  WriteRecords what;
  what.audit.action = "refuse";
  what.audit.extra_json = std::move(extra_json);
  return {std::move(what), ""};
}

}  // namespace

bool RefusalWindows::take(const std::string& address, WallUs now) {
  const bool is_told_apart = by_address_.contains(address) || by_address_.size() < kAddressesMost;
  Window& window = by_address_[is_told_apart ? address : std::string()];
  if (window.begun == kNoTime) window.begun = now;
  window.last = now;
  if (all_begun_ == kNoTime || now >= all_begun_ + kWindowUs || now < all_begun_) {
    all_begun_ = now;
    all_rows_ = 0;
  }
  if (window.rows >= kRowsEach || all_rows_ >= kRowsAll) {
    ++window.rest;
    return false;
  }
  ++window.rows;
  ++all_rows_;
  return true;
}

/// A clock that steps back ends the minute too.
std::vector<RefusalWindows::Rest> RefusalWindows::take_over(WallUs now) {
  std::vector<Rest> out;
  for (auto at = by_address_.begin(); at != by_address_.end();) {
    const Window& window = at->second;
    if (now < window.begun + kWindowUs && now >= window.begun) {
      ++at;
      continue;
    }
    if (window.rest > 0) out.push_back({at->first, window.rest, window.begun, window.last});
    at = by_address_.erase(at);
  }
  return out;
}

void Refusals::told(const http::Request& request, int status, const std::string& why) {
  const WallUs now = now_();
  bool is_row = false;
  std::vector<RefusalWindows::Rest> rest;
  {
    const std::lock_guard lock(mutex_);
    rest = windows_.take_over(now);
    is_row = windows_.take(address_of(request.peer), now);
  }
  write_rest(rest);
  if (!is_row) return;
  const std::string& via = request.principal.via;
  write_(row(extra_of(request, status, why)), {request.principal.name, address_of(request.peer),
                                               !via.empty() ? via : request.peer.uid ? "socket" : "api"});
}

void Refusals::look() {
  std::vector<RefusalWindows::Rest> rest;
  {
    const std::lock_guard lock(mutex_);
    rest = windows_.take_over(now_());
  }
  write_rest(rest);
}

void Refusals::write_rest(const std::vector<RefusalWindows::Rest>& rest) {
  for (const RefusalWindows::Rest& one : rest) write_(row(extra_of(one)), {"", one.address, ""});
}

}  // namespace baton::api
