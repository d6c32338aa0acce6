// The names of the language's enumerations, as they stand in DAG files and in the canonical form. The order is that of
// the enum, which canonical forms written as numbers rely on: new values go to the end. Pure; any thread.
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "scheduler/model/dag.h"
#include "scheduler/timetable/schedule_spec.h"

namespace baton::dagfile {

/// `kNames<E>[static_cast<std::size_t>(value)]` is the name of `value`.
template <typename E>
inline constexpr std::array<std::string_view, 0> kNames{};

template <>
inline constexpr auto kNames<TaskKind> = std::to_array<std::string_view>(
    {"run", "exec", "http", "sql", "sensor", "checks", "approval", "trigger_dag", "noop"});
template <>
inline constexpr auto kNames<TriggerRule> = std::to_array<std::string_view>(
    {"all_success", "all_failed", "all_done", "all_done_min_one_success", "all_skipped", "one_success", "one_failed",
     "one_done", "none_failed", "none_failed_min_one_success", "none_skipped", "always"});
template <>
inline constexpr auto kNames<RetryPolicy::Backoff> =
    std::to_array<std::string_view>({"constant", "linear", "exponential"});
template <>
inline constexpr auto kNames<RetryPolicy::Jitter> = std::to_array<std::string_view>({"none", "full", "equal"});
template <>
inline constexpr auto kNames<Mapping::Kind> = std::to_array<std::string_view>({"none", "for_each", "matrix"});
template <>
inline constexpr auto kNames<Sensor::Kind> = std::to_array<std::string_view>({"file", "time", "run", "http", "asset"});
template <>
inline constexpr auto kNames<OutputSpec::Type> = std::to_array<std::string_view>(
    {"string", "int", "number", "bool", "list", "map", "timestamp", "duration", "any"});
template <>
inline constexpr auto kNames<Connection::Kind> = std::to_array<std::string_view>({"sqlite", "postgresql"});
template <>
inline constexpr auto kNames<Hook> =
    std::to_array<std::string_view>({"none", "on_success", "on_failure", "on_finish"});
template <>
inline constexpr auto kNames<Sla::From> = std::to_array<std::string_view>({"start", "queued", "interval_end"});
template <>
inline constexpr auto kNames<timetable::Catchup> = std::to_array<std::string_view>({"none", "latest", "all"});
template <>
inline constexpr auto kNames<timetable::Overlap> =
    std::to_array<std::string_view>({"queue", "skip", "cancel_running"});

template <typename E>
std::string_view name_of(E value) {
  return kNames<E>[static_cast<std::size_t>(value)];
}

template <typename E>
std::optional<E> named(std::string_view name) {
  for (std::size_t i = 0; i < kNames<E>.size(); ++i) {
    if (kNames<E>[i] == name) return static_cast<E>(i);
  }
  return std::nullopt;
}

}  // namespace baton::dagfile
