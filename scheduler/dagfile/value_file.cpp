#include "scheduler/dagfile/value_file.h"

#include "scheduler/dagfile/scalar.h"
#include "scheduler/dagfile/yaml_reader.h"
#include "scheduler/json/json_value.h"

namespace baton {

ValueResult load_value_text(std::string text, const std::string& name) {
  ValueResult out;
  // JSON by its own reader: YAML knows no pairs of surrogates. What is no JSON is told by YAML's, with its place.
  if (const std::size_t first = text.find_first_not_of(" \t\r\n"); first != std::string::npos && text[first] == '{') {
    if (Result<Value> json = from_json(text)) {
      out.value = std::move(*json);
      return out;
    }
  }
  const dagfile::SourceText source(name, std::move(text));
  dagfile::Reporter reporter(source);
  if (dagfile::check_characters(reporter)) {
    const std::vector<dagfile::Document> documents = dagfile::read_yaml(reporter, {});
    if (documents.size() > 1) {
      const dagfile::Node second = documents[1].root();
      reporter.error(Rule::yaml_syntax, second ? second.span() : dagfile::Span(), "one document is wanted here");
    }
    const dagfile::Node root = documents.empty() ? dagfile::Node() : documents.front().root();
    Value value = root ? dagfile::value_of(root, reporter) : Value();
    if (reporter.error_count() == 0) out.value = std::move(value);
  }
  out.diagnostics = reporter.take();
  return out;
}

}  // namespace baton
