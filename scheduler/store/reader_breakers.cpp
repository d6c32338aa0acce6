// The SqliteReader's circuit breakers.
#include <algorithm>

#include "scheduler/store/breaker_json.h"
#include "scheduler/store/reader_connection.h"

namespace baton {

using sqlite::Statement;

namespace {

Result<BreakerState> state_of(const Statement& row, int column) {
  const std::int64_t state = row.integer(column);
  if (state < 0 || state > static_cast<std::int64_t>(BreakerState::half_open)) return sqlite::damaged("a breaker");
  return static_cast<BreakerState>(state);
}

}  // namespace

Result<std::vector<BreakerRow>> SqliteReader::list_breakers() {
  std::vector<BreakerRow> out;
  const Status read = connection_->query(
      std::string("SELECT ") + sqlite::kBreakerColumns + " FROM breaker b ORDER BY b.name LIMIT ?",
      [&](const Statement& row) -> Status {
        out.push_back(sqlite::breaker_of(row));
        return Unit{};
      },
      kBreakersMax);
  if (!read) return read.error();
  return out;
}

Result<BreakerRow> SqliteReader::breaker(const std::string& name) {
  std::optional<BreakerRow> out;
  const Status read = connection_->query(
      std::string("SELECT ") + sqlite::kBreakerColumns + " FROM breaker b WHERE b.name = ?",
      [&](const Statement& row) -> Status {
        out = sqlite::breaker_of(row);
        return Unit{};
      },
      std::string_view(name));
  if (!read) return read.error();
  if (!out) return Error{"there is no breaker \"" + name + "\"", ErrorKind::not_found};
  return std::move(*out);
}

Result<std::vector<BreakerEventRow>> SqliteReader::breaker_events(const std::string& name, std::int64_t limit) {
  std::vector<BreakerEventRow> out;
  const Status read = connection_->query(
      "SELECT e.at, e.from_state, e.to_state, e.cause, e.actor FROM breaker b JOIN breaker_event e USING (breaker_no)"
      " WHERE b.name = ? ORDER BY e.event_no DESC LIMIT ?",
      [&](const Statement& row) -> Status {
        const auto from = state_of(row, 1);
        const auto to = state_of(row, 2);
        if (!from || !to) return from ? to.error() : from.error();
        out.push_back({name, row.time(0), *from, *to, row.string(3), row.string(4)});
        return Unit{};
      },
      std::string_view(name), std::clamp<std::int64_t>(limit, 1, sqlite::kBreakerEventsKept));
  if (!read) return read.error();
  return out;
}

}  // namespace baton
