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
  BATON="$PWD/build/release/baton" python3 -u -m unittest discover -v -s "tests/$1" -t "tests/$1" -p '*test*.py' 2>&1
}

lane() {  # lane NAME...: one after another, beside another lane; each keeps what it says and how it ended for `tell`
  local name begin
  for name in "$@"; do
    begin=$SECONDS
    if [ "$name" = ui ]; then  # the page has tests of its own, and its own words for what it skips
      tests/ui/run.sh >"build/$name.log" 2>&1
    else
      python_tests "$name" >"build/$name.log"
    fi
    echo "$? $((SECONDS - begin))" >"build/$name.result"
  done
}

tell() {  # tell NAME...: what these have said, each as a step
  local name code seconds
  for name in "$@"; do
    read -r code seconds <"build/$name.result" || { code=1 seconds=0; }
    cat "build/$name.log"
    logs+=("build/$name.log")
    if [ "$code" = 0 ]; then
      passed=$((passed + 1))
      echo "ok      tests/$name ($seconds s)"
    else
      failed=$((failed + 1))
      failures+=("tests/$name")
      echo "FAILED  tests/$name ($seconds s)"
    fi
  done
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
# The corpus has bounds of CPU time, which a busy neighbour on the same memory raises: it runs alone. The others wait as
# much as they compute, so two lanes of about the same length share the two cores.
rm -f build/*.result
lane corpus
tell corpus
lane dags gates & lane_of_dags=$!
lane ui chaos docs history
wait "$lane_of_dags"
tell dags gates ui chaos docs history

skips "${logs[@]}"
for name in "${failures[@]}"; do echo "failed: $name"; done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
