// What is read off the letters of a life (reference.h). Pure.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "tests/model/reference.h"

namespace baton::model {

inline int count(std::string_view letters, char c) {
  return static_cast<int>(std::count(letters.begin(), letters.end(), c));
}
/// Since it was cleared last.
inline std::string_view recent(const Life& life) {
  const auto at = life.letters.rfind('|');
  return std::string_view(life.letters).substr(at == std::string::npos ? 0 : at + 1);
}
/// Whether letter `c` comes after every `other`.
inline bool is_after(std::string_view letters, char c, char other) {
  const auto at = letters.rfind(c), before = letters.rfind(other);
  return at != std::string::npos && (before == std::string::npos || at > before);
}
/// The last letter that is not a request; a space before the first.
inline char last(const Life& life) {
  const auto at = recent(life).find_last_not_of("!cmM");
  return at == std::string::npos ? ' ' : recent(life)[at];
}
inline bool is_one_of(char c, std::string_view letters) {
  return letters.find(c) != std::string::npos;
}
inline bool is_over(const Life& life) {
  return is_one_of(last(life), "SEKU");
}
inline bool is_with_worker(const Life& life) {
  return is_one_of(last(life), "CP");
}
inline bool is_none(const Life& life) {
  return last(life) == ' ';
}
/// What a person wants of it when its attempt has ended: c, m, M; a space: nothing.
inline char wish_of(const Life& life) {
  const auto claim = life.letters.rfind('C'), wish = life.letters.find_last_of("cmM");
  return wish == std::string::npos || wish < claim ? ' ' : life.letters[wish];
}

inline bool is_of_stop(Reason r) {
  return r == Reason::stopped || r == Reason::fail_fast || r == Reason::run_timeout;
}
inline bool is_of_mark(Reason r) {
  return r == Reason::marking_success || r == Reason::marking_failed;
}

}  // namespace baton::model
