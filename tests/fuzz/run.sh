#!/usr/bin/env bash
# run.sh [TARGET] [SECONDS]: libFuzzer on one fuzz target, or on all of them one after the other. What is learned stays in
# build/fuzz/corpus, what is found in build/fuzz/finds.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
targets=(dagfile canonical expr timetable protocol journal)
declare -A length=([dagfile]=2048 [canonical]=4096 [expr]=512 [timetable]=128 [protocol]=1024 [journal]=1024)
if [ $# -gt 0 ] && [ -z "${1//[0-9]/}" ]; then set -- "" "$1"; fi
if [ -n "${1:-}" ]; then targets=("$1"); fi
status=0
for target in "${targets[@]}"; do
  if [ -z "${length[$target]:-}" ]; then
    echo "there is no fuzz target \"$target\"; there are ${!length[*]}" >&2
    exit 2
  fi
  mkdir -p "build/fuzz/corpus/$target" build/fuzz/finds
  dictionary=()
  if [ -f "tests/fuzz/$target.dict" ]; then dictionary=(-dict="tests/fuzz/$target.dict"); fi
  echo "== $target"
  "build/fuzz/tests/fuzz_$target" -max_total_time="${2:-60}" -max_len="${length[$target]}" -rss_limit_mb=512 -timeout=5 \
    -report_slow_units=1 -artifact_prefix="build/fuzz/finds/$target-" -print_final_stats=1 "${dictionary[@]}" \
    "build/fuzz/corpus/$target" "tests/fuzz/corpus/$target" || status=1
done
exit $status
