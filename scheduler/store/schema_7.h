// The SQL of migration 7; see schema.h.
#pragma once

namespace baton::sqlite {

/// 7: checks and state across runs.
inline constexpr char kSchema7[] = R"sql(
)sql";

}  // namespace baton::sqlite
