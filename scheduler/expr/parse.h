// Text of an expression → Ast. The grammar is CEL's (github.com/google/cel-spec, langdef.md), without bytes, unsigned
// integers, messages and optional fields. Pure; any thread.
#pragma once

#include <string_view>

#include "scheduler/expr/ast.h"

namespace baton::expr {

/// Bytes of one expression, and how deep its tree may be: no input overflows the stack.
inline constexpr std::size_t kSourceMax = 16 * 1024;
inline constexpr int kDepthMax = 200;

/// The tree, or the first syntax error. `base` is added to every range, for an expression inside a longer text.
Outcome<AstPtr> parse(std::string_view text, std::uint32_t base = 0);

/// True for words that CEL keeps for itself: they cannot be names of for_each or variables, but may be fields.
bool is_reserved_word(std::string_view word);

/// Where the expression that begins at `begin` ends: the offset of the `}}` that closes it, which string literals,
/// nested braces and backtick names are skipped for; npos when there is none.
std::size_t find_expression_end(std::string_view text, std::size_t begin);

}  // namespace baton::expr
