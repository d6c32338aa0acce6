"""The layers of medallion.dag.yaml: bronze, silver and gold in one SQLite file.

Each command replaces the month (or the table) it stands for, in one transaction.
"""
import argparse
import csv
import gzip
import json
import os
import pathlib
import sqlite3
import sys

SOURCE = pathlib.Path(__file__).resolve().parent.parent / "data" / "flights-2001q1.csv.gz"
EXIT_TRANSIENT = 75

SCHEMA = """
CREATE TABLE IF NOT EXISTS bronze (month TEXT, departure TEXT, origin TEXT, destination TEXT, miles TEXT, delay TEXT);
CREATE TABLE IF NOT EXISTS silver (month TEXT, departure TEXT, origin TEXT, destination TEXT, miles INTEGER,
                                   delay_min INTEGER);
CREATE TABLE IF NOT EXISTS gold (month TEXT, name TEXT, what TEXT, flights INTEGER, mean_delay_min REAL);
"""

# What a good row of bronze looks like; everything else is counted as rejected.
IS_GOOD = """departure GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9]'
    AND length(origin) = 3 AND length(destination) = 3 AND origin <> destination
    AND miles = CAST(CAST(miles AS INTEGER) AS TEXT) AND CAST(miles AS INTEGER) > 0
    AND delay = CAST(CAST(delay AS INTEGER) AS TEXT) AND CAST(delay AS INTEGER) BETWEEN -120 AND 240"""

GOLD = {
    "worst_routes": "origin || '-' || destination",
    "by_hour": "substr(departure, 12, 2) || ':00'",
    "by_weekday": "substr('SunMonTueWedThuFriSat', 3 * strftime('%w', departure) + 1, 3)",
}


def bronze(db, month, _):
    with gzip.open(SOURCE, "rt", newline="") as text:
        rows = [(month, *row) for row in csv.reader(text) if row[0].startswith(month)]
    db.execute("DELETE FROM bronze WHERE month = ?", (month,))
    db.executemany("INSERT INTO bronze VALUES (?, ?, ?, ?, ?, ?)", rows)
    return {"rows": len(rows)}


def silver(db, month, _):
    db.execute("DELETE FROM silver WHERE month = ?", (month,))
    rows = db.execute(f"""INSERT INTO silver
        SELECT month, departure, origin, destination, CAST(miles AS INTEGER), CAST(delay AS INTEGER)
        FROM bronze WHERE month = ? AND {IS_GOOD}""", (month,)).rowcount
    rejected = db.execute(f"SELECT count(*) FROM bronze WHERE month = ? AND NOT ({IS_GOOD})", (month,)).fetchone()[0]
    return {"rows": rows, "rejected": rejected}


def gold(db, month, table):
    db.execute("DELETE FROM gold WHERE month = ? AND name = ?", (month, table))
    rows = db.execute(f"""INSERT INTO gold
        SELECT month, ?, {GOLD[table]} AS what, count(*), round(avg(delay_min), 2)
        FROM silver WHERE month = ? GROUP BY what HAVING count(*) >= 10""", (table, month)).rowcount
    return {"rows": rows}


def show(db, month, _):
    for table in GOLD:
        print(f"{table}, {month}:")
        for what, flights, delay in db.execute("""SELECT what, flights, mean_delay_min FROM gold
                WHERE month = ? AND name = ? ORDER BY mean_delay_min DESC, what LIMIT 3""", (month, table)):
            print(f"  {what:8} {delay:6.2f} min, {flights} flights")
    return {}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("layer", choices=["bronze", "silver", "gold", "show"])
    parser.add_argument("--table", choices=GOLD)
    options = parser.parse_args()

    database = pathlib.Path(os.environ["DATABASE"])
    database.parent.mkdir(parents=True, exist_ok=True)
    db = sqlite3.connect(database, timeout=10, isolation_level=None)
    try:
        db.executescript(SCHEMA)
        db.execute("BEGIN IMMEDIATE")
        outputs = globals()[options.layer](db, os.environ["MONTH"], options.table)
        db.execute("COMMIT")
    except sqlite3.OperationalError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(EXIT_TRANSIENT if "locked" in str(error) else 1)
    if outputs:
        print(f"{options.table or options.layer}: {', '.join(f'{n} {what}' for what, n in outputs.items())}")
    if "BATON_OUTPUT" in os.environ:
        pathlib.Path(os.environ["BATON_OUTPUT"]).write_text(json.dumps(outputs))


if __name__ == "__main__":
    main()
