"""The benchmarks: Baton beside its rivals in alternating rounds. Prints one table and writes build/bench/result.json.

usage: bench.py [NAME...] [quick] [--rounds N] [--write-docs]     without a NAME: all of them

`quick` takes smaller sizes and two rounds: it shows that the suite works and roughly where things stand.
`--write-docs` puts the table of build/bench/result.json into docs/benchmarks.md; alone it measures nothing.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import textwrap
import time

import contenders
import table
from api import beside, first_process, lists, posts
from cold import cold
from crash import crash
from disk import logs, slow_disk
from measuring import ROOT, SLOTS, Wrong
from million import big_file, million
from plain import chain, fan, fan_argv, growth, layers, noop, scattered
from protection import asset_events, redrive
from real_shapes import shapes
from rounds import Context
from service import adopted, diamonds, due, files, years
from windmill import windmill

WORKLOADS = {w.__name__: w for w in (chain, windmill, fan, fan_argv, layers, scattered, noop, cold, shapes, growth, big_file,
                                     million, crash, slow_disk, logs, posts, first_process, diamonds, years, due, files, lists,
                                     adopted, beside, asset_events, redrive)}
RESULT = os.path.join(ROOT, "build", "bench", "result.json")
DOCS = os.path.join(ROOT, "docs", "benchmarks.md")
BEGIN, END = "<!-- figures: begin -->\n", "<!-- figures: end -->\n"


def machine():
    with open("/proc/cpuinfo") as file:
        model = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), platform.machine())
    with open("/proc/meminfo") as file:
        gib = int(file.readline().split()[1]) / (1 << 20)
    return f"{os.cpu_count()} × {model}, {gib:.0f} GiB, Linux {platform.release()}"


def commit():
    def git(*words):
        return subprocess.run(["git", "-C", ROOT, *words], capture_output=True, text=True).stdout.strip()

    return git("rev-parse", "--short", "HEAD") + ("+" if git("status", "--porcelain", "--untracked-files=no") else "")


def headline(result):
    missing = "; ".join(f"{name}: {why}" for name, why in result["missing"])
    return (f"{result['machine']}, {result['date']}, commit {result['commit']}, {result['rounds']} rounds, {SLOTS} slots"
            + (", quick sizes" if result["quick"] else "") + (f", only {' '.join(result['only'])}" if result["only"] else "") + f", {result['minutes']} minutes. Rivals that are missing: {missing or 'none'}.")


def write_docs():
    with open(RESULT) as file:
        result = json.load(file)
    names = table.Row.__dataclass_fields__
    rows = [table.Row(**{k: v for k, v in row.items() if k in names}) for row in result["rows"]]
    with open(DOCS) as file:
        text = file.read()
    head, rest = text.split(BEGIN)
    tail = rest.split(END)[1]
    with open(DOCS, "w") as file:
        file.write(head + BEGIN + textwrap.fill(headline(result), 118) + "\n\n" + table.markdown(rows) + END + tail)


def measure(names, rounds, quick):
    begin = time.monotonic()
    result = {"machine": machine(), "date": time.strftime("%Y-%m-%d"), "commit": commit(), "rounds": rounds, "quick": quick,
              "missing": contenders.all_missing(), "only": names if len(names) < len(WORKLOADS) else [], "minutes": 0, "rows": [], "wrong": []}
    base = tempfile.mkdtemp(prefix="baton-bench-", dir=os.environ.get("BENCH_DIR"))

    def say(text):
        print(f"[{time.monotonic() - begin:6.0f} s] {text}", file=sys.stderr, flush=True)

    context = Context(rounds, quick, base, say)
    try:
        for name in names:
            try:
                rows = WORKLOADS[name](context)
            except Wrong as wrong:
                result["wrong"].append(f"{name}: {wrong}")
                say(f"WRONG: {name}: {wrong}")
                continue
            for row in rows:
                say(table.line(table.cells(row)))
            result["rows"] += [table.as_json(row) for row in rows]
            result["minutes"] = round((time.monotonic() - begin) / 60, 1)
            save(result)
    finally:
        say("removing what the runs left")
        shutil.rmtree(base, ignore_errors=True)
    return result


def save(result):
    os.makedirs(os.path.dirname(RESULT), exist_ok=True)
    with open(RESULT, "w") as file:
        json.dump(result, file, indent=1, ensure_ascii=False)


def show(result):
    names = table.Row.__dataclass_fields__
    print("\n" + headline(result) + "\n\n" + table.line(table.HEAD))
    for row in result["rows"]:
        print(table.line(table.cells(table.Row(**{k: v for k, v in row.items() if k in names}))))
    missed = [f"{row['workload']}: {row['who']}" for row in result["rows"] if row["verdict"] == "MISSED"]
    print(f"\n{len(missed)} aims missed" + (": " + "; ".join(missed) if missed else ""))
    for wrong in result["wrong"]:
        print(f"WRONG: {wrong}")


def main():
    sys.stdout.reconfigure(line_buffering=True)
    parser = argparse.ArgumentParser(prog="./dev bench", description="Baton beside its rivals, in alternating rounds.",
                                     epilog="; ".join(f"{name}: {w.__doc__}" for name, w in WORKLOADS.items()))
    parser.add_argument("names", nargs="*", metavar="NAME", help="which: " + " ".join(WORKLOADS) + ", or `quick`")
    parser.add_argument("--rounds", type=int, default=None, help="5; quick: 2")
    parser.add_argument("--write-docs", action="store_true", help="put the table into docs/benchmarks.md")
    options = parser.parse_intermixed_args()
    quick = "quick" in options.names
    names = [name for name in options.names if name != "quick"]
    unknown = [name for name in names if name not in WORKLOADS]
    if unknown:
        sys.exit(f"no benchmark {unknown[0]}; there are: {' '.join(WORKLOADS)}")
    failed = False
    if options.names or not options.write_docs:
        result = measure(names or list(WORKLOADS), options.rounds or (2 if quick else 5), quick)
        save(result)
        show(result)
        failed = bool(result["wrong"])
    if options.write_docs:
        write_docs()
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
