// Alerts: which change gives which row of the outbox, and for whom. A row is written in the part of the change that it
// tells of, once for each (event, object, episode), so that nobody is told of what did not happen, and nobody twice.
//
//   part of a batch ──tell()──▶ the same part with rows of the outbox ──durable──▶ Deliveries
//
// `DAG/RUN` names a run, `DAG/RUN/TASK[index]` a task instance. An episode is what makes two of one kind differ: when the
// run ended, the epoch of the try, when the breaker opened. A retry is no failure, and what a person has stopped or
// marked is no news to anybody. Loop thread.
#pragma once

#include <compare>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "scheduler/engine/batch.h"
#include "scheduler/engine/dag_run.h"
#include "scheduler/model/result.h"
#include "scheduler/service/asset_watch.h"
#include "scheduler/service/sla_risks.h"

namespace baton {

struct AlertRule {
  std::vector<std::string> events, targets;
};

/// One who is told, and how that is reached.
struct Receiver {
  std::string url;                   ///< webhook, slack
  std::string secret;                ///< name of the secret that signs; empty: nothing is signed
  bool allow_private = false;        ///< may lie in a private network, or on this machine
  std::vector<std::string> command;  ///< a program and its arguments
};

struct SmtpSettings {
  std::string url, from, user, secret;
  bool needs_tls = true;
};

/// A URL that is asked for as long as all is well.
struct DeadMan {
  std::string url;
  DurationUs every_us = kMinute;
  bool allow_private = false;
};

/// What baton.yaml says of alerts.
struct Alerting {
  std::vector<AlertRule> rules;
  std::map<std::string, Receiver> receivers;
  std::optional<SmtpSettings> smtp;
  std::optional<DeadMan> dead_man;
};

/// Of Config::alerting_json and Dag::alerts_json, whose form has been checked when they were read. Empty: nothing.
[[nodiscard]] Alerting alerting_from_json(const std::string& json);
[[nodiscard]] std::vector<AlertRule> alert_rules_from_json(const std::string& json);

/// The same for the same news however often it is sent: 32 hexadecimal digits.
[[nodiscard]] std::string alert_id(const std::string& event, const std::string& object, const std::string& episode);

class Alerts {
 public:
  /// A run that the engine has, or null. Outlives this.
  using FindRun = std::function<const DagRun*(RunNo)>;
  /// Whether a run waits to begin: one whose creation was struck, or that was deleted, does not.
  using IsWaiting = std::function<bool(RunNo)>;
  Alerts(FindRun find_run, IsWaiting is_waiting) : find_run_(std::move(find_run)), is_waiting_(std::move(is_waiting)) {}
  ~Alerts() { *is_alive_ = false; }
  Alerts(const Alerts&) = delete;
  Alerts& operator=(const Alerts&) = delete;

  /// What baton.yaml says from here on.
  void set(std::vector<AlertRule> rules) { rules_ = std::move(rules); }
  /// What a DAG says from here on.
  void learn(const std::string& dag_id, const std::string& alerts_json);

  /// Adds what is to be told of the rows of a part, to the part.
  void tell(Part& part, WallUs now);
  /// News that no row tells: of a run that is late, of the scheduler. None: nobody wants it.
  [[nodiscard]] std::optional<OutboxRow> news(const std::string& event, const std::string& dag_id,
                                              const std::string& object, const std::string& episode, ValueMap details,
                                              WallUs now) const;

  /// Runs and tasks that are past their `sla` and have not ended, runs that will miss it, assets that grow old: each once.
  /// What ends before is withdrawn.
  [[nodiscard]] std::vector<OutboxRow> overdue(WallUs now);
  /// When the next one that is watched would be; kNoTime: none is.
  [[nodiscard]] WallUs next_deadline() const { return deadlines_.empty() ? kNoTime : deadlines_.begin()->at; }
  /// Who finds how long runs of a DAG take (the middle of its last successes), off the loop. Without one nobody is at risk.
  using FindUsual = std::function<void(const std::string& dag_id, std::function<void(DurationUs)> done)>;
  void expect_by(FindUsual find_usual) { find_usual_ = std::move(find_usual); }
  /// An asset that was known before this.
  void learn_asset(const AssetRow& row, WallUs since, bool has_event) { assets_.restore(row, since, has_event); }
  /// A run that lives already when the server begins.
  void watch(const DagRun& run);
  /// One that waits for its turn: it may be late before it has begun.
  void watch_waiting(const RunRow& row, const Dag& dag);

  /// Whether rows were added since this was asked last.
  [[nodiscard]] bool take_told() { return std::exchange(has_told_, false); }

 private:
  [[nodiscard]] std::vector<std::string> targets_of(const std::string& event, const std::string& dag_id) const;
  void add(Part& part, const std::string& event, const std::string& dag_id, const std::string& object,
           const std::string& episode, ValueMap details, WallUs now);
  void tell_run(Part& part, const RunRow& row, WallUs now);
  void tell_instance(Part& part, const TaskRow& row, WallUs now);
  void tell_service(Part& part, WallUs now);

  struct Deadline {
    WallUs at = kNoTime;
    RunNo run_no = 0;
    TaskNo task_no = kWholeRun;
    auto operator<=>(const Deadline&) const = default;
  };
  static constexpr TaskNo kWholeRun = -1;
  [[nodiscard]] std::optional<OutboxRow> missed(const Deadline& deadline, WallUs now) const;
  void watch_risk(const RunRow& row, WallUs deadline);
  void risks_due(WallUs now, std::vector<OutboxRow>& out);
  void assets_due(WallUs now, std::vector<OutboxRow>& out);

  const FindRun find_run_;
  const IsWaiting is_waiting_;
  std::vector<AlertRule> rules_;
  std::map<std::string, std::vector<AlertRule>> rules_of_;  ///< by DAG; those that have some
  std::set<RunNo> started_;                                 ///< that were told of, and have not ended
  std::set<Deadline> deadlines_;
  std::map<RunNo, std::pair<RunRow, Sla>> waiting_;         ///< had not begun when they were seen, and have a deadline
  SlaRisks risks_;
  AssetWatch assets_;
  FindUsual find_usual_;
  std::shared_ptr<bool> is_alive_ = std::make_shared<bool>(true);  ///< guards what comes back
  bool has_told_ = false;
};

}  // namespace baton
