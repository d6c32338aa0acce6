#!/usr/bin/env python3
"""A month of a hundred hourly DAGs of ten tasks, simulated: bench/simulated_month.py BATON [ROUNDS]. Prints the wall and
CPU time of each round, its peak memory, and what was simulated. Standard library only."""
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

DAGS, TASKS = 100, 10


def dag(n):
    """A chain of four, a fan of five, and a task behind it; four DAGs share a pool."""
    minute = n * 7 % 60
    lines = [f"dag: d{n:03}", f'schedule: "{minute} * * * *"', "max_active_runs: 2",
             f"pools: {{p{n % 25}: 6}}", "tasks:"]
    for t in range(TASKS):
        needs = "" if t == 0 else f"needs: t{min(t - 1, 3)}, " if t < TASKS - 1 else \
            "needs: [" + ", ".join(f"t{i}" for i in range(4, TASKS - 1)) + "], "
        lines.append(f"  t{t}: {{{needs}run: 'true', pool: p{n % 25}, expect: {1 + (n + t) % 5}m}}")
    return "\n".join(lines) + "\n"


def main(baton, rounds=5):
    with tempfile.TemporaryDirectory() as folder:
        for n in range(DAGS):
            (pathlib.Path(folder) / f"d{n:03}.dag.yaml").write_text(dag(n))
        for _ in range(int(rounds)):
            began, used = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
            done = subprocess.run([baton, "simulate", folder, "--state", folder + "/none", "--from", "2026-03-01", "--to",
                                   "2026-03-31", "--slots", "64"], check=True, capture_output=True, text=True,
                                  env={**os.environ, "TZ": "UTC"})
            wall, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
            cpu = after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime
            print(f"{wall:.2f} s, CPU {cpu:.2f} s, {after.ru_maxrss / 1024:.0f} MiB: {done.stdout.splitlines()[0]}")


if __name__ == "__main__":
    main(*sys.argv[1:])
