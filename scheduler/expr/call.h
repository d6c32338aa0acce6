// Calls of the language's functions on values. Private to this room; one evaluation's thread.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "scheduler/expr/budget.h"
#include "scheduler/expr/functions.h"
#include "scheduler/model/result.h"
#include "scheduler/model/value.h"

namespace baton::expr {

/// Compiled regular expressions of one evaluation, at most 64.
class RegexCache {
 public:
  RegexCache();
  ~RegexCache();
  RegexCache(const RegexCache&) = delete;
  RegexCache& operator=(const RegexCache&) = delete;
  Result<Value> matches(std::string_view text, const std::string& pattern, Budget& budget);

 private:
  struct Compiled;
  std::unique_ptr<Compiled> compiled_;
};

/// An Error that says what is wrong with the pattern.
Status check_regex(const std::string& pattern);

struct CallContext {
  Budget& budget;
  RegexCache& regexes;
};

/// The functions that only the caller can answer (hashFiles, secret, var, raw) are an Error here.
Result<Value> call_function(const FunctionInfo& function, std::span<const Value> args, const CallContext& context);

/// Whether arguments of these types fit one of the overloads; an Error that names them otherwise.
Status check_arguments(const FunctionInfo& function, std::span<const Value> args);

// Strings (strings.cpp). Results may be cut short when the budget ends; the evaluator then drops them.
Value split(std::string_view text, std::string_view separator, std::int64_t limit, Budget& budget);
Value replace(std::string_view text, std::string_view from, std::string_view to, std::int64_t limit, Budget& budget);
Result<Value> join(const ValueList& parts, std::string_view separator, Budget& budget);
std::string_view trim(std::string_view text);
std::string change_case(std::string_view text, bool to_upper);

// Numbers (numbers.cpp).
Result<Value> to_int(const Value& value);
Result<Value> to_double(const Value& value);
Result<Value> to_bool(const Value& value);
Result<Value> sum(const ValueList& list);
Result<Value> average(const ValueList& list);
Result<Value> extreme(std::span<const Value> values, bool is_max, Budget& budget);

}  // namespace baton::expr
