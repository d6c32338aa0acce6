#include "cli/api_validation.h"

#include <utility>

#include "scheduler/dagfile/loader.h"
#include "scheduler/json/json_value.h"

namespace baton {

Value validation_of(std::string source, const std::string& file, const Config& config) {
  LoadOptions options;
  options.config = config;
  const LoadResult loaded = load_text(std::move(source), file, options);
  ValueList dags;
  for (const auto& dag : loaded.dags) {
    ValueMap one;
    one.emplace_back("dag_id", dag->id);
    one.emplace_back("tasks", static_cast<std::int64_t>(dag->tasks.size()));
    dags.emplace_back(std::move(one));
  }
  ValueMap out;
  out.emplace_back("is_valid", loaded.ok());
  out.emplace_back("dags", std::move(dags));
  auto findings = from_json(render_json(loaded.diagnostics));  // as people know them from the command line
  out.emplace_back("diagnostics", findings ? std::move(*findings) : Value(ValueList{}));
  return Value(std::move(out));
}

}  // namespace baton
