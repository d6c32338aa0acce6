// `why`: the reasons of one task instance, or of a run that waits, for people and for programs.
#include <limits>

#include "cli/dag_lookup.h"
#include "cli/display/log_glimpse.h"
#include "cli/handlers.h"
#include "cli/why_tick.h"
#include "cli/reading.h"
#include "cli/text/clock_text.h"
#include "cli/text/display_width.h"
#include "cli/text/document_text.h"
#include "cli/views.h"
#include "cli/why_run.h"
#include "scheduler/insight/why.h"
#include "scheduler/logs/log_place.h"
#include "scheduler/store/state_folder.h"
#include "web/http/target.h"

namespace baton::cli {
namespace {

using insight::Remedy;
using insight::WhyInput;
using insight::WhyReason;
using text::Ink;

constexpr std::size_t kLogLines = 5;

PoolSpec spec_of(const PoolView& pool) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
  PoolSpec spec{pool.name, static_cast<std::int32_t>(pool.slots < 0 ? kMost : pool.slots)};
  spec.rate = parse_rate(pool.rate).value_or(Rate{});
  return spec;
}

Result<WhyInput> input_of(const Invocation& call, OpenRun& run, const Dag& dag) {
  WhyInput in;
  in.dag = &dag;
  in.run = run.run;
  const Result<InstanceNo> instance_no = run.reader->find_instance(run.run_no, call.args().at(1));
  if (!instance_no) return instance_no.error();
  Result<InstanceView> instance = run.reader->instance(run.run_no, *instance_no);
  if (!instance) return instance.error();
  in.instance = std::move(*instance);
  Result<std::vector<InstanceView>> instances = all_instances(*run.reader, run.run_no);
  if (!instances) return instances.error();
  in.instances = std::move(*instances);
  Result<std::vector<TryView>> tries = run.reader->tries(run.run_no, *instance_no);
  if (!tries) return tries.error();
  in.tries = std::move(*tries);
  Result<LiveView> live = run.reader->live();
  if (!live) return live.error();
  in.live = std::move(*live);
  const Result<LockHolder> holder = StateFolder::holder(run.folder);
  in.somebody_runs = holder && holder->pid > 0;
  if (const Result<VersionRow> version = run.reader->version_of_run(run.run_no)) {
    if (Result<Config> config = last_config_beside(call, version->source_file)) in.pools = std::move(config->pools);
  }
  NameQuery all_pools;
  all_pools.page.limit = 10'000;
  if (const auto set = run.reader->list_pools(all_pools)) {  // a person's word goes before that of baton.yaml
    for (const PoolView& pool : set->rows) in.pools.push_back(spec_of(pool));
  }
  for (const std::string& name : dag.spec(in.instance.row.task_no).breakers) {
    if (Result<BreakerRow> breaker = run.reader->breaker(name)) in.breakers.push_back(std::move(*breaker));
  }
  auto server = run.reader->server_state();
  if (!server) return server.error();
  in.server = std::move(*server);
  in.now = now_us();
  return in;
}

/// What would help, as the commands of this terminal.
std::string next_of(const WhyInput& in, const WhyReason& reason) {
  const std::string about = in.run.row.run_id + " " + text::printable(reason.about);
  switch (reason.remedy) {
    case Remedy::none: return reason.advice;
    case Remedy::go_on: return "`baton resume " + in.run.row.run_id + "` goes on";
    case Remedy::more_slots: return "more with --slots N, as far as the limit of open files goes (`baton doctor`)";
    case Remedy::follow_log: return "`baton logs " + about + " -f` shows what it says";
    case Remedy::read_log: return "`baton logs " + about + "` shows what it said";
    case Remedy::ask_about: return "`baton why " + about + "` says more";
    case Remedy::add_retries: return "`retries: 2` in its task would try again";
  }
  return {};
}

void show(const Invocation& call, const OpenRun& run, const WhyInput& in, const std::vector<WhyReason>& reasons) {
  const text::Style& style = call.out_style();
  const TaskRow& row = in.instance.row;
  std::string out = text::painted_sign(style, row.state) + " " + style.paint(Ink::bold, instance_name(in.instance)) +
                    " is " + text::painted(style, row.state) +
                    style.paint(Ink::dim, "  in " + in.run.row.dag_id + ", " + in.run.row.run_id) + "\n";
  for (std::size_t i = 0; i < reasons.size(); ++i) {
    out += "\n  " + style.paint(i == 0 ? Ink::bold : Ink::plain, reasons[i].reason) + "\n";
    out += "    " + text::printable(reasons[i].message) + "\n";
    const std::string next = next_of(in, reasons[i]);
    if (!next.empty()) out += "    " + style.paint(Ink::dim, next) + "\n";
  }
  if (row.epoch > 0 && row.state == TaskState::failed && !run.elsewhere) {
    const std::string path = logs::log_path(run.folder.string(), run.run_no, row.instance_no, row.epoch);
    const std::vector<std::string> lines = display::last_lines(path, kLogLines);
    if (!lines.empty()) out += "\n  " + style.paint(Ink::dim, shown_path(path)) + "\n";
    for (const std::string& line : lines)
      out += style.paint(Ink::dim, style.unicode ? "    │ " : "    | ") + line + "\n";
  }
  Invocation::print(out);
}

Value document(const WhyInput& in, const std::vector<WhyReason>& reasons) {
  ValueList list;
  for (const WhyReason& reason : reasons) {
    const std::string next = next_of(in, reason);
    ValueMap entry{{"reason", reason.reason},
                   {"message", reason.message},
                   {"next", next.empty() ? Value() : Value(next)}};
    for (const auto& [key, value] : reason.details) entry.emplace_back(key, value);
    list.emplace_back(std::move(entry));
  }
  const TaskRow& row = in.instance.row;
  return text::Object()
      .set("dag_id", in.run.row.dag_id)
      .set("dag_run_id", in.run.row.run_id)
      .set("task_id", in.instance.task_id)
      .set("map_index", std::int64_t{row.map_index})
      .set("state", row.state == TaskState::none ? Value() : Value(to_string(row.state)))
      .set("state_reason", row.reason == Reason::none ? Value() : Value(to_string(row.reason)))
      .set("reasons", std::move(list))
      .take();
}

/// Nothing of a queued run begins, whatever the task; what an earlier clear has left as it ended is asked about itself.
bool waits_whole(OpenRun& run, const std::string& task) {
  if (run.run.row.state != RunState::queued) return false;
  if (task.empty() || run.run.row.begun_at == kNoTime) return true;
  const Result<InstanceNo> instance_no = run.reader->find_instance(run.run_no, task);
  if (!instance_no) return false;
  const Result<InstanceView> instance = run.reader->instance(run.run_no, *instance_no);
  return instance && !is_final(instance->row.state);
}

/// As the server of another machine tells it.
int why_elsewhere(const Invocation& call, OpenRun& run) {
  const auto number = run.reader->find_instance(run.run_no, call.args().at(1));
  if (!number) return call.fail(number.error());
  const auto instance = run.reader->instance(run.run_no, *number);
  if (!instance) return call.fail(instance.error());
  const TaskRow& row = instance->row;
  const RunRow& of = run.run.row;
  const std::string target = run_target(of.dag_id, of.run_id) + "/taskInstances/" +
                             http::percent_encoded(instance->task_id) +
                             (row.map_index == kUnmapped ? "" : "/" + std::to_string(row.map_index)) + "/dependencies";
  const auto told = run.elsewhere->get(target);
  if (!told) return call.fail(told.error());
  WhyInput in;
  in.run = run.run;
  in.instance = *instance;
  std::vector<WhyReason> reasons;
  for (const Value& one : list_member(*told, "reasons")) {
    WhyReason reason;
    reason.reason = text_member(one, "kind");
    reason.message = text_member(one, "text");
    if (!list_member(one, "holders").empty()) reason.details = {{"holders", list_member(one, "holders")}};
    if (row.state == TaskState::failed) {
      reason.remedy = Remedy::read_log;
      reason.about = instance_name(*instance);
    }
    reasons.push_back(std::move(reason));
  }
  if (call.format() == Format::table) {
    show(call, run, in, reasons);
  } else {
    call.print_document(document(in, reasons), "reasons");
  }
  return kOk;
}

}  // namespace

int why_command(const Invocation& call) {
  if (call.args().has("at")) return why_tick(call);
  Result<OpenRun> run = open_run(call);
  if (!run && call.args().at(1).empty()) {
    return call.fail({run.error().message + "; of a DAG name a tick with --at T"});  // a DAG may have been meant
  }
  if (!run) return call.fail(run.error());
  if (waits_whole(*run, call.args().at(1))) return why_queued_run(call, *run);
  if (call.args().at(1).empty()) {
    return call.fail({"the run has begun: name a TASK of it, or a tick of the DAG with --at T"});
  }
  if (run->elsewhere) return why_elsewhere(call, *run);
  const Result<std::shared_ptr<const Dag>> dag = dag_of_run(*run->reader, run->run_no);
  if (!dag) return call.fail(dag.error());
  const Result<WhyInput> in = input_of(call, *run, **dag);
  if (!in) return call.fail(in.error());
  const std::vector<WhyReason> reasons = insight::reasons_of(*in);
  if (call.format() == Format::table) {
    show(call, *run, *in, reasons);
  } else {
    call.print_document(document(*in, reasons), "reasons");
  }
  return kOk;
}

}  // namespace baton::cli
