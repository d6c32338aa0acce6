"""The programs of feature_store.dag.yaml: definitions, values as of each Monday, training rows, and the online copy.

A value says two times: `as_of`, the moment that it tells of, and `available`, from when it could be known (the batch
takes six hours). A training row may use what was available at its own time, and nothing later.
"""
import datetime
import hashlib
import json
import os
import pathlib

import task

DEFINITIONS = pathlib.Path(__file__).with_name("definitions.json")
CUSTOMERS = 1000
BATCH_HOURS = 6
EPOCH = "2025-01-06"  # a Monday

SCHEMA = """
CREATE TABLE IF NOT EXISTS event (customer INTEGER, at TEXT, cents INTEGER);
CREATE INDEX IF NOT EXISTS event_at ON event (at, customer);
CREATE TABLE IF NOT EXISTS definition (feature TEXT, version TEXT, body TEXT, PRIMARY KEY (feature, version));
CREATE TABLE IF NOT EXISTS alias (name TEXT PRIMARY KEY, version TEXT);
CREATE TABLE IF NOT EXISTS alias_audit (step INTEGER PRIMARY KEY, name TEXT, before TEXT, after TEXT, by TEXT);
CREATE TABLE IF NOT EXISTS value (feature TEXT, version TEXT, customer INTEGER, as_of TEXT, available TEXT, value REAL,
                                  PRIMARY KEY (feature, version, customer, as_of)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS training (customer INTEGER, at TEXT, feature TEXT, version TEXT, as_of TEXT, available TEXT,
                                     value REAL, PRIMARY KEY (customer, at, feature));
"""
ONLINE = "CREATE TABLE IF NOT EXISTS value (customer INTEGER, feature TEXT, as_of TEXT, value REAL, " \
         "PRIMARY KEY (customer, feature))"


def register():
    """Definitions never change: another body is another version. An alias that moves leaves a line in the audit."""
    wanted = json.loads(DEFINITIONS.read_text())
    with task.transaction(SCHEMA) as db:
        for feature, versions in wanted["features"].items():
            for version, body in versions.items():
                text = json.dumps(body, sort_keys=True)
                db.execute("INSERT OR IGNORE INTO definition VALUES (?, ?, ?)", (feature, version, text))
                if db.execute("SELECT body FROM definition WHERE feature = ? AND version = ?",
                              (feature, version)).fetchone()[0] != text:
                    task.fail(f"{feature} version {version} is registered with another body: give it a new version")
        for name, version in wanted["aliases"].items():
            move(db, name, version, "definitions.json", only_new=True)
        if os.environ["MOVE"]:
            name, _, version = os.environ["MOVE"].partition("=")
            move(db, name, version, os.environ["ACTOR"])
        if not db.execute("SELECT 1 FROM event").fetchone():
            db.executemany("INSERT INTO event VALUES (?, ?, ?)", made_up_events())
        needed = db.execute("SELECT feature, version FROM definition ORDER BY 1, 2").fetchall()
    days = task.interval_days()
    mondays = [day for day in days if (weeks_since_epoch(day) % 1) == 0] or days[:1]
    chunks = [mondays[n:n + 13] for n in range(0, len(mondays), 13)]
    return {"chunks": chunks, "definitions": len(needed)}


def move(db, name, version, actor, only_new=False):
    row = db.execute("SELECT version FROM alias WHERE name = ?", (name,)).fetchone()
    if row and (only_new or row[0] == version):
        return
    feature = name.partition("@")[0]
    if not db.execute("SELECT 1 FROM definition WHERE feature = ? AND version = ?", (feature, version)).fetchone():
        task.fail(f"{feature} has no version {version}")
    db.execute("INSERT OR REPLACE INTO alias VALUES (?, ?)", (name, version))
    db.execute("INSERT INTO alias_audit (name, before, after, by) VALUES (?, ?, ?, ?)",
               (name, row and row[0], version, actor))


def weeks_since_epoch(day):
    return (datetime.date.fromisoformat(day) - datetime.date.fromisoformat(EPOCH)).days / 7


def made_up_events():
    for customer in range(CUSTOMERS):
        digest = hashlib.sha256(f"feature_store {customer}".encode()).digest()
        for n in range(12):
            day = (digest[n] * 251 + digest[n + 12] * 7 + n * 31) % 365
            cents = digest[n + 5] * 37 - 900  # a refund is negative
            yield customer, f"{task.days_before('2025-01-01', -day)}T{digest[n] % 24:02}:{digest[n + 1] % 60:02}", cents


def compute(mondays):
    """All features as of these Mondays, from what had happened before each of them."""
    mondays = json.loads(mondays)
    with task.transaction(SCHEMA) as db:
        for feature, version, body in db.execute("SELECT * FROM definition").fetchall():
            body = json.loads(body)
            for monday in mondays:
                db.execute("DELETE FROM value WHERE feature = ? AND version = ? AND as_of = ?",
                           (feature, version, monday))
                db.execute(f"""INSERT INTO value SELECT ?, ?, customer, ?, ?, {body['what']} FROM event
                    WHERE at >= ? AND at < ? GROUP BY customer""",
                           (feature, version, monday, f"{monday}T{BATCH_HOURS:02}:00",
                            task.days_before(monday, body["days"]), monday))
    return {"weeks": len(mondays)}


def join():
    """Training rows: what was known of a customer at the moment of a label, by the versions that are live."""
    day = task.interval_days()[-1]
    with task.transaction(SCHEMA) as db:
        for customer in range(0, CUSTOMERS, 10):
            at = f"{task.days_before(day, customer % 28)}T{customer % 24:02}:30"
            db.execute("DELETE FROM training WHERE customer = ? AND at = ?", (customer, at))
            db.execute("""INSERT INTO training SELECT ?, ?, feature, version, max(as_of), available, value
                FROM value JOIN alias USING (version) WHERE name = feature || '@live' AND customer = ?
                AND available <= ? GROUP BY feature""", (customer, at, customer, at))


def verify():
    """No row sees the future: every value is made again from the events before it, and was there in time."""
    with task.transaction(SCHEMA) as db:
        rows = db.execute("SELECT * FROM training").fetchall()
        for row in rows:
            if row["available"] > row["at"]:
                task.fail(f"customer {row['customer']} at {row['at']} sees {row['feature']} of {row['available']}")
            body = json.loads(db.execute("SELECT body FROM definition WHERE feature = ? AND version = ?",
                                         (row["feature"], row["version"])).fetchone()[0])
            known = db.execute(f"SELECT {body['what']} FROM event WHERE customer = ? AND at >= ? AND at < ?", (
                row["customer"], task.days_before(row["as_of"], body["days"]), row["as_of"])).fetchone()[0]
            if known != row["value"]:
                task.fail(f"customer {row['customer']}: {row['feature']} is {row['value']}, was {known} on "
                          f"{row['as_of']}")
    if not rows:
        task.fail("nothing was joined")
    return {"rows": len(rows)}


def materialize():
    """The newest value of each live feature, for those who must answer at once."""
    with task.transaction(SCHEMA) as db:
        rows = newest(db)
    with task.transaction(ONLINE, "online.sqlite") as online:
        online.execute("DELETE FROM value")
        online.executemany("INSERT INTO value VALUES (?, ?, ?, ?)", rows)
    return {"keys": len({row[0] for row in rows})}


def newest(db):
    return [tuple(row) for row in db.execute("""SELECT customer, feature, max(as_of), value
        FROM value JOIN alias USING (version) WHERE name = feature || '@live' GROUP BY customer, feature""")]


def compare():
    """Online equals offline for every key; the age says whether somebody should be woken."""
    with task.transaction(SCHEMA) as db:
        offline = set(newest(db))
    with task.transaction(ONLINE, "online.sqlite") as online:
        copy = {tuple(row) for row in online.execute("SELECT * FROM value")}
    if copy != offline:
        task.fail(f"{len(copy ^ offline)} values differ between online and offline")
    age = weeks_since_epoch(task.interval_days()[-1]) - weeks_since_epoch(max(row[2] for row in offline))
    if age > 1:
        print(f"::warning::the newest value is {age:.0f} weeks old")
    return {"keys": len({row[0] for row in offline}), "fresh": age <= 1}


if __name__ == "__main__":
    task.main(register, compute, join, verify, materialize, compare)
