#include "scheduler/store/recovery_reading.h"

#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "scheduler/store/row_reading.h"

namespace baton::sqlite {
namespace {

/// Runs that have begun and not ended, hooks and all. Word by word as the indexes have it.
constexpr char kLive[] =
    "(SELECT run_no FROM dag_run WHERE state = 1 UNION SELECT run_no FROM dag_run WHERE hooks_open = 1)";

/// Reads the kinds of rows side by side, all by run number. Lives for one scan.
class LiveScan {
 public:
  explicit LiveScan(Database& db) : db_(db) {}

  Status read(const Store::OnRun& each);

 private:
  Statement prepare(const std::string& sql);
  void read_version(std::int64_t version_no);
  void read_instances(std::int64_t created_seq);
  void read_items();
  void read_held();
  void read_letters();
  void fail(Error error);
  [[nodiscard]] RunNo run_no() const { return runs_.integer(0); }

  Database& db_;
  Statement runs_, instances_, items_, held_, letters_, version_;
  int instances_rc_ = kDone, items_rc_ = kDone, held_rc_ = kDone, letters_rc_ = kDone;
  std::unordered_map<std::int64_t, Result<VersionRow>> versions_;
  std::int64_t version_no_ = -1;     ///< of snapshot_.version
  RunSnapshot snapshot_;
  std::optional<Error> error_;       ///< of the run at hand
  int code_ = kOk;
};

constexpr int kVersionNo = 30;  // after kRunColumns

Statement LiveScan::prepare(const std::string& sql) {
  int rc = kOk;
  Statement statement = db_.prepare(sql, &rc, false);
  if (rc != kOk) code_ = rc;
  return statement;
}

Status LiveScan::read(const Store::OnRun& each) {
  runs_ = prepare(std::string("SELECT ") + kRunColumns + ", r.version_no" + kRunTables + "WHERE r.run_no IN " + kLive +
                  " ORDER BY r.run_no");
  instances_ = prepare(std::string("SELECT ") + kInstanceColumns + " FROM task_instance t WHERE t.run_no IN " + kLive +
                       " ORDER BY t.run_no, t.instance_no");
  items_ = prepare(std::string("SELECT run_no, instance_no, map_key, item, checksum FROM mapped_item WHERE run_no IN ") +
                   kLive + " ORDER BY run_no, instance_no");
  held_ = prepare(std::string("SELECT run_no, instance_no FROM held_asset_event WHERE run_no IN ") + kLive +
                  " ORDER BY run_no, instance_no");
  letters_ = prepare(std::string("SELECT run_no, instance_no, epoch FROM dead_letter WHERE state = 0 AND run_no IN ") +
                     kLive + " ORDER BY run_no, instance_no");
  version_ = prepare(std::string("SELECT ") + kVersionColumns +
                     " FROM dag_version v JOIN dag d USING (dag_no) WHERE v.version_no = ?");
  if (code_ != kOk) return db_.error("the state cannot be read", code_);
  instances_rc_ = instances_.step();
  items_rc_ = items_.step();
  held_rc_ = held_.step();
  letters_rc_ = letters_.step();
  int rc = runs_.step();
  for (; rc == kRow; rc = runs_.step()) {
    error_.reset();
    snapshot_.run = {};
    if (Status run = decode_run(runs_, snapshot_.run); run) {
      read_version(runs_.integer(kVersionNo));
    } else {
      fail(run.error());
    }
    read_instances(runs_.integer(kRunCreatedSeq));
    read_items();
    read_held();
    read_letters();
    each(run_no(), error_ ? Status(*error_) : Status(Unit{}), snapshot_);
  }
  for (const int end : {rc, instances_rc_, items_rc_, held_rc_, letters_rc_}) {
    if (end != kDone) return db_.error("the state cannot be read", end);
  }
  return Unit{};
}

void LiveScan::fail(Error error) {
  if (!error_) error_ = std::move(error);
}

void LiveScan::read_version(std::int64_t version_no) {
  if (version_no == version_no_) return;
  auto known = versions_.find(version_no);
  if (known == versions_.end()) {
    version_.start_with(version_no);
    Result<VersionRow> row = Error{"a run without its version", ErrorKind::storage};
    if (version_.step() == kRow) row = decode_version(version_);
    version_.reset();
    known = versions_.emplace(version_no, std::move(row)).first;
  }
  if (!known->second) {
    version_no_ = -1;
    return fail(known->second.error());
  }
  version_no_ = version_no;
  snapshot_.version = *known->second;
}

void LiveScan::read_instances(std::int64_t created_seq) {
  snapshot_.instances.clear();
  for (; instances_rc_ == kRow && instances_.integer(0) <= run_no(); instances_rc_ = instances_.step()) {
    if (instances_.integer(0) < run_no() || error_) continue;
    TaskRow row;
    if (Status read = decode_instance(instances_, created_seq, row); !read) {
      fail(read.error());
    } else if (row.instance_no != static_cast<InstanceNo>(snapshot_.instances.size())) {
      fail(damaged("a task instance of run " + std::to_string(run_no())));
    } else {
      snapshot_.instances.push_back(std::move(row));
    }
  }
}

void LiveScan::read_items() {
  for (; items_rc_ == kRow && items_.integer(0) <= run_no(); items_rc_ = items_.step()) {
    if (items_.integer(0) < run_no() || error_) continue;
    const std::int64_t at = items_.integer(1);
    if (at < 0 || at >= static_cast<std::int64_t>(snapshot_.instances.size())) {
      fail(damaged("a mapped item of run " + std::to_string(run_no())));
    } else if (Status item = decode_item(items_, 2, snapshot_.instances[static_cast<std::size_t>(at)]); !item) {
      fail(item.error());
    }
  }
}

void LiveScan::read_held() {
  snapshot_.held_events.clear();
  for (; held_rc_ == kRow && held_.integer(0) <= run_no(); held_rc_ = held_.step()) {
    if (held_.integer(0) == run_no()) snapshot_.held_events.push_back(static_cast<InstanceNo>(held_.integer(1)));
  }
}

void LiveScan::read_letters() {
  snapshot_.open_letters.clear();
  for (; letters_rc_ == kRow && letters_.integer(0) <= run_no(); letters_rc_ = letters_.step()) {
    if (letters_.integer(0) == run_no()) snapshot_.open_letters.push_back(decode_open_letter(letters_, 1));
  }
}

}  // namespace

Status waiting_runs(Database& db, const Store::OnRow& each) {
  int rc = kOk;
  const std::string sql =
      std::string("SELECT ") + kRunColumns + kRunTables + "WHERE r.state = 0 ORDER BY r.run_no";
  Statement select = db.prepare(sql, &rc, false);
  if (rc != kOk) return db.error("the state cannot be read", rc);
  for (rc = select.step(); rc == kRow; rc = select.step()) {
    RunRow row;
    const Status read = decode_run(select, row);
    each(select.integer(0), read ? Result<RunRow>(std::move(row)) : read.error());
  }
  if (rc != kDone) return db.error("the state cannot be read", rc);
  return Unit{};
}

Status live_runs(Database& db, const Store::OnRun& each) {
  int rc = db.exec("BEGIN");  // one state of all rows
  if (rc != kOk) return db.error("the state cannot be read", rc);
  const Status read = LiveScan(db).read(each);
  rc = db.exec("COMMIT");
  if (rc != kOk) return db.error("the state cannot be read", rc);
  return read;
}

}  // namespace baton::sqlite
