// Texts and scripts of a DAG's author that may hold expressions, as read and compiled. Immutable; any thread.
#pragma once

#include <memory>
#include <string>

namespace baton::expr {
struct Template;       // a string with ${{ … }} parts
struct ShellTemplate;  // the same, quoted for the place where each value stands
}  // namespace baton::expr

namespace baton {

/// A string that may hold expressions. `compiled` is null when it holds none: then `source` is the value. Else it
/// speaks of places in `source`: who changes one compiles anew.
struct Text {
  std::string source;
  std::shared_ptr<const expr::Template> compiled;
  [[nodiscard]] bool is_set() const { return !source.empty() || compiled; }
  /// Of the same place in a file: `compiled` follows from `source` then.
  friend bool operator==(const Text& a, const Text& b) { return a.source == b.source; }
};

/// A shell script that may hold expressions; `compiled` is null when it holds none, else it speaks of its places.
struct Script {
  std::string source;
  std::shared_ptr<const expr::ShellTemplate> compiled;
};

}  // namespace baton
