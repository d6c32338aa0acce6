#include "scheduler/control/control.h"

#include <limits>
#include <string>
#include <type_traits>
#include <utility>

#include "scheduler/engine/clear.h"
#include "scheduler/engine/recovery.h"
#include "scheduler/model/seeded_bug.h"

namespace baton {

RunNo run_of(const Request& request) {
  return std::visit(
      [](const auto& one) -> RunNo {
        if constexpr (requires { one.run_no; }) return one.run_no;
        return 0;
      },
      request);
}

Control::Control(Loop& loop, Engine& engine, RunLoader& loader, ControlLimits limits, ControlHooks hooks)
    : loop_(loop),
      engine_(engine),
      loader_(loader),
      limits_(limits),
      hooks_(std::move(hooks)),
      is_alive_(std::make_shared<bool>(true)) {}

namespace {

std::tuple<std::string, std::string, std::string> name_of(const IdempotencyKey& key) {
  return {key.principal, key.route, key.key};
}

std::vector<InstanceNo> numbers_of(const Answer& how) {
  std::vector<InstanceNo> out;
  for (const TouchedInstance& instance : how.instances) out.push_back(instance.instance_no);
  return out;
}

ServiceRows rows_of(const RowsBeside& beside) { return beside ? beside() : ServiceRows{}; }

/// The notes that go with a change of a run.
ServiceRows notes_of(RunNo run_no, const std::optional<std::string>& on_run, const std::optional<std::string>& on_each,
                     const std::vector<InstanceNo>& instances) {
  ServiceRows out;
  if (on_run) out.notes.push_back({run_no, -1, *on_run});
  for (std::size_t k = 0; on_each && k < instances.size(); ++k) out.notes.push_back({run_no, instances[k], *on_each});
  return out;
}

/// What a request has made or changed, as the row of its key names it.
std::string object_of(const Request& request, const Answer& how) {
  if (const auto* records = std::get_if<WriteRecords>(&request)) return records->object;
  if (const auto* breaker = std::get_if<ChangeBreaker>(&request)) return "breaker/" + breaker->name;
  if (const auto* state = std::get_if<ChangeState>(&request)) return "task_state/" + state->dag_id + "/" + state->name;
  const auto* redrive = std::get_if<RedriveLetters>(&request);
  if (redrive != nullptr && !redrive->letters.empty()) {
    return "dead_letter/" + std::to_string(redrive->letters.front().letter_no);
  }
  if (std::holds_alternative<RaiseAssetEvent>(request)) return "asset_event/" + std::to_string(how.asset_event_no);
  if (std::holds_alternative<AnswerApproval>(request)) return "answer/" + std::to_string(how.run_no);
  if (const auto* put = std::get_if<PutOutput>(&request)) {
    const InstanceNo i = how.instances.empty() ? 0 : how.instances.front().instance_no;
    return "xcom/" + std::to_string(how.run_no) + "/" + std::to_string(i) + "/" + put->name;
  }
  return run_object(how.run_no, numbers_of(how));
}

Error used_for_another() {
  return {"this idempotency key was used for another request", ErrorKind::invalid};
}

}  // namespace

Status Control::ask(Request request, Actor actor, std::optional<IdempotencyKey> key, OnAnswer answer) {
  if (open_.fetch_add(1) >= limits_.open_max) {
    open_.fetch_sub(1);
    return Error{"too many requests are open; try again", ErrorKind::busy};
  }
  auto asked = std::make_shared<Asked>(Asked{std::move(request), std::move(actor), std::move(key), std::move(answer)});
  loop_.post([this, alive = is_alive_, asked] {
    if (*alive) come(std::move(*asked));
  });
  return Unit{};
}

void Control::decide_at_start(Request request, Actor actor, std::optional<LoadedRun> run, OnAnswer answer) {
  open_.fetch_add(1);
  Asked asked{std::move(request), std::move(actor), std::nullopt, std::move(answer)};
  if (!run) return trigger(std::move(asked));
  std::visit(
      [&](const auto& one) {
        if constexpr (requires { one.run_no; }) change_loaded(one, asked, *run, true);
      },
      asked.request);
}

void Control::answer(const Asked& asked, const Result<Answer>& how) {
  open_.fetch_sub(1);
  if (asked.key) keys_under_way_.erase(name_of(*asked.key));
  if (asked.answer) asked.answer(how);
}

/// A key is under way from here to the answer: who comes with it meanwhile can be told nothing yet, be it with the same
/// request or with another one. Which of them the key belongs to is what the disk says: the one under way may be refused
/// itself. It is looked up only then, so that what was durable before is seen.
void Control::come(Asked asked) {
  if (!asked.key) return decide(std::move(asked));
  const bool is_new = keys_under_way_.insert(name_of(*asked.key)).second;
  if (!is_new && !BATON_BUG(key_under_way_unknown)) {
    asked.key.reset();  // it is the other one's
    return answer(asked, Error{"a request of this idempotency key is still under way", ErrorKind::conflict});
  }
  if (hooks_.keys == nullptr) {
    return answer(asked, Error{"this process keeps no idempotency keys", ErrorKind::unavailable});
  }
  const IdempotencyKey key = *asked.key;
  auto shared = std::make_shared<Asked>(std::move(asked));
  hooks_.keys->find(key, [this, alive = is_alive_, shared](const Result<std::optional<IdempotencyRow>>& found) {
    if (*alive) key_found(std::move(*shared), found);
  });
}

void Control::key_found(Asked asked, const Result<std::optional<IdempotencyRow>>& found) {
  if (!found) return answer(asked, found.error());
  if (!found->has_value()) return decide(std::move(asked));
  const IdempotencyRow& row = **found;
  if (row.body_hash != asked.key->body_hash && !BATON_BUG(key_of_another_answers)) return answer(asked, used_for_another());
  Answer how{.run_no = run_of(row), .has_changed = false, .repeated_status = row.status};
  for (const InstanceNo i : instances_of(row)) how.instances.push_back({.instance_no = i});
  answer(asked, how);
}

void Control::decide(Asked asked) {
  if (std::holds_alternative<TriggerRun>(asked.request)) return trigger(std::move(asked));
  if (std::holds_alternative<WriteRecords>(asked.request)) return write(std::move(asked));
  if (std::holds_alternative<ChangeBreaker>(asked.request)) return change_breaker(std::move(asked));
  if (std::holds_alternative<ChangeState>(asked.request)) return change_state(std::move(asked));
  if (std::holds_alternative<RaiseAssetEvent>(asked.request)) return raise_asset_event(std::move(asked));
  const RunNo run_no = run_of(asked.request);
  decide_about(run_no, std::move(asked));
}

void Control::decide_about(RunNo run_no, Asked asked) {
  if (going_.contains(run_no)) return answer(asked, Error{"this run is being deleted", ErrorKind::not_found});
  const auto mailbox = mailboxes_.find(run_no);
  if (mailbox != mailboxes_.end()) {  // behind those who came before, also when the run has come to life meanwhile
    std::deque<Asked>& waiting = mailbox->second.waiting;
    if (waiting.size() < limits_.mailbox_max) return waiting.push_back(std::move(asked));
    return answer(asked, Error{"too many requests wait for this run; try again", ErrorKind::busy});
  }
  if (const DagRun* run = engine_.run(run_no)) {
    return std::visit(
        [&](const auto& request) {
          if constexpr (requires { request.run_no; }) change(request, asked, *run);
        },
        asked.request);
  }
  mailboxes_[run_no].waiting.push_back(std::move(asked));
  load(run_no);
}

void Control::load(RunNo run_no) {
  engine_.read_run(loader_, run_no, [this, alive = is_alive_, run_no](Result<LoadedRun> result) {
    if (*alive) loaded(run_no, std::move(result));
  });
}

/// The run is here: those who waited for it are decided in their order. The first that changes it gives it to the
/// engine, and the others meet it there; where none does, it is dropped again. A change that leaves it out of memory (it
/// waits to begin) makes what was loaded old: the others wait until that is durable, and it is loaded anew for them.
void Control::loaded(RunNo run_no, Result<LoadedRun> result) {
  Mailbox& mailbox = mailboxes_.at(run_no);
  while (!mailbox.waiting.empty() && !mailbox.is_settling) {
    Asked asked = std::move(mailbox.waiting.front());
    mailbox.waiting.pop_front();
    if (!result) {
      const bool is_stop = std::holds_alternative<StopRun>(asked.request) && engine_.queue().may_change(run_no);
      is_stop ? stop_unreadable(std::move(asked), result.error()) : answer(asked, result.error());
      continue;
    }
    has_written_ = 0;
    if (going_.contains(run_no)) {
      answer(asked, Error{"this run is being deleted", ErrorKind::not_found});
      continue;
    }
    std::visit(
        [&](const auto& request) {
          if constexpr (requires { request.run_no; }) {
            const DagRun* run = engine_.run(run_no);
            run != nullptr ? change(request, asked, *run) : change_loaded(request, asked, *result, false);
          }
        },
        asked.request);
    mailbox.is_settling = has_written_ == run_no && engine_.run(run_no) == nullptr;
  }
  if (!mailbox.is_settling) mailboxes_.erase(run_no);
}

/// A run that waits to begin can be ended, whatever else of it cannot be read: its row is enough for that.
void Control::stop_unreadable(Asked asked, const Error& why) {
  const auto shared = std::make_shared<Asked>(std::move(asked));
  const auto stop = std::get<StopRun>(shared->request);
  loader_.load_row(stop.run_no, [this, alive = is_alive_, shared, stop, why](const Result<RunRow>& row) {
    if (!*alive) return;
    if (!row) return answer(*shared, why);
    if (!engine_.queue().may_change(stop.run_no)) {
      return answer(*shared, Error{"run \"" + row->run_id + "\" has changed meanwhile; try again", ErrorKind::conflict});
    }
    AuditRow audit = audit_of(stop, shared->actor, *row, loop_.wall_now());
    const Reason reason = std::get<StopRequested>(event_of(stop)).reason;
    (void)engine_.end_unreadable(*row, reason, why.message, written(std::move(audit), {.run_no = stop.run_no}, *shared));
  });
}

/// What a request has changed of a run that is not in memory is durable, or was struck.
void Control::settled(RunNo run_no) {
  const auto at = mailboxes_.find(run_no);
  if (at == mailboxes_.end() || !at->second.is_settling) return;
  at->second.is_settling = false;
  at->second.waiting.empty() ? static_cast<void>(mailboxes_.erase(at)) : load(run_no);
}

/// What goes with a change of the engine's: it answers when that is durable.
EngineRequest Control::written(AuditRow audit, Answer how, Asked& asked, ServiceRows rows) {
  EngineRequest out;
  has_written_ = how.run_no;
  out.service = std::move(rows);
  if (asked.key && !BATON_BUG(key_not_kept)) {
    out.idempotency.push_back(row_of(*asked.key, object_of(asked.request, how), audit.at));
  }
  out.audit.push_back(std::move(audit));
  out.done = [this, alive = is_alive_, how = std::move(how), asked = std::make_shared<Asked>(std::move(asked))](
                 const PartVerdict& verdict) {
    if (!*alive) return;
    settled(how.run_no);
    if (verdict.is_done()) return answer(*asked, how);
    if (verdict.exists == PartVerdict::Exists::idempotency_key) return answer(*asked, used_for_another());
    const auto* trigger = std::get_if<TriggerRun>(&asked->request);
    answer(*asked, trigger != nullptr ? why_struck(trigger->creation.run, verdict)
                                      : Error{"the run was never made: another one has its place", ErrorKind::not_found});
  };
  return out;
}

/// Whether a run that is not in memory is this process's to change, though it has not ended.
bool Control::is_ours(const Taking* taking, RunNo run_no) const {
  return taking == nullptr || taking->at_start || engine_.queue().may_change(run_no);
}

/// What this process may take from the disk: what has ended, and at its start what another has left.
Status Control::may_take(const DagRun& run, bool at_start) const {
  if (run.is_finished() || never_began(run) || at_start) return Unit{};
  return Error{"run \"" + run.row.run_id + "\" has not ended, and this process does not work on it",
               ErrorKind::conflict};
}

Status Control::may_go_on(const DagRun& run, const std::vector<InstanceNo>& cleared) const {
  if (!hooks_.check_tasks) return Unit{};
  std::vector<bool> wanted(run.dag->tasks.size(), false);
  for (const Instance& instance : run.instances) {
    if (!is_final(instance.state)) wanted[static_cast<std::size_t>(instance.task_no)] = true;
  }
  for (const InstanceNo i : cleared) wanted[static_cast<std::size_t>(run.at(i).task_no)] = true;
  return hooks_.check_tasks(*run.dag, wanted);
}

void Control::know_pools(const Dag& dag, DeclaredBy how) {
  for (const PoolSpec& pool : dag.pools) {
    PoolOfDag& known = pools_of_dags_.try_emplace(pool.name, PoolOfDag{dag.id, pool}).first->second;
    if (known.dag_id == dag.id && how == DeclaredBy::file) known.pool = pool;
    apply_pool(pool.name);
  }
}

void Control::declare_pools(const std::vector<PoolSpec>& pools) {
  for (const PoolSpec& pool : pools) {
    pools_declared_.insert_or_assign(pool.name, pool);
    apply_pool(pool.name);
  }
}

void Control::set_pool(const std::string& name, std::int64_t slots, const std::string& rate) {
  constexpr std::int32_t kMost = std::numeric_limits<std::int32_t>::max();
  PoolSpec pool{name, slots < 0 ? kMost : static_cast<std::int32_t>(slots)};
  pool.rate = parse_rate(rate).value_or(Rate{});
  pools_set_.insert_or_assign(name, pool);
  apply_pool(name);
}

/// A person's word goes before that of baton.yaml, and this before that of a DAG. The part that may be retries is said
/// by files alone.
void Control::apply_pool(const std::string& name) {
  const auto declared = pools_declared_.find(name);
  const auto of_dag = pools_of_dags_.find(name);
  const auto set = pools_set_.find(name);
  std::optional<PoolSpec> pool;
  if (of_dag != pools_of_dags_.end()) pool = of_dag->second.pool;
  if (declared != pools_declared_.end()) pool = declared->second;
  if (set != pools_set_.end()) {
    const std::int32_t budget = pool ? pool->retry_millionths : 0;
    pool = set->second;
    pool->retry_millionths = budget;
  }
  if (!pool) return engine_.drop_pool(name);
  const bool is_set = set != pools_set_.end();
  const Admission& admission = engine_.admission();
  const bool is_same = admission.spec_of(name) == pool && admission.is_set_by_person(name) == is_set;
  if (!is_same) engine_.set_pool(*pool, is_set);
}

/// To the engine, with what lives of it.
void Control::adopt(LoadedRun loaded, StepOutcome cleared, EngineRequest request,
                    std::shared_ptr<const VersionRow> version) {
  engine_.adopt_run(std::move(loaded.run), std::move(loaded.path_us), std::move(cleared), std::move(request),
                    std::move(version));
}

// ── each request ────────────────────────────────────────────────────────────────────────────────────────────────────

void Control::trigger(Asked asked) {
  auto& request = std::get<TriggerRun>(asked.request);
  know_pools(*request.creation.dag, DeclaredBy::file);  // a new run is of the version that stands
  if (Status fits = check(request, engine_.admission()); !fits) return answer(asked, fits.error());
  RunCreation creation = request.creation;  // what the answer may have to name stays
  Value params = std::move(request.params);
  auto path_us = std::move(request.path_us);
  AuditRow audit = audit_of(request, asked.actor, loop_.wall_now());
  const RunNo run_no = creation.run.run_no;
  engine_.create_run(std::move(creation), std::move(params), std::move(path_us),
                     written(std::move(audit), {.run_no = run_no}, asked));
}

void Control::change(const StopRun& request, Asked& asked, const DagRun& run) {
  if (Status may = check(request, run); !may) return answer(asked, may.error());
  const Event event = event_of(request);
  AuditRow audit = audit_of(request, asked.actor, run.row, loop_.wall_now());
  const RunNo run_no = request.run_no;  // `asked`, and with it `request`, moves into the answer
  engine_.change_run(run_no, event, written(std::move(audit), {.run_no = run_no}, asked));
}

/// What was running of it is dead; due teardowns and hooks still run. One that waits to begin ends without having begun.
/// Whatever a task lacks, a run can be ended.
void Control::change_loaded(const StopRun& request, Asked& asked, LoadedRun& loaded, bool at_start) {
  if (Status may = check(request, loaded.run); !may) return answer(asked, may.error());
  if (engine_.queue().may_change(request.run_no)) {
    const RunNo run_no = request.run_no;
    const auto how = std::get<StopRequested>(event_of(request));
    AuditRow audit = audit_of(request, asked.actor, loaded.run.row, loop_.wall_now());
    engine_.stop_waiting(std::move(loaded), how, written(std::move(audit), {.run_no = run_no}, asked));
    return;
  }
  if (Status may = may_take(loaded.run, at_start); !may) return answer(asked, may.error());
  know_pools(*loaded.run.dag);
  adopt(std::move(loaded), {}, {});
  change(request, asked, *engine_.run(request.run_no));
}

/// What is so already may be on its way to the disk still: the answer comes behind it.
void Control::change(const PauseRun& request, Asked& asked, const DagRun& run) {
  if (Status may = check(request, run); !may) return answer(asked, may.error());
  AuditRow audit = audit_of(request, asked.actor, run.row, loop_.wall_now());
  RunHoldRow row = row_of(request, asked.actor, audit.at);
  const bool has_changed = run.row.paused.holds() != request.is_paused;
  EngineRequest what =
      written(std::move(audit), {.run_no = row.run_no, .has_changed = has_changed, .state = run.row.state}, asked);
  if (has_changed) return engine_.pause_run(std::move(row), std::move(what));
  what.audit.clear();
  engine_.write(std::move(what));
}

/// One that has not ended is with the engine of whoever works on it, unless it waits to begin.
void Control::change_loaded(const PauseRun& request, Asked& asked, LoadedRun& loaded, bool at_start) {
  if (Status may = check(request, loaded.run); !may) return answer(asked, may.error());
  if (Status may = may_take(loaded.run, at_start); !may) return answer(asked, may.error());
  adopt(std::move(loaded), {}, {});
  change(request, asked, *engine_.run(request.run_no));
}

/// Of a change that comes to no more than notes and the key of its request.
void Control::write_alone(AuditRow audit, Answer how, Asked& asked, ServiceRows rows) {
  if (!asked.key && rows.empty()) return answer(asked, how);
  how.has_changed = how.has_changed || !rows.empty();
  EngineRequest what = written(std::move(audit), std::move(how), asked, std::move(rows));
  if (what.service.empty()) what.audit.clear();  // nothing has changed: the key alone is kept
  engine_.write(std::move(what));
}

void Control::write(Asked asked) {
  auto& request = std::get<WriteRecords>(asked.request);
  AuditRow audit = std::move(request.audit);
  const AuditRow who = audit_row(asked.actor, audit.action, RunRow{}, "", loop_.wall_now());
  audit.at = who.at;
  audit.actor = who.actor;
  audit.address = who.address;
  audit.via = who.via;
  ServiceRows rows = std::move(request.rows);
  for (const PoolRow& pool : rows.pools) {
    if (!pool.is_gone) set_pool(pool.name, pool.slots, pool.rate);
    if (pool.is_gone && pools_set_.erase(pool.name) > 0) apply_pool(pool.name);  // what files say stands again
  }
  for (const VariableRow& variable : rows.variables) {
    engine_.set_variable(variable.name, variable.is_gone ? std::nullopt : std::optional(variable.value));
  }
  engine_.write(written(std::move(audit), {}, asked, std::move(rows)));
}

void Control::change_breaker(Asked asked) {
  const auto request = std::get<ChangeBreaker>(asked.request);
  if (Status may = check(request); !may) return answer(asked, may.error());
  if (engine_.breakers().find(request.name) == nullptr) {
    return answer(asked, engine_.change_breaker(request.name, {}, {}).error());  // says which one is near
  }
  const BreakerWish wish = wish_of(request, asked.actor);
  AuditRow audit = audit_of(request, asked.actor, loop_.wall_now());
  (void)engine_.change_breaker(request.name, wish, written(std::move(audit), {}, asked));
}

void Control::change_state(Asked asked) {
  const auto request = std::get<ChangeState>(asked.request);
  auto checked = check(request);
  if (!checked) return answer(asked, checked.error());
  const KeptState* const before = engine_.states_of(request.dag_id).find(request.name);
  if (request.json.empty() && (before == nullptr || before->json.empty())) {
    return answer(asked, Error{"DAG \"" + request.dag_id + "\" keeps no state \"" + request.name + "\"",
                               ErrorKind::not_found});
  }
  const WallUs at = loop_.wall_now();
  AuditRow audit = audit_of(request, *checked, before, asked.actor, at);
  TaskStateRow row = row_of(request, *checked, asked.actor, at);
  engine_.change_state(std::move(row), std::move(checked->value), written(std::move(audit), {}, asked));
}

void Control::raise_asset_event(Asked asked) {
  const auto request = std::get<RaiseAssetEvent>(asked.request);
  if (Status may = check(request); !may) return answer(asked, may.error());
  const WallUs at = loop_.wall_now();
  Answer how;
  how.asset_event_no = engine_.last_asset_event() + 1;
  AssetEventRow event = event_of(request, asked.actor, at);  // written() takes what was asked along
  AuditRow audit = audit_of(request, asked.actor, at);
  (void)engine_.raise_asset_event(std::move(event), written(std::move(audit), std::move(how), asked));
}

void Control::change(const RetryRun& request, Asked& asked, const DagRun& run) {
  if (request.latest != nullptr && request.latest->version != run.dag->version) {
    return answer(asked, Error{"run \"" + run.row.run_id + "\" has not ended: another version cannot take it over now",
                               ErrorKind::conflict});
  }
  clear(request, asked, run, nullptr);
}

void Control::change_loaded(const RetryRun& request, Asked& asked, LoadedRun& loaded, bool at_start) {
  clear_loaded(request, asked, loaded, at_start);
}
void Control::change_loaded(const ClearTasks& request, Asked& asked, LoadedRun& loaded, bool at_start) {
  clear_loaded(request, asked, loaded, at_start);
}

template <typename Asks>
void Control::clear_loaded(const Asks& request, Asked& asked, LoadedRun& loaded, bool at_start) {
  LoadedRun newer;  // `loaded` stays as it is for the next request, should this one be refused
  const bool is_reverted = request.latest != nullptr && request.latest->version != loaded.run.dag->version;
  if (is_reverted) {
    newer = loaded;
    if (Status fits = take_version(newer.run, request.latest); !fits) return answer(asked, fits.error());
  }
  Taking taking{is_reverted ? newer : loaded, at_start, is_reverted ? request.latest_version : nullptr};
  if constexpr (std::is_same_v<Asks, RetryRun>) {
    if (never_began(taking.loaded.run)) return want_again(request, asked, taking);
  }
  clear(request, asked, taking.loaded.run, &taking);
}

void Control::change(const ResumeRun& request, Asked& asked, const DagRun& run) {
  answer(asked, Answer{.run_no = request.run_no, .has_changed = false, .state = run.row.state});
}

void Control::change_loaded(const ResumeRun& request, Asked& asked, LoadedRun& loaded, bool at_start) {
  const DagRun& run = loaded.run;
  const bool goes_by_itself = run.is_finished() || never_began(run) || engine_.queue().may_change(request.run_no);
  if (goes_by_itself) return change(request, asked, run);
  if (Status may = may_take(run, at_start); !may) return answer(asked, may.error());
  know_pools(*run.dag);
  if (Status fits = check(request, run, engine_.admission()); !fits) return answer(asked, fits.error());
  if (Status may = may_go_on(run, {}); !may) return answer(asked, may.error());
  AuditRow audit = audit_of(request, asked.actor, run.row, loop_.wall_now());
  EngineRequest what = written(std::move(audit), {.run_no = request.run_no}, asked);
  adopt(std::move(loaded), {}, std::move(what));
}

void Control::change(const ClearTasks& request, Asked& asked, const DagRun& run) {
  if (request.latest != nullptr && request.latest->version != run.dag->version) {
    return answer(asked, Error{"run \"" + run.row.run_id + "\" has not ended: another version cannot take it over now",
                               ErrorKind::conflict});
  }
  clear(request, asked, run, nullptr);
}
void Control::change(const MarkTasks& request, Asked& asked, const DagRun& run) { mark(request, asked, run, nullptr); }
void Control::change_loaded(const MarkTasks& request, Asked& asked, LoadedRun& loaded, bool at_start) {
  Taking taking{loaded, at_start, nullptr};
  mark(request, asked, loaded.run, &taking);
}
void Control::change(const MarkRun& request, Asked& asked, const DagRun& run) { mark(request, asked, run, nullptr); }
void Control::change_loaded(const MarkRun& request, Asked& asked, LoadedRun& loaded, bool at_start) {
  Taking taking{loaded, at_start, nullptr};
  mark(request, asked, loaded.run, &taking);
}

void Control::change(const AnswerApproval& request, Asked& asked, const DagRun& run) {
  take_answer(request, asked, run, nullptr);
}
void Control::change_loaded(const AnswerApproval& request, Asked& asked, LoadedRun& loaded, bool at_start) {
  Taking taking{loaded, at_start, nullptr};
  take_answer(request, asked, loaded.run, &taking);
}

/// What is not in memory asks nothing of anybody: answer_of() says what has become of it.
void Control::take_answer(const AnswerApproval& request, Asked& asked, const DagRun& run, Taking* taking) {
  const WallUs at = loop_.wall_now();
  const auto answered = answer_of(request, run, asked.actor, at, is_ours(taking, request.run_no));
  if (!answered) return answer(asked, answered.error());
  Answer how{.run_no = request.run_no, .instances = describe(run, {answered->instance})};
  AuditRow audit = audit_of(request, asked.actor, run.row, at);
  carry_out(*answered, std::move(audit), std::move(how), asked, taking, {});
}

/// Of each task among them, once.
void Control::forget_states(const DagRun& run, const std::vector<InstanceNo>& cleared, const Actor& actor, WallUs at,
                            ServiceRows& rows) {
  for (const InstanceNo i : cleared) {
    const std::string& name = run.spec_of(i).state->name;
    if (name.empty()) continue;
    auto row = engine_.forget_state(run.row.dag_id, name);
    if (!row) continue;
    row->at = at;
    row->actor = actor.name;
    rows.task_states.push_back(std::move(*row));
  }
}

template <typename Asks>
void Control::clear(const Asks& request, Asked& asked, const DagRun& run, Taking* taking) {
  constexpr bool is_retry = std::is_same_v<Asks, RetryRun>;
  if (taking != nullptr) know_pools(*run.dag);
  auto selected = select(request, run, is_ours(taking, request.run_no), engine_.admission());
  if (!selected) return answer(asked, selected.error());
  *selected = with_what_goes_along(run, *selected, {}, engine_.core().instances_max);
  Answer how{.run_no = request.run_no, .cleared = selected->size(), .instances = describe(run, *selected)};
  bool is_wanted = !selected->empty();
  if constexpr (is_retry) {  // an interrupted run that has nothing to clear goes on
    is_wanted = is_wanted || (taking != nullptr && !run.is_finished());
  } else {
    is_wanted = is_wanted && !request.dry_run;
  }
  ServiceRows notes;
  bool is_dry = false;
  if constexpr (is_retry) {
    notes = notes_of(request.run_no, request.run_note, std::nullopt, {});
  } else {
    notes = notes_of(request.run_no, request.run_note, request.note, *selected);
    is_dry = request.dry_run;
  }
  if (!is_wanted) {
    how.has_changed = false;
    how.state = run.row.state;
    if (is_dry) return answer(asked, how);
    append(notes, rows_of(request.beside));
    AuditRow audit = audit_row(asked.actor, "note", run.row, request.why, loop_.wall_now());
    return write_alone(std::move(audit), std::move(how), asked, std::move(notes));
  }
  if (taking != nullptr) {
    if (Status may = may_go_on(run, *selected); !may) return answer(asked, may.error());
  }
  AuditRow audit;
  if constexpr (is_retry) {
    audit = audit_of(request, asked.actor, run.row, loop_.wall_now());
  } else {
    audit = audit_of(request, asked.actor, run.row, how.instances, loop_.wall_now());
  }
  if constexpr (!is_retry) {
    if (request.resets_state || BATON_BUG(clear_takes_state)) forget_states(run, *selected, asked.actor, audit.at, notes);
  }
  append(notes, rows_of(request.beside));
  carry_out(Cleared{std::move(*selected)}, std::move(audit), std::move(how), asked, taking, std::move(notes));
}

/// It ended while it waited to begin: there is nothing to clear, it waits once more.
void Control::want_again(const RetryRun& request, Asked& asked, Taking& taking) {
  AuditRow audit = audit_of(request, asked.actor, taking.loaded.run.row, loop_.wall_now());
  know_pools(*taking.loaded.run.dag);
  ServiceRows beside = rows_of(request.beside);
  engine_.requeue(std::move(taking.loaded),
                  written(std::move(audit), {.run_no = request.run_no}, asked, std::move(beside)),
                  std::move(taking.version));
}

void Control::mark(const MarkTasks& request, Asked& asked, const DagRun& run, Taking* taking) {
  if (taking != nullptr) know_pools(*run.dag);
  auto selected = select(request, run, is_ours(taking, request.run_no));
  if (!selected) return answer(asked, selected.error());
  Answer how{.run_no = request.run_no, .instances = describe(run, *selected)};
  if (request.dry_run || selected->empty()) {
    how.has_changed = false;
    how.state = run.row.state;
  }
  if (request.dry_run) return answer(asked, how);
  const auto named = instances_of(run, request.tasks);
  ServiceRows notes = notes_of(request.run_no, std::nullopt, request.note, *named);
  if (selected->empty()) {
    AuditRow audit = audit_row(asked.actor, "note", run.row, request.why, loop_.wall_now());
    return write_alone(std::move(audit), std::move(how), asked, std::move(notes));
  }
  AuditRow audit = audit_of(request, asked.actor, run.row, how.instances, loop_.wall_now());
  carry_out(event_of(request, std::move(*selected)), std::move(audit), std::move(how), asked, taking,
            std::move(notes));
}

void Control::mark(const MarkRun& request, Asked& asked, const DagRun& run, Taking* taking) {
  if (taking != nullptr) know_pools(*run.dag);
  const auto changes = check(request, run, is_ours(taking, request.run_no));
  if (!changes) return answer(asked, changes.error());
  ServiceRows notes = notes_of(request.run_no, request.note, std::nullopt, {});
  if (!*changes) {
    AuditRow audit = audit_row(asked.actor, "note", run.row, request.why, loop_.wall_now());
    return write_alone(std::move(audit), {.run_no = request.run_no, .has_changed = false, .state = run.row.state},
                       asked, std::move(notes));
  }
  AuditRow audit = audit_of(request, asked.actor, run.row, loop_.wall_now());
  if (taking != nullptr && engine_.queue().may_change(request.run_no)) {
    return mark_waiting(request, std::move(audit), asked, *taking, std::move(notes));
  }
  carry_out(event_of(request), std::move(audit), {.run_no = request.run_no}, asked, taking, std::move(notes));
}

/// It ends here, without having begun; where it has begun before and was cleared, what is open of it ends with it.
void Control::mark_waiting(const MarkRun& request, AuditRow audit, Asked& asked, Taking& taking, ServiceRows notes) {
  const RunState to = request.state;
  EngineRequest what = written(std::move(audit), {.run_no = request.run_no}, asked, std::move(notes));
  if (taking.loaded.run.row.begun_at == kNoTime) {
    engine_.end_waiting(taking.loaded.run.row, to, Reason::marked, std::move(what));
    return;
  }
  const Reason why = to == RunState::success ? Reason::marking_success : Reason::marking_failed;
  engine_.stop_waiting(std::move(taking.loaded), {why, false}, std::move(what));
}

/// A run that was loaded is given to the engine with the change made; it goes on there, or is forgotten when that is
/// durable.
void Control::carry_out(const Event& event, AuditRow audit, Answer how, Asked& asked, Taking* taking,
                        ServiceRows rows) {
  const RunNo run_no = how.run_no;
  EngineRequest what = written(std::move(audit), std::move(how), asked, std::move(rows));
  if (taking == nullptr) {
    engine_.change_run(run_no, event, std::move(what));
    return;
  }
  LoadedRun& loaded = taking->loaded;
  const bool is_adopted = !loaded.run.is_finished() && !engine_.queue().may_change(run_no);
  StepOutcome changed;
  change_unattended(loaded.run, event, {loop_.wall_now(), loop_.mono_now()}, changed);
  if (is_adopted) return adopt(std::move(loaded), std::move(changed), std::move(what), std::move(taking->version));
  engine_.take_run(std::move(loaded.run), std::move(loaded.path_us), std::move(changed), std::move(what),
                   std::move(taking->version));
}

}  // namespace baton
