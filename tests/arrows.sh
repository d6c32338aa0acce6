#!/usr/bin/env bash
# Holds the includes to the arrows of docs/ARCHITECTURE.md. A file belongs to the deepest room of the table that its
# path begins with. A room that does not exist (yet) is no error; a file without a room is, and a circle in the table.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Room | what of ours it may include, itself aside (`x` is scheduler/x with all below it; * is everything) | libraries
readonly arrows='
scheduler/model     |  |
scheduler/checksum  |  |
scheduler/digest    |  | openssl
scheduler/json      | model |
scheduler/expr      | model json | absl re2
scheduler/timetable | model | absl
scheduler/dagfile   | expr timetable digest checksum json model | yaml-cpp re2 nlohmann boost
scheduler/engine    | expr timetable digest checksum json model |
scheduler/insight   | engine expr timetable json model | boost
scheduler/logs      | engine json model | re2
scheduler/control   | engine expr timetable checksum json model |
scheduler/service   | control insight engine dagfile expr timetable digest checksum json model |
scheduler/curl      | model | curl
scheduler/delivery  | service curl digest json model |
scheduler/store     | engine expr digest checksum json model | sqlite3.h
scheduler/loop      | engine model | boost
scheduler/executor  | loop engine checksum json model worker/protocol | boost
scheduler/host      | service control insight logs engine dagfile expr timetable checksum json model |
scheduler/rehearsal | host service control insight engine dagfile expr timetable json model |
scheduler/host/local | host control service store loop executor dagfile engine expr json model | boost
web/http            | digest json model | boost
web/api             | web/http digest control insight logs engine/reader.h engine/reader_queries.h engine/reader_views.h engine/rows.h engine/run_deadline.h engine/run_limits.h engine/service_rows.h expr timetable json model |
web/page            | web/http digest model |
web                 | web/api web/page web/http digest json model |
cli                 | * | *
cli/text            | insight expr json timetable model |
cli/display         | cli/text logs engine model |
task                | curl json model | sqlite3.h libpq-fe.h
worker              | worker/protocol checksum |
worker/protocol     |  |
'
# Rooms whose headers include no library at all, so that whoever uses the room needs none.
readonly std_headers='scheduler/(model|checksum|digest|json|expr|timetable|engine|insight|logs|control|service|delivery|host)'
readonly libraries='libpq-fe.h sqlite3.h httplib.h yaml-cpp boost nlohmann absl re2 openssl curl fmt CLI'

readonly ours='\./\(scheduler\|worker\|task\|cli\|web\)/.*\.\(h\|cpp\)'
sources=$(find . -path ./build -prune -o -regex "$ours" -printf '%P\n' | sort)
grep -HnE '^#include ' $sources | awk -v table="$arrows" -v libraries="$libraries" \
  -v std_headers="^($std_headers)/.*[.]h$" -v sources="$sources" '
  function whole(name) { return name ~ /^(worker|task|cli|web)(\/|$)/ || name == "*" ? name : "scheduler/" name }
  function begins(path, room) { return path == room || index(path, room "/") == 1 }
  function room_of(path,   best, r) {
    best = ""
    for (r in may) if (begins(path, r) && length(r) > length(best)) best = r
    return best
  }
  function holds(list, word) { return index(" " list " ", " * ") || index(" " list " ", " " word " ") }
  function complain(text) { print text; bad = 1 }
  function visit(r,   words, n, i) {  # a circle is a room that is met again on the way down
    if (seen[r] == "on the way") complain("the arrows of tests/arrows.sh make a circle through " r)
    if (seen[r] != "") return
    seen[r] = "on the way"
    n = split(may[r], words, " ")
    for (i = 1; i <= n; i++) if (words[i] != "*") visit(room_of(whole(words[i])))
    seen[r] = "done"
  }
  BEGIN {
    n = split(table, lines, "\n")
    for (i = 1; i <= n; i++) if (split(lines[i], part, "|") == 3) {
      gsub(/ /, "", part[1]); may[part[1]] = part[2]; uses[part[1]] = part[3]
    }
    for (r in may) visit(r)
    n = split(libraries, names, " ")
    for (i = 1; i <= n; i++) is_library[names[i]] = 1
    n = split(sources, files, "\n")
    for (i = 1; i <= n; i++)
      if (room_of(files[i]) == "") complain(files[i] ": its folder has no line in tests/arrows.sh")
  }
  {
    match($0, /:[0-9]+:/); file = substr($0, 1, RSTART - 1); from = room_of(file)
    if (from == "" || !match($0, /["<][^">]+/)) next
    what = substr($0, RSTART + 1, RLENGTH - 1); ours = substr($0, RSTART, 1) == "\""
    if (!ours) {
      split(what, part, "/")
      if (!is_library[part[1]]) next
      if (file ~ std_headers) complain(file ": only the standard library in headers of this room, not <" what ">")
      if (!holds(uses[from], part[1])) complain(file ": this room must not know <" what ">")
      next
    }
    to = room_of(what)
    if (to == "" || to == from) next
    n = split(may[from], words, " "); ok = 0
    for (i = 1; i <= n; i++) if (words[i] == "*" || begins(what, whole(words[i]))) ok = 1
    if (!ok) complain(file ": " from " may not include \"" what "\"")
  }
  END { exit bad }' >&2
