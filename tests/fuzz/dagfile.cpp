// Any bytes as a DAG file: the findings stand inside of it, each on one line; what is accepted has a canonical form
// that reads back; `fmt` keeps the meaning and is done after one pass.
#include <algorithm>
#include <cstdint>
#include <set>
#include <string>

#include "scheduler/dagfile/canonical.h"
#include "scheduler/dagfile/format.h"
#include "scheduler/dagfile/loader.h"
#include "scheduler/model/check.h"

namespace baton {
namespace {

void check_findings(const LoadResult& loaded, const std::string& text) {
  const auto lines = static_cast<std::uint32_t>(std::count(text.begin(), text.end(), '\n')) + 1;
  for (const Diagnostic& d : loaded.diagnostics) {
    BATON_CHECK(d.line >= 1 && d.line <= lines && d.column >= 1 && d.column <= text.size() + 1);
    BATON_CHECK(d.end_line >= d.line && (d.end_line > d.line || d.end_column >= d.column));
    BATON_CHECK(!d.rule.empty() && !d.message.empty());
    const std::string shown = render_text(d);
    const std::string first = shown.substr(0, shown.find('\n'));
    BATON_CHECK(first.ends_with("[" + d.rule + "]"));
    const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
    BATON_CHECK(std::none_of(first.begin(), first.end(), is_control));
  }
  (void)render_json(loaded.diagnostics);
  (void)render_sarif(loaded.diagnostics);
  (void)render_github(loaded.diagnostics);
}

std::vector<std::string> canonical_forms(const LoadResult& loaded) {
  std::vector<std::string> forms;
  for (const auto& dag : loaded.dags) forms.push_back(canonical_json(*dag));
  return forms;
}

void check_round_trip(const Dag& dag) {
  const std::string json = canonical_json(dag);
  const auto again = from_canonical(json);
  BATON_CHECK(again.ok());
  BATON_CHECK(canonical_json(**again) == json);
  BATON_CHECK(version_of(**again) == version_of(dag));
}

void check_format(const std::string& text, const LoadResult& loaded) {
  const auto formatted = format_text(text);
  if (!formatted) return;
  const auto twice = format_text(*formatted);
  BATON_CHECK(twice.ok() && *twice == *formatted);
  const LoadResult again = load_text(*formatted, "fuzz.yaml");
  BATON_CHECK(again.ok() == loaded.ok());
  BATON_CHECK(canonical_forms(again) == canonical_forms(loaded));
}

}  // namespace
}  // namespace baton

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const baton::LoadResult loaded = baton::load_text(text, "fuzz.yaml");
  baton::check_findings(loaded, text);
  for (const auto& dag : loaded.dags) baton::check_round_trip(*dag);
  baton::check_format(text, loaded);
  return 0;
}
