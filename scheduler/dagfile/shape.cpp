#include "scheduler/dagfile/shape.h"

#include <algorithm>
#include <string>
#include <vector>

#include "scheduler/dagfile/foreign_keys.h"
#include "scheduler/dagfile/scalar.h"
#include "scheduler/timetable/time_text.h"
#include "scheduler/timetable/zone.h"

namespace baton::dagfile {
namespace {

/// Task keys that mean nothing for an action after a run.
constexpr std::string_view kNotOfHooks[] = {"needs",           "trigger_rule", "setup",         "teardown", "for_each",
                                            "matrix",          "group",        "sensor",        "approval", "checks",
                                            "depends_on_past", "dead_letter",  "allow_failure", "cache",
                                            "sla"};

bool has_expression(std::string_view text) {
  return text.find("${{") != std::string_view::npos;
}

std::vector<std::string_view> known_names(std::string_view object) {
  std::vector<std::string_view> names;
  for (const Key& key : keys_of(object)) {
    if (key.name != "*" && is_known_key(object, key)) names.push_back(key.name);
  }
  return names;
}

std::string of(std::string_view owner) {
  return owner.empty() ? std::string() : " of " + std::string(owner);
}

/// Checks one scalar against the scalar forms of a row. Returns false when none fits; then it has reported.
class ScalarCheck {
 public:
  ScalarCheck(Node key, Node value, const Key& row, Forms forms, Reporter& reporter)
      : key_(key), value_(value), row_(row), forms_(forms), reporter_(reporter), text_(value.text()) {}

  void run() {
    if ((forms_ & (kAny | kTemplate | kScript | kCondition)) != 0) return;
    if (has_expression(text_) && (forms_ & kComputed) != 0) return;  // its reader wants one expression
    if (has_expression(text_) && (forms_ & kText) == 0) return refuse_expression();
    if ((forms_ & kWord) != 0 && is_word()) return;
    if ((forms_ & kBoolean) != 0 && value_.kind() == NodeKind::plain && core_bool(text_)) return;
    if ((forms_ & (kInteger | kNumber)) != 0 && is_number()) return;
    if ((forms_ & kDuration) != 0) return duration();
    if ((forms_ & kSize) != 0) return size();
    if ((forms_ & kTime) != 0) return time();
    if ((forms_ & kId) != 0) return id();
    if ((forms_ & kText) != 0) {
      if (has_expression(text_)) refuse_expression();
      return;
    }
    refuse();
  }

 private:
  void refuse_expression() {
    reporter_.error(Rule::expression_not_here, value_.span(), in_quotes(name()) + " takes no expression");
  }

  [[nodiscard]] std::string_view name() const { return row_.name == "*" ? key_.text() : row_.name; }

  [[nodiscard]] bool is_word() const {
    std::string_view rest = row_.words;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find(' '), rest.size());
      if (rest.substr(0, end) == text_) return true;
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return false;
  }

  /// True also when it is a number with a fault of its own, which is then reported.
  bool is_number() {
    if (value_.kind() != NodeKind::plain) return false;
    const CoreNumber number = core_number(text_);
    if (number.kind == CoreNumber::Kind::text) return false;
    if (number.kind == CoreNumber::Kind::integer) {
      if (number.integer < row_.least) too_small();
      if (number.integer > INT32_MAX && (forms_ & kNumber) == 0) {
        reporter_.error(Rule::invalid_value, value_.span(), in_quotes(name()) + " is too large");
      }
      return true;
    }
    if (number.kind == CoreNumber::Kind::floating) return (forms_ & kNumber) != 0;
    (void)value_of(value_, reporter_);
    return true;
  }

  void too_small() {
    reporter_.error(Rule::invalid_value, value_.span(),
                    in_quotes(name()) + " must be at least " + std::to_string(row_.least) + ", not " + std::string(text_));
  }

  void duration() {
    const auto span = timetable::parse_duration(text_);
    if (!span) {
      reporter_.error(Rule::invalid_duration, value_.span(), span.error().message);
    } else if (*span < row_.least) {
      reporter_.error(Rule::invalid_duration, value_.span(), in_quotes(name()) + " must be more than zero");
    }
  }

  void size() {
    if (parse_size(text_)) return;
    reporter_.error(Rule::invalid_size, value_.span(), in_quotes(text_) + " is not a size", "write 512Mi or 16Gi");
  }

  void time() {
    const auto time = timetable::parse_time(text_, timetable::utc());
    if (!time) reporter_.error(Rule::invalid_time, value_.span(), time.error().message);
  }

  void id() {
    if (is_id(text_)) return;
    reporter_.error(
        Rule::invalid_id, value_.span(), in_quotes(text_) + " is not an id",
        "an id is made of letters, digits, \"_\", \".\" and \"-\", begins with a letter or digit and has at "
        "most 250 characters");
  }

  void refuse() {
    std::string hint;
    if ((forms_ & kWord) != 0) {
      std::vector<std::string_view> words;
      for (std::string_view rest = row_.words; !rest.empty();) {
        const std::size_t end = std::min(rest.find(' '), rest.size());
        words.push_back(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
      }
      hint = did_you_mean_hint(text_, words);
    }
    if ((forms_ & kBoolean) != 0) {
      for (const std::string_view yes : {"yes", "Yes", "YES", "on", "On", "ON", "y", "Y", "1"}) {
        if (text_ == yes) hint = "write true";
      }
      for (const std::string_view no : {"no", "No", "NO", "off", "Off", "OFF", "n", "N", "0"}) {
        if (text_ == no) hint = "write false";
      }
    }
    if ((forms_ & kBoolean) != 0 && value_.kind() != NodeKind::plain && core_bool(text_)) hint = "leave the quotes out";
    if ((forms_ & (kInteger | kNumber)) != 0 && core_number(text_).kind == CoreNumber::Kind::integer) {
      hint = "leave the quotes out";
    }
    const Rule rule = (forms_ & kWord) != 0 ? Rule::invalid_value : Rule::wrong_type;
    Key shown = row_;
    shown.forms = forms_;
    reporter_.error(rule, value_.span(),
                    in_quotes(name()) + " wants " + describe(shown) + ", not " + describe_node(value_), hint);
  }

  Node key_;
  Node value_;
  const Key& row_;
  Forms forms_;
  Reporter& reporter_;
  std::string_view text_;
};

/// What a nested mapping is called in messages: `"retries" of task "load"`, `breaker "db"`.
std::string nested_owner(Node key, const Key& row, std::string_view owner) {
  if (row.where == "tasks") return std::string(owner);
  static constexpr std::pair<std::string_view, std::string_view> kNouns[] = {
      {"params", "param"}, {"pools", "pool"},         {"breakers", "breaker"},
      {"assets", "asset"}, {"calendars", "calendar"}, {"groups", "group"},
      {"env", "variable"}, {"secrets", "variable"},   {"headers", "header"},
      {"receivers", "receiver"}, {"webhooks", "hook"}};
  std::string name = in_quotes(key.text());
  for (const auto& [where, noun] : kNouns) {
    if (row.where == where) name = std::string(noun) + " " + name;
  }
  const bool is_task = owner.substr(0, 5) == "task ";
  return is_task ? name + " of " + std::string(owner) : name;
}

void check_forms(Node key, Node value, const Key& row, Forms forms, std::string_view owner, Span at,
                 Reporter& reporter);

void check_items(Node key, Node list, const Key& row, std::string_view owner, Reporter& reporter) {
  for (const Node item : Items(list)) check_forms(key, item, row, row.items, owner, item.span(), reporter);
}

/// `at` is where a missing key of the value is shown.
void check_forms(Node key, Node value, const Key& row, Forms forms, std::string_view owner, Span at,
                 Reporter& reporter) {
  if ((forms & kAny) != 0) return;
  const bool fits = value.is_null()   ? (forms & kNull) != 0
                    : value.is_map()  ? (forms & kObject) != 0
                    : value.is_list() ? (forms & kList) != 0
                                      : (forms & ~(kNull | kObject | kList)) != 0;
  if (!fits) {
    Key shown = row;
    shown.forms = forms;
    const std::string_view name = row.name == "*" ? key.text() : row.name;
    const Span where = value.is_null() ? key.span() : value.span();
    reporter.error(Rule::wrong_type, where,
                   in_quotes(name) + " wants " + describe(shown) + ", not " + describe_node(value));
    return;
  }
  if (value.is_map()) {
    if (row.object == "any" || row.object == "tasks") return;
    check_object(value, row.object, nested_owner(key, row, owner), at, reporter);
  } else if (value.is_list()) {
    check_items(key, value, row, owner, reporter);
  } else if (!value.is_null()) {
    ScalarCheck(key, value, row, forms, reporter).run();
  }
}

void report_unknown(Node key, std::string_view object, std::string_view owner, const Key* row, Reporter& reporter) {
  if (row != nullptr) {
    const std::string place = object == "hook" ? "an action after a run" : "`defaults`";
    reporter.error(Rule::unknown_key, key.span(), in_quotes(key.text()) + " may not stand in " + place);
    return;
  }
  std::string hint = foreign_key_hint(object, key.text());
  if (hint.empty()) hint = reporter.did_you_mean(key.text(), known_names(object));
  reporter.error(Rule::unknown_key, key.span(), "unknown key " + in_quotes(key.text()) + of(owner), hint);
}

}  // namespace

bool is_known_key(std::string_view object, const Key& row) {
  if (object == "defaults") return (row.flags & kNoDefault) == 0;
  if (object == "hook") {
    return std::find(std::begin(kNotOfHooks), std::end(kNotOfHooks), row.name) == std::end(kNotOfHooks);
  }
  return true;
}

void check_value(Node key, Node value, const Key& row, std::string_view owner, Reporter& reporter) {
  check_forms(key, value, row, row.forms, owner, key.span(), reporter);
}

void check_object(Node map, std::string_view object, std::string_view owner, Span at, Reporter& reporter) {
  for (const auto& [key, value] : Entries(map)) {
    const Key* const row = find_key(object, key.text());
    if (row == nullptr || !is_known_key(object, *row)) {
      report_unknown(key, object, owner, row, reporter);
    } else if ((row->flags & kReserved) != 0) {
      reporter.error(Rule::reserved_key, key.span(), "the key " + in_quotes(key.text()) + " is reserved");
    } else {
      check_value(key, value, *row, owner, reporter);
    }
  }
  if (object == "defaults" || object == "hook") return;
  for (const Key& row : keys_of(object)) {
    if ((row.flags & kRequired) == 0 || map.find(row.name)) continue;
    reporter.error(Rule::missing_key, at, "the key " + in_quotes(row.name) + of(owner) + " is missing");
  }
}

}  // namespace baton::dagfile
