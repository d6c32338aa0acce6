#!/usr/bin/env python3
"""Runs the simulation once for each defect that is planted in the engine, or in its executor: each must be found within 2,000 days.

    seeded_bugs.py SIM SOURCE [SEEDS]     SIM: the simulator of preset bugs; SOURCE: the project's folder

Fails when one is not found, when the list of the simulator and what is planted differ, and when the simulator finds
something although no defect is chosen.
"""
import os
import pathlib
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

SEEDS_WITHOUT_A_BUG = 100
TIMEOUT_S = 300


def run(sim, *arguments):
    environment = {k: v for k, v in os.environ.items() if k != "BATON_BUG"}
    begin = time.monotonic()
    done = subprocess.run([sim, *arguments], capture_output=True, text=True, env=environment, timeout=TIMEOUT_S)
    return done, time.monotonic() - begin


def planted(source):
    names = set()
    # What an executor owes the engine is planted in the simulated one.
    for file in [*sorted((source / "scheduler").rglob("*.cpp")), *sorted((source / "tests" / "sim").glob("*.cpp"))]:
        names.update(re.findall(r"BATON_BUG\((\w+)\)", file.read_text()))
    return names


def main():
    sim, source = sys.argv[1], pathlib.Path(sys.argv[2])
    seeds = sys.argv[3] if len(sys.argv) > 3 else "2000"
    listed = [line.split()[0] for line in run(sim, "--bugs")[0].stdout.splitlines()]
    wrong = [f"{name}: planted and not listed" for name in sorted(planted(source) - set(listed))]
    wrong += [f"{name}: listed and not planted" for name in sorted(set(listed) - planted(source))]

    healthy, _ = run(sim, "--seeds", str(SEEDS_WITHOUT_A_BUG))
    if healthy.returncode != 0:
        wrong.append("without a bug the simulation fails:\n" + healthy.stdout[-4000:])

    found = 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for name, (done, seconds) in zip(listed, pool.map(
                lambda name: run(sim, "--bug", name, "--seeds", seeds, "--as-it-is"), listed)):
            at = re.search(r"^seed (\d+): (\S+): (.*)$", done.stdout, re.MULTILINE)
            if done.returncode == 1 and at:
                found += 1
                print(f"{name:<32} {at[1]:>5} {'day' if at[1] == '1' else 'days':<4} {seconds:6.1f} s  {at[2]}")
            else:
                wrong.append(f"{name}: not found in {seeds} days (exit {done.returncode})\n{done.stderr[-500:]}")
    print(f"{found} of {len(listed)} seeded bugs found")
    for line in wrong:
        print(f"FAILED {line}")
    return 1 if wrong or not listed else 0


if __name__ == "__main__":
    sys.exit(main())
