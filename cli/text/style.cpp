#include "cli/text/style.h"

namespace baton::text {
namespace {

std::string_view code_of(Ink ink) {
  switch (ink) {
    case Ink::plain: return "";
    case Ink::bold: return "1";
    case Ink::dim: return "2";
    case Ink::red: return "31";
    case Ink::green: return "32";
    case Ink::yellow: return "33";
    case Ink::blue: return "34";
    case Ink::magenta: return "35";
    case Ink::cyan: return "36";
    case Ink::bold_red: return "1;31";
    case Ink::bold_green: return "1;32";
  }
  return "";
}

}  // namespace

std::string Style::paint(Ink ink, std::string_view text) const {
  if (!color || ink == Ink::plain || text.empty()) return std::string(text);
  std::string out = "\x1b[";
  out += code_of(ink);
  out += 'm';
  out += text;
  out += "\x1b[0m";
  return out;
}

Ink ink_of(TaskState state) {
  switch (state) {
    case TaskState::none:
    case TaskState::scheduled:
    case TaskState::queued:
    case TaskState::removed:
    case TaskState::skipped: return Ink::dim;
    case TaskState::running: return Ink::cyan;
    case TaskState::success: return Ink::green;
    case TaskState::failed: return Ink::red;
    case TaskState::upstream_failed: return Ink::magenta;
    case TaskState::up_for_retry: return Ink::yellow;
    case TaskState::up_for_reschedule:
    case TaskState::deferred: return Ink::blue;
  }
  return Ink::plain;
}

Ink ink_of(RunState state) {
  switch (state) {
    case RunState::queued: return Ink::dim;
    case RunState::running: return Ink::cyan;
    case RunState::success: return Ink::green;
    case RunState::failed: return Ink::red;
  }
  return Ink::plain;
}

std::string_view sign_of(TaskState state, bool unicode) {
  switch (state) {
    case TaskState::none: return unicode ? "○" : ".";
    case TaskState::scheduled: return unicode ? "◌" : ":";
    case TaskState::queued: return unicode ? "◔" : "q";
    case TaskState::running: return unicode ? "●" : "*";
    case TaskState::success: return unicode ? "✓" : "+";
    case TaskState::failed: return unicode ? "✗" : "x";
    case TaskState::skipped: return unicode ? "–" : "-";
    case TaskState::upstream_failed: return unicode ? "⊘" : "/";
    case TaskState::up_for_retry: return unicode ? "↻" : "r";
    case TaskState::up_for_reschedule: return unicode ? "◷" : "s";
    case TaskState::deferred: return unicode ? "◷" : "d";
    case TaskState::removed: return unicode ? "·" : " ";
  }
  return " ";
}

std::string_view sign_of(RunState state, bool unicode) {
  switch (state) {
    case RunState::queued: return unicode ? "◌" : ":";
    case RunState::running: return unicode ? "●" : "*";
    case RunState::success: return unicode ? "✓" : "+";
    case RunState::failed: return unicode ? "✗" : "x";
  }
  return " ";
}

std::string painted_sign(const Style& style, TaskState state) {
  return style.paint(ink_of(state), sign_of(state, style.unicode));
}

std::string painted(const Style& style, TaskState state) { return style.paint(ink_of(state), to_string(state)); }

std::string painted(const Style& style, RunState state) { return style.paint(ink_of(state), to_string(state)); }

}  // namespace baton::text
