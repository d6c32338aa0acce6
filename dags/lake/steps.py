"""The programs of lake.dag.yaml: contracts, a catalog with tags, lineage down to the bytes, tiers of retention.

What a source delivers is held against the catalog before it is let in: a new column is written down and breaks nobody;
one that is missing and that somebody reads is refused, with the names of who reads it.
"""
import csv
import gzip
import io
import json
import os
import pathlib

import task
from lake import sources

SCHEMA = """
CREATE TABLE IF NOT EXISTS catalog (source TEXT, name TEXT, tag TEXT, since TEXT, PRIMARY KEY (source, name));
CREATE TABLE IF NOT EXISTS delivery (source TEXT, day TEXT, sha TEXT, rows INTEGER, PRIMARY KEY (source, day));
CREATE TABLE IF NOT EXISTS refused (source TEXT, day TEXT, reason TEXT, PRIMARY KEY (source, day));
CREATE TABLE IF NOT EXISTS silver (source TEXT, day TEXT, number TEXT, customer TEXT, email TEXT, region TEXT,
                                   cents INTEGER, more TEXT, PRIMARY KEY (source, day, number));
CREATE TABLE IF NOT EXISTS gold (day TEXT, region TEXT, orders INTEGER, cents INTEGER, PRIMARY KEY (day, region));
CREATE TABLE IF NOT EXISTS lineage (output TEXT, input TEXT, PRIMARY KEY (output, input));
"""
CONSUMERS = json.loads(pathlib.Path(__file__).with_name("consumers.json").read_text())
ROLES = {"analyst": [], "care": ["pii"]}  # the tags that a role may see, beside what has none
WARM_DAYS, GONE_DAYS = 7, 365


def land(group):
    """Ten sources. One that breaks its contract is refused by name; the nine others are let in all the same."""
    reasons = []
    for source in sources.SOURCES[int(group) * 10:int(group) * 10 + 10]:
        columns, rows = sources.delivery(source, os.environ["DAY"])
        with task.transaction(SCHEMA) as db:
            reason = breach(db, source, columns)
            if reason:
                db.execute("INSERT OR REPLACE INTO refused VALUES (?, ?, ?)", (source, os.environ["DAY"], reason))
                reasons.append(f"{source}: {reason}")
            else:
                let_in(db, source, columns, rows)
    if reasons:
        task.fail("refused: " + "; ".join(reasons))


def breach(db, source, columns):
    """Why a delivery is refused; None where it is not."""
    known = [row["name"] for row in db.execute("SELECT name FROM catalog WHERE source = ?", (source,))]
    for name in [*known, *([] if known else sources.COLUMNS)]:
        readers = sorted(consumer for consumer, wanted in CONSUMERS.items() if name in wanted)
        if name not in columns and readers:
            return f"{name} is missing, which is read by {', '.join(readers)}"
    return None


def let_in(db, source, columns, rows):
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([columns, *rows])
    task.write(file(source), text.getvalue())
    for name in columns:
        db.execute("INSERT OR IGNORE INTO catalog VALUES (?, ?, ?, ?)",
                   (source, name, sources.TAGS.get(name, ""), os.environ["DAY"]))
    db.execute("INSERT OR REPLACE INTO delivery VALUES (?, ?, ?, ?)",
               (source, os.environ["DAY"], task.sha256(text.getvalue()), len(rows)))
    db.execute("DELETE FROM refused WHERE source = ? AND day = ?", (source, os.environ["DAY"]))


def file(source, day=None):
    return task.path("bronze", f"dt={day or os.environ['DAY']}", f"{source}.csv")


def silver():
    """All that was let in, under common names; columns that only one source has stay beside them."""
    day = os.environ["DAY"]
    with task.transaction(SCHEMA) as db:
        db.execute("DELETE FROM silver WHERE day = ?", (day,))
        for (source,) in db.execute("SELECT source FROM delivery WHERE day = ?", (day,)).fetchall():
            for row in csv.DictReader(io.StringIO(file(source).read_text())):
                more = {name: row[name] for name in sorted(row) if name not in sources.COLUMNS}
                db.execute("INSERT INTO silver VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (
                    source, day, row["order"], row["customer"], row["email"], row["region"], int(row["cents"]),
                    json.dumps(more) if more else None))
            trace(db, {f"silver.{name}": f"bronze/dt={day}/{source}.csv#{name}" for name in sources.COLUMNS})
        rows = db.execute("SELECT count(*) FROM silver WHERE day = ?", (day,)).fetchone()[0]
    return {"rows": rows}


def gold():
    day = os.environ["DAY"]
    with task.transaction(SCHEMA) as db:
        db.execute("DELETE FROM gold WHERE day = ?", (day,))
        db.execute("INSERT INTO gold SELECT day, region, count(*), sum(cents) FROM silver WHERE day = ? "
                   "GROUP BY region", (day,))
        trace(db, {"gold.region": "silver.region", "gold.cents": "silver.cents"})


def trace(db, made_of):
    db.executemany("INSERT OR IGNORE INTO lineage VALUES (?, ?)", made_of.items())


def check():
    """What must hold of the tables, before anybody reads them."""
    with task.transaction(SCHEMA) as db:
        for what, query in {
                "an order is there twice": "SELECT 1 FROM silver GROUP BY number HAVING count(*) > 1",
                "a region is not known": "SELECT 1 FROM silver WHERE region NOT IN ('eu', 'us', 'apac')",
                "an amount is not positive": "SELECT 1 FROM silver WHERE cents <= 0",
                "a delivery is not whole in silver": """SELECT 1 FROM delivery LEFT JOIN (
                    SELECT source, day, count(*) AS there FROM silver GROUP BY 1, 2) USING (source, day)
                    WHERE there IS NOT rows""",
                "gold is not the sum of silver": """SELECT 1 FROM (SELECT day, sum(cents) AS sum FROM silver GROUP BY 1)
                    JOIN (SELECT day, sum(cents) AS gold FROM gold GROUP BY 1) USING (day) WHERE sum <> gold"""}.items():
            if db.execute(query).fetchone():
                task.fail(what)
        deliveries = db.execute("SELECT count(*) FROM delivery WHERE day = ?", (os.environ["DAY"],)).fetchone()[0]
    return {"sources": deliveries}


def tier():
    """Hot as it is, warm compressed, gone after a year; the catalog keeps the name and the hash for good."""
    for folder in sorted(task.path("bronze").glob("dt=*")):
        day = folder.name[3:]
        if day < task.days_before(os.environ["DAY"], GONE_DAYS):
            for old in folder.iterdir():
                old.unlink()
            folder.rmdir()
        elif day < task.days_before(os.environ["DAY"], WARM_DAYS):
            for hot in folder.glob("*.csv"):
                task.write(hot.with_suffix(".csv.gz"), gzip.compress(hot.read_bytes(), mtime=0))
                hot.unlink()


def origin(column):
    """From a column of gold to the files that it is made of, each with the hash of its bytes."""
    with task.transaction(SCHEMA) as db:
        found, ahead = set(), [column]
        while ahead:
            inputs = [row["input"] for row in db.execute("SELECT input FROM lineage WHERE output = ?", (ahead.pop(),))]
            found |= {name for name in inputs if name.startswith("bronze/")}
            ahead += [name for name in inputs if not name.startswith("bronze/")]
        shas = {(row["day"], row["source"]): row["sha"] for row in db.execute("SELECT * FROM delivery")}
    return {name: shas[name[10:20], name[21:30]] for name in sorted(found)}


def read(role):
    """Silver as a role may see it: columns whose tag it has not been given are not there."""
    with task.transaction(SCHEMA) as db:
        tags = dict(db.execute("SELECT DISTINCT name, tag FROM catalog").fetchall())
        columns = [name for name in sources.COLUMNS if tags[name] in ("", *ROLES[role])]
        names = ", ".join("number" if name == "order" else name for name in columns)
        rows = db.execute(f"SELECT {names} FROM silver WHERE day = ? ORDER BY number", (os.environ["DAY"],)).fetchall()
    return {"columns": columns, "rows": len(rows), "first": list(rows[0])}


if __name__ == "__main__":
    task.main(land, silver, gold, check, tier, origin, read)
