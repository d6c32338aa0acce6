// Exit codes of every command (docs/cli.md), and which one belongs to which kind of error.
#pragma once

#include "scheduler/model/result.h"

namespace baton::cli {

inline constexpr int kOk = 0;
inline constexpr int kRunFailed = 1;
inline constexpr int kUsage = 2;         ///< usage or invalid file
inline constexpr int kNotFound = 3;
inline constexpr int kNotAllowed = 4;
inline constexpr int kConflict = 5;
inline constexpr int kTimedOut = 6;      ///< timed out waiting
inline constexpr int kUnreachable = 7;   ///< server unreachable
inline constexpr int kStorage = 70;      ///< storage or internal error
inline constexpr int kInterrupted = 130;

constexpr int exit_code_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid: return kUsage;
    case ErrorKind::not_found: return kNotFound;
    case ErrorKind::denied:
    case ErrorKind::unauthenticated: return kNotAllowed;
    case ErrorKind::conflict:
    case ErrorKind::precondition: return kConflict;
    case ErrorKind::busy: return kTimedOut;
    case ErrorKind::unavailable: return kUnreachable;
    case ErrorKind::storage:
    case ErrorKind::internal: return kStorage;
  }
  return kStorage;
}

}  // namespace baton::cli
