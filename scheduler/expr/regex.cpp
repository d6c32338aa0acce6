#include <re2/re2.h>

#include <map>

#include "scheduler/expr/call.h"

namespace baton::expr {
namespace {

constexpr std::size_t kRegexesMax = 64;
constexpr std::int64_t kCompileSteps = 200;

RE2::Options options() {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(1 << 20);
  return options;
}

}  // namespace

struct RegexCache::Compiled {
  std::map<std::string, RE2, std::less<>> by_pattern;
};

RegexCache::RegexCache() : compiled_(std::make_unique<Compiled>()) {}
RegexCache::~RegexCache() = default;

Result<Value> RegexCache::matches(std::string_view text, const std::string& pattern, Budget& budget) {
  auto found = compiled_->by_pattern.find(pattern);
  if (found == compiled_->by_pattern.end()) {
    if (!budget.charge(kCompileSteps + static_cast<std::int64_t>(pattern.size()))) return Value(false);
    if (compiled_->by_pattern.size() >= kRegexesMax) compiled_->by_pattern.clear();
    found = compiled_->by_pattern.try_emplace(pattern, pattern, options()).first;
  }
  if (!found->second.ok()) return Error{"the regular expression is not valid (RE2): " + found->second.error()};
  budget.charge_bytes(text.size());
  return Value(RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), found->second));
}

Status check_regex(const std::string& pattern) {
  const RE2 compiled(pattern, options());
  if (!compiled.ok()) return Error{"the regular expression is not valid (RE2): " + compiled.error()};
  return Unit{};
}

}  // namespace baton::expr
