// Style: colours, and the sign of each state, for terminals that can and for those that cannot. Values; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "scheduler/model/states.h"

namespace baton::text {

enum class Ink : std::uint8_t { plain, bold, dim, red, green, yellow, blue, magenta, cyan, bold_red, bold_green };

struct Style {
  bool color = false;
  bool unicode = true;

  /// `text` in this colour, or as it is where there are none.
  [[nodiscard]] std::string paint(Ink ink, std::string_view text) const;

  [[nodiscard]] std::string_view dot() const { return unicode ? " · " : " - "; }
  [[nodiscard]] std::string_view arrow() const { return unicode ? "→" : "->"; }
};

Ink ink_of(TaskState state);
Ink ink_of(RunState state);

/// One column wide: ✓ ✗ ● …, in ASCII + x * ….
std::string_view sign_of(TaskState state, bool unicode);
std::string_view sign_of(RunState state, bool unicode);

/// The sign in its colour.
std::string painted_sign(const Style& style, TaskState state);
/// The state's name in its colour.
std::string painted(const Style& style, TaskState state);
std::string painted(const Style& style, RunState state);

}  // namespace baton::text
