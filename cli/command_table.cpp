// The one table of commands. A new command is a row here and a function in handlers.h.
#include <algorithm>

#include "cli/command.h"
#include "cli/handlers.h"
#include "cli/handlers_alerts.h"
#include "cli/handlers_server.h"

namespace baton::cli {
namespace {

constexpr std::string_view kRead = "table|json|jsonl|yaml";
constexpr std::string_view kRunHelp = "an id that is unique here, DAG/ID, @latest or DAG@latest";

// Groups, as headings of the help.
constexpr std::string_view kRunning = "Run";
constexpr std::string_view kLooking = "Look";
constexpr std::string_view kWriting = "Write";
constexpr std::string_view kKeeping = "Keep";

constexpr Flag kParam = {"param", 'p', "k=v", "a param of the DAG, by its declared type; lists also as a,b", true};
constexpr Flag kParams = {"params", 0, "FILE", "params from a JSON or YAML file; -p wins over it", false, Complete::file};
constexpr Flag kSlots = {"slots", 0, "N", "attempts at a time (the CPU count)"};
constexpr Flag kLabel = {"label", 0, "k=v", "a label of the run, to find it by; may be repeated", true};
constexpr Flag kSecrets = {"secrets",     0, "FILE", "secrets, NAME=value a line; the file's mode must be 0600", false,
                           Complete::file};
constexpr Flag kWait = {"wait", 0, {}, "wait for the state folder where another run holds it"};
constexpr Flag kQuiet = {"quiet", 'q', {}, "no progress, the result alone"};
constexpr Flag kDag = {"dag", 0, "ID", "of this DAG only", false, Complete::dag};
constexpr Flag kFileDag = {"dag", 0, "ID", "which DAG, where the file holds several", false, Complete::dag};

constexpr Argument kRun = {"RUN", kRunHelp, true, false, Complete::run};
constexpr Argument kFileOrDag[] = {
    {"FILE|DAG", "a DAG file, the id of a DAG under ./dags, or - for stdin", true, false, Complete::dag_file}};
constexpr Argument kFile[] = {{"FILE", "a DAG file, or - for stdin", true, false, Complete::dag_file}};
constexpr Argument kPaths[] = {{"PATH", "DAG files, folders with *.yaml and *.yml, or - for stdin", true, true, Complete::dag_file}};
constexpr Argument kOneRun[] = {kRun};
constexpr Argument kTwoRuns[] = {{"RUN", kRunHelp, true, false, Complete::run},
                                 {"OTHER", "the run to compare it with", true, false, Complete::run}};
constexpr Argument kRunAndTask[] = {kRun, {"TASK", "task, task[index] or task[key]", true, false, Complete::task}};
constexpr Argument kRunMaybeTask[] = {
    kRun, {"TASK", "task, task[index] or task[key]; all without it", false, false, Complete::task}};

constexpr Flag kRunFlags[] = {
    kParam,
    kParams,
    {"interval", 0, "START[/END]", "the data interval: times or dates; END is the next tick, or the end of that day"},
    {"task", 0, "ID", "only this task and all its upstreams", true, Complete::task},
    kSlots,
    {"dry-run", 'n', {}, "say what would run, in order, and run nothing"},
    kFileDag,
    {"run-id", 0, "ID", "the run's id (manual__<time>_<random>)"},
    kLabel,
    kSecrets,
    kWait,
    kQuiet,
};
constexpr Example kRunExamples[] = {
    {"baton run dags/hello.dag.yaml", "run it here and now"},
    {"baton run etl.dag.yaml --interval 2026-01-31 -p regions=eu,us", "one day, two regions"},
    {"baton run etl.dag.yaml --params prod.yaml -p n=7", "params from a file, one of them otherwise"},
    {"baton run etl.dag.yaml --task train --dry-run", "what `train` and its upstreams would do"},
    {"generate.py | baton run -", "a DAG that a program writes"},
};
constexpr Flag kResumeFlags[] = {kSlots, kSecrets, kWait, kQuiet};
constexpr Example kResumeExamples[] = {{"baton resume @latest", "after a kill -9 or a reboot: finish what was begun"}};
constexpr Flag kRetryFlags[] = {
    {"failed", 0, {}, "what failed and all that follows (the default)"},
    {"from", 0, "TASK", "this task and all that follows, whatever it ended as", false, Complete::task},
    {"latest", 0, {}, "with the DAG file as it is now, not as it was"},
    kSlots,
    kSecrets,
    kWait,
    kQuiet,
};
constexpr Example kRetryExamples[] = {
    {"baton retry @latest", "run again what failed"},
    {"baton retry etl@latest --from features --latest", "from one task on, with the file as it is now"}};
constexpr Argument kRunAndTasks[] = {
    kRun, {"TASK", "task, task[index] or task[key]; all of the run without it", false, true, Complete::task}};
constexpr Argument kRunStateTasks[] = {
    kRun,
    {"STATE", "what it is to be", true, false, Complete::words, "success|failed"},
    {"TASK", "task, task[index] or task[key]; the run itself without it", false, true, Complete::task}};
constexpr Flag kWhy = {"why", 0, "TEXT", "kept with the change, for who asks later"};
constexpr Flag kChangeDryRun = {"dry-run", 0, {}, "change nothing; list what would be"};
constexpr Flag kClearFlags[] = {
    {"upstream", 0, {}, "and all that these follow from"},
    {"downstream", 0, {}, "and all that follows from these (the default)"},
    {"only", 0, {}, "not what follows from these"},
    {"failed", 0, {}, "of all these, what failed or is upstream_failed"},
    {"reset-state", 0, {}, "and what these keep from run to run by their `state:` is taken away"},
    kChangeDryRun, kWhy, kSlots, kSecrets, kWait, kQuiet};
constexpr Example kClearExamples[] = {
    {"baton clear @latest transform", "run transform again, and all that follows"},
    {"baton clear etl@latest load[eu] --only --why 'late file'", "one instance alone"}};
constexpr Flag kMarkFlags[] = {
    {"upstream", 0, {}, "and all that these follow from"},
    {"downstream", 0, {}, "and all that follows from these"},
    kChangeDryRun, kWhy, kSlots, kSecrets, kWait, kQuiet};
constexpr Example kMarkExamples[] = {
    {"baton mark @latest success load --why 'loaded by hand'", "what it has left upstream_failed runs"},
    {"baton mark etl@latest failed", "the run itself"}};
constexpr Argument kTriggerDag[] = {{"DAG", "id of a DAG of the server", true, false, Complete::dag}};
constexpr Flag kTriggerFlags[] = {
    kParam,
    kParams,
    {"logical-date", 0, "T", "the run's logical date; a DAG has one run for each"},
    {"interval", 0, "START[/END]", "the data interval: times or dates; END is the next tick, or the end of that day"},
    {"run-id", 0, "ID", "the run's id (manual__<time>_<random>)"},
    {"note", 0, "TEXT", "shown with the run"},
    kLabel,
    {"idempotency-key", 0, "KEY", "asked again with this key it is the same run, not another one"},
    {"wait", 0, {}, "follow the run to its end; the exit code is the run's"},
};
constexpr Example kTriggerExamples[] = {
    {"baton trigger etl -p regions=eu,us --wait", "run it now, and see it through"},
    {"baton trigger etl --logical-date 2026-01-31 --idempotency-key nightly-31", "safe to type twice"}};
constexpr Argument kBackfilledDag[] = {
    {"DAG", "id of a DAG of the server, with a schedule", true, false, Complete::dag}};
constexpr Argument kMaybeDag[] = {{"DAG", "of this DAG only", false, false, Complete::dag}};
constexpr Argument kBackfill[] = {
    {"BACKFILL", "its number, or a DAG: the newest of it", true, false, Complete::dag}};
constexpr Flag kBackfillFlags[] = {
    {"from", 0, "T", "the first logical date: a time or a date, in the DAG's time zone"},
    {"to", 0, "T", "the last one, included; a plain date means all of that day"},
    {"dry-run", 'n', {}, "list each interval and what it would come to, and make nothing"},
    {"reprocess", 0, "WHICH", "of the dates that have a run, run again none (the default), failed or completed ones",
     false, Complete::words, "none|failed|completed"},
    {"max-active-runs", 0, "N", "so many of its runs at a time (10)"},
    {"chunk", 0, "N", "one run for each N intervals (1)"},
    {"order", 0, "ORDER", "oldest first (asc, the default) or newest first", false, Complete::words, "asc|desc"},
    kParam,
    kParams,
    {"label", 0, "k=v", "a label of each of its runs, to find them by; may be repeated", true},
    kWhy,
    {"wait", 0, {}, "show how far it comes, to its end; exit code 1 where a run failed"},
};
constexpr Example kBackfillExamples[] = {
    {"baton backfill create flights --from 2026-01-01 --to 2026-01-31 --dry-run", "what a month would come to"},
    {"baton backfill create flights --from 2026-01-01 --to 2026-01-31 --wait", "fill it, and see it through"},
    {"baton backfill create flights --from 2026-01-01 --to 2026-01-31 --reprocess failed", "again what failed"}};
constexpr Flag kBackfillListFlags[] = {{"limit", 'n', "N", "so many, newest first (20)"}};
constexpr Example kBackfillListExamples[] = {{"baton backfill list", "the newest backfills of all DAGs"}};
constexpr Flag kBackfillShowFlags[] = {{"wait", 0, {}, "follow it to its end; exit code 1 where a run failed"}};
constexpr Example kBackfillShowExamples[] = {{"baton backfill show 3", "how far it has come"},
                                             {"baton backfill show flights --wait", "the newest of a DAG, to its end"}};
constexpr Example kBackfillPauseExamples[] = {{"baton backfill pause 3", "no more runs for now"}};
constexpr Example kBackfillResumeExamples[] = {{"baton backfill resume 3", "it goes on where it was"}};
constexpr Example kBackfillCancelExamples[] = {{"baton backfill cancel 3", "what has begun goes on"}};
constexpr Flag kHoldFlags[] = {kWhy};
constexpr Example kPauseExamples[] = {{"baton dag pause etl --why 'source is down'", "no new runs for now"}};
constexpr Example kResumeDagExamples[] = {{"baton dag resume etl", "on again"}};
constexpr Example kDrainExamples[] = {{"baton dag drain etl", "before it is changed or taken away"}};
constexpr Flag kFreezeFlags[] = {{"why", 0, "TEXT", "what everybody reads who finds it frozen"}};
constexpr Argument kAsset[] = {{"ASSET", "its name", true, false}};
constexpr Argument kMaybeAsset[] = {{"ASSET", "of this one alone", false, false}};
constexpr Flag kAssetEventFlags[] = {{"extra", 0, "JSON", "an object that goes with the event"}};
constexpr Flag kLineageFlags[] = {{"depth", 0, "N", "DAGs to go either way (default 3, at most 50)"}};
constexpr Flag kQuarantineFlags[] = {kWhy};
constexpr Example kAssetLsExamples[] = {{"baton asset ls", "what there is, how fresh, and who makes it"}};
constexpr Example kAssetShowExamples[] = {{"baton asset show orders", "one of them"}};
constexpr Example kAssetEventsExamples[] = {{"baton asset events orders", "what has happened to it, newest first"}};
constexpr Example kAssetEventExamples[] = {
    {"baton asset event orders --extra '{\"rows\": 3}'", "a file has come from elsewhere"}};
constexpr Example kLineageExamples[] = {{"baton asset lineage model --depth 5", "from where, and what is made of it"}};
constexpr Example kImpactExamples[] = {{"baton asset impact orders", "all that is touched when it is late or wrong"}};
constexpr Example kQuarantineExamples[] = {
    {"baton asset quarantine orders --why 'half of it is missing'", "nobody runs on it meanwhile"}};
constexpr Example kReleaseExamples[] = {{"baton asset release orders --why 'looked at'", "what waits runs"}};
constexpr Argument kChecksOf[] = {{"RUN", "id, DAG/ID, @latest, DAG@latest", true, false, Complete::run},
                                  {"TASK", "of it: TASK, or TASK[INDEX]", true, false, Complete::task}};
constexpr Flag kChecksFlags[] = {{"dag", 0, "DAG", "of this DAG alone", false, Complete::dag},
                                 {"failed", 0, {}, "those alone that did not pass"},
                                 {"limit", 0, "N", "so many (default 50, at most 1000)"}};
constexpr Example kChecksLsExamples[] = {{"baton checks ls --failed", "what did not hold, newest first, over all DAGs"}};
constexpr Example kChecksShowExamples[] = {{"baton checks show @latest quality", "each check of a task, and what it saw"}};
constexpr Argument kStateDag[] = {{"DAG", "its id", true, false, Complete::dag}};
constexpr Argument kStateNamed[] = {{"DAG", "its id", true, false}, {"NAME", "of the state", true, false}};
constexpr Argument kStateValue[] = {
    {"DAG", "its id", true, false}, {"NAME", "of the state", true, false}, {"JSON", "the value; - reads it", true, false}};
constexpr Flag kStateFlags[] = {kWhy};
constexpr Example kStateLsExamples[] = {{"baton state ls orders", "how far a DAG has come, and by which run"}};
constexpr Example kStateGetExamples[] = {{"baton state get orders watermark", "the value as JSON, for a script"}};
constexpr Example kStateSetExamples[] = {
    {"baton state set orders watermark '\"2026-01-01\"' --why 'January once more'", "the next run begins there"}};
constexpr Example kStateRmExamples[] = {{"baton state rm orders watermark", "the next run begins as the first one did"}};
constexpr Argument kBreaker[] = {{"BREAKER", "its name", true, false}};
constexpr Flag kTripFlags[] = {
    {"for", 0, "DURATION", "let probes through after that (else not before `baton breaker reset`)"}, kWhy};
constexpr Flag kResetFlags[] = {kWhy};
constexpr Example kBreakerLsExamples[] = {{"baton breaker ls", "which are open, since when and why"}};
constexpr Example kBreakerShowExamples[] = {{"baton breaker show warehouse", "what it counts, and what has happened to it"}};
constexpr Example kTripExamples[] = {
    {"baton breaker trip warehouse --why 'it is moved tonight' --for 2h", "what names it waits meanwhile"}};
constexpr Example kResetExamples[] = {{"baton breaker reset warehouse --why 'it is back'", "what waits starts at once"}};
constexpr Argument kVariable[] = {{"NAME", "its name", true, false}};
constexpr Argument kVariableSet[] = {{"NAME", "its name", true, false},
                                     {"VALUE", "its text; - reads standard input", true, false}};
constexpr Argument kVariableFile[] = {{"FILE", "a JSON object of names; - reads standard input", true, false, Complete::file}};
constexpr Flag kVariableSetFlags[] = {{"description", 0, "TEXT", "for people"}};
constexpr Example kVariableLsExamples[] = {{"baton variable ls", "all of them, with their values"}};
constexpr Example kVariableGetExamples[] = {{"baton variable get region", "its value alone"}};
constexpr Example kVariableSetExamples[] = {{"baton variable set region eu", "${{ var(\"region\") }} is eu from now on"}};
constexpr Example kVariableRmExamples[] = {{"baton variable rm region", "expressions that ask for it take their default"}};
constexpr Example kVariableImportExamples[] = {{"baton variable import variables.json", "as `airflow variables export` writes it"}};
constexpr Example kVariableExportExamples[] = {{"baton variable export > variables.json", "a copy"}};
constexpr Argument kSecret[] = {{"NAME", "its name, as `{secret: NAME}` says it", true, false}};
constexpr Flag kSecretSetFlags[] = {{"from-file", 0, "FILE", "the value is what the file holds", false, Complete::file}};
constexpr Example kSecretSetExamples[] = {{"baton secret set warehouse", "asks for the value, and does not show it"},
                                          {"baton secret set tls_key --from-file key.pem", "a value of several lines"}};
constexpr Example kSecretLsExamples[] = {{"baton secret ls", "names, and who set them when; never a value"}};
constexpr Example kSecretRmExamples[] = {{"baton secret rm warehouse", "tasks that want it fail from now on"}};
constexpr Argument kPool[] = {{"POOL", "its name", true, false}};
constexpr Flag kPoolSetFlags[] = {{"slots", 0, "N", "slots; -1: no limit"},
                                  {"rate", 0, "N/UNIT", "starts at most: 10/s, 100/m or 5/h; empty: no limit"},
                                  {"description", 0, "TEXT", "one line for people"}};
constexpr Example kPoolLsExamples[] = {{"baton pool ls", "what is taken, what waits, and which rate they have"}};
constexpr Example kPoolSetExamples[] = {{"baton pool set warehouse --slots 4", "also while tasks wait for it"},
                                        {"baton pool set api --rate 100/m", "no more starts than that"}};
constexpr Example kPoolRmExamples[] = {{"baton pool rm warehouse", "what baton.yaml and DAGs say of it stands again"}};
constexpr Example kFreezeExamples[] = {{"baton server freeze --why 'database is moved'", "until `baton server thaw`"}};
constexpr Example kThawExamples[] = {{"baton server thaw", "what waited begins"}};
constexpr Example kStatusExamples[] = {{"baton server status", "is it ready, and is it frozen"}};
constexpr Argument kAlertTo[] = {{"TO", "as `alerts:` names it: webhook:NAME, slack:NAME, mail:ADDRESS, command:NAME", true, false}};
constexpr Flag kAlertLsFlags[] = {{"event", 0, "EVENT", "of this event; several: of either", true},
                                  {"limit", 'n', "N", "so many, newest first (20)"}};
constexpr Example kAlertLsExamples[] = {{"baton alert ls --event run_failed", "who was told, and who could not be"}};
constexpr Example kAlertTestExamples[] = {{"baton alert test slack:ops", "before it matters"}};
constexpr Argument kLetter[] = {{"LETTER", "its number", true, false}};
constexpr Argument kLetterList[] = {{"LETTER", "their numbers", false, true}};
constexpr Argument kLetterJob[] = {{"JOB", "its number", true, false}};
constexpr Flag kOfDag = {"dag", 0, "DAG", "of this DAG; several: of either", true, Complete::dag};
constexpr Flag kOfTask = {"task", 0, "TASK", "of this task; several: of either", true};
constexpr Flag kOfReason = {"reason", 0, "REASON", "that failed for this reason: exit_code, timeout, oom, …", true};
constexpr Flag kOfSince = {"since", 0, "T", "that failed at or after a time (2026-03-01, UTC), or so long ago at most (6h)"};
constexpr Flag kAllLetters = {"all", 0, {}, "all that are open"};
constexpr Flag kDryLetters = {"dry-run", 'n', {}, "list them, and change nothing"};
constexpr Flag kWaitJob = {"wait", 0, {}, "stay to the end of the job; exit code 1 where one could not be done"};
constexpr Flag kDlqLsFlags[] = {kOfDag, kOfTask, kOfReason, kOfSince,
                                {"state-of", 0, "STATE", "open ones (the default), or those that are closed", false,
                                 Complete::words, "open|redriven|discarded|resolved|superseded|all"},
                                {"limit", 'n', "N", "so many, newest first (50)"}};
constexpr Flag kDlqRedriveFlags[] = {kOfDag, kOfTask, kOfReason, kOfSince, kAllLetters, kDryLetters,
                                     {"rate", 0, "RATE", "so many at most: 40/s, 100/m, 5/h"},
                                     {"latest", 0, {}, "go on with the version that the DAG has now"}, kWhy, kWaitJob};
constexpr Flag kDlqDiscardFlags[] = {kOfDag, kOfTask, kOfReason, kOfSince, kAllLetters, kDryLetters, kWhy, kWaitJob};
constexpr Example kDlqLsExamples[] = {{"baton dlq ls --dag flights --since 6h", "what gave up today"}};
constexpr Example kDlqShowExamples[] = {{"baton dlq show 12", "what it was given, its error, the end of its log"}};
constexpr Example kDlqRedriveExamples[] = {
    {"baton dlq redrive 12", "once more, with the same version and inputs"},
    {"baton dlq redrive --dag flights --since 6h --dry-run", "which ones it would be"},
    {"baton dlq redrive --dag flights --rate 40/s --why 'the API is back'", "oldest first, 40 a second"}};
constexpr Example kDlqDiscardExamples[] = {{"baton dlq discard --task probe --why 'known, and mended'", "let them go"}};
constexpr Example kDlqJobsExamples[] = {{"baton dlq jobs", "how far they have come"}};
constexpr Example kDlqCancelExamples[] = {{"baton dlq cancel 3", "what it has done stays"}};
constexpr Argument kBulkAction[] = {{"ACTION", "delete, clear, retry, cancel, mark-success or mark-failed", true, false}};
constexpr Flag kBulkFlags[] = {
    kOfDag,
    {"status", 0, "STATE", "in this state; several: in either", true, Complete::words, "queued|running|success|failed"},
    {"type", 0, "TYPE", "of this type; several: of either", true, Complete::words,
     "manual|scheduled|backfill|asset_triggered"},
    {"label", 0, "k[=v]", "with this label; may be repeated, for all of them", true},
    {"id", 0, "PART", "whose id holds this"},
    {"since", 0, "T", "that were due at or after a time (2026-03-01, UTC), or so long ago at most (6h)"},
    {"until", 0, "T", "that were due before a time, or longer ago"},
    {"all", 0, {}, "all runs"},
    {"dry-run", 'n', {}, "list them, and change nothing"},
    {"rate", 0, "RATE", "so many at most: 40/s, 100/m, 5/h"},
    {"latest", 0, {}, "go on with the version that the DAG has now"},
    kWhy,
    kWaitJob};
constexpr Example kBulkExamples[] = {
    {"baton bulk clear --dag flights --status failed --since 2d --dry-run", "which ones it would be"},
    {"baton bulk clear --dag flights --status failed --since 2d --rate 10/s --why 'the API is back'", "ten a second"},
    {"baton bulk delete --label trial --wait", "they and their logs go"}};
constexpr Example kJobsLsExamples[] = {{"baton jobs ls", "how far they have come"}};
constexpr Example kJobsCancelExamples[] = {{"baton jobs cancel 3", "what it has done stays"}};
constexpr Argument kQuestion[] = {
    {"NO|RUN", "the number of the question, as `baton approval ls` has it, or a run", true, false, Complete::run},
    {"TASK", "beside a run: task, task[index] or task[key]", false, false, Complete::task}};
constexpr Flag kFormParam = {"param", 'p', "k=v", "an entry of the form, by its declared type; lists also as a,b", true};
constexpr Flag kNote = {"note", 0, "TEXT", "why; kept with the answer"};
constexpr Flag kApprovalLsFlags[] = {{"all", 0, {}, "those too that are answered, withdrawn or expired"}, kDag,
                                     {"limit", 'n', "N", "so many, newest first (50)"}};
constexpr Flag kAnswerFlags[] = {{"option", 0, "OPTION", "what is chosen; several where several may be", true}, kFormParam,
                                 kNote};
constexpr Flag kShortAnswerFlags[] = {kFormParam, kNote};
constexpr Example kApprovalLsExamples[] = {{"baton approval ls", "what waits for an answer"}};
constexpr Example kApprovalShowExamples[] = {{"baton approval show 3", "the question, its form, who may answer"}};
constexpr Example kAnswerExamples[] = {
    {"baton approval answer 3 --option approve", "by its number"},
    {"baton approval answer @latest promote --option later -p share=10", "of a task, with an entry of its form"}};
constexpr Example kApproveExamples[] = {{"baton approval approve @latest promote", "the option `approve`"}};
constexpr Example kRejectExamples[] = {{"baton approval reject 3 --note 'AUC fell'", "the option `reject`: the task fails"}};
constexpr Flag kStopFlags[] = {{"kill", 0, {}, "at once: no grace, no teardowns"}, kWhy};
constexpr Flag kServerFlags[] = {
    {"listen", 0, "ADDRESS:PORT", "where the API answers, on loopback (127.0.0.1:8080; port 0: a free one)"},
    {"public-url", 0, "URL", "how people reach it through a proxy, whose host is let in (`public_url` of baton.yaml)"},
    {"dags", 0, "DIR", "the folder of DAG files (dags)", false, Complete::folder},
    {"ui-dir", 0, "DIR", "the page from this folder, as built in web/ui/dist, not the one within", false, Complete::folder},
    kSlots, kSecrets, {"drain", 0, {}, "on SIGTERM wait for the tasks that run"},
    {"log-format", 0, "FORMAT", "lines of its own log: text, or json for who collects them (text)", false, Complete::words,
     "text|json"}};
constexpr Example kServerExamples[] = {{"baton server", "serve the state folder until Ctrl-C"}};
constexpr Flag kPauseRunFlags[] = {kWhy};
constexpr Example kPauseRunExamples[] = {{"baton pause etl@latest --why 'the warehouse is being moved'", "keep the rest of it from starting"}};
constexpr Example kUnpauseRunExamples[] = {{"baton unpause etl@latest", "let it go on"}};
constexpr Example kStopExamples[] = {{"baton stop @latest", "stop it from another terminal"}};

constexpr Flag kLsFlags[] = {
    kDag,
    {"state", 0, "STATE|DIR", "only runs in this state; another word is the state folder, as everywhere", true,
     Complete::words, "queued|running|success|failed", true},
    {"label", 0, "k[=v]", "only runs with this label; may be repeated, for all of them", true},
    {"limit", 'n', "N", "so many, newest first (20)"},
};
constexpr Example kLsExamples[] = {{"baton ls", "the newest runs"},
                                   {"baton ls --dag etl --state failed -n 5", "the last five failures of one DAG"}};
constexpr Example kPsExamples[] = {{"baton ps", "runs that live, and what their tasks do"}};
constexpr Flag kShowFlags[] = {{"tries", 0, {}, "every try of every task"},
                               {"report", 0, {}, "the files that tasks left in $BATON_REPORT_DIR, and where they lie"}};
constexpr Example kShowExamples[] = {{"baton show @latest", "the newest run and its tasks"},
                                     {"baton show @latest train --report", "the files that this task left for people"},
                                     {"baton show @latest -o json", "the same for programs"}};
constexpr Example kWatchExamples[] = {{"baton watch @latest", "follow a run of another terminal to its end"}};
constexpr Flag kLogsFlags[] = {
    {"follow", 'f', {}, "go on until the run ends"},
    {"grep", 0, "RE", "only lines that match (RE2)"},
    {"tail", 0, "N", "only the last N lines"},
    {"try", 0, "N", "of this try; without it the last one"},
    {"timestamps", 't', {}, "when each line was written"},
    {"raw", 0, {}, "as written, on a terminal too: no names, no cleaning"},
};
constexpr Example kLogsExamples[] = {{"baton logs @latest", "what all tasks of the newest run said"},
                                     {"baton logs etl@latest load[3] -f", "one task instance, as it goes"}};
constexpr Argument kWhyArguments[] = {
    {"RUN|DAG", "a run, as everywhere; with --at a DAG", true, false, Complete::run},
    {"TASK", "task, task[index] or task[key] of the run", false, false, Complete::task}};
constexpr Flag kWhyFlags[] = {{"at", 0, "T", "the tick of the DAG's schedule at T, or the last one before"}};
constexpr Example kWhyExamples[] = {
    {"baton why @latest load", "what it waits for, or why it ended so"},
    {"baton why etl --at 2026-01-31", "why that tick made no run, or which one"}};
constexpr Example kExplainExamples[] = {
    {"baton explain @latest", "where the time went, and what would have saved some"}};
constexpr Example kDiffExamples[] = {
    {"baton diff etl@latest manual__2026-01-30T08:00:00+00:00_k3x9ab", "what changed between two runs"}};

constexpr Flag kCostFlags[] = {
    {"by", 0, "WHAT", "dag (the default), owner, pool, task or day of UTC", false, Complete::words, "dag|owner|pool|task|day"},
    {"since", 0, "T", "attempts that ended from then on: a time, or 30d (the default)"},
    {"until", 0, "T", "and before then"},
    {"price", 0, "AMOUNT", "of an hour of CPU, instead of `prices` in baton.yaml: gives each a cost"}};
constexpr Example kCostExamples[] = {
    {"baton cost", "which DAGs used most CPU in thirty days, and how much of it for nothing"},
    {"baton cost --by owner --since 2026-01-01 --price 0.04 -o csv", "a bill"}};
constexpr Example kValidateExamples[] = {{"baton validate dags", "every mistake in every file of a folder"},
                                         {"baton validate etl.dag.yaml -o sarif", "for code scanning"}};
constexpr Argument kTestPaths[] = {
    {"PATH", "test files, or folders with *.test.yaml; without one this folder", false, true, Complete::file}};
constexpr Flag kTestFlags[] = {{"only", 0, "TEXT", "tests with this in their name"}};
constexpr Example kTestExamples[] = {{"baton test dags", "all tests of a folder"},
                                     {"baton test etl.test.yaml --only 'late file'", "one of them"},
                                     {"baton test -o junit > tests.xml", "for CI"}};
constexpr Argument kSimulatePaths[] = {
    {"DIR", "folders with DAG files, or files; without one this folder", false, true, Complete::file}};
constexpr Flag kSimulateFlags[] = {
    {"from", 0, "DATE", "ticks that are due from then on, of UTC"},
    {"to", 0, "DATE", "and up to then: a plain date is that whole day"},
    kSlots,
    {"pool", 0, "NAME=N", "slots of a pool, instead of what files say", true},
    {"dag", 0, "ID", "of this DAG only", true, Complete::dag},
    {"new", 0, {}, "the DAGs are new then: `catchup` makes up for what was due since their `start`"},
    {"runs", 0, {}, "list what runs when"}};
constexpr Example kSimulateExamples[] = {
    {"baton simulate dags --from 2026-03-01 --to 2026-03-31", "a month: what runs, what waits for what, what is late"},
    {"baton simulate dags --from 2026-03-01 --to 2026-03-07 --slots 4 --pool warehouse=2", "the same with less"},
    {"baton simulate dags --from 2026-03-01 --to 2026-03-01 --dag etl --runs", "one DAG, run by run"}};
constexpr Flag kFmtFlags[] = {{"check", 0, {}, "change nothing; exit 2 where something would change"}};
constexpr Example kFmtExamples[] = {{"baton fmt dags", "tidy all files of a folder; comments stay"},
                                    {"baton fmt --check dags", "for a hook or CI"}};
constexpr Flag kGraphFlags[] = {
    {"ascii", 0, {}, "for the terminal (the default)"},
    {"dot", 0, {}, "for Graphviz"},
    {"mermaid", 0, {}, "for Markdown pages"},
    kFileDag,
};
constexpr Example kGraphExamples[] = {{"baton graph etl.dag.yaml", "the DAG as a picture of text"},
                                      {"baton graph etl.dag.yaml --dot | dot -Tsvg > etl.svg", "as an image"}};
constexpr Example kSchemaExamples[] = {{"baton schema > dag.schema.json", "for editors that complete and check YAML"}};
constexpr Argument kExpression[] = {{"EXPRESSION", "with or without ${{ }}; after -- where it begins with a dash"}};
constexpr Flag kExprFlags[] = {
    {"file", 'f', "FILE", "names of this DAG file: params, env, dag.id, interval", false, Complete::dag_file},
    kParam,
    kParams,
    {"let", 0, "name=JSON", "a name and its value", true},
    {"interval", 0, "START[/END]", "the data interval, as in `baton run`"},
    kFileDag,
};
constexpr Example kExprExamples[] = {
    {"baton expr '[1, 2, 3].map(x, x * 2)'", "try an expression"},
    {"baton expr 'params.regions.size()' -f etl.dag.yaml -p regions=eu,us", "with the params of a file"},
    {"baton expr 'a + 1' --let a=41 -o json", "{\"type\":\"int\",\"value\":42}"},
};
constexpr Flag kNextFlags[] = {
    {"count", 'n', "N", "so many ticks (10)"},
    {"from", 0, "T", "from this time on, T included (now)"},
    kFileDag,
};
constexpr Example kNextExamples[] = {
    {"baton dag next etl.dag.yaml -n 20 --from 2026-03-28", "ticks around a change of the clocks"}};
constexpr Example kDagErrorsExamples[] = {{"baton dag errors", "each with its line and a mark below it"}};
constexpr Example kDagLsExamples[] = {{"baton dag ls", "the DAGs that have run here"}};
constexpr Argument kDagId[] = {{"DAG", "id of a DAG that has run here", true, false, Complete::dag}};
constexpr Example kVersionsExamples[] = {{"baton dag versions etl", "which there were, since when"}};
constexpr Flag kVersionPairFlags[] = {{"from", 0, "N", "version N (the one before)"},
                                      {"to", 0, "N", "and version N (the newest)"}};
constexpr Example kVersionDiffExamples[] = {{"baton dag diff etl", "what the last change of the file was"},
                                            {"baton dag diff etl --from 3 --to 7", "what has changed between two versions"}};
constexpr Flag kSourceFlags[] = {{"number", 0, "N", "version N, as in `baton dag versions` (the newest)"}};
constexpr Example kSourceExamples[] = {{"baton dag source etl", "the file as the newest run took it"}};

constexpr Flag kCheckFlags[] = {{"quick", 0, {}, "structure only, not every index"}};
constexpr Example kCheckExamples[] = {{"baton db check", "is the database whole?"}};
constexpr Argument kTarget[] = {{"FILE", "where the copy goes", true, false, Complete::file}};
constexpr Example kBackupExamples[] = {{"baton db backup /backup/baton.db", "a copy of the database, checked"}};
constexpr Flag kPruneFlags[] = {
    {"older-than", 0, "SPAN", "runs that ended longer ago than this: 30d, 12w"},
    kDag,
    {"dry-run", 'n', {}, "say what would go, and remove nothing"},
};
constexpr Example kForgetExamples[] = {{"baton db forget 17", "remove one run, its logs and outputs, also a damaged one"}};
constexpr Example kPruneExamples[] = {{"baton db prune --older-than 90d", "forget old runs, with their logs"}};
constexpr Example kDoctorExamples[] = {{"baton doctor", "what this machine can and cannot do for tasks"}};
constexpr Example kVersionExamples[] = {{"baton version -o json", "of Baton and of what it is built on"}};
constexpr Argument kShell[] = {{"SHELL", "bash, zsh or fish", true, false, Complete::shell, "bash|zsh|fish"}};
constexpr Example kCompletionExamples[] = {
    {"source <(baton completion bash)", "for this shell"},
    {"baton completion zsh > \"${fpath[1]}/_baton\"", "for every zsh"},
    {"baton completion fish > ~/.config/fish/completions/baton.fish", "for every fish"},
};
constexpr Argument kTopic[] = {{"COMMAND", "the command to explain", false, true}};
constexpr Flag kHelpFlags[] = {{"manual", 0, {}, "the manual page, for man: baton help --manual | man -l -"}};
constexpr Example kHelpExamples[] = {{"baton help run", "the same as baton run --help"}};

constexpr Argument kContextArguments[] = {{"NAME", "a word", true, false, Complete::nothing},
                                          {"URL", "http://HOST:PORT", true, false, Complete::nothing}};
constexpr Argument kContextName[] = {{"NAME", "a context; local: the state folder here", true, false, Complete::nothing}};
constexpr Flag kContextFlags[] = {{"token-file", 0, "FILE", "where its token lies, one line", false, Complete::file}};
constexpr Example kContextAddExamples[] = {
    {"baton context add prod http://127.0.0.1:9000 --token-file ~/.baton-prod", "through an ssh tunnel"}};
constexpr Example kContextUseExamples[] = {{"baton context use prod", "until `baton context use local`"}};
constexpr Example kContextRmExamples[] = {{"baton context rm prod", "its token stays in its file"}};
constexpr Example kContextLsExamples[] = {{"baton context ls", "which is in use"}};
constexpr Argument kInitFolder[] = {{"DIR", "the folder (here)", false, false, Complete::folder}};
constexpr Flag kInitFlags[] = {{"template", 0, "NAME", "a reference pipeline with its programs and tests; one there is not lists them"}};
constexpr Example kInitExamples[] = {
    {"baton init", "a first DAG in ./dags, and what to type next"},
    {"baton init --template medallion", "a whole pipeline to run, read and change"}};

constexpr Command kCommands[] = {
    {"init", kRunning, "write a first DAG", "Nothing is written over: exit 5 where there is one.", kInitFolder,
     kInitFlags, kInitExamples, {}, init_command},
    {"run", kRunning, "run a DAG here and now, to its end",
     "The engine and its worker live in this terminal: no server is needed. What has happened is on disk at every\n"
     "moment; after a kill -9 or a reboot `baton resume` goes on. Ctrl-C stops the tasks with their grace, a second\n"
     "one kills them.",
     kFileOrDag, kRunFlags, kRunExamples, kRead, run_command},
    {"resume", kRunning, "finish a run that was cut off",
     "Nothing that succeeded runs again. Safe at any time: a run that is alive says so, one that has ended stays\n"
     "as it ended.",
     kOneRun, kResumeFlags, kResumeExamples, kRead, resume_command},
    {"retry", kRunning, "run failed tasks again, or all from one task on",
     "The same run goes on, with its params and its version of the DAG. Old tries and their logs stay.", kOneRun,
     kRetryFlags, kRetryExamples, kRead, retry_command},
    {"clear", kRunning, "make tasks of a run as if they had not run, and go on with it",
     "What runs of them is stopped first, and what has begun after them with it. Old tries and their logs stay.",
     kRunAndTasks, kClearFlags, kClearExamples, kRead, clear_command},
    {"mark", kRunning, "say that tasks of a run, or the run, have succeeded or failed",
     "What runs of them is stopped first. A success lets run what they had left upstream_failed.", kRunStateTasks,
     kMarkFlags, kMarkExamples, kRead, mark_command},
    {"dag pause", kRunning, "hold a DAG: its ticks make no runs, and runs that wait do not begin",
     "What runs goes on, retries too. It holds over a restart of the server.", kTriggerDag, kHoldFlags, kPauseExamples,
     kRead, dag_pause_command},
    {"dag resume", kRunning, "let a DAG go on that is paused or draining", {}, kTriggerDag, kHoldFlags,
     kResumeDagExamples, kRead, dag_resume_command},
    {"dag drain", kRunning, "let a DAG finish what waits and runs, and pause it then",
     "Until then its ticks make no runs, and it takes none.", kTriggerDag, kHoldFlags, kDrainExamples, kRead,
     dag_drain_command},
    {"server freeze", kRunning, "start nothing any more, in all DAGs",
     "What runs goes on to its end; runs that are asked for wait. It holds over a restart, until `baton server thaw`.",
     {}, kFreezeFlags, kFreezeExamples, kRead, server_freeze_command},
    {"server thaw", kRunning, "go on after a freeze", {}, {}, {}, kThawExamples, kRead, server_thaw_command},
    {"server status", kRunning, "how the server of the state folder is", {}, {}, {}, kStatusExamples, kRead,
     server_status_command},
    {"asset event", kRunning, "say that something has happened to an asset",
     "DAGs that run on it get a run, as if a task had produced it. Without a server it is written down for the next one.",
     kAsset, kAssetEventFlags, kAssetEventExamples, kRead, asset_event_command},
    {"asset quarantine", kRunning, "hold an asset back: its events wait, and start nothing",
     "Asks the server of the folder.", kAsset, kQuarantineFlags, kQuarantineExamples, kRead, asset_quarantine_command},
    {"asset release", kRunning, "let an asset go on that was held back: what waited runs",
     "Asks the server of the folder.", kAsset, kQuarantineFlags, kReleaseExamples, kRead, asset_release_command},
    {"state set", kRunning, "put a value that a DAG keeps from run to run",
     "A task that runs meanwhile with this state does not put its own over it: its try fails, and the next one reads this.",
     kStateValue, kStateFlags, kStateSetExamples, kRead, state_set_command},
    {"state rm", kRunning, "take away a value that a DAG keeps from run to run", {}, kStateNamed, kStateFlags,
     kStateRmExamples, kRead, state_rm_command},
    {"breaker trip", kRunning, "open a circuit breaker: nothing that names it starts",
     "In all DAGs. What runs goes on; what would start waits, and no try is lost. It holds over a restart.", kBreaker,
     kTripFlags, kTripExamples, kRead, breaker_trip_command},
    {"breaker reset", kRunning, "close a circuit breaker: what waits for it starts",
     "Its failures are forgotten, and its next cooldown is the first again.", kBreaker, kResetFlags, kResetExamples,
     kRead, breaker_reset_command},
    {"alert test", kRunning, "send a test message to one who is told of alerts", {}, kAlertTo, {}, kAlertTestExamples,
     kRead, alert_test_command},
    {"approval answer", kRunning, "answer what an approval asks: its task goes on, or fails",
     "The server of the folder is asked, or the run that another terminal works on. Who has triggered a run does not\n"
     "approve it, unless its task says `self: true`. An answer that comes too late is refused with what has happened.",
     kQuestion, kAnswerFlags, kAnswerExamples, kRead, approval_answer_command},
    {"approval approve", kRunning, "answer `approve`", {}, kQuestion, kShortAnswerFlags, kApproveExamples, kRead,
     approval_approve_command},
    {"approval reject", kRunning, "answer `reject`: the task fails", {}, kQuestion, kShortAnswerFlags, kRejectExamples,
     kRead, approval_reject_command},
    {"dlq redrive", kRunning, "have task instances that gave up tried again",
     "The server clears them with what follows from them; they go through their pools, rates and breakers like any other.\n"
     "One is done at once. Many are a job that goes on by itself, over a restart too, oldest first: each once.",
     kLetterList, kDlqRedriveFlags, kDlqRedriveExamples, kRead, dlq_redrive_command},
    {"dlq discard", kRunning, "let dead letters go: their task instances stay failed", {}, kLetterList, kDlqDiscardFlags,
     kDlqDiscardExamples, kRead, dlq_discard_command},
    {"bulk", kRunning, "delete, clear, retry, cancel or mark all runs that a filter names",
     "The server does it as a job that goes on by itself, over a restart too, oldest first: each run once. Runs that come\n"
     "later are nothing of it. Only runs that have ended are deleted, and only others are cancelled.",
     kBulkAction, kBulkFlags, kBulkExamples, kRead, bulk_command},
    {"jobs cancel", kRunning, "end a bulk job", {}, kLetterJob, {}, kJobsCancelExamples, kRead, dlq_cancel_command},
    {"dlq cancel", kRunning, "end a job over dead letters", {}, kLetterJob, {}, kDlqCancelExamples, kRead,
     dlq_cancel_command},
    {"pool set", kRunning, "change a pool over all DAGs, while tasks wait for it",
     "What is set goes before what baton.yaml says of the pool, and this before what DAGs say. It holds over a restart.",
     kPool, kPoolSetFlags, kPoolSetExamples, kRead, pool_set_command},
    {"pool rm", kRunning, "take back what was set of a pool",
     "What baton.yaml or DAGs say of it stands again; where they say nothing it is gone, and tasks that want it fail.",
     kPool, {}, kPoolRmExamples, kRead, pool_rm_command},
    {"variable set", kRunning, "set a variable: a text by name that all DAGs read by var(\"NAME\")",
     "An expression sees what it holds when it is evaluated: a change counts from the next task on, also in runs that\n"
     "have begun. What a try was given stands in its record.",
     kVariableSet, kVariableSetFlags, kVariableSetExamples, {}, variable_set_command},
    {"variable rm", kRunning, "remove a variable", {}, kVariable, {}, kVariableRmExamples, {}, variable_rm_command},
    {"variable import", kRunning, "set all variables of a JSON file", "Those that it does not name stay as they are.",
     kVariableFile, {}, kVariableImportExamples, {}, variable_import_command},
    {"secret set", kRunning, "set a secret of the state folder, encrypted at rest",
     "The value is asked for, or read from standard input or a file; it is never an argument. Tasks get it by\n"
     "`{secret: NAME}`; BATON_SECRET_NAME and --secrets FILE go before it. The key is secrets.key in the state folder, or\n"
     "the systemd credential baton-secrets-key: keep a copy of it elsewhere than the copies of the folder.",
     kSecret, kSecretSetFlags, kSecretSetExamples, {}, secret_set_command},
    {"secret rm", kRunning, "remove a secret", {}, kSecret, {}, kSecretRmExamples, {}, secret_rm_command},
    {"trigger", kRunning, "ask the server for a run of one of its DAGs",
     "The server that holds the state folder makes the run and works on it. Where there is none, `baton run` runs a DAG\n"
     "here and now. A repetition with the same --idempotency-key finds the run that the first one made.",
     kTriggerDag, kTriggerFlags, kTriggerExamples, kRead, trigger_command},
    {"backfill create", kRunning, "fill a range of a DAG's schedule with runs",
     "The server that holds the state folder makes them: one for each interval that has none yet, a few at a time, also\n"
     "while the DAG is paused. It goes on over a restart. Once it is accepted, this command may end.",
     kBackfilledDag, kBackfillFlags, kBackfillExamples, kRead, backfill_create_command},
    {"backfill list", kRunning, "backfills, newest first", {}, kMaybeDag, kBackfillListFlags, kBackfillListExamples,
     kRead, backfill_list_command},
    {"backfill show", kRunning, "one backfill, and how far it has come", {}, kBackfill, kBackfillShowFlags,
     kBackfillShowExamples, kRead, backfill_show_command},
    {"backfill pause", kRunning, "let a backfill rest: what it has made goes on", {}, kBackfill, {},
     kBackfillPauseExamples, kRead, backfill_pause_command},
    {"backfill resume", kRunning, "let a backfill go on that is paused", {}, kBackfill, {}, kBackfillResumeExamples,
     kRead, backfill_resume_command},
    {"backfill cancel", kRunning, "end a backfill",
     "It makes no more runs, and those of it that wait are stopped; what has begun goes on. The same range again does\n"
     "what is missing.",
     kBackfill, {}, kBackfillCancelExamples, kRead, backfill_cancel_command},
    {"stop",
     kRunning,
     "stop a run, from another terminal",
     "What runs gets SIGTERM, its grace, then SIGKILL; what has not started is skipped; due teardowns still run.",
     kOneRun,
     kStopFlags,
     kStopExamples,
     {},
     stop_command},
    {"pause", kRunning, "start nothing more of a run that a server works on",
     "What runs goes on, and so does what a worker has been given already. `baton dag pause` keeps new runs from beginning.",
     kOneRun, kPauseRunFlags, kPauseRunExamples, {}, pause_run_command},
    {"unpause", kRunning, "let a paused run go on", {}, kOneRun, kPauseRunFlags, kUnpauseRunExamples, {},
     unpause_run_command},
    {"server", kRunning, "work on all runs of a state folder, until it is ended",
     "It watches the folder of DAG files, makes the runs of their schedules, and answers the API on loopback.\n"
     "It adopts what earlier processes have left, with the tasks that still run. When it ends (Ctrl-C, SIGTERM) or is\n"
     "killed, the tasks go on, and the next server takes them over. A second Ctrl-C stops them.",
     {}, kServerFlags, kServerExamples, {}, server_command},

    {"asset ls", kLooking, "the assets, how fresh they are, and who makes them", {}, {}, {}, kAssetLsExamples, kRead,
     asset_ls_command},
    {"asset show", kLooking, "one asset", {}, kAsset, {}, kAssetShowExamples, kRead, asset_show_command},
    {"asset events", kLooking, "what has happened to assets, newest first", {}, kMaybeAsset, {}, kAssetEventsExamples,
     kRead, asset_events_command},
    {"asset lineage", kLooking, "where an asset comes from, and what is made of it", {}, kAsset, kLineageFlags,
     kLineageExamples, kRead, asset_lineage_command},
    {"asset impact", kLooking, "all that is made of an asset", {}, kAsset, {}, kImpactExamples, kRead,
     asset_impact_command},
    {"checks ls", kLooking, "what checks of data quality have come to, newest first", {}, {}, kChecksFlags,
     kChecksLsExamples, kRead, checks_ls_command},
    {"checks show", kLooking, "the checks of one task, as of its last try", {}, kChecksOf, {}, kChecksShowExamples, kRead,
     checks_show_command},
    {"state ls", kLooking, "the values that a DAG keeps from run to run", {}, kStateDag, {}, kStateLsExamples, kRead,
     state_ls_command},
    {"state get", kLooking, "one of these values, as JSON", {}, kStateNamed, {}, kStateGetExamples, kRead,
     state_get_command},
    {"breaker ls", kLooking, "the circuit breakers, and which are open", {}, {}, {}, kBreakerLsExamples, kRead,
     breaker_ls_command},
    {"breaker show", kLooking, "one circuit breaker, and what has happened to it", {}, kBreaker, {}, kBreakerShowExamples,
     kRead, breaker_show_command},
    {"alert ls", kLooking, "what others were told, newest first", {}, {}, kAlertLsFlags, kAlertLsExamples, kRead,
     alert_ls_command},
    {"approval ls", kLooking, "what persons are asked, newest first", {}, {}, kApprovalLsFlags, kApprovalLsExamples, kRead,
     approval_ls_command},
    {"approval show", kLooking, "one question to a person, or what was answered", {}, kQuestion, {}, kApprovalShowExamples,
     kRead, approval_show_command},
    {"dlq ls", kLooking, "task instances that gave up, newest first",
     "A task instance whose last try fails leaves a dead letter, unless its task says `dead_letter: false`.", {}, kDlqLsFlags,
     kDlqLsExamples, kRead, dlq_ls_command},
    {"dlq show", kLooking, "one dead letter, with what its task was given", {}, kLetter, {}, kDlqShowExamples, kRead,
     dlq_show_command},
    {"dlq jobs", kLooking, "jobs over dead letters, newest first", {}, {}, {}, kDlqJobsExamples, kRead, dlq_jobs_command},
    {"jobs ls", kLooking, "bulk jobs, over runs and dead letters, newest first", {}, {}, {}, kJobsLsExamples, kRead,
     dlq_jobs_command},
    {"variable ls", kLooking, "variables and their values", {}, {}, {}, kVariableLsExamples, kRead, variable_ls_command},
    {"variable get", kLooking, "the value of a variable", {}, kVariable, {}, kVariableGetExamples, kRead,
     variable_get_command},
    {"variable export", kLooking, "all variables as a JSON object", {}, {}, {}, kVariableExportExamples, {},
     variable_export_command},
    {"secret ls", kLooking, "names of the secrets of the state folder", "Values are shown nowhere.", {}, {},
     kSecretLsExamples, kRead, secret_ls_command},
    {"pool ls", kLooking, "pools: their slots, rates and what waits", "Of the server that works on the state folder.", {},
     {}, kPoolLsExamples, kRead, pool_ls_command},
    {"ls", kLooking, "runs, newest first", {}, {}, kLsFlags, kLsExamples, kRead, ls_command},
    {"ps", kLooking, "what lives: runs and their tasks", {}, {}, {}, kPsExamples, kRead, ps_command},
    {"show", kLooking, "one run and its tasks", {}, kRunMaybeTask, kShowFlags, kShowExamples, kRead, show_command},
    {"watch",
     kLooking,
     "follow a run to its end",
     "Shows what `baton run` shows, for a run of another terminal. Exits as the run ends; Ctrl-C leaves the run alone.",
     kOneRun,
     {},
     kWatchExamples,
     {},
     watch_command},
    {"logs",
     kLooking,
     "what tasks wrote",
     "Into a file or a pipe one task's log goes byte for byte. On a terminal colours stay, and other control\n"
     "characters show as ^[ and the like; ::group::, ::warning:: and ::progress N:: lines are understood. Lines of\n"
     "several tasks are led by their task's name.",
     kRunMaybeTask,
     kLogsFlags,
     kLogsExamples,
     {},
     logs_command},
    {"why",
     kLooking,
     "why a task does not run, why it ended so, or what became of a tick",
     "Every reason is named, in the order in which they count, with what would change it.",
     kWhyArguments,
     kWhyFlags,
     kWhyExamples,
     kRead,
     why_command},
    {"explain",
     kLooking,
     "where the time of a run went",
     "The critical path through the times as they were; the time of every task by reason, adding up to its lifetime;\n"
     "and what would have made the run faster.",
     kOneRun,
     {},
     kExplainExamples,
     "table|json|yaml",
     explain_command},
    {"diff",
     kLooking,
     "what changed between two runs",
     "Version of the DAG, params, states, durations and outputs.",
     kTwoRuns,
     {},
     kDiffExamples,
     "table|json|yaml",
     diff_command},

    {"cost",
     kLooking,
     "what was used: CPU, memory, waiting",
     "Sums over attempts: CPU time of all their processes, how much of it went into attempts that did not succeed, the\n"
     "largest memory, and what they waited for before they ran.",
     {},
     kCostFlags,
     kCostExamples,
     "table|json|jsonl|yaml|csv",
     cost_command},

    {"validate",
     kWriting,
     "find all mistakes in DAG files",
     "Exit code 2 where there are errors. Warnings and hints alone are 0.",
     kPaths,
     {},
     kValidateExamples,
     "table|json|jsonl|yaml|sarif|github",
     validate_command},
    {"test",
     kWriting,
     "try out what DAGs do when tasks fail, hang or are late",
     "Plays DAGs on the engine of the server, on time that does not pass: no process is started, a day of retries takes\n"
     "milliseconds. A test says what its tasks come to and what is expected of the run:\n\n"
     "    test: a flaky extract is tried again\n"
     "    dag: etl\n"
     "    given:\n"
     "      tasks:\n"
     "        extract: [fail, {exit: 75, after: 5m}, success]\n"
     "    expect:\n"
     "      run: success\n"
     "      tasks: {extract: {tries: 3}, load: success}\n\n"
     "Exit code 1 where a test fails, 2 where one is no test.",
     kTestPaths,
     kTestFlags,
     kTestExamples,
     "table|json|jsonl|yaml|junit",
     test_command},
    {"simulate",
     kWriting,
     "what a server would do with a folder of DAGs, from one date to another",
     "The server's own ticks, queue, pools, breakers and asset runs, on time that does not pass: a month takes seconds.\n"
     "A try takes as long as the mean of its history in the state folder, else what `expect` of its task says, else a\n"
     "minute, and succeeds. Nothing is started and nothing is written; a server may run beside it.",
     kSimulatePaths,
     kSimulateFlags,
     kSimulateExamples,
     "table|json|jsonl|yaml",
     simulate_command},
    {"fmt",
     kWriting,
     "tidy DAG files, keeping comments",
     "Changes indentation, blank lines and spaces at line ends, and nothing else.",
     kPaths,
     kFmtFlags,
     kFmtExamples,
     {},
     fmt_command},
    {"graph", kWriting, "draw a DAG", {}, kFile, kGraphFlags, kGraphExamples, {}, graph_command},
    {"schema", kWriting, "the JSON Schema of DAG files", {}, {}, {}, kSchemaExamples, {}, schema_command},
    {"expr",
     kWriting,
     "evaluate an expression",
     {},
     kExpression,
     kExprFlags,
     kExprExamples,
     "table|json|yaml",
     expr_command},
    {"dag next",
     kWriting,
     "the next ticks of a schedule, with their data intervals",
     {},
     kFile,
     kNextFlags,
     kNextExamples,
     kRead,
     dag_next_command},
    {"dag ls", kWriting, "the DAGs that are known here", {}, {}, {}, kDagLsExamples, kRead, dag_ls_command},
    {"dag errors",
     kWriting,
     "files of the server's folder that cannot be read as DAGs, and why",
     "The last good version of each goes on. `baton validate` checks a file before it is saved there.",
     {},
     {},
     kDagErrorsExamples,
     kRead,
     dag_errors_command},
    {"dag versions", kWriting, "the versions of a DAG", {}, kDagId, {}, kVersionsExamples, kRead, dag_versions_command},
    {"dag diff",
     kWriting,
     "what changed between two versions of a DAG",
     "The sources as a unified diff. `baton diff` compares runs.",
     kDagId,
     kVersionPairFlags,
     kVersionDiffExamples,
     {},
     dag_diff_command},
    {"dag source",
     kWriting,
     "the source of a DAG as it ran",
     {},
     kDagId,
     kSourceFlags,
     kSourceExamples,
     {},
     dag_source_command},

    {"db check", kKeeping, "check the database", {}, {}, kCheckFlags, kCheckExamples, {}, db_check_command},
    {"db backup", kKeeping, "copy the database", {}, kTarget, {}, kBackupExamples, {}, db_backup_command},
    {"db prune", kKeeping, "forget old runs", {}, {}, kPruneFlags, kPruneExamples, {}, db_prune_command},
    {"db forget",
     kKeeping,
     "forget one run",
     "For a run that nobody wants, or whose rows are damaged. What has not ended is refused (stop it first), and so is\n"
     "a state folder at which somebody works. Who forgot what stands in the audit.",
     kOneRun,
     {},
     kForgetExamples,
     {},
     db_forget_command},
    {"context add", kKeeping, "name a server of another machine",
     "Commands that ask a server (trigger, dag pause, server status, …) ask the one in use. URL is http://HOST:PORT, as\n"
     "of a tunnel; the token is read from FILE, one line, whenever it is needed.",
     kContextArguments, kContextFlags, kContextAddExamples, {}, context_add_command},
    {"context use", kKeeping, "choose the server that commands ask", {}, kContextName, {}, kContextUseExamples, {},
     context_use_command},
    {"context ls", kKeeping, "servers that have names", {}, {}, {}, kContextLsExamples, kRead, context_ls_command},
    {"context rm", kKeeping, "forget a server's name", {}, kContextName, {}, kContextRmExamples, {},
     context_rm_command},
    {"doctor", kKeeping, "check this machine", {}, {}, {}, kDoctorExamples, kRead, doctor_command},
    {"version",
     kKeeping,
     "versions of Baton and its libraries",
     {},
     {},
     {},
     kVersionExamples,
     "table|json|yaml",
     version_command},
    {"completion", kKeeping, "completion for a shell", {}, kShell, {}, kCompletionExamples, {}, completion_command},
    {"help", kKeeping, "help on a command", {}, kTopic, kHelpFlags, kHelpExamples, {}, help_command},
};

constexpr Flag kGlobalFlags[] = {
    {"output", 'o', "FORMAT", "the format of stdout", false, Complete::words, kRead},
    {"state", 0, "DIR", "the state folder ($BATON_STATE, the nearest .baton/ upwards, ./.baton)", false,
     Complete::folder},
    {"config", 0, "FILE", "baton.yaml (beside the DAG file or above it)", false, Complete::file},
    {"profile", 0, "NAME", "the profile of baton.yaml that holds ($BATON_PROFILE, else what it says itself)"},
    {"color", 0, "WHEN", "auto, always or never", false, Complete::words, "auto|always|never"},
    {"help", 'h', {}, "this help"},
};

}  // namespace

std::span<const Command> commands() {
  return kCommands;
}

std::span<const Flag> global_flags() {
  return kGlobalFlags;
}

std::vector<Flag> all_flags(const Command& command) {
  std::vector<Flag> out(command.flags.begin(), command.flags.end());
  for (Flag flag : kGlobalFlags) {
    const bool redefined = std::ranges::any_of(command.flags, [&](const Flag& own) { return own.name == flag.name; });
    if (redefined || (flag.name == "output" && command.formats.empty())) continue;
    if (flag.name == "output") flag.words = command.formats;
    out.push_back(flag);
  }
  return out;
}

const Command* find_command(std::string_view name) {
  for (const Command& command : kCommands) {
    if (command.name == name) return &command;
  }
  return nullptr;
}

}  // namespace baton::cli
