#!/usr/bin/env bash
# The arrows between the rooms, and clang-tidy over the rooms named (default: all; it takes a while).
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
status=0
tests/arrows.sh || status=1
cmake --preset debug -DBATON_TESTS=ON >/dev/null
rooms=("$@")
[ ${#rooms[@]} -gt 0 ] || rooms=(scheduler worker cli)
files=$(git ls-files "${rooms[@]/%//*.cpp}")
checks='-*,bugprone-*,concurrency-*,performance-*,-bugprone-easily-swappable-parameters,-bugprone-exception-escape'
# glibc's strerror, getenv and readdir are safe as we use them; a switch names each state even where two do the same.
checks+=',-concurrency-mt-unsafe,-bugprone-branch-clone,-performance-inefficient-string-concatenation'
checks+=',-bugprone-implicit-widening-of-multiplication-result'
echo "$files" | xargs -P2 -n4 clang-tidy -p build/debug --quiet --checks="$checks" --warnings-as-errors='*' \
  2> >(grep -v 'warnings\? generated' >&2) || status=1
exit $status
