#!/usr/bin/env bash
# Builds release and runs the benchmarks: bench/run.sh [NAME...]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
cmake --preset release -DBATON_TESTS=OFF >/dev/null
cmake --build build/release --target baton baton-worker >/dev/null
exec python3 bench/bench.py "$@"
