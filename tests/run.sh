#!/usr/bin/env bash
# Every test: the debug build with sanitizers for most, the release build for what lives from volume. Ends with what was
# skipped and why, what failed, and the sum.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# The build with planted defects differs from the release in a few files: the others come from its cache, though they
# are compiled in another folder.
export CCACHE_NOHASHDIR=1
passed=0 failed=0 failures=() logs=()
mkdir -p build

step() {  # step NAME COMMAND...: one thing that passes or fails as a whole
  local name=$1 begin=$SECONDS
  shift
  if "$@"; then
    passed=$((passed + 1))
    echo "ok      $name ($((SECONDS - begin)) s)"
  else
    failed=$((failed + 1))
    failures+=("$name")
    echo "FAILED  $name ($((SECONDS - begin)) s)"
  fi
}

build() {  # build PRESET TARGET
  cmake --preset "$1" -DBATON_TESTS=ON >/dev/null && cmake --build "build/$1" --target "$2"
}

suite() {  # suite PRESET LABEL: each ctest entry counts by itself
  local preset=$1 log=build/$1/ctest.log name result
  ctest --test-dir "build/$preset" -L "$2" --output-on-failure -j2 2>&1 | tee "$log"
  while read -r name result; do
    if [ "$result" = Passed ]; then passed=$((passed + 1)); else failed=$((failed + 1)); failures+=("$preset: $name"); fi
  done < <(sed -nE 's/^ *[0-9]+\/[0-9]+ Test +#[0-9]+: ([^ ]+) \.+ *\**(Passed|Failed|Timeout|Exception|Not Run|Subprocess aborted).*/\1 \2/p' "$log")
  logs+=("build/$preset/Testing/Temporary/LastTest.log")  # what each test wrote, also where it passed
}

python_tests() {  # python_tests FOLDER: the standard library's unittest, over the release binary
  local log
  log=build/$(basename "$1").log
  logs+=("$log")
  BATON="$PWD/build/release/baton" python3 -u -m unittest discover -v -s "$1" -t "$1" -p '*test*.py' 2>&1 | tee "$log"
}

page() {  # the page has tests of its own, and its own words for what it skips
  logs+=(build/ui.log)
  tests/ui/run.sh 2>&1 | tee build/ui.log
}

skips() {  # skips LOG...: a line for each test that was skipped, with its reason; as unittest and GoogleTest write it
  [ $# -eq 0 ] || awk '
    /^test_[^ ]* \(/ { test = $1 }
    match($0, / \.\.\. skipped /) { print "skipped: " test ": " substr($0, RSTART + RLENGTH) }
    /^skipped: ui: / { print }
    /^﹣ / { sub(/^﹣ /, ""); print "skipped: ui: " $0 }
    /: Skipped$/ { getline why }
    /^\[  SKIPPED \] [^ ]+ \(/ { print "skipped: " $4 ": " why }' "$@"
}

# What PyPI has of clients, fetched while the build goes on; without a network their tests are skipped.
nice python3 tests/e2e/clients/venvs.py 2>build/clients.log &

step "arrows between the rooms" tests/arrows.sh
step "build release" build release volume_tests
step "build debug" build debug sanitized_tests
suite debug sanitized
suite release volume
step "build bugs" build bugs sim
step "seeded bugs" python3 tests/sim/seeded_bugs.py build/bugs/tests/sim .
for folder in corpus dags docs chaos history gates; do
  if [ -d "tests/$folder" ]; then step "tests/$folder" python_tests "tests/$folder"; fi
done
step "tests/ui" page

skips "${logs[@]}"
for name in "${failures[@]}"; do echo "failed: $name"; done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
