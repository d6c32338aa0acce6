// Declarations of params: what the table of keys cannot say about them.
#include <algorithm>

#include "scheduler/dagfile/json_schema.h"
#include "scheduler/dagfile/scalar.h"
#include "scheduler/dagfile/schema_formats.h"

namespace baton::dagfile {
namespace {

double number_of(Node node) {
  const CoreNumber number = core_number(node.text());
  return number.kind == CoreNumber::Kind::integer ? static_cast<double>(number.integer) : number.floating;
}

void check_order(Node declaration, std::string_view low, std::string_view high, bool strict, Reporter& reporter) {
  const Node a = declaration.find(low);
  const Node b = declaration.find(high);
  if (!a || !b || !a.is_scalar() || !b.is_scalar()) return;
  if (number_of(a) < number_of(b) || (!strict && number_of(a) == number_of(b))) return;
  reporter.error(Rule::invalid_param_schema, b.span(), in_quotes(low) + " and " + in_quotes(high) + " leave no value");
}

void check_required(Node declaration, Reporter& reporter) {
  const Node required = declaration.find("required");
  const Node properties = declaration.find("properties");
  if (!required || !required.is_list() || !properties || !properties.is_map()) return;
  std::vector<std::string_view> names;
  for (const auto& [key, value] : Entries(properties)) names.push_back(key.text());
  for (const Node item : Items(required)) {
    if (std::find(names.begin(), names.end(), item.text()) != names.end()) continue;
    reporter.error(Rule::invalid_param_schema, item.span(),
                   "\"required\" names " + in_quotes(item.text()) + ", which is no property",
                   did_you_mean_hint(item.text(), names));
  }
}

void check_keywords(Node declaration, Reporter& reporter) {
  check_order(declaration, "minimum", "maximum", false, reporter);
  check_order(declaration, "exclusiveMinimum", "exclusiveMaximum", true, reporter);
  check_order(declaration, "minLength", "maxLength", false, reporter);
  check_order(declaration, "minItems", "maxItems", false, reporter);
  check_order(declaration, "minProperties", "maxProperties", false, reporter);
  if (const Node multiple = declaration.find("multipleOf");
      multiple && multiple.is_scalar() && number_of(multiple) <= 0) {
    reporter.error(Rule::invalid_param_schema, multiple.span(), "\"multipleOf\" must be more than 0");
  }
  if (const Node choice = declaration.find("enum"); choice && choice.is_list() && choice.size() == 0) {
    reporter.error(Rule::invalid_param_schema, choice.span(), "\"enum\" allows no value");
  }
  if (const Node pattern = declaration.find("pattern"); pattern && pattern.is_scalar()) {
    const std::string fault = pattern_fault(pattern.text());
    if (!fault.empty()) {
      reporter.error(Rule::invalid_param_schema, pattern.span(), "the pattern does not compile: " + fault,
                     "regular expressions are RE2: no lookaround, no back references");
    }
  }
  check_required(declaration, reporter);
}

}  // namespace

void check_schema(Node declaration, Reporter& reporter) {
  if (!declaration || !declaration.is_map()) return;
  check_keywords(declaration, reporter);
  for (const std::string_view keyword : {"items", "additionalProperties", "not"}) {
    check_schema(declaration.find(keyword), reporter);
  }
  if (const Node properties = declaration.find("properties"); properties && properties.is_map()) {
    for (const auto& [key, value] : Entries(properties)) check_schema(value, reporter);
  }
  for (const std::string_view keyword : {"anyOf", "oneOf", "allOf"}) {
    const Node list = declaration.find(keyword);
    if (!list || !list.is_list()) continue;
    for (const Node item : Items(list)) check_schema(item, reporter);
  }
}

}  // namespace baton::dagfile
