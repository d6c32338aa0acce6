// What the table of keys gives to people and editors: the JSON Schema of the DAG language, and the reference of keys
// and rules for the documentation. Pure functions, any thread.
#pragma once

#include <string>

namespace baton {

/// JSON Schema 2020-12 of a DAG document, for editors and `baton schema`.
std::string dag_schema_json();

/// Markdown: one section for each object, one row for each key.
std::string key_reference_markdown();

/// Markdown: one row for each rule of the diagnostics.
std::string rule_reference_markdown();

}  // namespace baton
