"""The programs of iot.dag.yaml: devices, readings, anomalies, wear, and tiers that lose no extreme.

Tiers: every reading for a day, minutes for 90 days, hours for five years. A tier is made from the finer one with the
least, the greatest, the sum and the count, and only what the coarser tier holds is deleted.
"""
import json
import os
import statistics

import task
from iot import devices

SCHEMA = """
CREATE TABLE IF NOT EXISTS device (id INTEGER PRIMARY KEY, site INTEGER, key TEXT);
CREATE TABLE IF NOT EXISTS reading (minute TEXT, device INTEGER, second INTEGER, temperature REAL, vibration REAL,
                                    PRIMARY KEY (minute, device, second)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS by_minute (minute TEXT, device INTEGER, least REAL, greatest REAL, sum REAL, count INTEGER,
                                      vibration REAL, PRIMARY KEY (minute, device)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS by_hour (hour TEXT, device INTEGER, least REAL, greatest REAL, sum REAL, count INTEGER,
                                    vibration REAL, PRIMARY KEY (hour, device)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS alert (device INTEGER, kind TEXT, since TEXT, detail TEXT, PRIMARY KEY (device, kind));
"""
RAW_DAYS, MINUTE_DAYS = 1, 90
DEVIATIONS_MAX = 8      # from the median of the site, in median absolute deviations
VIBRATION_MAX = 2.0     # the maker's limit
SLOPE_MIN = 0.03        # a minute; what noise makes of four minutes is less


def provision(count):
    """Every device exactly once, with a key of its own. A list that is sent again changes nothing."""
    with task.transaction(SCHEMA) as db:
        db.executemany("INSERT OR IGNORE INTO device VALUES (?, ?, ?)",
                       [(n, n % devices.SITES, task.sha256("device", n)) for n in range(int(count))])
        total, keys = db.execute("SELECT count(*), count(DISTINCT key) FROM device").fetchone()
    if total != keys:
        task.fail("two devices have one key")
    return {"devices": total, "minutes": interval_minutes()}


def interval_minutes():
    start, end = os.environ["BATON_INTERVAL_START"], os.environ["BATON_INTERVAL_END"]
    return devices.minutes(start, max(1, devices.minutes_since(start[:16], end[:16])))


def ingest(limit):
    """What the devices have told. At least once: a reading that comes again is the same row."""
    with task.transaction(SCHEMA) as db:
        known = [row["id"] for row in db.execute("SELECT id FROM device WHERE id < ? ORDER BY id", (int(limit),))]
        for minute in interval_minutes():
            told = [(minute, device, *reading) for device in known for reading in devices.readings(device, minute)]
            db.executemany("INSERT OR REPLACE INTO reading VALUES (?, ?, ?, ?, ?)", told)
            sum_up(db, minute)
        readings = db.execute("SELECT count(*) FROM reading WHERE minute BETWEEN ? AND ?",
                              (interval_minutes()[0], interval_minutes()[-1])).fetchone()[0]
    return {"readings": readings}


def sum_up(db, minute):
    db.execute("""INSERT OR REPLACE INTO by_minute SELECT minute, device, min(temperature), max(temperature),
        sum(temperature), count(*), avg(vibration) FROM reading WHERE minute = ? GROUP BY minute, device""", (minute,))


def detect():
    """Who lies? One whose minute does not move at all, or lies far from those beside it. One alert, until it ends."""
    found = []
    with task.transaction(SCHEMA) as db:
        for minute in interval_minutes():
            rows = db.execute("SELECT by_minute.*, site FROM by_minute JOIN device ON device.id = by_minute.device WHERE minute = ?",
                              (minute,)).fetchall()
            for site in range(devices.SITES):
                here = [row for row in rows if row["site"] == site]
                means = [row["sum"] / row["count"] for row in here]
                middle = statistics.median(means) if means else 0
                spread = max(0.1, statistics.median([abs(mean - middle) for mean in means] or [0]))
                for row, mean in zip(here, means):
                    if row["least"] == row["greatest"]:
                        found.append((row["device"], "stuck", minute, f"{row['least']} for a minute"))
                    elif abs(mean - middle) > DEVIATIONS_MAX * spread:
                        found.append((row["device"], "far off", minute, f"{mean:.1f}, its site has {middle:.1f}"))
        for device, kind, minute, detail in found:
            db.execute("""INSERT INTO alert VALUES (?1, ?2, ?3, ?4) ON CONFLICT (device, kind) DO UPDATE
                SET since = ?3, detail = ?4 WHERE ?3 < alert.since""", (device, kind, minute, detail))
        return {"alerts": [dict(row) for row in db.execute("SELECT * FROM alert WHERE kind <> 'wear' ORDER BY 1, 2")]}


def wear():
    """A straight line through the vibration of each device: when does it reach the maker's limit?"""
    with task.transaction(SCHEMA) as db:
        series = {}
        for row in db.execute("SELECT device, minute, vibration FROM by_minute ORDER BY minute"):
            series.setdefault(row["device"], []).append(row["vibration"])
        due = {}
        for device, values in series.items():
            middle, mean = (len(values) - 1) / 2, statistics.fmean(values)
            width = sum((n - middle) ** 2 for n in range(len(values)))
            slope = sum((n - middle) * (value - mean) for n, value in enumerate(values)) / width if width else 0
            if slope > SLOPE_MIN:
                due[device] = round((VIBRATION_MAX - values[-1]) / slope)
    task.write_json(task.path("maintenance.json"), due)
    return {"due_in_minutes": {str(device): minutes for device, minutes in due.items()}}


def downsample():
    """Hours from minutes; then what is older than its tier goes, where the coarser tier holds it."""
    now = interval_minutes()[-1]
    with task.transaction(SCHEMA) as db:
        for hour in sorted({minute[:13] for minute in interval_minutes()}):
            db.execute("""INSERT OR REPLACE INTO by_hour SELECT substr(minute, 1, 13), device, min(least), max(greatest), sum(sum),
                sum(count), max(vibration) FROM by_minute WHERE substr(minute, 1, 13) = ?
                GROUP BY substr(minute, 1, 13), device""", (hour,))
        for fine, kept_in, days in (("reading", "by_minute WHERE minute = reading.minute", RAW_DAYS),
                                    ("by_minute", "by_hour WHERE hour = substr(by_minute.minute, 1, 13)", MINUTE_DAYS)):
            db.execute(f"""DELETE FROM {fine} WHERE minute < ? AND device IN (SELECT device FROM {kept_in})""",
                       (task.days_before(now[:10], days) + now[10:],))


def verify():
    """The hour's extremes are those of the readings themselves, and every reading was counted."""
    with task.transaction(SCHEMA) as db:
        for hour in sorted({minute[:13] for minute in interval_minutes()}):
            raw = db.execute("""SELECT device, min(temperature), max(temperature), count(*) FROM reading
                WHERE substr(minute, 1, 13) = ? GROUP BY device ORDER BY device""", (hour,)).fetchall()
            kept = db.execute("SELECT device, least, greatest, count FROM by_hour WHERE hour = ? ORDER BY device",
                              (hour,)).fetchall()
            if [tuple(row) for row in raw] != [tuple(row) for row in kept]:
                task.fail(f"an extreme or a reading of {hour} was lost on the way to its hour")
    return {"hours": len(kept) and 1}


def notify(alerts):
    """Tells people once: who was told of is on the list."""
    told = task.path("told.json")
    before = json.loads(told.read_text()) if told.exists() else []
    now = [f"{alert['device']} is {alert['kind']} since {alert['since']}" for alert in json.loads(alerts)]
    for line in now:
        if line not in before:
            print(f"::warning::device {line}")
    task.write_json(told, sorted({*before, *now}))


if __name__ == "__main__":
    task.main(provision, ingest, detect, wear, downsample, verify, notify)
