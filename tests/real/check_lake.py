"""The lake on Delta, DuckDB and dbt: schemas that change, refusals by name, checks, lineage, tiers, access by tag.

Judged by pyarrow and plain Python over the generator, and by Delta's own log files, read as JSON.
"""
import collections
import hashlib
import json
import os
import subprocess
import sys

import duckdb
import pyarrow.parquet
from lake import sources
from scenario import DAGS, kill, wait_until

ROWS = 200


def main(s):
    process = s.begin("--interval", "2026-01-05")
    wait_until(lambda: len(list((s.data / "bronze").glob("*/day=2026-01-05"))) >= 10 or process.poll() is not None)
    s.check("killed while sources are landed", process.poll() is None)
    kill(process)
    s.resume()
    first = gold_of(s)
    s.equal("gold is what fifty sources have delivered", first, truth("2026-01-05", "none"))
    versions = {source: len(log_of(s, source)) for source in sources.SOURCES}
    s.run("--interval", "2026-01-05")
    s.check("a second run of the day commits nothing and changes nothing", gold_of(s) == first and versions == {
        source: len(log_of(s, source)) for source in sources.SOURCES}, f"{sum(versions.values())} commits")

    process = s.begin("--interval", "2026-01-06", "-p", "change=added")
    wait_until(lambda: len(list((s.data / "bronze").glob("*/day=2026-01-06"))) == len(sources.SOURCES) or
               process.poll() is not None)
    wait_until(lambda: (s.data / "warehouse.duckdb.wal").exists() or process.poll() is not None)
    s.check("killed while dbt writes to DuckDB", process.poll() is None)
    kill(process)
    s.resume()
    s.check("a column that one source adds breaks nobody", gold_of(s) == first + truth("2026-01-06", "added"))
    s.equal("it stands in the catalog of that source alone", [
        source for source in sources.SOURCES if "channel" in columns_of(s, source)], ["source-07"])
    with duckdb.connect(str(s.data / "warehouse.duckdb"), read_only=True) as db:
        s.equal("and in silver, in its rows", db.sql("SELECT source, count(*) FROM silver WHERE channel IS NOT NULL "
                                                     "GROUP BY 1").fetchall(), [("source-07", ROWS)])

    states = s.run("--interval", "2026-01-07", "-p", "change=removed", code=1)
    said = s.baton("logs", "@latest", "land")
    s.check("one that a source removes is refused, with who reads it",
            "source-13: region is missing, which is read by revenue by region" in said,
            "region is missing, which is read by revenue by region")
    s.check("its group fails, and the 49 others are let in", states["land"].count("failed") == 1 and
            gold_of(s)[-3:] == truth("2026-01-07", "removed", without="source-13"))

    checks = json.loads(s.baton("checks", "ls", "-o", "json"))
    checks = checks if isinstance(checks, list) else next(iter(v for v in checks.values() if isinstance(v, list)))
    names = {check.get("name") or check.get("check") for check in checks}
    s.check("dbt's tests are Baton's checks", sum("/" in str(name) for name in names) >= 6, f"{len(names)} names")
    planted = program(s, "import duckdb; duckdb.connect(r'%s').sql(\"INSERT INTO silver (source, day, number, region, "
                         "cents) VALUES ('source-00', '2026-01-06', 'planted', 'mars', -1)\")" % (
                             s.data / "warehouse.duckdb"))
    s.check("a planted row is there", planted.returncode == 0, planted.stderr[-200:])
    tests = program(s, "from lake import delta; delta.tests()")
    results = json.loads((s.data / "dbt/run_results.json").read_text())["results"]
    s.equal("dbt catches it: the region, the amount, the sum", sorted(
        one["unique_id"].split(".")[2] for one in results if one["status"] == "fail"),
        ["accepted_values_silver_region__eu__us__apac", "amounts_are_positive", "gold_is_the_sum_of_silver"])

    s.run("--interval", "2026-01-07")
    s.equal("once mended the whole day is in, and the planted row is gone", gold_of(s), sorted(
        truth("2026-01-05", "none") + truth("2026-01-06", "added") + truth("2026-01-07", "none")))

    found = json.loads(program(s, "import json; from lake import delta; print(json.dumps(delta.origin('gold.cents')))")
                       .stdout.splitlines()[-1])
    live = {f"bronze/{source}/{path}#cents" for source in sources.SOURCES for path in files_of(s, source)}
    s.equal("a column of gold leads to the live files of all sources", sorted(found) == sorted(live), True)
    name, sha = sorted(found.items())[7]
    s.equal("and to their bytes", short((s.data / name.partition("#")[0]).read_bytes()), sha)
    s.rows(sum(rows for *_, rows, _ in gold_of(s)), len(gold_of(s)))

    analyst = json.loads(program(s, "import json; from lake import delta; print(json.dumps(delta.read('analyst')))")
                         .stdout.splitlines()[-1])
    s.check("a role without the tag sees no person", analyst["columns"] == ["number", "region", "cents"] and
            "@" not in json.dumps(analyst), ", ".join(analyst["columns"]))

    before = gold_of(s)
    old = next((s.data / "bronze" / "source-07" / "day=2026-01-05").glob("*.parquet"))
    old.with_name("part-of-a-killed-delivery.parquet").write_bytes(old.read_bytes())  # no commit knows it
    s.run("--interval", "2027-01-06")
    s.check("after a year a day is gone from the files; the log still says what came", not any(
        "day=2026-01-05" in str(file) for file in (s.data / "bronze").rglob("*.parquet")) and any(
            commit.get("day") == "2026-01-05" for commit in log_of(s, "source-00")))
    s.run("--interval", "2027-01-07")
    s.check("and gold stays as it was counted", [row for row in gold_of(s) if row[0] < "2027"] == before,
            f"{len(gold_of(s))} rows")


def truth(day, change, without=None):
    os.environ["CHANGE"] = change
    sums = collections.defaultdict(lambda: [0, 0])
    for source in sources.SOURCES:
        columns, rows = sources.delivery(source, day, ROWS)
        for row in rows if source != without else ():
            one = dict(zip(columns, row))
            sums[one["region"]][0] += 1
            sums[one["region"]][1] += int(one["cents"])
    return [(day, region, *sums[region]) for region in sorted(sums)]


def gold_of(s):
    with duckdb.connect(str(s.data / "warehouse.duckdb"), read_only=True) as db:
        return db.sql("SELECT day, region, orders, cents FROM gold ORDER BY 1, 2").fetchall()


def log_of(s, source):
    """The commits of a Delta table, from its own log."""
    files = sorted((s.data / "bronze" / source / "_delta_log").glob("*.json"))
    return [next((line["commitInfo"] for line in map(json.loads, file.read_text().splitlines())
                  if "commitInfo" in line), {}) for file in files]


def files_of(s, source):
    live = set()
    for file in sorted((s.data / "bronze" / source / "_delta_log").glob("*.json")):
        for line in map(json.loads, file.read_text().splitlines()):
            live |= {line["add"]["path"]} if "add" in line else set()
            live -= {line["remove"]["path"]} if "remove" in line else set()
    return live


def columns_of(s, source):
    return {name for path in files_of(s, source)
            for name in pyarrow.parquet.read_schema(s.data / "bronze" / source / path).names}


def short(data):
    return hashlib.sha256(len(data).to_bytes(8, "big") + data).hexdigest()[:16]


def program(s, text):
    return subprocess.run([sys.executable, "-c", text], cwd=DAGS, text=True, capture_output=True, env={
        **os.environ, "DATA": str(s.data), "DAY": "2026-01-07", "CHANGE": "none", "ROWS": str(ROWS)})
