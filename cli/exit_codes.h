// Exit codes of every command (docs/dag-language.md). Error::code holds one of these.
#pragma once

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

}  // namespace baton::cli
