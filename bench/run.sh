#!/usr/bin/env bash
# Builds release and the small programs of the suite, then measures: bench/run.sh [NAME...] [quick] [--rounds N]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
if [ "${BATON:-}" = "" ]; then
  cmake --preset release -DBATON_TESTS=OFF >/dev/null
  cmake --build build/release --target baton baton-worker >/dev/null
fi
mkdir -p build/bench
for program in measured spawn_loop witness lines http_load; do
  cc -O2 -Wall -Wextra -Werror -o "build/bench/$program" "bench/native/$program.c"
done
cc -O2 -Wall -Wextra -Werror -o build/bench/relay bench/native/relay.c -lsqlite3
cc -O2 -Wall -Wextra -Werror -shared -fPIC -o build/bench/slow_disk.so bench/native/slow_disk.c
PYTHONDONTWRITEBYTECODE=1 exec python3 bench/bench.py "$@"
