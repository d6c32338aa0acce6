#include "scheduler/service/alerts.h"

#include <algorithm>
#include <utility>

#include "scheduler/digest/digest.h"
#include "scheduler/engine/approval.h"
#include "scheduler/engine/run_deadline.h"
#include "scheduler/json/json_value.h"
#include "scheduler/timetable/sla_deadline.h"
#include "scheduler/timetable/time_text.h"
#include "scheduler/timetable/zone.h"

namespace baton {
namespace {

constexpr std::size_t kIdDigits = 32;

std::string alert_text(const Value& of, const char* name) {
  const Value* found = of.find(name);
  return found != nullptr && found->type() == ValueType::string ? found->as_string() : std::string();
}

bool alert_flag(const Value& of, const char* name, bool otherwise) {
  const Value* found = of.find(name);
  return found != nullptr && found->type() == ValueType::boolean ? found->as_bool() : otherwise;
}

/// One text, or a list of some.
std::vector<std::string> alert_texts(const Value* found) {
  std::vector<std::string> out;
  if (found == nullptr) return out;
  if (found->type() == ValueType::string) out.push_back(found->as_string());
  if (found->type() != ValueType::list) return out;
  for (const Value& one : found->as_list()) {
    if (one.type() == ValueType::string) out.push_back(one.as_string());
  }
  return out;
}

std::vector<AlertRule> alert_rules_of(const Value* list) {
  std::vector<AlertRule> out;
  if (list == nullptr || list->type() != ValueType::list) return out;
  for (const Value& one : list->as_list()) {
    AlertRule rule{alert_texts(one.find("events")), alert_texts(one.find("to"))};
    if (!rule.events.empty() && !rule.targets.empty()) out.push_back(std::move(rule));
  }
  return out;
}

Value time_or_null(WallUs at) {
  return at == kNoTime ? Value() : Value(timetable::format_rfc3339(at, timetable::utc()));
}

std::string instance_object(const DagRun& run, TaskNo t, std::int32_t map_index) {
  std::string out = run.row.dag_id + "/" + run.row.run_id + "/" + run.dag->task(t).id;
  return map_index == kUnmapped ? out : out + "[" + std::to_string(map_index) + "]";
}

/// A failure by itself: what a person or another task's failure has ended is told with that.
bool is_news(const TaskRow& row) {
  const bool by_others = row.reason == Reason::stopped || row.reason == Reason::fail_fast ||
                         row.reason == Reason::marked || awaits_its_end(row.reason);
  return row.state == TaskState::failed && row.ended_at != kNoTime && !by_others;
}

void gather(const std::vector<AlertRule>& rules, const std::string& event, std::vector<std::string>& out) {
  for (const AlertRule& rule : rules) {
    if (std::find(rule.events.begin(), rule.events.end(), event) == rule.events.end()) continue;
    for (const std::string& target : rule.targets) {
      if (std::find(out.begin(), out.end(), target) == out.end()) out.push_back(target);
    }
  }
}

}  // namespace

Alerting alerting_from_json(const std::string& json) {
  Alerting out;
  const auto parsed = from_json(json);
  if (json.empty() || !parsed || parsed->type() != ValueType::map) return out;
  out.rules = alert_rules_of(parsed->find("alerts"));
  if (const Value* receivers = parsed->find("receivers"); receivers != nullptr && receivers->type() == ValueType::map) {
    for (const auto& [name, body] : receivers->as_map()) {
      if (name.type() != ValueType::string) continue;
      out.receivers[name.as_string()] = {alert_text(body, "url"), alert_text(body, "secret"),
                                         alert_flag(body, "allow_private", false), alert_texts(body.find("command"))};
    }
  }
  if (const Value* smtp = parsed->find("smtp"); smtp != nullptr && smtp->type() == ValueType::map) {
    out.smtp = SmtpSettings{alert_text(*smtp, "url"), alert_text(*smtp, "from"), alert_text(*smtp, "user"),
                            alert_text(*smtp, "secret"), alert_flag(*smtp, "tls", true)};
  }
  if (const Value* dead_man = parsed->find("dead_man"); dead_man != nullptr && dead_man->type() == ValueType::map) {
    const auto every = timetable::parse_duration(alert_text(*dead_man, "every"));
    out.dead_man = DeadMan{alert_text(*dead_man, "url"), every && *every > 0 ? *every : kMinute,
                           alert_flag(*dead_man, "allow_private", false)};
  }
  return out;
}

std::vector<AlertRule> alert_rules_from_json(const std::string& json) {
  if (json.empty()) return {};
  const auto parsed = from_json(json);
  return parsed ? alert_rules_of(&*parsed) : std::vector<AlertRule>{};
}

std::string alert_id(const std::string& event, const std::string& object, const std::string& episode) {
  return sha256_hex(event + '\0' + object + '\0' + episode).substr(0, kIdDigits);
}

void Alerts::learn(const std::string& dag_id, const std::string& alerts_json) {
  auto rules = alert_rules_from_json(alerts_json);
  if (rules.empty()) {
    rules_of_.erase(dag_id);
  } else {
    rules_of_[dag_id] = std::move(rules);
  }
}

std::vector<std::string> Alerts::targets_of(const std::string& event, const std::string& dag_id) const {
  std::vector<std::string> out;
  gather(rules_, event, out);
  const auto own = rules_of_.find(dag_id);
  if (own != rules_of_.end()) gather(own->second, event, out);
  return out;
}

std::optional<OutboxRow> Alerts::news(const std::string& event, const std::string& dag_id, const std::string& object,
                                      const std::string& episode, ValueMap details, WallUs now) const {
  std::vector<std::string> targets = targets_of(event, dag_id);
  if (targets.empty()) return std::nullopt;
  ValueMap payload = {{"id", alert_id(event, object, episode)},
                      {"event", event},
                      {"object", object},
                      {"at", time_or_null(now)}};
  if (!dag_id.empty()) payload.emplace_back("dag_id", dag_id);
  for (auto& member : details) payload.push_back(std::move(member));
  return OutboxRow{event, object, episode, to_json(Value(std::move(payload))), now, std::move(targets)};
}

void Alerts::add(Part& part, const std::string& event, const std::string& dag_id, const std::string& object,
                 const std::string& episode, ValueMap details, WallUs now) {
  auto row = news(event, dag_id, object, episode, std::move(details), now);
  if (!row) return;
  part.service.outbox.push_back(std::move(*row));
  has_told_ = true;
}

void Alerts::tell_run(Part& part, const RunRow& row, WallUs now) {
  const std::string object = row.dag_id + "/" + row.run_id;
  if (row.state == RunState::running && row.begun_at != kNoTime && started_.insert(row.run_no).second) {
    if (const DagRun* run = find_run_(row.run_no)) watch(*run);
    add(part, "run_started", row.dag_id, object, std::to_string(row.begun_at), {{"run_id", row.run_id}}, now);
  }
  if (!is_final(row.state)) return;
  started_.erase(row.run_no);
  waiting_.erase(row.run_no);
  if (const auto deadline = risks_.ended(row.run_no, row.ended_at)) {
    add(part, "sla_recovered", row.dag_id, object, std::to_string(*deadline),
        {{"run_id", row.run_id},
         {"deadline", time_or_null(*deadline)},
         {"ended_at", time_or_null(row.ended_at)},
         {"note", "it was at risk, and has ended in time"}},
        now);
  }
  if (row.reason == Reason::marked || row.ended_at == kNoTime) return;  // a person knows what they have said
  const char* event = row.state == RunState::success ? "run_success" : "run_failed";
  ValueMap details = {{"run_id", row.run_id},
                      {"reason", std::string(run_reason_name(row.reason))},
                      {"note", row.note},
                      {"started_at", time_or_null(row.started_at)},
                      {"ended_at", time_or_null(row.ended_at)}};
  add(part, event, row.dag_id, object, std::to_string(row.ended_at), std::move(details), now);
}

void Alerts::tell_instance(Part& part, const TaskRow& row, WallUs now) {
  if (!is_news(row)) return;
  const DagRun* run = find_run_(row.run_no);
  if (run == nullptr) return;
  ValueMap details = {{"run_id", run->row.run_id},
                      {"task_id", run->dag->task(row.task_no).id},
                      {"map_index", std::int64_t{row.map_index}},
                      {"try_number", std::int64_t{row.try_number}},
                      {"reason", std::string(to_string(row.reason))},
                      {"note", row.note}};
  add(part, "task_failed", run->row.dag_id, instance_object(*run, row.task_no, row.map_index),
      std::to_string(row.epoch) + "." + std::to_string(row.ended_at), std::move(details), now);
}

void Alerts::tell_service(Part& part, WallUs now) {
  for (const DeadLetterRow& letter : part.service.letters) {
    const DagRun* run = find_run_(letter.run_no);
    if (run == nullptr) continue;
    std::string object = run->row.dag_id + "/" + run->row.run_id + "/" + letter.task_id;
    if (letter.map_index != kUnmapped) object += "[" + std::to_string(letter.map_index) + "]";
    ValueMap details = {{"run_id", run->row.run_id},
                        {"task_id", letter.task_id},
                        {"map_index", std::int64_t{letter.map_index}},
                        {"try_number", std::int64_t{letter.try_number}},
                        {"reason", std::string(to_string(letter.reason))},
                        {"note", letter.error}};
    add(part, "dead_letter", run->row.dag_id, object,
        std::to_string(letter.epoch) + "." + std::to_string(letter.failed_at), std::move(details), now);
  }
  for (const ApprovalRow& asked : part.service.approvals) {
    const DagRun* run = find_run_(asked.run_no);
    if (run == nullptr) continue;
    std::string object = run->row.dag_id + "/" + run->row.run_id + "/" + asked.task_id;
    if (asked.map_index != kUnmapped) object += "[" + std::to_string(asked.map_index) + "]";
    const ApprovalAsk ask = ask_from_json(asked.form_json);
    const auto list = [](const std::vector<std::string>& texts) {
      ValueList out;
      for (const std::string& text : texts) out.emplace_back(text);
      return Value(std::move(out));
    };
    ValueMap details = {{"run_id", run->row.run_id},
                        {"task_id", asked.task_id},
                        {"map_index", std::int64_t{asked.map_index}},
                        {"note", ask.prompt},
                        {"options", list(ask.options)},
                        {"assignees", list(ask.assignees)},
                        {"deadline", time_or_null(asked.deadline)}};
    add(part, "approval_requested", run->row.dag_id, object, std::to_string(asked.epoch), std::move(details), now);
  }
  for (const BreakerEventRow& event : part.service.breaker_events) {
    std::string dag_id;
    for (const BreakerRow& row : part.service.breakers) {
      if (row.spec.name == event.name) dag_id = row.declared_by;
    }
    const std::string name = event.to == BreakerState::open        ? "breaker_opened"
                             : event.to == BreakerState::half_open ? "breaker_half_open"
                                                                   : "breaker_closed";
    add(part, name, dag_id, event.name, std::to_string(event.at), {{"breaker", event.name}, {"note", event.cause}}, now);
  }
  for (const DagRow& dag : part.service.dags) {
    if (!dag.paused.holds()) continue;
    add(part, "dag_paused", dag.dag_id, dag.dag_id, std::to_string(dag.paused.since), {{"by", dag.paused.by}}, now);
  }
}

/// Rows that tell of the same once more (counts, a note, the end of hooks) have the same episode, and nothing comes of
/// them.
void Alerts::tell(Part& part, WallUs now) {
  for (const AssetRow& row : part.service.assets) assets_.say(row);
  for (const AssetEventRow& row : part.service.asset_events) assets_.happened(row);
  if (rules_.empty() && rules_of_.empty()) return;
  for (const RunCreation& made : part.creations) {
    if (made.run.begun_at == kNoTime && made.dag != nullptr) watch_waiting(made.run, *made.dag);
    tell_run(part, made.run, now);
  }
  for (const RunRow& row : part.runs) tell_run(part, row, now);
  for (const TaskRow& row : part.instances) tell_instance(part, row, now);
  for (const TryRow& row : part.tries) {
    const DagRun* run = row.state == TaskState::up_for_retry ? find_run_(row.run_no) : nullptr;
    if (run == nullptr) continue;
    const Instance& instance = run->at(row.instance_no);
    add(part, "task_retried", run->row.dag_id, instance_object(*run, instance.task_no, instance.map_index),
        std::to_string(row.epoch),
        {{"run_id", run->row.run_id},
         {"task_id", run->dag->task(instance.task_no).id},
         {"try_number", std::int64_t{row.try_number}},
         {"reason", std::string(to_string(row.reason))},
         {"note", row.note}},
        now);
  }
  tell_service(part, now);
}

// ── deadlines ───────────────────────────────────────────────────────────────────────────────────────────────────────

void Alerts::watch(const DagRun& run) {
  started_.insert(run.row.run_no);
  waiting_.erase(run.row.run_no);
  if (is_final(run.row.state) || run.row.begun_at == kNoTime) return;
  const auto add = [&](const Sla& sla, TaskNo t) {
    const WallUs at = run_deadline(sla, run.row, *run.dag);
    if (at != kNoTime) deadlines_.insert({at, run.row.run_no, t});
  };
  add(run.dag->sla, kWholeRun);
  watch_risk(run.row, run_deadline(run.dag->sla, run.row, *run.dag));
  for (std::size_t t = 0; t < run.dag->tasks.size(); ++t) {
    const TaskSpec& spec = *run.dag->tasks[t].spec;
    if (spec.expected.has_value()) add(spec.expected->sla, static_cast<TaskNo>(t));
  }
}

void Alerts::watch_waiting(const RunRow& row, const Dag& dag) {
  const WallUs at = run_deadline(dag.sla, row, dag);
  if (at == kNoTime) return;
  waiting_[row.run_no] = {row, dag.sla};
  deadlines_.insert({at, row.run_no, kWholeRun});
  watch_risk(row, at);
}

/// None: it has ended in time, whatever it ended as, or nobody wants to hear of it.
std::optional<OutboxRow> Alerts::missed(const Deadline& deadline, WallUs now) const {
  const DagRun* run = find_run_(deadline.run_no);
  const auto waits = waiting_.find(deadline.run_no);
  if (run == nullptr && (waits == waiting_.end() || !is_waiting_(deadline.run_no))) return std::nullopt;
  if (run != nullptr && is_final(run->row.state)) return std::nullopt;
  const RunRow& row = run != nullptr ? run->row : waits->second.first;
  const std::string episode = std::to_string(deadline.at);
  std::string object = row.dag_id + "/" + row.run_id;
  ValueMap details = {{"run_id", row.run_id}, {"deadline", time_or_null(deadline.at)}};
  if (deadline.task_no == kWholeRun) {
    const Sla& sla = run != nullptr ? run->dag->sla : waits->second.second;
    const std::string what = run != nullptr ? "it has not ended " : "it has not begun, and was to end ";
    details.emplace_back("note", what + timetable::sla_words(sla));
    return news("sla_missed", row.dag_id, object, episode, std::move(details), now);
  }
  if (run == nullptr || deadline.task_no >= static_cast<TaskNo>(run->tasks.size())) return std::nullopt;
  std::int32_t open = 0;
  const std::int32_t count = run->progress(deadline.task_no).count;
  for (std::int32_t k = 0; k < count; ++k) {
    open += is_final(run->at(run->instance_of(deadline.task_no, k)).state) ? 0 : 1;
  }
  if (open == 0) return std::nullopt;
  const Task& task = run->dag->task(deadline.task_no);
  details.emplace_back("task_id", task.id);
  const std::string many = std::to_string(open) + " of " + std::to_string(count) + " have not ended ";
  details.emplace_back("note", (count == 1 ? "it has not ended " : many) + timetable::sla_words(task.spec->expected->sla));
  return news("sla_missed", row.dag_id, object + "/" + task.id, episode, std::move(details), now);
}

std::vector<OutboxRow> Alerts::overdue(WallUs now) {
  std::vector<OutboxRow> out;
  while (!deadlines_.empty() && deadlines_.begin()->at <= now) {
    const Deadline deadline = *deadlines_.begin();
    deadlines_.erase(deadlines_.begin());
    if (auto row = missed(deadline, now)) out.push_back(std::move(*row));
    if (deadline.task_no == kWholeRun) waiting_.erase(deadline.run_no);
  }
  risks_due(now, out);
  assets_due(now, out);
  return out;
}

void Alerts::watch_risk(const RunRow& row, WallUs deadline) {
  if (deadline == kNoTime || !find_usual_) return;
  risks_.watch(row, deadline);
  find_usual_(row.dag_id, [this, alive = is_alive_, run_no = row.run_no](DurationUs takes_us) {
    if (*alive) risks_.expect(run_no, takes_us);
  });
}

void Alerts::risks_due(WallUs now, std::vector<OutboxRow>& out) {
  for (const RunAtRisk& risk : risks_.take_due(now)) {
    const RunRow& row = risk.row;
    const DagRun* const run = find_run_(row.run_no);
    const bool is_open = run != nullptr ? !is_final(run->row.state) : is_waiting_(row.run_no);
    if (!is_open) {
      (void)risks_.ended(row.run_no, kNoTime);
      continue;
    }
    const bool has_begun = row.started_at != kNoTime;
    auto told = news("sla_at_risk", row.dag_id, row.dag_id + "/" + row.run_id, std::to_string(risk.deadline),
                     {{"run_id", row.run_id},
                      {"deadline", time_or_null(risk.deadline)},
                      {"expected_at", time_or_null(risk.expected_at)},
                      {"note", has_begun ? "it began too late to end in time, as its last runs took"
                                         : "it has not begun, and cannot end in time any more, as its last runs took"}},
                     now);
    if (told) out.push_back(std::move(*told));
  }
}

void Alerts::assets_due(WallUs now, std::vector<OutboxRow>& out) {
  for (const OldAsset& old : assets_.take_due(now)) {
    auto told = news(old.is_stale ? "asset_stale" : "asset_at_risk", old.declared_by, old.name, std::to_string(old.since),
                     {{"asset", old.name},
                      {"last_event_at", time_or_null(old.has_event ? old.since : kNoTime)},
                      {"stale_at", time_or_null(old.stale_at)},
                      {"note", old.is_stale ? "nothing has happened to it in the time of its `fresh_within`"
                                            : "its `fresh_within` is nearly over"}},
                     now);
    if (told) out.push_back(std::move(*told));
  }
}

}  // namespace baton
