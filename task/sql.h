// Statements on one database, in one transaction, and what they gave. Blocks; SIGTERM interrupts what runs.
#pragma once

#include "task/report.h"
#include "task/rows.h"
#include "task/spec.h"

namespace baton::task {

Exit run_sql(SqlSpec spec);

/// The two databases. `query`: the statements of `spec`, from its file where it names one.
Exit run_sqlite(const SqlSpec& spec, const std::string& query, Rows& rows);
Exit run_postgresql(const SqlSpec& spec, const std::string& query, Rows& rows);

/// "row 3 of 5": a value of the params as a database takes a text. Lists and maps go as JSON.
std::string param_text(const Value& value);

}  // namespace baton::task
