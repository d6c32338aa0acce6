#include "scheduler/engine/cache_key.h"

#include <algorithm>

#include "scheduler/digest/digest.h"
#include "scheduler/engine/body.h"
#include "scheduler/engine/run_names.h"
#include "scheduler/expr/references.h"
#include "scheduler/expr/template.h"
#include "scheduler/json/json_value.h"

namespace baton {
namespace {

void put(std::string& out, std::string_view part) {
  out += std::to_string(part.size());
  out += ':';
  out += part;
}

/// The names of a run where hashFiles has an answer; its patterns are gathered on the way.
class KeyNames final : public RunNames {
 public:
  KeyNames(const DagRun& run, InstanceNo i, std::string file_hash)
      : RunNames(run, run.at(i).task_no, i),
        file_hash_(std::move(file_hash)),
        task_id_(run.dag->task(run.at(i).task_no).id) {}
  [[nodiscard]] Result<std::optional<Value>> call(std::string_view function,
                                                  std::span<const Value> args) const override {
    if (function != "hashFiles") return RunNames::call(function, args);
    for (const Value& arg : args) {
      if (arg.type() != ValueType::string) return Error{"hashFiles takes patterns as strings"};
      patterns_.push_back(arg.as_string());
    }
    return std::optional<Value>{Value{file_hash_}};
  }
  /// The number of the try is no input: a retry leaves its success under the key that the first try asked for.
  [[nodiscard]] Result<std::optional<Value>> lookup(std::string_view name) const override {
    if (name == "task") return std::optional<Value>{ValueMap{{"id", task_id_}, {"try_number", 1}}};
    return RunNames::lookup(name);
  }
  [[nodiscard]] const std::vector<std::string>& patterns() const { return patterns_; }

 private:
  std::string file_hash_;
  std::string task_id_;
  mutable std::vector<std::string> patterns_;
};

/// Puts what a text comes to; the first error stays.
void put_text(std::string& out, Result<std::string> text, Status& status) {
  if (text) {
    put(out, *text);
  } else if (status) {
    status = text.error();
  }
}

/// Whether what a task runs with speaks of the date or interval of its run, which come to it in its environment. Of a
/// program that reads them without a word of it in the DAG nothing is known.
bool speaks_of_its_interval(std::string_view rendered) {
  const auto names = [&](std::string_view variable) { return rendered.find(variable) != std::string_view::npos; };
  return names("BATON_INTERVAL_") || names("BATON_LOGICAL_DATE");
}

/// What reaches the task in its environment beside what its author puts there: which instance it is, and the params.
/// The date is a part only where the task speaks of it: else nothing that runs daily would ever be found again.
void put_environment(std::string& out, const DagRun& run, InstanceNo i) {
  const bool has_date = speaks_of_its_interval(out);
  put(out, std::to_string(run.at(i).map_index));
  const auto item = run.items.find(i);
  put(out, item == run.items.end() ? std::string() : to_exact_json(item->second.item));
  put(out, to_exact_json(run.params));
  if (!has_date) return;
  for (const WallUs at : {run.row.logical_date, run.row.interval_start, run.row.interval_end}) {
    put(out, std::to_string(at));
  }
}

Result<std::string> rendered_hash(const DagRun& run, InstanceNo i, const expr::Names& names) {
  const TaskSpec& spec = run.spec_of(i);
  std::string out;
  Status status = Unit{};
  if (spec.kind == TaskKind::run) put_text(out, text_of(spec.script, names), status);
  for (const Text& arg : spec.argv) put_text(out, text_of(arg, names), status);
  if (spec.body->is_set()) {  // secrets by their names
    const auto body = evaluated(spec.body, names);
    put_text(out, body ? Result<std::string>{to_json(*body)} : Result<std::string>{body.error()}, status);
  }
  for (const auto* entries : {&run.dag->env, &spec.env.get()}) {
    for (const EnvEntry& entry : *entries) {
      put(out, entry.name);
      put_text(out, entry.secret.empty() ? text_of(entry.value, names) : Result<std::string>{entry.secret}, status);
    }
  }
  put_text(out, text_of(spec.stdin_text, names), status);
  put_text(out, text_of(spec.cwd, names), status);
  if (!status) return status.error();
  put_environment(out, run, i);
  return sha256_hex(out);
}

}  // namespace

bool cache_key_hashes_files(const TaskSpec& spec) {
  if (!spec.cache || !spec.cache->key.compiled) return false;
  const auto& parts = spec.cache->key.compiled->parts;
  return std::any_of(parts.begin(), parts.end(), [](const expr::TemplatePart& part) {
    if (!part.is_expression()) return false;
    const auto calls = expr::calls(part.ast());
    return std::any_of(calls.begin(), calls.end(), [](const expr::Call& c) { return c.name == "hashFiles"; });
  });
}

Result<std::vector<std::string>> cache_key_patterns(const DagRun& run, InstanceNo i) {
  const KeyNames names(run, i, "");
  auto key = text_of(run.spec_of(i).cache->key, names);
  if (!key) return key.error();
  if (names.patterns().empty()) return Error{"hashFiles names no files"};
  return names.patterns();
}

Result<std::string> cache_key(const DagRun& run, InstanceNo i, const std::string& file_hash) {
  const KeyNames names(run, i, file_hash);
  auto key = text_of(run.spec_of(i).cache->key, names);
  if (!key || run.spec_of(i).cache->key_only) return key;
  auto hash = rendered_hash(run, i, names);
  if (!hash) return hash;
  return *key + " " + *hash;
}

Result<std::string> file_hash_of(const std::string& output_json) {
  auto value = from_json(output_json);
  if (!value) return value.error();
  const Value* hash = value->find("hash");
  if (hash == nullptr || hash->type() != ValueType::string) return Error{"the worker gave no hash"};
  return hash->as_string();
}

std::string cache_spec_hash(const Dag& dag, TaskNo task_no) {
  const TaskSpec& spec = dag.spec(task_no);
  std::string text{to_string(spec.kind)};
  put(text, spec.script.source);
  for (const Text& arg : spec.argv) put(text, arg.source);
  if (spec.body->is_set()) put(text, spec.body->json);
  for (const auto& word : spec.shell) put(text, word);
  for (const auto* entries : {&dag.env, &spec.env.get()}) {
    for (const EnvEntry& e : *entries) {
      put(text, e.name);
      put(text, e.secret.empty() ? e.value.source : e.secret);
    }
  }
  put(text, spec.cwd->source);
  put(text, spec.stdin_text->source);
  for (const OutputSpec& o : spec.outputs) {
    put(text, o.name);
    put(text, std::to_string(static_cast<int>(o.type)));
  }
  return sha256_hex(text);
}

}  // namespace baton
