// `db check`, `db backup`, `db prune`: keeping the database of a state folder.
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "cli/folder_change.h"
#include "cli/handlers.h"
#include "cli/reading.h"
#include "cli/server_client.h"
#include "cli/state_lookup.h"
#include "cli/text/clock_text.h"
#include "cli/views.h"
#include "scheduler/host/local/backups_on_disk.h"
#include "scheduler/host/local/local_actor.h"
#include "scheduler/loop/asio_loop.h"
#include "scheduler/store/backup.h"
#include "scheduler/store/sqlite_store.h"
#include "scheduler/store/state_folder.h"
#include "scheduler/timetable/time_text.h"

namespace baton::cli {
namespace {

namespace fs = std::filesystem;

/// The folder with a database in it, or what to do.
Result<fs::path> existing_folder(const Invocation& call) {
  const Result<OpenState> state = open_state(call.args());
  if (!state) return state.error();
  return state->folder;
}

/// Rows whose sums do not hold, of runs and of their tasks: the file is whole, and what stands in it is not what was
/// written. Every row is read.
Result<std::int64_t> damaged_rows(Reader& reader, const std::function<void(const std::string&)>& tell) {
  constexpr std::int64_t kRowsAtATime = 10'000;
  std::int64_t found = 0;
  RunQuery runs;
  runs.page.limit = kRowsAtATime;
  runs.page.with_total = false;
  do {
    const auto page = reader.list_runs(runs);
    if (!page) return page.error();
    for (const RunView& run : page->rows) {
      if (!run.damage.empty() && ++found > 0) tell("run " + std::to_string(run.row.run_no) + ": " + run.damage);
    }
    runs.page.after = page->next;
  } while (!runs.page.after.empty());
  InstanceQuery instances;
  instances.page = {.limit = kRowsAtATime, .with_total = false};
  do {
    const auto page = reader.list_instances(instances);
    if (!page) return page.error();
    for (const InstanceView& one : page->rows) {
      if (one.damage.empty() || ++found < 0) continue;
      tell(one.dag_id + "/" + one.run_id + " " + instance_name(one) + ": " + one.damage);
    }
    instances.page.after = page->next;
  } while (!instances.page.after.empty());
  return found;
}

}  // namespace

int db_check_command(const Invocation& call) {
  // Without a Reader: it refuses what this command is to look at.
  const fs::path folder = state_folder_of(call.args());
  const fs::path path = database_path(folder);
  std::error_code error;
  if (const Status may = may_read_state(folder); !may) return call.fail(may.error());
  if (!fs::exists(path, error))
    return call.fail(
        {"there is no database in " + shown_path(folder) + "; name another folder with --state", ErrorKind::not_found});
  const Status checked = sqlite::check_file(path.string(), !call.args().has("quick"), nullptr);
  if (!checked) {
    return call.fail(
        {checked.error().message, ErrorKind::storage},
        "keep " + shown_path(folder) + " as it is, and go back to a backup (`baton db backup` makes them)");
  }
  const Result<OpenState> state = open_state(call.args());
  if (!state) return call.fail(state.error());
  const Result<StoreInfo> info = state->reader->info();
  if (!info) return call.fail(info.error());
  if (!call.args().has("quick")) {
    constexpr std::int64_t kNamedMost = 20;
    std::int64_t named = 0;
    const auto tell = [&named](const std::string& what) {
      if (++named <= kNamedMost) Invocation::print("damaged  " + text::printable(what) + "\n");
    };
    const Result<std::int64_t> damaged = damaged_rows(*state->reader, tell);
    if (!damaged) return call.fail(damaged.error());
    if (*damaged > 0) {
      const std::string what = *damaged == 1 ? " row is not as it was" : " rows are not as they were";
      return call.fail({text::grouped(*damaged) + what + " written: another program wrote to " + shown_path(path) +
                            ", or its disk lost something",
                        ErrorKind::storage},
                       "`baton db forget RUN` removes such a run; else go back to a backup");
    }
  }
  Invocation::print(call.out_style().paint(text::Ink::bold_green, "whole") + "  " + shown_path(path) + ", " +
                    text::size(info->database_bytes) + ", " + text::grouped(info->runs) +
                    (info->runs == 1 ? " run" : " runs") + ", schema " + std::to_string(info->schema_version) + "\n");
  return kOk;
}

namespace {

/// An older copy may be written over, and nothing else that somebody has named by mistake.
bool is_database(const fs::path& path) {
  constexpr std::string_view kMagic = "SQLite format 3";  // https://www.sqlite.org/fileformat.html, 1.3
  std::ifstream file(path, std::ios::binary);
  std::string head(kMagic.size(), '\0');
  file.read(head.data(), static_cast<std::streamsize>(head.size()));
  return file.gcount() == 0 || head == kMagic;
}

}  // namespace

int db_backup_command(const Invocation& call) {
  const Result<fs::path> folder = existing_folder(call);
  if (!folder) return call.fail(folder.error());
  const fs::path target = fs::absolute(call.args().at(0));
  std::error_code error;
  if (fs::is_directory(target, error)) return call.fail({target.string() + " is a folder; name the file"});
  if (!fs::is_directory(target.parent_path(), error))
    return call.fail({"there is no folder " + target.parent_path().string(), ErrorKind::not_found});
  if (target.parent_path() == *folder)
    return call.fail({"a copy inside the state folder is none; choose another place"});
  if (fs::exists(target, error) && !is_database(target)) {
    return call.fail(
        {target.string() + " is there and is no database: a copy would take its place", ErrorKind::conflict});
  }
  // Beside a server too: it reads, and waits for nobody.
  if (const Status copied = back_up_folder(folder->string(), target.string()); !copied) {
    return call.fail(copied.error(), "`baton db check` looks at the database itself");
  }
  const auto bytes = static_cast<std::int64_t>(fs::file_size(target, error));
  Invocation::print(target.string() + "  " + text::size(bytes) + ", checked\n");
  call.note("logs are files of their own: " + shown_path(*folder / "logs"));
  return kOk;
}

namespace {

Result<PruneRule> rule_of(const Arguments& arguments) {
  PruneRule rule;
  rule.dag_id = arguments.value("dag");
  if (!arguments.has("older-than")) return Error{"`baton db prune` needs --older-than SPAN, for example 90d"};
  const Result<DurationUs> span = timetable::parse_duration(arguments.value("older-than"));
  if (!span) return Error{"--older-than: " + span.error().message};
  rule.ended_before = now_us() - *span;
  return rule;
}

Result<std::int64_t> count_old(Reader& reader, const PruneRule& rule) {
  RunQuery query;
  if (!rule.dag_id.empty()) query.filter.dag_ids = {rule.dag_id};
  query.filter.states = {RunState::success, RunState::failed};
  query.filter.ended_at.below = rule.ended_before;
  query.page.limit = 10'000;
  query.page.with_total = false;
  std::int64_t out = 0;
  while (true) {
    const Result<RunPage> page = reader.list_runs(query);
    if (!page) return page.error();
    out += std::ssize(page->rows);
    if (page->next.empty()) return out;
    query.page.after = page->next;
  }
}

/// Logs, outputs and work folders of runs that the database does not know any more. The folder is ours meanwhile.
void remove_files_of_forgotten(const fs::path& folder, Reader& reader) {
  for (const char* part : {"logs", "outputs", "work"}) {
    std::error_code error;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder / part, error)) {
      const std::string name = entry.path().filename().string();
      if (name.empty() || name.find_first_not_of("0123456789") != std::string::npos || name.size() > 18) continue;
      const Result<RunView> run = reader.run(std::stoll(name));
      if (run || run.error().kind != ErrorKind::not_found) continue;
      std::error_code ignored;
      fs::remove_all(entry.path(), ignored);
    }
  }
}

}  // namespace

namespace {

/// Makes `change` in the store of a folder that is ours meanwhile, then removes what is left of runs that are gone.
template <typename Change>
auto change_store(OpenState& state, const std::string& command, Change change)
    -> decltype(change(std::declval<SqliteStore&>(), std::declval<AsioLoop&>())) {
  auto changed = change_folder(state, command, std::move(change));
  if (changed) remove_files_of_forgotten(state.folder, *state.reader);
  return changed;
}

/// Runs, and with those of all DAGs what a server has left behind.
Result<PruneResult> prune(SqliteStore& store, const PruneRule& rule) {
  Result<PruneResult> runs = store.prune(rule);
  if (!runs || !rule.dag_id.empty()) return runs;
  const Result<std::int64_t> rows = store.prune_service(rule.ended_before);
  if (!rows) return rows.error();
  return runs;
}

}  // namespace

namespace {

int told_pruned(std::int64_t runs) {
  Invocation::print(text::grouped(runs) + (runs == 1 ? " run" : " runs") + " forgotten, with their logs\n");
  return kOk;
}

/// The job among those that are through; null: it is not yet.
const Value* job_of(const Value& retention, std::int64_t job_id) {
  const Value* jobs = retention.find("jobs");
  if (jobs == nullptr || jobs->type() != ValueType::list) return nullptr;
  for (const Value& one : jobs->as_list()) {
    if (number_member(one, "job_id") == job_id) return &one;
  }
  return nullptr;
}

/// The server does it beside its work; here it is waited for.
int prune_through(const ServerClient& server, const Invocation& call) {
  ValueMap body{{"older_than", call.args().value("older-than")}};
  if (call.args().has("dag")) body.emplace_back("dag_id", call.args().value("dag"));
  const Result<Value> begun = server.post("/api/v2/server/prune", body);
  if (!begun) return call.fail(begun.error());
  while (true) {
    const Result<Value> now = server.get("/api/v2/server/retention");
    if (!now) return call.fail(now.error());
    if (const Value* job = job_of(*now, number_member(*begun, "job_id"))) {
      const std::string error = text_member(*job, "error");
      if (!error.empty()) return call.fail({error, ErrorKind::storage});
      const Value* removed = job->find("removed");
      return told_pruned(removed == nullptr ? 0 : number_member(*removed, "runs"));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

}  // namespace

int db_prune_command(const Invocation& call) {
  const Result<PruneRule> rule = rule_of(call.args());
  if (!rule) return call.fail(rule.error());
  Result<OpenState> state = open_state(call.args());
  if (!state) return call.fail(state.error());
  const auto server = ServerClient::beside(state->folder);
  if (server && !call.args().has("dry-run")) return prune_through(*server, call);
  if (call.args().has("dry-run")) {
    const Result<std::int64_t> count = count_old(*state->reader, *rule);
    if (!count) return call.fail(count.error());
    Invocation::print(text::grouped(*count) + (*count == 1 ? " run" : " runs") + " would go\n");
    return kOk;
  }
  const Result<PruneResult> pruned =
      change_store(*state, "db prune", [&](SqliteStore& store, AsioLoop&) { return prune(store, *rule); });
  if (!pruned) {
    return call.fail(pruned.error(), pruned.error().kind == ErrorKind::conflict ? "prune when nothing runs there" : "");
  }
  return told_pruned(pruned->runs);
}

namespace {

/// The run's name as far as it can be read; an Error where it may not go.
Result<AuditRow> forgetting(Reader& reader, RunNo run_no, const std::string& selector) {
  AuditRow audit;
  audit.at = now_us();
  audit.actor = actor_of(getuid(), "cli").name;
  audit.action = "forget";
  audit.run_id = selector;
  const Result<RunView> run = reader.run(run_no);
  if (!run && run.error().kind != ErrorKind::storage) return run.error();
  if (!run) {
    audit.extra_json = R"({"run_no":)" + std::to_string(run_no) + R"(,"damaged":true})";
    return audit;
  }
  audit.dag_id = run->row.dag_id;
  audit.run_id = run->row.run_id;
  audit.extra_json = R"({"run_no":)" + std::to_string(run_no) + "}";
  if (is_final(run->row.state) && run->row.hooks_open) {
    return Error{"run " + run->row.run_id +
                     " has a hook that has not ended; `baton resume` lets it end, then the run can"
                     " be forgotten",
                 ErrorKind::conflict};
  }
  if (is_final(run->row.state)) return audit;
  return Error{"run " + run->row.run_id + " is " + std::string(to_string(run->row.state)) +
                   "; `baton stop` ends it, then it can be forgotten",
               ErrorKind::conflict};
}

/// The server removes it beside its work. What it cannot read it cannot be asked for.
int forget_through(const ServerClient& server, const Invocation& call, const AuditRow& audit) {
  if (audit.dag_id.empty()) {
    return call.fail({"rows of this run are damaged, and a server holds the folder: end the server, then forget the run",
                      ErrorKind::conflict});
  }
  const Result<Value> gone = server.drop(run_target(audit.dag_id, audit.run_id));
  if (!gone) return call.fail(gone.error());
  Invocation::print("run " + audit.run_id + " forgotten; the server removes its logs\n");
  return kOk;
}

Result<PruneResult> forget(SqliteStore& store, AsioLoop& loop, RunNo run_no, AuditRow audit) {
  Part part;
  part.audit.push_back(std::move(audit));
  // First who asked for it: after a crash between the two the run is still there and can be forgotten again.
  CommitOutcome outcome = CommitOutcome::unknown;
  store.commit(std::move(part), [&](const CommitDone& done) {
    outcome = done.outcome;
    loop.stop();
  });
  loop.run();
  if (outcome != CommitOutcome::durable)
    return Error{"the audit could not be written; the run was left as it is", ErrorKind::storage};
  PruneRule rule;
  rule.run_no = run_no;
  return store.prune(rule);
}

}  // namespace

int db_forget_command(const Invocation& call) {
  Result<OpenState> state = open_state(call.args());
  if (!state) return call.fail(state.error());
  const std::string selector = call.args().at(0);
  const Result<RunNo> run_no = state->reader->find_run(selector);
  if (!run_no) return call.fail(run_no.error());
  Result<AuditRow> audit = forgetting(*state->reader, *run_no, selector);
  if (!audit) return call.fail(audit.error());
  const std::string name = audit->run_id;
  if (const auto server = ServerClient::beside(state->folder)) return forget_through(*server, call, *audit);
  const Result<PruneResult> gone = change_store(*state, "db forget", [&](SqliteStore& store, AsioLoop& loop) {
    return forget(store, loop, *run_no, std::move(*audit));
  });
  if (!gone) return call.fail(gone.error());
  if (gone->runs == 0) return call.fail({"run " + name + " has gone meanwhile", ErrorKind::not_found});
  Invocation::print("run " + name + " forgotten, with its logs\n");
  return kOk;
}

}  // namespace baton::cli
