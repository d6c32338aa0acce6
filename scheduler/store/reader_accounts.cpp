// The SqliteReader's sums over attempts.
#include <algorithm>
#include <map>
#include <unordered_map>

#include "scheduler/json/json_value.h"
#include "scheduler/model/time_value.h"
#include "scheduler/store/reader_connection.h"

namespace baton {

using sqlite::ReaderConnection;
using sqlite::Statement;

namespace {

std::string day_of(WallUs at) {
  const CivilTime civil = civil_time(at >= 0 ? at / kSecond : -((-at + kSecond - 1) / kSecond));
  std::string out = std::to_string(civil.year * 10000LL + civil.month * 100LL + civil.day);
  if (out.size() != 8) return out;
  return out.substr(0, 4) + "-" + out.substr(4, 2) + "-" + out.substr(6);
}

/// What an attempt is booked to. Texts are read once for each version and task, however many attempts there are.
class Keys {
 public:
  Keys(ReaderConnection& connection, const AccountQuery& query)
      : connection_(connection), by_(query.by), prices_(query.prices) {}
  Result<std::string> of(std::int64_t version_no, std::int64_t task_no, WallUs ended_at);
  /// Of an hour of CPU of that task.
  Result<double> price_of(std::int64_t version_no, std::int64_t task_no);

 private:
  struct Version {
    std::string dag_id, owner;
    std::unordered_map<std::int64_t, std::pair<std::string, std::string>> tasks;  ///< id and pool
  };
  Result<const Version*> version(std::int64_t version_no);

  ReaderConnection& connection_;
  AccountBy by_;
  const Prices& prices_;
  std::unordered_map<std::int64_t, Version> versions_;
};

Result<const Keys::Version*> Keys::version(std::int64_t version_no) {
  const auto [at, is_new] = versions_.try_emplace(version_no);
  Version& version = at->second;
  if (!is_new) return &version;
  Status read = connection_.query(
      "SELECT d.dag_id, v.canonical_json FROM dag_version v JOIN dag d USING (dag_no) WHERE v.version_no = ?",
      [&](const Statement& row) -> Status {
        version.dag_id = row.string(0);
        if (by_ != AccountBy::owner) return Unit{};
        // One that cannot be read has no owner that anybody could name.
        const auto form = from_json(row.string(1), kExactJsonLimits);
        const Value* owner = form ? form->find("owner") : nullptr;
        if (owner != nullptr && owner->type() == ValueType::string) version.owner = owner->as_string();
        return Unit{};
      },
      version_no);
  if (!read) return read.error();
  if (by_ != AccountBy::task && by_ != AccountBy::pool && prices_.pools.empty()) return &version;
  read = connection_.query("SELECT task_no, task_id, pool FROM dag_task WHERE version_no = ?",
                           [&](const Statement& row) -> Status {
                             version.tasks[row.integer(0)] = {row.string(1), row.string(2)};
                             return Unit{};
                           },
                           version_no);
  if (!read) return read.error();
  return &version;
}

Result<std::string> Keys::of(std::int64_t version_no, std::int64_t task_no, WallUs ended_at) {
  if (by_ == AccountBy::day) return day_of(ended_at);
  const auto found = version(version_no);
  if (!found) return found.error();
  if (by_ == AccountBy::dag) return (*found)->dag_id;
  if (by_ == AccountBy::owner) return (*found)->owner;
  const auto task = (*found)->tasks.find(task_no);
  if (task == (*found)->tasks.end()) return std::string();
  return by_ == AccountBy::pool ? task->second.second : (*found)->dag_id + "/" + task->second.first;
}

Result<double> Keys::price_of(std::int64_t version_no, std::int64_t task_no) {
  if (prices_.pools.empty()) return prices_.cpu_hour.value_or(0);
  const auto found = version(version_no);
  if (!found) return found.error();
  const auto task = (*found)->tasks.find(task_no);
  return prices_.of(task == (*found)->tasks.end() ? std::string_view() : task->second.second);
}

struct Booked {
  AccountRow row;
  RunNo last_run = 0;
};

void book(Booked& to, const Statement& row, RunNo run_no, double price) {
  AccountRow& sum = to.row;
  // All attempts of a run come together.
  sum.runs += to.last_run == run_no ? 0 : 1;
  to.last_run = run_no;
  ++sum.attempts;
  const auto state = static_cast<TaskState>(row.integer(3));
  const DurationUs cpu = row.integer(6) + row.integer(7);
  const bool is_wasted = state != TaskState::success && state != TaskState::skipped &&
                         state != TaskState::up_for_reschedule;  // a sensor that has not found it yet
  sum.unsuccessful += is_wasted ? 1 : 0;
  sum.cpu_us += cpu;
  sum.cost += static_cast<double>(cpu) / static_cast<double>(kHour) * price;
  sum.wasted_cpu_us += is_wasted ? cpu : 0;
  if (row.time(4) != kNoTime) sum.run_us += std::max<DurationUs>(row.time(5) - row.time(4), 0);
  sum.peak_bytes = std::max(sum.peak_bytes, row.integer(8));
  const WaitTimes times = WaitTimes::from_json(row.string(9));
  for (std::size_t w = 0; w < kWaitCount; ++w) {
    const auto wait = static_cast<Wait>(w);
    if (wait != Wait::running) sum.waits.add(wait, times.of(wait));
  }
}

}  // namespace

Result<std::vector<AccountRow>> SqliteReader::accounts(const AccountQuery& query) {
  std::map<std::string, Booked> all;
  const ReaderConnection::Snapshot snapshot(*connection_);
  Keys keys(*connection_, query);
  // A run that ended before has no attempt that ended since: the index of their ends leaves the past alone.
  const Status read = connection_->query(
      "SELECT r.run_no, coalesce(r.version_no, 0), i.task_no, t.state, t.started_at, t.ended_at, t.user_us, t.sys_us,"
      " t.max_rss_bytes, t.times FROM dag_run r CROSS JOIN task_try t ON t.run_no = r.run_no"
      " JOIN task_instance i ON i.run_no = t.run_no AND i.instance_no = t.instance_no"
      " WHERE (r.ended_at >= ?1 OR r.ended_at IS NULL) AND t.ended_at >= ?1 AND t.ended_at < ?2",
      [&](const Statement& row) -> Status {
        auto key = keys.of(row.integer(1), row.integer(2), row.time(5));
        if (!key) return key.error();
        auto at = all.find(*key);
        if (at == all.end()) {
          if (all.size() >= kAccountsMax) *key = kOtherAccounts;
          at = all.try_emplace(std::move(*key)).first;
        }
        const auto price = keys.price_of(row.integer(1), row.integer(2));
        if (!price) return price.error();
        book(at->second, row, row.integer(0), *price);
        return Unit{};
      },
      query.since, query.until);
  if (!read) return read.error();
  std::vector<AccountRow> out;
  out.reserve(all.size());
  for (auto& [key, booked] : all) {
    booked.row.key = key;
    out.push_back(std::move(booked.row));
  }
  return out;
}

}  // namespace baton
