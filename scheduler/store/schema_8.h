// The SQL of migration 8; see schema.h.
#pragma once

namespace baton::sqlite {

/// 8: tasks that wait for others: approvals, and runs that they started.
inline constexpr char kSchema8[] = R"sql(
)sql";

}  // namespace baton::sqlite
