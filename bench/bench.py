"""Baton against ninja and its own floors, in alternating rounds; prints a table and writes build/bench/result.json.

usage: bench.py [NAME...] [--rounds N]     names: chain fan fan_argv noop cold

Each workload is a DAG file and, where a rival can do the same, a ninja file with the same commands. Whole processes are
timed, parsing and start included. State folders are new for every round and are removed at the very end: on a file
system that has just deleted thousands of files, making one costs more.
"""
import argparse
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

BATON = os.path.abspath(os.environ.get("BATON", "build/release/baton"))
SLOTS = 2


def dag(name, tasks):
    return f"dag: {name}\ntasks:\n" + "".join(tasks)


def chain(n):
    tasks = [f"  t{i}:\n    run: 'true'\n    shell: [sh]\n" + (f"    needs: t{i - 1}\n" if i else "") for i in range(n)]
    builds = [f"build t{i}: t" + (f" t{i - 1}" if i else "") + "\n" for i in range(n)]
    return n, dag("chain", tasks), "rule t\n command = true\n" + "".join(builds)


def fan(n, action="    run: 'true'\n    shell: [sh]\n"):
    tasks = ["  first: {noop: true}\n"] + [f"  t{i}:\n{action}    needs: first\n" for i in range(n)]
    tasks.append("  last: {noop: true, needs: [" + ", ".join(f"t{i}" for i in range(n)) + "]}\n")
    return n, dag("fan", tasks), "rule t\n command = true\n" + "".join(f"build t{i}: t\n" for i in range(n))


WORKLOADS = {
    "chain": ("B1: 1,000 tasks in a row, sh -c true", lambda: chain(1000)),
    "fan": ("B2: 1 to 10,000 to 1, sh -c true", lambda: fan(10000)),
    "fan_argv": ("B2: the same, /bin/true without a shell (ninja: sh -c true)", lambda: fan(10000, "    exec: [/bin/true]\n")),
    "noop": ("10,000 noop tasks", lambda: (10000, dag("noop", [f"  t{i}: {{noop: true}}\n" for i in range(10000)]), None)),
    "cold": ("one task, cold, new folder", lambda: (1, dag("one", ["  t:\n    run: echo hello\n"]), None)),
}


def timed(command, cwd):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begin = time.monotonic()
    done = subprocess.run(command, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    wall = time.monotonic() - begin
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}: {done.stderr.decode()[-400:]}")
    return {"wall_s": wall, "cpu_s": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime}


def measure(name, rounds, base):
    title, make = WORKLOADS[name]
    tasks, dag_text, ninja_text = make()
    folder = os.path.join(base, name)
    os.mkdir(folder)
    with open(os.path.join(folder, "d.yaml"), "w") as file:
        file.write(dag_text)
    has_rival = ninja_text is not None and shutil.which("ninja") is not None
    runs = []
    for round_no in range(rounds + 1):  # the first is a warm-up
        state = os.path.join(folder, f"state{round_no}")
        row = {"baton": timed([BATON, "run", "d.yaml", "--state", state, "--slots", str(SLOTS), "-q"], folder)}
        if has_rival:
            rival = os.path.join(folder, f"ninja{round_no}")
            os.mkdir(rival)
            with open(os.path.join(rival, "build.ninja"), "w") as file:
                file.write(ninja_text)
            row["ninja"] = timed(["ninja", f"-j{SLOTS}"], rival)
        if round_no > 0:
            runs.append(row)
    return {"name": name, "title": title, "tasks": tasks, "runs": runs}


def show(result):
    tasks = result["tasks"]
    walls = [run["baton"]["wall_s"] for run in result["runs"]]
    line = (f"{result['name']:9} {1e6 * statistics.median(walls) / tasks:9.0f} {1e6 * min(walls) / tasks:9.0f}"
            f" {1e6 * max(walls) / tasks:9.0f} {1e6 * statistics.median(run['baton']['cpu_s'] for run in result['runs']) / tasks:9.0f}")
    if "ninja" in result["runs"][0]:
        ratios = [run["baton"]["wall_s"] / run["ninja"]["wall_s"] for run in result["runs"]]
        ninja = statistics.median(run["ninja"]["wall_s"] for run in result["runs"])
        line += f" {1e6 * ninja / tasks:9.0f} {statistics.median(ratios):7.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
    print(line + f"   {result['title']}", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in WORKLOADS]
    if unknown:
        sys.exit(f"no benchmark {unknown[0]}; there are: {' '.join(WORKLOADS)}")
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    print(f"{platform.machine()}, {os.cpu_count()} CPUs, Linux {platform.release()}, {time.strftime('%Y-%m-%d')}, commit {commit}")
    missing = [rival for rival in ("ninja", "dagu", "airflow", "luigi") if shutil.which(rival) is None]
    if missing:
        print("rivals that are not installed: " + ", ".join(missing))
    print(f"{options.rounds} rounds, {SLOTS} slots; µs a task\n")
    print(f"{'':9} {'median':>9} {'min':>9} {'max':>9} {'CPU':>9} {'ninja':>9} {'ratio':>7}")
    base = tempfile.mkdtemp(prefix="baton-bench-")
    try:
        results = [measure_and_show(name, options.rounds, base) for name in options.names or WORKLOADS]
    finally:
        shutil.rmtree(base, ignore_errors=True)
    os.makedirs("build/bench", exist_ok=True)
    with open("build/bench/result.json", "w") as file:
        json.dump({"commit": commit, "results": results}, file, indent=1)


def measure_and_show(name, rounds, base):
    result = measure(name, rounds, base)
    show(result)
    return result


if __name__ == "__main__":
    main()
