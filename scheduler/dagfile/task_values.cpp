// Small readers of checked values.
#include <algorithm>
#include <charconv>

#include "scheduler/dagfile/enum_names.h"
#include "scheduler/dagfile/scalar.h"
#include "scheduler/dagfile/task_draft.h"
#include "scheduler/dagfile/task_reader.h"
#include "scheduler/timetable/time_text.h"

namespace baton::dagfile {

std::vector<std::string> read_texts(Node node) {
  std::vector<std::string> texts;
  if (!node) return texts;
  if (node.is_scalar()) texts.emplace_back(node.text());
  if (node.is_list()) {
    for (const Node item : Items(node)) {
      if (item.is_scalar()) texts.emplace_back(item.text());
    }
  }
  return texts;
}

DurationUs read_duration(Node node, DurationUs otherwise) {
  if (!node || !node.is_scalar()) return otherwise;
  const auto span = timetable::parse_duration(node.text());
  return span ? *span : otherwise;
}

Sla read_sla(Node node, Reporter& reporter) {
  Sla sla;
  if (!node || !node.is_map()) {
    sla.within_us = read_duration(node, 0);
    return sla;
  }
  const Node within = node.find("within"), from = node.find("from"), by = node.find("by");
  if (static_cast<bool>(within) == static_cast<bool>(by)) {
    reporter.error(Rule::invalid_value, node.span(), "an sla says either `within` or `by`",
                   "write {within: 5h, from: queued}, or {by: \"06:30\"}");
    return sla;
  }
  sla.within_us = read_duration(within, 0);
  if (from && from.is_scalar()) sla.from = named<Sla::From>(from.text()).value_or(Sla::From::start);
  if (!by || !by.is_scalar()) return sla;
  if (from) reporter.error(Rule::invalid_value, from.span(), "a time of day counts from nothing: leave `from` out");
  if (const auto at = timetable::parse_time_of_day(by.text())) {
    sla.by_s = *at;
  } else {
    reporter.error(Rule::invalid_value, by.span(), in_quotes(by.text()) + " is no time of day", "write \"06:30\"");
  }
  return sla;
}

std::int32_t read_int(Node node, std::int32_t otherwise) {
  if (!node || !node.is_scalar()) return otherwise;
  const CoreNumber number = core_number(node.text());
  if (number.kind != CoreNumber::Kind::integer) return otherwise;
  return static_cast<std::int32_t>(std::clamp<std::int64_t>(number.integer, INT32_MIN, INT32_MAX));
}

bool read_bool(Node node, bool otherwise) {
  if (!node || !node.is_scalar()) return otherwise;
  return core_bool(node.text()).value_or(otherwise);
}

expr::ShellKind shell_kind_of(Node node) {
  std::string command;
  for (const auto& word : read_texts(node)) command += (command.empty() ? "" : " ") + word;
  return command.empty() ? expr::ShellKind::sh : expr::shell_kind(command);
}

namespace {

void append_failure_class(Node node, Reporter& reporter, std::vector<FailureClass>& classes) {
  if (!node.is_scalar()) return;
  const auto found = failure_class_from(node.text());
  if (!found) {
    reporter.error(Rule::invalid_value, node.span(), in_quotes(node.text()) + " is not a class of failures",
                   "write exit:N (1 to 255), signal, timeout, lost or any");
  } else if (found->kind == FailureClass::Kind::exit && found->exit_code == 99) {
    reporter.error(Rule::invalid_value, node.span(), "exit:99 means skipped and is never retried");
  } else {
    classes.push_back(*found);
  }
}

}  // namespace

std::vector<FailureClass> read_failure_classes(Node node, Reporter& reporter) {
  std::vector<FailureClass> classes;
  if (!node) return classes;
  if (node.is_list()) {
    for (const Node item : Items(node)) append_failure_class(item, reporter, classes);
  } else {
    append_failure_class(node, reporter, classes);
  }
  return classes;
}

namespace {

void read_max(Node node, Expressions& expressions, Reporter& reporter, RetryPolicy& policy) {
  policy.max = read_int(node, 0);
  policy.computed_max =
      read_computed(node, "retries", Wanted::integer, Stage::instance, expressions, reporter);
}

}  // namespace

RetryPolicy read_retries(Node node, Expressions& expressions, Reporter& reporter) {
  RetryPolicy policy;
  if (!node) return policy;
  if (!node.is_map()) {
    read_max(node, expressions, reporter, policy);
    return policy;
  }
  read_max(node.find("max"), expressions, reporter, policy);
  const Node delay = node.find("delay");
  const Node backoff = node.find("backoff");
  const Node jitter = node.find("jitter");
  const Node max_delay = node.find("max_delay");
  policy.delay_us = read_duration(delay, policy.delay_us);
  policy.max_delay_us = read_duration(max_delay, std::max(policy.max_delay_us, policy.delay_us));
  if (delay && !backoff) {
    policy.backoff = RetryPolicy::Backoff::constant;
    policy.jitter = RetryPolicy::Jitter::none;
  }
  if (backoff) policy.backoff = named<RetryPolicy::Backoff>(backoff.text()).value_or(policy.backoff);
  if (jitter) policy.jitter = named<RetryPolicy::Jitter>(jitter.text()).value_or(policy.jitter);
  if (max_delay && policy.max_delay_us < policy.delay_us) {
    reporter.error(Rule::conflicting_keys, max_delay.span(), "\"max_delay\" is less than \"delay\"");
  }
  const Node on = node.find("on");
  if (on) policy.on = read_failure_classes(on, reporter);
  policy.never_on = read_failure_classes(node.find("never_on"), reporter);
  if (on && on.is_list() && on.size() == 0) {
    reporter.error(Rule::invalid_value, on.span(), "\"on\" names no failures, so nothing would ever be retried");
  }
  return policy;
}

}  // namespace baton::dagfile
