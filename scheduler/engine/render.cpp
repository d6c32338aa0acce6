#include "scheduler/engine/render.h"

#include <algorithm>
#include <array>
#include <optional>

#include "scheduler/engine/attempt_verdict.h"
#include "scheduler/engine/body.h"
#include "scheduler/engine/cache_key.h"
#include "scheduler/engine/checks.h"
#include "scheduler/engine/computed.h"
#include "scheduler/engine/run_names.h"
#include "scheduler/expr/convert.h"
#include "scheduler/json/json_pointer.h"
#include "scheduler/json/json_value.h"
#include "scheduler/model/seeded_bug.h"

namespace baton {
namespace {

constexpr std::size_t kInlineScriptMax = 64 * 1024;  // one argument of execve ends at 128 KiB

std::string hex16(std::uint64_t v) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out(16, '0');
  for (int i = 15; i >= 0; --i, v >>= 4U) out[static_cast<std::size_t>(i)] = kHex[v & 15U];
  return out;
}

std::uint64_t fnv1a(std::string_view text) {
  std::uint64_t h = 0xcbf29ce484222325ULL;
  for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return h;
}

std::string time_text(WallUs at) {
  return at == kNoTime ? "" : expr::timestamp_text(expr::timestamp_from_us(at));
}

/// What goes before: baton.yaml, then the DAG, whose paths are from its folder.
Result<Connection> connection_named(const std::string& name, const Dag& dag, const ConnectionSource& first) {
  if (first) {
    auto found = first(name);
    if (found || found.error().kind != ErrorKind::not_found) return found;
  }
  const Connection* const own = find_connection(dag.connections, name);
  if (own == nullptr) return Error{"there is no connection \"" + name + "\"", ErrorKind::not_found};
  Connection out = *own;
  const bool is_relative = out.kind == Connection::Kind::sqlite && !out.target.starts_with('/');
  if (is_relative) out.target.insert(0, dag.work_folder + "/");
  return out;
}

/// Renders one instance; a field that fails leaves its error behind and everything after it is skipped.
class Rendering {
 public:
  Rendering(const Renderer& renderer, const DagRun& run, InstanceNo i, Epoch epoch, Moment now)
      : renderer_(renderer),
        context_(renderer.context()),
        run_(run),
        i_(i),
        epoch_(epoch),
        now_(now),
        spec_(run.spec_of(i)),
        names_(run, run.at(i).task_no, i) {}

  std::variant<Rendered, RenderError> result();

 private:
  void fail(Reason reason, std::string message) {
    if (!error_) error_ = RenderError{reason, std::move(message)};
  }
  std::string text(const Text& t, const char* what);
  void set_key();
  void set_command();
  void set_shell_command(const Script& script);
  void set_hash_command();
  void set_checks_command();
  void set_task_command(const char* kind, const TaskBody& body, bool is_look);
  Value connection_of(const Value& name);
  std::optional<std::string> secret(const std::string& name);
  void set_paths();
  void set_state(const std::string& stem);
  void set_limits();
  void set_base_env();
  void set_author_env(const std::vector<EnvEntry>& entries);
  void put_env(std::string_view name, std::string_view value);

  const Renderer& renderer_;
  const LaunchContext& context_;
  const DagRun& run_;
  InstanceNo i_;
  Epoch epoch_;
  Moment now_;
  const TaskSpec& spec_;
  RunNames names_;
  Rendered out_;
  ValueMap shown_;  ///< what held expressions, for the try row
  std::optional<RenderError> error_;
};

std::string Rendering::text(const Text& t, const char* what) {
  auto value = text_of(t, names_);
  if (!value) {
    fail(Reason::expression, std::string(what) + ": " + value.error().message);
    return {};
  }
  if (value->find('\0') != std::string::npos)
    fail(Reason::expression, std::string(what) + ": the value holds a NUL byte");
  if (t.compiled) shown_.emplace_back(what, *value);
  return std::move(value).value();
}

void Rendering::set_key() {
  const Instance& instance = run_.at(i_);
  out_.spec.key = {run_.row.run_no, instance.task_no, instance.map_index, epoch_};
}

void Rendering::set_shell_command(const Script& script) {
  auto source = text_of(script, names_);
  if (!source) return fail(Reason::expression, "run: " + source.error().message);
  if (script.compiled) shown_.emplace_back("run", *source);
  out_.spec.argv = spec_.shell.empty() ? context_.default_shell : *spec_.shell;
  if (source->size() > kInlineScriptMax) {
    out_.spec.script = std::move(source).value();
  } else {
    out_.spec.argv.emplace_back("-c");
    out_.spec.argv.push_back(std::move(source).value());
  }
}

void Rendering::set_hash_command() {
  auto patterns = cache_key_patterns(run_, i_);
  if (!patterns) return fail(Reason::expression, "cache.key: " + patterns.error().message);
  out_.spec.argv = {context_.worker_program, "--hash-files"};
  out_.spec.argv.insert(out_.spec.argv.end(), patterns->begin(), patterns->end());
}

/// Scripts and files go over standard input: they may be long, and are nobody's business in the list of processes.
void Rendering::set_checks_command() {
  auto orders = checks_orders(run_, i_, context_.default_shell);
  if (!orders) return fail(Reason::expression, orders.error().message);
  out_.spec.argv = {context_.worker_program, "--run-checks"};
  out_.spec.stdin_text = std::move(orders).value();
}

/// The value of a secret, which the log will not show. What cannot be had has been told.
std::optional<std::string> Rendering::secret(const std::string& name) {
  auto value = context_.secret(name);
  if (!value) {
    fail(Reason::secret, value.error().message);
    return std::nullopt;
  }
  if (!value->empty()) out_.spec.masks.push_back(*value);
  return std::move(value).value();
}

/// A connection as baton-task knows it.
Value Rendering::connection_of(const Value& name) {
  const std::string called = name.type() == ValueType::string ? name.as_string() : to_json(name);
  const auto found = connection_named(called, *run_.dag, context_.connection);
  if (!found) {
    fail(Reason::unsupported, found.error().message);
    return {};
  }
  ValueMap out = {{"name", found->name}};
  out.emplace_back(found->kind == Connection::Kind::sqlite ? "sqlite" : "postgresql", found->target);
  if (found->password_secret.empty()) return out;
  if (auto password = secret(found->password_secret)) out.emplace_back("password", *std::move(password));
  return out;
}

/// What baton-task is to do reaches it on its standard input alone, secrets among it: nobody sees that of another.
void Rendering::set_task_command(const char* kind, const TaskBody& body, bool is_look) {
  const auto value = evaluated(body, names_);
  if (!value) return fail(Reason::expression, std::string(kind) + ": " + value.error().message);
  if (!body.texts.empty()) shown_.emplace_back(kind, *value);
  const auto told = with_secrets(body, *value, [this](const std::string& name) -> Result<std::string> {
    if (auto found = secret(name)) return *std::move(found);
    return Error{"there is no secret \"" + name + "\""};
  });
  if (!told) return;
  ValueMap input = {{kind, *told}};
  ValueList secrets;
  for (const auto& [place, name] : body.secrets) secrets.emplace_back(last_step(place));
  if (!secrets.empty()) input.emplace_back("secret_headers", std::move(secrets));
  if (const Value* const connection = value->find("connection")) {
    input.emplace_back("connection", connection_of(*connection));
  }
  ValueMap outputs;
  for (const OutputSpec& output : spec_.outputs) {
    outputs.emplace_back(output.name, output.type == OutputSpec::Type::string ? "string" : "value");
  }
  input.emplace_back("outputs", std::move(outputs));
  if (is_look) input.emplace_back("look", true);
  out_.spec.argv = {context_.task_program, kind};
  out_.spec.stdin_text = to_json(Value{std::move(input)});
}

void Rendering::set_command() {
  if (run_.at(i_).reason == Reason::cache_key) return set_hash_command();
  switch (spec_.kind) {
    case TaskKind::run: set_shell_command(spec_.script); return;
    case TaskKind::checks: return set_checks_command();
    case TaskKind::exec:
      for (const Text& arg : spec_.argv) out_.spec.argv.push_back(text(arg, "exec"));
      return;
    case TaskKind::sensor:
      switch (spec_.sensor->kind) {
        case Sensor::Kind::run: return set_shell_command(spec_.sensor->run);
        case Sensor::Kind::file:
          out_.spec.argv = {context_.worker_program, "--look", text(spec_.sensor->file, "sensor.file")};
          return;
        case Sensor::Kind::http: return set_task_command("http", spec_.sensor->http, true);
        case Sensor::Kind::time:
        case Sensor::Kind::asset: fail(Reason::unsupported, "nothing to look at"); return;
      }
      return;
    case TaskKind::http: set_task_command("http", spec_.body, false); return;
    case TaskKind::sql: set_task_command("sql", spec_.body, false); return;
    case TaskKind::approval:
    case TaskKind::trigger_dag:
    case TaskKind::noop: fail(Reason::unsupported, "nothing to run"); return;
  }
}

void Rendering::set_paths() {
  const Epoch epoch = out_.spec.key.epoch;
  const std::string stem =
      renderer_.output_dir(run_.row.run_no) + "/" + std::to_string(i_) + "." + std::to_string(epoch);
  out_.spec.log_path = renderer_.log_path(run_.row.run_no, i_, epoch);
  out_.spec.output_path = stem + ".json";
  out_.spec.heartbeat_path = stem + ".heartbeat";
  if (spec_.state && run_.at(i_).reason != Reason::cache_key) set_state(stem);
  out_.spec.cwd = run_.dag->work_folder;
  if (spec_.cwd->is_set()) {
    const std::string cwd = text(spec_.cwd, "cwd");
    out_.spec.cwd = !cwd.empty() && cwd.front() == '/' ? cwd : run_.dag->work_folder + "/" + cwd;
  }
  const bool is_told = !out_.spec.stdin_text.empty();  // what it is to do; a text of the author is none of that
  if (spec_.stdin_text->is_set() && !is_told) out_.spec.stdin_text = text(spec_.stdin_text, "stdin");
}

/// The value as it is now, in memory: whoever has put it is durable before this launch is.
void Rendering::set_state(const std::string& stem) {
  const KeptState* const kept = run_.states == nullptr ? nullptr : run_.states->find(spec_.state->name);
  out_.spec.state_path = stem + ".state.json";
  out_.spec.state = kept == nullptr || kept->json.empty() ? "null" : kept->json;
  out_.spec.state_version = kept == nullptr ? 0 : kept->version;
}

void Rendering::set_limits() {
  const auto timeout = timeout_of(run_, i_);
  if (!timeout) return fail(Reason::expression, timeout.error().message);
  if (const auto retries = retries_max_of(run_, i_); !retries) return fail(Reason::expression, retries.error().message);
  out_.spec.timeout_us = *timeout;
  if (spec_.kind == TaskKind::sensor) {
    const Activity* activity = run_.activity(i_);
    out_.spec.timeout_us =
        std::max(kSecond, sensor_time_left(spec_, run_.at(i_).looks_again ? activity : nullptr, now_));
  }
  out_.spec.grace_us = spec_.grace_us;
  out_.spec.heartbeat_us = spec_.heartbeat_us;
  out_.spec.log_limit_bytes = spec_.log_limit_bytes;
  out_.spec.memory_bytes = spec_.resources->memory_bytes;
  out_.spec.cpus_milli = spec_.resources->cpus_milli;
}

void Rendering::put_env(std::string_view name, std::string_view value) {
  std::string entry;
  entry.reserve(name.size() + value.size() + 1);
  entry.append(name).append("=").append(value);
  const std::string_view prefix(entry.data(), name.size() + 1);
  for (std::string& have : out_.spec.env) {  // a later entry replaces an earlier one
    if (have.compare(0, prefix.size(), prefix) == 0) {
      have = std::move(entry);
      return;
    }
  }
  out_.spec.env.push_back(std::move(entry));
}

void Rendering::set_base_env() {
  const Instance& instance = run_.at(i_);
  const RunRow& row = run_.row;
  const auto& key = out_.spec.key;
  const std::int32_t try_number = instance.looks_again ? instance.try_number : instance.try_number + 1;
  const std::string identity = context_.store_id + ":" + std::to_string(row.run_no) + ":" +
                               std::to_string(instance.task_no) + ":" + std::to_string(instance.map_index);
  auto& env = out_.spec.env;
  env = context_.base_env;
  // What a Python task prints stands in its log at once; base_env or the author may say otherwise.
  const auto is_python = [](const std::string& entry) { return entry.rfind("PYTHONUNBUFFERED=", 0) == 0; };
  if (std::none_of(env.begin(), env.end(), is_python)) env.emplace_back("PYTHONUNBUFFERED=1");
  const auto add = [&env](const char* name, const std::string& value) { env.push_back(std::string(name) + value); };
  add("BATON_DAG_ID=", run_.dag->id);
  add("BATON_RUN_ID=", row.run_id);
  add("BATON_TASK_ID=", run_.dag->task(instance.task_no).id);
  add("BATON_MAP_INDEX=", std::to_string(instance.map_index));
  add("BATON_TRY_NUMBER=", std::to_string(try_number));
  add("BATON_LOGICAL_DATE=", time_text(row.logical_date != kNoTime ? row.logical_date : row.interval_start));
  add("BATON_INTERVAL_START=", time_text(row.interval_start));
  add("BATON_INTERVAL_END=", time_text(row.interval_end));
  add("BATON_OUTPUT=", out_.spec.output_path);
  if (!out_.spec.state_path.empty()) add("BATON_STATE=", out_.spec.state_path);
  add("BATON_WORK_DIR=", renderer_.work_dir(row.run_no));
  add("BATON_HEARTBEAT=", out_.spec.heartbeat_path);
  add("BATON_IDEMPOTENCY_KEY=", identity);
  add("BATON_FENCE_TOKEN=", std::to_string(key.epoch));
  if (row.conf_json.size() > kParamsBytesMax) {
    fail(Reason::expression, "the params are larger than 100 KiB and cannot stand in BATON_PARAMS");
  }
  add("BATON_PARAMS=", row.conf_json);
  const std::uint64_t trace = fnv1a(context_.store_id + ":" + std::to_string(row.run_no));
  add("TRACEPARENT=",
      "00-" + hex16(trace) + hex16(~trace) + "-" + hex16(fnv1a(identity + ":" + std::to_string(key.epoch))) + "-01");
}

void Rendering::set_author_env(const std::vector<EnvEntry>& entries) {
  for (const EnvEntry& entry : entries) {
    if (entry.secret.empty()) {
      put_env(entry.name, text(entry.value, entry.name.c_str()));
      continue;
    }
    const auto value = secret(entry.secret);
    if (!value) return;
    put_env(entry.name, *value);
  }
}

std::variant<Rendered, RenderError> Rendering::result() {
  set_key();
  set_command();
  set_paths();
  set_limits();
  set_base_env();
  set_author_env(run_.dag->env);
  set_author_env(spec_.env);
  if (error_) return std::move(*error_);
  if (!shown_.empty()) out_.rendered_json = to_json(Value{std::move(shown_)});
  return std::move(out_);
}

}  // namespace

std::variant<Rendered, RenderError> Renderer::render(const DagRun& run, InstanceNo i, Epoch epoch,
                                                           Moment now) const {
  return Rendering(*this, run, i, epoch, now).result();
}

std::string Renderer::log_path(RunNo run_no, InstanceNo i, Epoch epoch) const {
  std::string attempt = std::to_string(epoch);
  if (BATON_BUG(one_log_for_all_tries)) attempt.clear();
  return context_.state_folder + "/logs/" + std::to_string(run_no) + "/" + std::to_string(i) + "." + attempt + ".log";
}

std::string Renderer::work_dir(RunNo run_no) const {
  return context_.state_folder + "/work/" + std::to_string(run_no);
}

std::string Renderer::output_dir(RunNo run_no) const {
  return context_.state_folder + "/outputs/" + std::to_string(run_no);
}

}  // namespace baton
