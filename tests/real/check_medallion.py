"""Medallion on Spark: reconciled between layers, redriven, compacted, and a backfill that equals a full load.

Judged by pyarrow and plain Python over the generator; nothing of the pipeline's transformations is used.
"""
import collections
import datetime
import os
import shutil
import subprocess
import sys
import zlib

import pyarrow.dataset
from medallion import source
from scenario import DAGS, below, kill, wait_until

FIRST, DAYS, ROWS = datetime.date(2026, 1, 1), 30, 500
DELIVERED = [(FIRST + datetime.timedelta(days=n)).isoformat() for n in range(DAYS)]
TABLES = ["bronze/rows", "silver", "duplicate", "dead_letter", *(f"gold/{n}" for n in ("user", "item", "session",
                                                                                     "temporal"))]


def main(s):
    whole, month = s.folder / "whole", f"{DELIVERED[0]}/2026-01-31"
    s.run("--interval", month, home=whole)
    full = {name: rows_of(whole / "real", name) for name in TABLES}
    expected = truth(comma=False)
    s.rows(len(expected["came"]), len(full["silver"]))

    s.equal("bronze has each delivered row", len(full["bronze/rows"]), len(expected["came"]))
    s.equal("silver, duplicates and dead letters are what the rules say",
            {name: len(full[name]) for name in ("silver", "duplicate", "dead_letter")},
            {name: len(expected[name]) for name in ("silver", "duplicate", "dead_letter")})
    s.equal("the same rows, and the same amounts", sorted((row["event_id"], row["amount_cents"])
                                                          for row in full["silver"]) == expected["silver"], True)
    s.equal("dead letters by reason", dict(collections.Counter(row["reason"] for row in full["dead_letter"])),
            dict(collections.Counter(expected["dead_letter"].values())))
    came, went = checksums(full["bronze/rows"]), checksums(full["silver"] + full["duplicate"] + full["dead_letter"])
    s.check("rows and checksums of each delivery agree between the layers", came == went and len(came) == DAYS,
            f"{len(came)} deliveries")
    bought = sum(row["amount_cents"] for row in full["silver"] if row["kind"] == "buy")
    for name in ("user", "item", "session", "temporal"):
        s.equal(f"gold by {name} adds up to silver", (sum(row["events"] for row in full[f"gold/{name}"]),
                                                      sum(row["cents"] for row in full[f"gold/{name}"])),
                (len(full["silver"]), bought))
    s.equal("sessions are those that half an hour of silence ends", len(full["gold/session"]), sessions(full["silver"]))
    files = list((whole / "real/bronze/rows").rglob("*.parquet"))
    s.check("hundreds of small files became one a day", len(files) == DAYS and
            not any((whole / "real/landing").rglob("*.jsonl")), f"{len(files)} files")
    s.check("no value points to a person", not any("example.com" in str(value) for name in TABLES
                                                   for row in full[name] for value in row.values()))

    # A backfill in two chunks, the later one first, and killed in its middle.
    process = s.begin("--interval", "2026-01-16/2026-01-31")
    wait_until(lambda: list(s.data.glob("duplicate/day=2026-01-2*")) or process.poll() is not None)
    s.check("Baton, its worker, the tasks and Spark are killed in the middle of silver",
            process.poll() is None and len(below(process.pid)) > 3, f"{len(below(process.pid))} processes")
    kill(process)
    s.resume()
    s.run("--interval", "2026-01-01/2026-01-16")
    differ = [name for name in TABLES if rows_of(s.data, name) != full[name]]
    s.check("a backfill of thirty days in chunks, with a kill, equals the full load", not differ, differ or "8 tables")

    process = s.begin("--interval", "2026-01-30", "-p", "rules=2")
    wait_until(lambda: list(s.state.glob("work/*/redrive.json")) or process.poll() is not None)
    s.check("killed in the middle of the redrive", process.poll() is None)
    kill(process)
    s.resume()
    mended, fixed = {name: rows_of(s.data, name) for name in TABLES}, truth(comma=True)
    s.equal("the fix redrives each amount with a comma, and none twice", sorted(
        (row["event_id"], row["amount_cents"]) for row in mended["silver"]) == fixed["silver"], True)
    s.equal("dead letters that are left", dict(collections.Counter(row["reason"] for row in mended["dead_letter"])),
            dict(collections.Counter(fixed["dead_letter"].values())))
    s.equal("and gold was made anew for each of its days", {name: sum(row["events"] for row in mended[name])
                                                           for name in TABLES if "gold" in name},
            {name: len(mended["silver"]) for name in TABLES if "gold" in name})
    s.check("a second run changes nothing", s.run("--interval", "2026-01-30", "-p", "rules=2") and
            all(rows_of(s.data, name) == mended[name] for name in TABLES))

    lost = next((s.data / "silver/day=2026-01-30").glob("*.parquet"))
    shutil.move(lost, s.folder / "lost.parquet")
    stopped = reconcile(s, "2026-01-30")
    s.check("rows that are lost between the layers stop the run before gold", stopped, "reconcile fails")


def reconcile(s, day):
    """The pipeline's own reconciliation, over a server of its own, after a file of silver was taken away."""
    import servers
    with servers.running("spark", s.folder / "spark") as (_, port):
        folder = s.folder / "work" / "servers"
        folder.mkdir(parents=True)
        (folder / "spark.json").write_text(f'{{"host": "127.0.0.1", "port": {port}}}')
        done = subprocess.run([sys.executable, "-m", "medallion.spark", "reconcile"], cwd=DAGS, text=True,
                              capture_output=True, env={
                                  **os.environ, "DATA": str(s.data), "BATON_WORK_DIR": str(s.folder / "work"),
                                  "BATON_INTERVAL_START": day, "BATON_INTERVAL_END": "2026-01-31"})
    return done.returncode == 1 and "of what became of it" in done.stderr


def rows_of(data, name):
    """All rows of a table, whatever files and folders they lie in, in one order."""
    if not any((data / name).rglob("*.parquet")):
        return []
    rows = pyarrow.dataset.dataset(data / name, partitioning="hive").to_table().to_pylist()
    return sorted(({key: str(value) if key in ("day", "delivered") else value for key, value in row.items()}
                   for row in rows), key=lambda row: sorted(map(str, row.items())))


def checksums(rows):
    sums = collections.defaultdict(lambda: [0, 0])
    for row in rows:
        sums[row["delivered"]][0] += 1
        sums[row["delivered"]][1] += zlib.crc32(row["event_id"].encode())
    return dict(sums)


def truth(comma):
    """What each delivered row must become, said once more in other words."""
    came, silver, duplicate, dead = [], {}, [], {}
    for day in DELIVERED:
        hours = collections.defaultdict(list)
        for event in source.delivery(day, ROWS):
            hours[event["at"][11:13]].append(event)
        for n, event in enumerate(event for hour in sorted(hours) for event in hours[hour]):
            came.append((day, n))
            age = datetime.date.fromisoformat(day) - datetime.date.fromisoformat(event["at"][:10])
            amount = event["amount"].replace(",", ".") if comma else event["amount"]
            if event["item"] not in source.ITEMS:
                dead[day, n] = "unknown item"
            elif age.days > 2:
                dead[day, n] = "late"
            elif "," in amount:
                dead[day, n] = "amount"
            elif event["event_id"] in silver:
                duplicate.append((day, n))
            else:
                silver[event["event_id"]] = round(float(amount) * 100)
    return {"came": came, "silver": sorted(silver.items()), "duplicate": duplicate, "dead_letter": dead}


def sessions(silver):
    found, last = 0, {}
    for row in sorted(silver, key=lambda row: (row["day"], row["user"], row["at"], row["event_id"])):
        key, at = (row["day"], row["user"]), datetime.datetime.fromisoformat(row["at"])
        found += key not in last or (at - last[key]).total_seconds() > 1800
        last[key] = at
    return found
