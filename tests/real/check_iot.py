"""iot on MQTT and DuckDB: judged by DuckDB over the readings themselves, and by what the generator says of them."""
import json

import duckdb

from iot import devices
from scenario import kill, wait_until

START, DEVICES = "2026-03-01T00:00:00Z", 1000
MINUTES = devices.minutes(START, 4)


def main(s):
    many = ("--interval", START, "-p", f"telling={DEVICES}", "-p", f"devices={DEVICES}")
    process = s.begin(*many, "--run-id", "first")
    wait_until(lambda: len(list(s.data.glob("taken/*"))) >= 1 or process.poll() is not None)
    s.check("killed with its broker while devices tell", process.poll() is None)
    kill(process)
    s.resume()
    before = contents(s)
    true = [(minute, device, *reading) for minute in MINUTES for device in range(DEVICES)
            for reading in devices.readings(device, minute)]
    s.equal("every reading once, as it was told", sorted(query(s, "SELECT * FROM reading")) == sorted(true), True)
    s.equal("a thousand devices, each with a key of its own",
            query(s, "SELECT count(*), count(DISTINCT key) FROM device"), [(DEVICES, DEVICES)])
    s.equal("who lies is found within the minute", query(s, "SELECT device, kind, since FROM alert ORDER BY 1"),
            [(7, "stuck", MINUTES[2]), (11, "far off", MINUTES[2])])
    s.equal("and told of once each", len(json.loads((s.data / "told.json").read_text())), 2)
    s.equal("who wears out is named", list(s.outputs("wear", "first")["due_in_minutes"]), ["23"])
    lost = """SELECT count(*) FROM (SELECT device, min(temperature) l, max(temperature) g, count(*) c FROM reading
              GROUP BY device) raw LEFT JOIN by_hour USING (device)
              WHERE by_hour.least IS DISTINCT FROM l OR by_hour.greatest IS DISTINCT FROM g OR by_hour.count <> c"""
    s.equal("the hour has lost no extreme and no reading", query(s, lost), [(0,)])
    s.rows(len(true), query(s, "SELECT (SELECT count(*) FROM by_minute) + (SELECT count(*) FROM by_hour)")[0][0])
    s.run(*many)
    s.equal("a second run of the interval changes nothing", contents(s) == before, True)
    s.equal("and tells nobody again", s.baton("logs", "@latest", "notify").count("::warning::"), 0)


def query(s, statement):
    db = duckdb.connect(str(s.data / "store.duckdb"), read_only=True)
    try:
        return db.execute(statement).fetchall()
    finally:
        db.close()


def contents(s):
    return {table: sorted(query(s, f"SELECT * FROM {table}")) for table in (
        "device", "reading", "by_minute", "by_hour", "alert")}
