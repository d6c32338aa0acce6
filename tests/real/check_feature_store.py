"""Features on Feast, Redis and Parquet: no row sees the future, online equals offline, a new feature over a year.

Judged by plain Python over the generator's events and by Feast's answers from Redis, read outside of the pipeline.
"""
import collections
import datetime
import json
import os
import shutil
import subprocess
import sys

import pandas
import pyarrow.parquet
import servers
from feature_store import store
from scenario import DAGS, ROOT, kill, wait_until

YEAR, CUSTOMERS = "2025-01-06/2026-01-05", 1000
BODIES = json.loads((DAGS / "feature_store/definitions.json").read_text())["features"]
UTC = datetime.timezone.utc


def main(s):
    # A year without the feature `largest`, in chunks of thirteen weeks; then it is defined, and filled in.
    copy = s.folder / "dags"
    shutil.copytree(DAGS, copy, ignore=shutil.ignore_patterns(".baton*", "__pycache__", "*.gz"))
    os.symlink(ROOT / "build", s.folder / "build")
    definitions = copy / "feature_store/definitions.json"
    whole = definitions.read_text()
    fewer = json.loads(whole)
    del fewer["features"]["largest"], fewer["aliases"]["largest@live"]
    definitions.write_text(json.dumps(fewer))
    s.dags = copy
    process = s.begin("--interval", YEAR)
    wait_until(lambda: list(s.data.glob("offline/spend_v1/2025-06-*.parquet")) or process.poll() is not None)
    s.check("killed in the middle of the year", process.poll() is None)
    kill(process)
    s.resume()
    before = {name: values(s, name) for name in ("spend_v1", "spend_v2", "orders_v1")}
    events = collections.defaultdict(list)
    for customer, at, cents in store.made_up_events():
        events[customer].append((at, cents))
    for name, found in before.items():
        s.check(f"a year of {name} is what the events say", found == expected(events, name), f"{len(found):,} values")
    definitions.write_text(whole)
    s.run("--interval", YEAR)
    s.check("a new feature is filled in over the year in chunks", values(s, "largest_v1") == expected(
        events, "largest_v1"), f"{len(values(s, 'largest_v1')):,} values")
    s.check("the others stay as they were", before == {name: values(s, name) for name in before})

    rows = pandas.read_parquet(s.data / "training/2026-01-04.parquet")
    seen, leaks, wrong = 0, 0, 0
    for row in rows.to_dict("records"):
        for name in ("spend_v1", "orders_v1", "largest_v1"):
            known = [(as_of, value) for (customer, as_of), value in before.get(name, values_once(s, name)).items()
                     if customer == row["customer"] and pandas.Timestamp(as_of, tz="UTC") +
                     pandas.Timedelta(hours=6) <= row["event_timestamp"]]
            got = (row[f"{name}__as_of"], row[f"{name}__value"])
            seen += 1
            wrong += bool(known) and got != max(known)
            leaks += not pandas.isna(got[1]) and pandas.Timestamp(got[0], tz="UTC") + pandas.Timedelta(
                hours=6) > row["event_timestamp"]
    s.equal("training rows: the newest value that was known then, and no later one", (leaks, wrong), (0, 0))
    s.check("rows of the point-in-time join", seen >= 300, f"{seen} values of {len(rows)} labels")

    file = s.data / "training/2026-01-04.parquet"
    kept = file.read_bytes()
    planted = rows.copy()
    late = planted["spend_v1__as_of"].notna() & (planted["event_timestamp"] < "2025-12-28T00:00Z")
    planted.loc[planted.index[late][0], ["spend_v1__as_of"]] = "2025-12-29"
    planted.to_parquet(file, index=False)
    said = program(s, "store_.verify()", code=1)
    file.write_bytes(kept)
    s.check("a planted leak is caught", "sees spend of 2025-12-29" in said, said.strip().splitlines()[-1][:80])

    same_online(s, "online equals offline for every key", "spend_v1", before)
    states = s.run("--interval", "2025-12-29", "-p", "move=spend@live=2", "-p", "actor=ada")
    s.equal("an alias is moved, and the move is audited", s_rows(s, "SELECT name, before, after, by FROM alias_audit "
                                                                    "WHERE by = 'ada'"), [("spend@live", "1", "2", "ada")])
    s.equal("the registry's service serves the new version", service(s), ["largest_v1", "orders_v1", "spend_v2"])
    same_online(s, "and so does Redis", "spend_v2", before)
    stale = s.run("--interval", "2026-06-01")
    s.equal("nobody is woken by fresh features, somebody by stale ones", (states["alert"], stale["alert"]),
            ("skipped", "success"))
    s.rows(sum(map(len, events.values())), sum(len(values(s, name)) for name in [*before, "largest_v1"]))


CACHE = {}


def values_once(s, name):
    return CACHE.setdefault(name, values(s, name))


def values(s, name):
    found = {}
    for file in (s.data / "offline" / name).glob("2*.parquet"):
        for row in pyarrow.parquet.read_table(file).to_pylist():
            found[row["customer"], row["as_of"]] = row["value"]
    return found


def expected(events, name):
    feature, version = name.rsplit("_v", 1)
    body, found = BODIES[feature][version], {}
    what = {"sum(cents)": sum, "sum(max(cents, 0))": lambda all_: sum(max(one, 0) for one in all_),
            "count(*)": len, "max(cents)": max}[body["what"]]
    for week in range(52):
        monday = datetime.date(2025, 1, 6) + datetime.timedelta(weeks=week)
        first = (monday - datetime.timedelta(days=body["days"])).isoformat()
        for customer, happened in events.items():
            cents = [one for at, one in happened if first <= at < monday.isoformat()]
            if cents:
                found[customer, monday.isoformat()] = float(what(cents))
    return found


def newest(found):
    last = {}
    for (customer, as_of), value in found.items():
        last[customer] = max(last.get(customer, ("",)), (as_of, value))
    return {customer: value for customer, (_, value) in last.items()}


def same_online(s, what, name, before):
    got, expected = online(s, name), newest(before[name])
    differ = [key for key in {*got, *expected} if got.get(key) != expected.get(key)]
    s.check(what, got == expected and len(got) == CUSTOMERS, f"{len(got):,} keys, {len(differ)} differ")


def online(s, name):
    """What Redis answers, through Feast, for a thousand keys."""
    with servers.running("redis", (s.data / "servers/redis").resolve()) as (_, port):
        said = program(s, f"print(json.dumps(store_.feast('127.0.0.1:{port}').get_online_features("
                          f"features=['{name}:value'], entity_rows=[dict(customer=n) for n in range({CUSTOMERS})])"
                          ".to_dict()))")
    answer = json.loads(said.splitlines()[-1])
    return {customer: value for customer, value in zip(answer["customer"], answer["value"]) if value is not None}


def service(s):
    return json.loads(program(s, "print(json.dumps(sorted(p.name for p in store_.feast().get_feature_service('live')"
                                 ".feature_view_projections)))").splitlines()[-1])


def program(s, text, code=0):
    done = subprocess.run([sys.executable, "-c", f"import json; from feature_store import feast_store as store_; {text}"],
                          cwd=s.dags, text=True, capture_output=True, env={
                              **os.environ, "DATA": str(s.data), "MOVE": "", "ACTOR": "", "FEAST_USAGE": "false",
                              "BATON_INTERVAL_START": "2025-01-06", "BATON_INTERVAL_END": "2026-01-05"})
    if done.returncode != code:
        raise AssertionError(done.stderr[-600:])
    return done.stdout if code == 0 else done.stderr


def s_rows(s, query):
    import sqlite3
    db = sqlite3.connect(s.data / "store.sqlite")
    try:
        return db.execute(query).fetchall()
    finally:
        db.close()
