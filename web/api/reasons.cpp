// What is concluded from rows: where the time of a run went, why a task instance stands as it does, what differs
// between two runs.
#include <algorithm>
#include <chrono>
#include <map>
#include <unordered_map>

#include "scheduler/insight/diff.h"
#include "scheduler/insight/eta.h"
#include "scheduler/insight/explain.h"
#include "scheduler/insight/timeline.h"
#include "scheduler/insight/why.h"
#include "web/api/answers.h"
#include "web/api/fields.h"
#include "web/api/list_query.h"
#include "web/api/objects.h"
#include "web/api/whole_run.h"

namespace baton::api {

namespace {

WallUs now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

void seconds_field(JsonObject& out, DurationUs span) {
  duration_field(out, "seconds", 0, span);
}

void instance_fields(JsonObject& out, const InstanceView& instance) {
  out.text("task_id", instance.task_id);
  out.number("map_index", instance.row.map_index);
}

// ---- where the time went ----

/// The segments of each instance, and their sums by name.
struct Timelines {
  std::vector<std::vector<insight::Segment>> lines;  ///< as the instances
  std::vector<std::pair<std::string, DurationUs>> shares;  ///< the largest first
};

Timelines timelines_of(const WholeRun& whole, const std::vector<TryView>& tries, WallUs now) {
  std::unordered_map<InstanceNo, std::vector<const TryView*>> by_instance;
  for (const TryView& one : tries) by_instance[one.row.instance_no].push_back(&one);
  Timelines out;
  std::map<std::string, DurationUs> sums;
  for (const InstanceView& instance : whole.instances) {
    out.lines.push_back(insight::timeline_of(instance, by_instance[instance.row.instance_no],
                                             whole.run.row.queued_at, now));
    for (const insight::Segment& segment : out.lines.back())
      sums[insight::share_name(segment.wait, instance)] += segment.end - segment.start;
  }
  out.shares.assign(sums.begin(), sums.end());
  std::ranges::stable_sort(out.shares, std::greater<>(), &std::pair<std::string, DurationUs>::second);
  return out;
}

void append_path(std::string& out, const insight::Explanation& explained) {
  append_json_array(out, explained.path, [&](std::string& o, const insight::PathStep& step) {
    JsonObject one(o);
    instance_fields(one, *explained.instances[step.instance].view);
    const bool is_known = step.begin != kNoTime && step.end != kNoTime;
    seconds_field(one, is_known ? std::max<DurationUs>(0, step.end - step.begin) : 0);
  });
}

void append_lines(std::string& out, const WholeRun& whole, const Timelines& timelines) {
  out += '[';
  for (std::size_t i = 0; i < whole.instances.size(); ++i) {
    if (i > 0) out += ',';
    JsonObject one(out);
    instance_fields(one, whole.instances[i]);
    append_json_array(one.member("segments"), timelines.lines[i], [&](std::string& o, const insight::Segment& segment) {
      JsonObject span(o);
      span.text("reason", insight::share_name(segment.wait, whole.instances[i]));
      time_field(span, "start", segment.start);
      time_field(span, "end", segment.end);
    });
  }
  out += ']';
}

http::Response explain(const Call& call) {
  auto lease = call.services.readers->take();
  if (!lease) return read_error(lease.error(), call);
  Reader& reader = **lease;
  const auto whole = whole_run_of_path(reader, call);
  if (!whole) return read_error(whole.error(), call);
  const auto tries = reader.tries_of_run(whole->run.row.run_no);
  if (!tries) return read_error(tries.error(), call);
  const WallUs now = now_us();
  const Dag& dag = whole->compiled->dag();
  const bool lives = whole->run.row.ended_at == kNoTime;
  std::optional<DurationUs> left;
  if (lives) {
    const auto means = reader.durations(whole->run.row.dag_id);
    if (!means) return read_error(means.error(), call);
    left = insight::estimate_left(dag, whole->instances, *means, 0, now);
  }
  // One that waits to begin also says why, which only the loop knows: it is asked for by itself.
  const bool with_run = flag(call.request, "dag_run").value_or(false) && whole->run.row.state != RunState::queued;
  const auto versions = with_run ? reader.list_versions(whole->run.row.dag_id) : std::vector<VersionView>{};
  if (!versions) return read_error(versions.error(), call);
  const auto explained = insight::explain(dag, whole->run, whole->instances, *tries, now);
  const Timelines timelines = timelines_of(*whole, *tries, now);
  http::Response response;
  {
    JsonObject one(response.body);
    one.text("dag_run_id", whole->run.row.run_id);
    one.text("dag_id", whole->run.row.dag_id);
    one.text("state", to_string(whole->run.row.state));
    seconds_field(one, std::max<DurationUs>(0, explained.end - explained.begin));
    duration_field(one, "queued_seconds", 0, explained.queued_us);
    append_path(one.member("critical_path"), explained);
    append_json_array(one.member("shares"), timelines.shares,
                      [](std::string& o, const std::pair<std::string, DurationUs>& share) {
                        JsonObject part(o);
                        part.text("reason", share.first);
                        seconds_field(part, share.second);
                      });
    append_lines(one.member("instances"), *whole, timelines);
    time_field(one, "eta", left ? now + *left : kNoTime);
    if (with_run) append_run(one.member("dag_run"), whole->run, *versions);
  }
  return response;
}

// ---- why a task instance stands as it does ----

/// When it began to be so, as far as its row says.
WallUs since_of(const InstanceView& instance, const RunView& run) {
  const TaskRow& row = instance.row;
  switch (row.state) {
    case TaskState::none: return run.row.begun_at == kNoTime ? run.row.queued_at : run.row.begun_at;
    case TaskState::scheduled: return row.scheduled_at;
    case TaskState::queued: return row.queued_at;
    case TaskState::running: return row.started_at;
    case TaskState::up_for_reschedule:
    case TaskState::deferred: return row.first_look_at;
    case TaskState::up_for_retry:
    case TaskState::success:
    case TaskState::failed:
    case TaskState::skipped:
    case TaskState::upstream_failed:
    case TaskState::removed: return row.ended_at;
  }
  return kNoTime;
}

/// Whether it waits for something before it may start, which is when Airflow has an answer.
bool waits(TaskState state) {
  return state == TaskState::none || state == TaskState::scheduled || state == TaskState::up_for_retry ||
         state == TaskState::up_for_reschedule;
}

/// Whom it waits for, as `task` or `task[3]`.
std::vector<std::string> holders_of(const insight::WhyReason& reason) {
  std::vector<std::string> out;
  for (const auto& [key, value] : reason.details) {
    const bool is_list = value.type() == ValueType::list && (key == Value("holders") || key == Value("upstreams"));
    if (!is_list) continue;
    for (const Value& one : value.as_list()) {
      if (one.type() == ValueType::string) out.push_back(one.as_string());
      const Value* task = one.find("task_id");
      const Value* index = one.find("map_index");
      if (task == nullptr || index == nullptr) continue;
      const bool is_mapped = index->as_int() != kUnmapped;
      out.push_back(task->as_string() + (is_mapped ? "[" + std::to_string(index->as_int()) + "]" : ""));
    }
  }
  return out;
}

Result<insight::WhyInput> why_input(Reader& reader, const WholeRun& whole, const InstanceView& instance) {
  insight::WhyInput in;
  in.dag = &whole.compiled->dag();
  in.run = whole.run;
  in.instance = instance;
  in.instances = whole.instances;
  in.somebody_runs = true;
  in.now = now_us();
  auto tries = reader.tries(instance.row.run_no, instance.row.instance_no);
  if (!tries) return tries.error();
  in.tries = std::move(*tries);
  if (is_final(instance.row.state)) return in;
  auto live = reader.live();
  if (!live) return live.error();
  in.live = std::move(*live);
  NameQuery all;
  all.page.limit = 10'000;
  all.page.with_total = false;
  const auto pools = reader.list_pools(all);
  if (!pools) return pools.error();
  for (const std::string& name : in.dag->spec(instance.row.task_no).breakers) {
    auto breaker = reader.breaker(name);
    if (breaker) in.breakers.push_back(std::move(*breaker));
    if (!breaker && breaker.error().kind != ErrorKind::not_found) return breaker.error();
  }
  auto server = reader.server_state();
  if (!server) return server.error();
  in.server = std::move(*server);
  for (const PoolView& pool : pools->rows) in.pools.push_back({pool.name, static_cast<std::int32_t>(pool.slots)});
  return in;
}

http::Response dependencies(const Call& call) {
  auto lease = call.services.readers->take();
  if (!lease) return read_error(lease.error(), call);
  const auto instance = instance_of_path(**lease, call.request);
  if (!instance) return read_error(instance.error(), call);
  const auto whole = whole_run_of_path(**lease, call);
  if (!whole) return read_error(whole.error(), call);
  const auto in = why_input(**lease, *whole, *instance);
  if (!in) return read_error(in.error(), call);
  const auto reasons = insight::reasons_of(*in);
  http::Response response;
  {
    JsonObject one(response.body);
    const auto blocking = waits(instance->row.state) ? reasons : std::vector<insight::WhyReason>();
    append_json_array(one.member("dependencies"), blocking, [](std::string& o, const insight::WhyReason& reason) {
      JsonObject dependency(o);
      dependency.text("name", reason.reason);
      dependency.text("reason", reason.message);
    });
    const WallUs since = since_of(*instance, whole->run);
    append_json_array(one.member("reasons"), reasons, [&](std::string& o, const insight::WhyReason& reason) {
      JsonObject own(o);
      own.text("kind", reason.reason);
      own.text("text", reason.message);
      time_field(own, "since", since);
      append_json_array(own.member("holders"), holders_of(reason),
                        [](std::string& list, const std::string& holder) { append_json_string(list, holder); });
    });
  }
  return response;
}

// ---- what differs ----

Result<insight::Side> side_of(Reader& reader, const Call& call, std::string_view word) {
  const auto run_id = call.request.query_value(word);
  const auto run_no = run_no_named(reader, call.request.param("dag_id"), std::string(run_id.value_or("")));
  if (!run_no) return run_no.error();
  auto run = reader.run(*run_no);
  if (!run) return run.error();
  auto instances = instances_of(reader, *run_no);
  if (!instances) return instances.error();
  return insight::Side{std::move(*run), std::move(instances->rows)};
}

http::Response diff(const Call& call) {
  auto lease = call.services.readers->take();
  if (!lease) return read_error(lease.error(), call);
  const auto before = side_of(**lease, call, "run");
  if (!before) return read_error(before.error(), call);
  const auto after = side_of(**lease, call, "other");
  if (!after) return read_error(after.error(), call);
  http::Response response;
  {
    JsonObject one(response.body);
    one.text("dag_id", before->run.row.dag_id);
    one.text("run", before->run.row.run_id);
    one.text("other", after->run.row.run_id);
    append_json_array(one.member("changes"), insight::diff(*before, *after),
                      [](std::string& o, const insight::Change& change) {
                        JsonObject own(o);
                        own.text("what", change.what);
                        own.text("before", change.before);
                        own.text("after", change.after);
                      });
  }
  return response;
}

}  // namespace

void add_reasons(Operations& operations) {
  operations.at_once["explain_dag_run"] = explain;
  operations.at_once["get_task_instance_dependencies"] = dependencies;
  operations.at_once["get_mapped_task_instance_dependencies"] = dependencies;
  operations.at_once["diff_dag_runs"] = diff;
}

}  // namespace baton::api
