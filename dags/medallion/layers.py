"""The layers of medallion.dag.yaml: bronze as files, silver and gold in one SQLite file.

Silver of a day is made from all of bronze that tells of that day, gold from silver alone. So no order of runs and no
repetition changes a result: thirty daily runs, one run over thirty days and a late delivery end in the same rows.
"""
import gzip
import hmac
import json
import os
import pathlib
import zlib

import task
from medallion import source

SCHEMA = """
CREATE TABLE IF NOT EXISTS bronze (delivered TEXT, line INTEGER, day TEXT, event_id TEXT, payload TEXT,
                                   PRIMARY KEY (delivered, line));
CREATE TABLE IF NOT EXISTS silver (event_id TEXT PRIMARY KEY, day TEXT, at TEXT, user TEXT, item TEXT, category TEXT,
                                   kind TEXT, amount_cents INTEGER, delivered TEXT, line INTEGER);
CREATE TABLE IF NOT EXISTS duplicate (delivered TEXT, line INTEGER, event_id TEXT, PRIMARY KEY (delivered, line));
CREATE TABLE IF NOT EXISTS dead_letter (delivered TEXT, line INTEGER, event_id TEXT, reason TEXT, payload TEXT,
                                        PRIMARY KEY (delivered, line));
CREATE TABLE IF NOT EXISTS gold (day TEXT, name TEXT, what TEXT, events INTEGER, buys INTEGER, cents INTEGER,
                                 PRIMARY KEY (day, name, what));
CREATE INDEX IF NOT EXISTS bronze_day ON bronze (day);
"""

GOLD = {"user": "user", "item": "item", "session": "user || ' ' || session", "temporal": "substr(at, 12, 2)"}


def land():
    """The delivery as small files, one an hour, without what points to a person; a manifest says what belongs to it."""
    for day in task.interval_days():
        parts = {}
        for event in source.delivery(day, int(os.environ.get("ROWS", 120))):
            event["user"] = pseudonym(event.pop("email"))
            parts.setdefault(event["at"][11:13], []).append(json.dumps(event, sort_keys=True) + "\n")
        for hour, lines in parts.items():
            task.write(task.path("landing", f"dt={day}", f"part-{hour}.jsonl"), "".join(lines))
        whole = "".join(line for hour in sorted(parts) for line in parts[hour])
        task.write_json(task.path("bronze", f"dt={day}.manifest.json"),
                        {"parts": sorted(parts), "rows": whole.count("\n"), "sha256": task.sha256(whole)})


def pseudonym(email):
    return hmac.new(os.environ["PII_KEY"].encode(), email.encode(), "sha256").hexdigest()[:12]


def compact():
    """One file for the many. It stands, whole and checked, before the first small one goes."""
    for day in task.interval_days():
        manifest = json.loads(task.path("bronze", f"dt={day}.manifest.json").read_text())
        parts = [task.path("landing", f"dt={day}", f"part-{hour}.jsonl") for hour in manifest["parts"]]
        target = task.path("bronze", f"dt={day}.jsonl.gz")
        if all(part.exists() for part in parts):
            whole = "".join(part.read_text() for part in parts)
            task.write(target, gzip.compress(whole.encode(), mtime=0))
        if task.sha256(gzip.decompress(target.read_bytes())) != manifest["sha256"]:
            task.fail(f"bronze of {day} is not what was delivered")
        for part in parts:
            part.unlink(missing_ok=True)
    return {"files": len(task.interval_days())}


def silver():
    """The days that the deliveries tell of, made anew from all of bronze that tells of them."""
    with task.transaction(SCHEMA) as db:
        for delivered in task.interval_days():
            lines = gzip.decompress(task.path("bronze", f"dt={delivered}.jsonl.gz").read_bytes()).decode().splitlines()
            rows = [(delivered, n, event["at"][:10], event["event_id"], line)
                    for n, line in enumerate(lines) for event in [json.loads(line)]]
            db.execute("DELETE FROM bronze WHERE delivered = ?", (delivered,))
            db.executemany("INSERT INTO bronze VALUES (?, ?, ?, ?, ?)", rows)
        first, last = task.interval_days()[0], task.interval_days()[-1]
        days = [day for day, in db.execute("SELECT DISTINCT day FROM bronze WHERE delivered BETWEEN ? AND ?",
                                           (first, last))]
        for day in days:
            derive(db, day)
    return {"days": sorted(days)}


def redrive():
    """After a fix: the days of the rows that were set aside, once more, by the rules as they are now."""
    with task.transaction(SCHEMA) as db:
        days, before = taken_on(
            {day for day, in db.execute("SELECT DISTINCT day FROM dead_letter JOIN bronze USING (delivered, line)")},
            db.execute("SELECT count(*) FROM dead_letter").fetchone()[0])
        for day in days:
            derive(db, day)
        left = db.execute("SELECT count(*) FROM dead_letter").fetchone()[0]
    return {"days": days, "redriven": before - left}


def taken_on(days, letters):
    """The days and the number of dead letters. A try after a kill finds fewer, and takes on what the first one has."""
    if "BATON_WORK_DIR" in os.environ:
        plan = pathlib.Path(os.environ["BATON_WORK_DIR"]) / "redrive.json"
        if plan.exists():
            first = json.loads(plan.read_text())
            days, letters = {*days, *first["days"]}, max(letters, first["letters"])
        task.write_json(plan, {"days": sorted(days), "letters": letters})
    return sorted(days), letters


def derive(db, day):
    """Each row of bronze that tells of the day goes to one place: silver, duplicate or dead letter."""
    for table in ("silver", "duplicate", "dead_letter"):
        db.execute(f"DELETE FROM {table} WHERE (delivered, line) IN (SELECT delivered, line FROM bronze WHERE day = ?)",
                   (day,))
    seen = set()
    for delivered, line, event_id, payload in db.execute(
            "SELECT delivered, line, event_id, payload FROM bronze WHERE day = ? ORDER BY delivered, line",
            (day,)).fetchall():
        event = json.loads(payload)
        reason = flaw(event, delivered)
        if reason:
            db.execute("INSERT INTO dead_letter VALUES (?, ?, ?, ?, ?)", (delivered, line, event_id, reason, payload))
        elif event_id in seen:  # the first that came counts
            db.execute("INSERT INTO duplicate VALUES (?, ?, ?)", (delivered, line, event_id))
        else:
            seen.add(event_id)
            db.execute("INSERT INTO silver VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                       (event_id, day, event["at"], event["user"], event["item"], source.ITEMS[event["item"]],
                        event["kind"], cents(event["amount"]), delivered, line))


def flaw(event, delivered):
    """Why a row cannot go to silver; None where it can."""
    if event["item"] not in source.ITEMS:
        return "unknown item"
    if event["at"][:10] < task.days_before(delivered, source.LATE_DAYS_MAX):
        return "late"
    return "amount" if cents(event["amount"]) is None else None


def cents(text):
    """Rules 1 know the point alone; rules 2 are the fix, and know the comma too."""
    whole, _, rest = (text.replace(",", ".") if os.environ["RULES"] == "2" else text).partition(".")
    return int(whole) * 100 + int(rest) if whole.isdigit() and len(rest) == 2 and rest.isdigit() else None


def reconcile():
    """Nothing was lost on the way and nothing doubled: rows and checksums of both sides, for each delivery."""
    with task.transaction(SCHEMA) as db:
        for day in task.interval_days():
            landed = gzip.decompress(task.path("bronze", f"dt={day}.jsonl.gz").read_bytes()).decode().splitlines()
            came = tally(json.loads(line)["event_id"] for line in landed)
            went = tally(event_id for table in ("silver", "duplicate", "dead_letter") for event_id, in
                         db.execute(f"SELECT event_id FROM {table} WHERE delivered = ?", (day,)))
            if came != went:
                task.fail(f"{day}: (rows, checksum) of bronze {came}, of what became of it {went}")
            print(f"{day}: {came[0]} rows, checksum {came[1]:x}")


def tally(event_ids):
    sums = [zlib.crc32(event_id.encode()) for event_id in event_ids]
    return len(sums), sum(sums)


def gold(name, days):
    """One table of features for the days that silver has made anew. A session ends after half an hour of silence."""
    sessions = """SELECT *, sum(fresh) OVER (PARTITION BY day, user ORDER BY at, event_id) AS session FROM (
        SELECT *, coalesce(strftime('%s', at) - strftime('%s', lag(at) OVER (
            PARTITION BY day, user ORDER BY at, event_id)) > 1800, 1) AS fresh FROM silver WHERE day = ?)"""
    with task.transaction(SCHEMA) as db:
        for day in json.loads(days):
            db.execute("DELETE FROM gold WHERE day = ? AND name = ?", (day, name))
            db.execute(f"""INSERT INTO gold SELECT day, ?, {GOLD[name]} AS what, count(*), sum(kind = 'buy'),
                sum((kind = 'buy') * amount_cents) FROM ({sessions}) GROUP BY what""", (name, day))


def model():
    """How likely a look at an item ends in a purchase, drawn towards the mean where there is little to go by."""
    with task.transaction(SCHEMA) as db:
        rows = db.execute("SELECT what, sum(events) AS events, sum(buys) AS buys FROM gold WHERE name = 'item' "
                          "GROUP BY what ORDER BY what").fetchall()
    mean = sum(row["buys"] for row in rows) / sum(row["events"] for row in rows)
    task.write_json(task.path("model.json"), {row["what"]: round((row["buys"] + 20 * mean) / (row["events"] + 20), 4)
                                              for row in rows})


if __name__ == "__main__":
    task.main(land, compact, silver, redrive, reconcile, gold, model)
