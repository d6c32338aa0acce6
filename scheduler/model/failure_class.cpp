#include "scheduler/model/failure_class.h"

#include <charconv>

namespace baton {
namespace {

constexpr std::string_view kExit = "exit:";

}  // namespace

std::string to_string(const FailureClass& failure) {
  switch (failure.kind) {
    case FailureClass::Kind::any: return "any";
    case FailureClass::Kind::exit: return std::string(kExit) + std::to_string(failure.exit_code);
    case FailureClass::Kind::signal: return "signal";
    case FailureClass::Kind::timeout: return "timeout";
    case FailureClass::Kind::lost: return "lost";
  }
  return {};
}

std::optional<FailureClass> failure_class_from(std::string_view text) {
  using Kind = FailureClass::Kind;
  if (text == "any") return FailureClass{Kind::any, 0};
  if (text == "signal") return FailureClass{Kind::signal, 0};
  if (text == "timeout") return FailureClass{Kind::timeout, 0};
  if (text == "lost") return FailureClass{Kind::lost, 0};
  if (text.substr(0, kExit.size()) != kExit) return std::nullopt;
  const std::string_view code = text.substr(kExit.size());
  int number = 0;
  const auto read = std::from_chars(code.data(), code.data() + code.size(), number);
  if (code.empty() || read.ec != std::errc() || read.ptr != code.data() + code.size()) return std::nullopt;
  if (number < 1 || number > 255) return std::nullopt;
  return FailureClass{Kind::exit, number};
}

}  // namespace baton
