// Objects of the API as the rows that commands show: what a server of another machine answers, read back. What the API
// does not tell stays as it is by default. Pure; any thread.
#pragma once

#include "scheduler/engine/reader_views.h"
#include "scheduler/model/value.h"

namespace baton::cli {

/// `seq` changes with what is told: it is made of the object. Without a number.
RunView run_of(const Value& object);
/// Without any of its numbers.
InstanceView instance_of(const Value& object);
TryView try_of(const Value& object);
/// As a list has them.
DagView dag_of(const Value& object);
ImportErrorView import_error_of(const Value& object);
VersionView version_view_of(const Value& object);

}  // namespace baton::cli
