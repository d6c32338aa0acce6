#include "scheduler/expr/functions.h"

#include <algorithm>
#include <array>

namespace baton::expr {
namespace {

using K = Kind;

constexpr Overload kToBool[] = {{{K::boolean}, K::boolean}, {{K::string}, K::boolean}};
constexpr Overload kToDouble[] = {{{K::number}, K::floating}, {{K::string}, K::floating}};
constexpr Overload kToInt[] = {{{K::number}, K::integer}, {{K::string}, K::integer}, {{K::timestamp}, K::integer}};
constexpr Overload kToString[] = {{{K::boolean}, K::string},
                                  {{K::number}, K::string},
                                  {{K::string}, K::string},
                                  {{K::timestamp}, K::string},
                                  {{K::duration}, K::string}};
constexpr Overload kToTimestamp[] = {
    {{K::string}, K::timestamp}, {{K::integer}, K::timestamp}, {{K::timestamp}, K::timestamp}};
constexpr Overload kToDuration[] = {{{K::string}, K::duration}, {{K::duration}, K::duration}};
constexpr Overload kAnyToAny[] = {{{K::any}, K::any}};
constexpr Overload kStringTest[] = {{{K::string, K::string}, K::boolean}};
constexpr Overload kStringChange[] = {{{K::string}, K::string}};
constexpr Overload kJoin[] = {{{K::strings}, K::string}, {{K::strings, K::string}, K::string}};
constexpr Overload kReplace[] = {{{K::string, K::string, K::string}, K::string},
                                 {{K::string, K::string, K::string, K::integer}, K::string}};
constexpr Overload kSplit[] = {{{K::string, K::string}, K::strings}, {{K::string, K::string, K::integer}, K::strings}};
constexpr Overload kSize[] = {{{K::string}, K::integer}, {{K::list}, K::integer}, {{K::map}, K::integer}};
constexpr Overload kAvg[] = {{{K::list}, K::floating}};
constexpr Overload kSum[] = {{{K::list}, K::element}};
constexpr Overload kExtreme[] = {{{K::list}, K::element}, {{K::ordered, K::ordered}, K::same}};
constexpr Overload kFromJson[] = {{{K::string}, K::any}};
constexpr Overload kToJson[] = {{{K::any}, K::string}};
constexpr Overload kFormat[] = {{{K::timestamp, K::string}, K::string},
                                {{K::timestamp, K::string, K::string}, K::string}};
constexpr Overload kDateGetter[] = {{{K::timestamp}, K::integer}, {{K::timestamp, K::string}, K::integer}};
constexpr Overload kTimeGetter[] = {
    {{K::timestamp}, K::integer}, {{K::timestamp, K::string}, K::integer}, {{K::duration}, K::integer}};
constexpr Overload kHashFiles[] = {{{K::string}, K::string}};
constexpr Overload kSecret[] = {{{K::string}, K::string}};
constexpr Overload kVariable[] = {{{K::string}, K::string}, {{K::string, K::string}, K::string}};

constexpr auto kFunctions = std::to_array<FunctionInfo>({
    {Function::avg, "avg", "The mean of a list of numbers; an empty list is an error.", "[1, 2].avg() == 1.5", kAvg},
    {Function::to_bool, "bool", "The boolean that a text names: true false t f 1 0.", "bool('true') == true", kToBool},
    {Function::contains, "contains", "Whether the text holds the other one.", "'warehouse'.contains('house')",
     kStringTest},
    {Function::to_double, "double", "The number as a double.", "double('1.5') == 1.5", kToDouble},
    {Function::to_duration, "duration", "A span of time; units h m s ms us ns.", "duration('1h30m') == duration('90m')",
     kToDuration},
    {Function::dyn, "dyn", "The same value, with its type left to run time.", "dyn(1) == 1", kAnyToAny},
    {Function::ends_with, "endsWith", "Whether the text ends with the other one.", "'a.csv'.endsWith('.csv')",
     kStringTest},
    {Function::format, "format", "A time as text, as strftime does it, in UTC or the zone given.",
     "timestamp('2026-01-02T00:00:00Z').format('%Y-%m-%d') == '2026-01-02'", kFormat},
    {Function::from_json, "fromJson", "The value that a JSON text stands for.", "fromJson('{\"a\": 1}').a == 1",
     kFromJson},
    {Function::get_date, "getDate", "Day of the month, from 1.", "timestamp('2026-01-02T00:00:00Z').getDate() == 2",
     kDateGetter},
    {Function::get_day_of_month, "getDayOfMonth", "Day of the month, from 0.",
     "timestamp('2026-01-02T00:00:00Z').getDayOfMonth() == 1", kDateGetter},
    {Function::get_day_of_week, "getDayOfWeek", "Day of the week; Sunday is 0.",
     "timestamp('2026-01-02T00:00:00Z').getDayOfWeek() == 5", kDateGetter},
    {Function::get_day_of_year, "getDayOfYear", "Day of the year, from 0.",
     "timestamp('2026-01-02T00:00:00Z').getDayOfYear() == 1", kDateGetter},
    {Function::get_full_year, "getFullYear", "The year.", "timestamp('2026-01-02T00:00:00Z').getFullYear() == 2026",
     kDateGetter},
    {Function::get_hours, "getHours", "Hour of the day; of a duration, all its whole hours.",
     "duration('90m').getHours() == 1", kTimeGetter},
    {Function::get_milliseconds, "getMilliseconds", "Milliseconds of the second; of a duration likewise.",
     "duration('1500ms').getMilliseconds() == 500", kTimeGetter},
    {Function::get_minutes, "getMinutes", "Minute of the hour; of a duration, all its whole minutes.",
     "duration('90m').getMinutes() == 90", kTimeGetter},
    {Function::get_month, "getMonth", "The month; January is 0.", "timestamp('2026-01-02T00:00:00Z').getMonth() == 0",
     kDateGetter},
    {Function::get_seconds, "getSeconds", "Second of the minute; of a duration, all its whole seconds.",
     "duration('90m').getSeconds() == 5400", kTimeGetter},
    {Function::hash_files, "hashFiles", "SHA-256 over the files that a pattern names; only in cache.key.",
     "hashFiles('src/**/*.py')", kHashFiles, true},
    {Function::to_int, "int", "The number without its fraction; of a timestamp, Unix seconds.", "int('42') == 42",
     kToInt},
    {Function::join, "join", "The texts of a list in one, with a separator between them.",
     "['a', 'b'].join(',') == 'a,b'", kJoin},
    {Function::lower, "lower", "A to Z in lower case.", "'Ab'.lower() == 'ab'", kStringChange},
    {Function::matches, "matches", "Whether the regular expression (RE2) matches somewhere in the text.",
     "'run-42'.matches('[0-9]+$')", kStringTest},
    {Function::max, "max", "The largest of a list or of the arguments.", "[3, 7].max() == max(3, 7)", kExtreme, true},
    {Function::min, "min", "The smallest of a list or of the arguments.", "[3, 7].min() == min(3, 7)", kExtreme, true},
    {Function::raw, "raw", "Only in run: the value unquoted, as part of the script.", "raw(params.flags)", kAnyToAny},
    {Function::replace, "replace", "The text with all, or the first n, occurrences replaced.",
     "'a-b'.replace('-', '_') == 'a_b'", kReplace},
    {Function::secret, "secret", "The secret of that name; only as a whole value of env or of an http header.",
     "secret('warehouse_password')", kSecret},
    {Function::size, "size", "How many characters, elements or entries.", "size('né') == 2", kSize},
    {Function::split, "split", "The parts between separators, at most n.", "'a,b'.split(',') == ['a', 'b']", kSplit},
    {Function::starts_with, "startsWith", "Whether the text begins with the other one.", "'eu-west'.startsWith('eu')",
     kStringTest},
    {Function::to_string, "string", "The value as text.", "string(1.5) == '1.5'", kToString},
    {Function::sum, "sum", "The sum of a list of numbers; 0 for an empty one.", "[1, 2].sum() == 3", kSum},
    {Function::to_timestamp, "timestamp", "An instant from RFC 3339 or Unix seconds.",
     "timestamp('1970-01-01T00:01:00Z') == timestamp(60)", kToTimestamp},
    {Function::to_json, "toJson", "The value as JSON.", "toJson({'a': [1, 2.5]}) == '{\"a\":[1,2.5]}'", kToJson},
    {Function::trim, "trim", "The text without blanks at its ends.", "' a '.trim() == 'a'", kStringChange},
    {Function::upper, "upper", "a to z in upper case.", "'aB'.upper() == 'AB'", kStringChange},
    {Function::variable, "var", "The text of a variable of the server, or the second text where there is none.",
     "var('region', 'eu')", kVariable},
});

constexpr bool is_sorted_by_name() {
  for (std::size_t i = 1; i < kFunctions.size(); ++i) {
    if (!(kFunctions[i - 1].name < kFunctions[i].name)) return false;
  }
  return true;
}
static_assert(is_sorted_by_name(), "find_function searches by halves");
static_assert(kFunctions.size() < 255, "a Node keeps the row in a byte");

constexpr MacroInfo kMacros[] = {
    {"has", "has(target.field) -> bool", "Whether the field is there.", "has({'a': 1}.a)"},
    {"all", "list.all(x, test) -> bool", "Whether the test holds for all elements, or keys of a map.",
     "[1, 2].all(x, x > 0)"},
    {"exists", "list.exists(x, test) -> bool", "Whether the test holds for one element or more.",
     "[1, 2].exists(x, x > 1)"},
    {"exists_one", "list.exists_one(x, test) -> bool", "Whether the test holds for exactly one element.",
     "[1, 2].exists_one(x, x > 1)"},
    {"filter", "list.filter(x, test) -> list", "The elements for which the test holds.",
     "[1, 2].filter(x, x > 1) == [2]"},
    {"map", "list.map(x, [test,] value) -> list", "The value for each element (for which the test holds).",
     "[1, 2].map(x, x * 2) == [2, 4]"},
};

}  // namespace

std::size_t Overload::arity() const {
  std::size_t count = 0;
  for (const Kind kind : parameters) count += kind != Kind::none ? 1 : 0;
  return count;
}

std::size_t FunctionInfo::arity_min() const {
  std::size_t least = overloads.front().arity();
  for (const Overload& overload : overloads) least = std::min(least, overload.arity());
  return least;
}

std::size_t FunctionInfo::arity_max() const {
  std::size_t most = 0;
  for (const Overload& overload : overloads) most = std::max(most, overload.arity());
  return is_variadic ? static_cast<std::size_t>(-1) : most;
}

std::vector<std::string> FunctionInfo::signatures() const {
  std::vector<std::string> lines;
  for (const Overload& overload : overloads) {
    std::string line(name);
    line += '(';
    for (std::size_t i = 0; i < overload.arity(); ++i) {
      if (i > 0) line += ", ";
      line += to_string(overload.parameters[i]);
    }
    if (is_variadic && &overload == &overloads.back()) line += ", …";
    line += ") -> ";
    line += to_string(overload.result);
    lines.push_back(std::move(line));
  }
  return lines;
}

std::span<const FunctionInfo> functions() {
  return kFunctions;
}

std::span<const MacroInfo> macros() {
  return kMacros;
}

const FunctionInfo* find_function(std::string_view name) {
  const auto* found =
      std::lower_bound(kFunctions.begin(), kFunctions.end(), name,
                       [](const FunctionInfo& info, std::string_view wanted) { return info.name < wanted; });
  return found != kFunctions.end() && found->name == name ? found : nullptr;
}

std::string_view to_string(Kind kind) {
  switch (kind) {
    case Kind::none:
      return "";
    case Kind::any:
      return "any";
    case Kind::boolean:
      return "bool";
    case Kind::integer:
      return "int";
    case Kind::floating:
      return "double";
    case Kind::number:
      return "number";
    case Kind::string:
      return "string";
    case Kind::list:
      return "list";
    case Kind::strings:
      return "list<string>";
    case Kind::map:
      return "map";
    case Kind::timestamp:
      return "timestamp";
    case Kind::duration:
      return "duration";
    case Kind::ordered:
      return "T";
    case Kind::same:
      return "T";
    case Kind::element:
      return "T";
  }
  return "?";
}

}  // namespace baton::expr
