#!/usr/bin/env bash
# Holds the includes to the arrows of docs/ARCHITECTURE.md: for each room, what it may include.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
bad=0

may_include() {  # may_include FOLDER PATTERN: an include of ours in FOLDER's own files must match PATTERN
  local found
  found=$(grep -nE '^#include "(scheduler|worker|cli|web)/' "$1"/*.h "$1"/*.cpp 2>/dev/null | grep -vE "#include \"($2)" || true)
  if [ -n "$found" ]; then
    echo "$1 includes what it may not:" >&2
    echo "$found" >&2
    bad=1
  fi
}

may_not_mention() {  # may_not_mention FOLDER PATTERN: headers of libraries that FOLDER must not know
  local found
  found=$(grep -nE "^#include <($2)" "$1"/*.h "$1"/*.cpp 2>/dev/null || true)
  if [ -n "$found" ]; then
    echo "$1 includes a library it must not know:" >&2
    echo "$found" >&2
    bad=1
  fi
}

may_include scheduler/model 'scheduler/model/'
may_include scheduler/digest 'scheduler/digest/'
may_include scheduler/expr 'scheduler/(expr|model)/'
may_include scheduler/timetable 'scheduler/(timetable|model)/'
may_include scheduler/dagfile 'scheduler/(dagfile|expr|timetable|digest|model)/'
may_include scheduler/engine 'scheduler/(engine|expr|timetable|digest|model)/'
may_include scheduler/store 'scheduler/(store|engine|expr|digest|model)/'
may_include scheduler/loop 'scheduler/(loop|engine|model)/'
may_include scheduler/executor 'scheduler/(executor|loop|engine|model)/|worker/protocol/'
may_include worker 'worker/'
may_include worker/protocol 'worker/protocol/'
may_not_mention scheduler/engine 'sqlite3|httplib|yaml-cpp|boost/asio|nlohmann'
may_not_mention scheduler/model 'sqlite3|httplib|yaml-cpp|boost|nlohmann|absl|re2|openssl'
may_not_mention worker 'sqlite3|httplib|yaml-cpp|boost|nlohmann|absl|re2|openssl|fmt'
for header in scheduler/{model,digest,expr,timetable,engine}/*.h; do
  if grep -qE '^#include <(absl|re2|boost|nlohmann|yaml-cpp|sqlite3|openssl|fmt)' "$header"; then
    echo "$header: only the standard library in this room's headers" >&2
    bad=1
  fi
done
exit $bad
