"""The programs of feature_store.dag.yaml on Feast: a registry, joins over Parquet, Redis for the online copy.

A feature's version is a feature view; `live` is the feature service that the aliases spell out. Feast joins by the time
from which a value could be known, so a training row sees nothing that was made after it.
"""
import datetime
import json
import os

import pandas

import servers
import task
from feature_store import store

UTC = datetime.timezone.utc
FOREVER = datetime.datetime(2030, 1, 1, tzinfo=UTC)


def register():
    """Definitions and aliases as in the small profile; from them the views and the service of Feast's registry."""
    outputs = store.register()
    from feast import Entity, FeatureService, FeatureView, Field, FileSource, ValueType
    from feast.types import Float64, String
    events()
    customer, views = Entity(name="customer", value_type=ValueType.INT64), {}
    for feature, version, _ in definitions():
        name = f"{feature}_v{version}"
        task.path("offline", name).mkdir(parents=True, exist_ok=True)
        views[feature, version] = FeatureView(
            name=name, entities=[customer], ttl=datetime.timedelta(0), tags={"feature": feature, "version": version},
            schema=[Field(name="value", dtype=Float64), Field(name="as_of", dtype=String)],
            source=FileSource(name=f"{name}_parquet", path=str(task.path("offline", name).resolve()),
                              timestamp_field="available"))
        empty(feature, version)
    live = FeatureService(name="live", features=[views[one] for one in live_versions()])
    feast().apply([customer, *views.values(), live])
    return outputs


def feast(online=None):
    """Feast over the pipeline's folder; only who asks for the online copy needs the server's address."""
    from feast import FeatureStore, RepoConfig
    return FeatureStore(config=RepoConfig(
        project="shop", provider="local", registry=str(task.path("registry.db").resolve()),
        offline_store={"type": "file"}, entity_key_serialization_version=3,
        online_store={"type": "redis", "connection_string": online or "127.0.0.1:1"}))


def online():
    host, port = servers.address("redis")
    return feast(f"{host}:{port}")


def definitions():
    with task.transaction(store.SCHEMA) as db:
        return [tuple(row) for row in db.execute("SELECT feature, version, body FROM definition ORDER BY 1, 2")]


def live_versions():
    with task.transaction(store.SCHEMA) as db:
        return [(row["name"].partition("@")[0], row["version"])
                for row in db.execute("SELECT name, version FROM alias WHERE name LIKE '%@live' ORDER BY 1")]


def events():
    """What customers did, as one Parquet file; made once."""
    file = task.path("events.parquet")
    if not file.exists():
        rows = pandas.DataFrame(store.made_up_events(), columns=["customer", "at", "cents"])
        write(file, rows.assign(at=pandas.to_datetime(rows["at"], utc=True)))
    return pandas.read_parquet(file)


def write(file, rows):
    """Whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_name(f".{file.name}.tmp")
    rows.to_parquet(temporary, index=False)
    temporary.replace(file)


def empty(feature, version):
    """A view without a value yet has a file without a row, so that it can be asked for."""
    write(task.path("offline", f"{feature}_v{version}", "0.parquet"), pandas.DataFrame({
        "customer": pandas.Series(dtype="int64"), "value": pandas.Series(dtype="float64"),
        "as_of": pandas.Series(dtype="object").astype("string"),
        "available": pandas.Series(dtype="datetime64[us, UTC]")}))


# SQL of the definitions -> what is done to each amount, and how a customer's amounts become one value.
WHAT = {"sum(cents)": (int, "sum"), "sum(max(cents, 0))": (lambda cents: max(cents, 0), "sum"),
        "count(*)": (int, "count"), "max(cents)": (int, "max")}


def compute(mondays):
    """All features as of these Mondays, from what had happened before each of them: a file for each."""
    mondays, happened = json.loads(mondays), events()
    for feature, version, body in definitions():
        body = json.loads(body)
        for monday in mondays:
            end = pandas.Timestamp(monday, tz="UTC")
            before = happened[(happened["at"] < end) & (happened["at"] >= end - pandas.Timedelta(days=body["days"]))]
            each, how = WHAT[body["what"]]
            values = before["cents"].map(each).groupby(before["customer"]).agg(how).astype("float64")
            rows = values.rename("value").reset_index().assign(as_of=monday)
            rows["as_of"] = rows["as_of"].astype("string")
            rows["available"] = (end + pandas.Timedelta(hours=store.BATCH_HOURS)).as_unit("us")
            write(task.path("offline", f"{feature}_v{version}", f"{monday}.parquet"), rows)
    return {"weeks": len(mondays)}


def join():
    """Training rows: what was known of a customer at the moment of a label, by the versions that are live."""
    day = task.interval_days()[-1]
    labels = pandas.DataFrame([(customer, pandas.Timestamp(
        f"{task.days_before(day, customer % 28)}T{customer % 24:02}:30", tz="UTC"))
        for customer in range(0, store.CUSTOMERS, 10)], columns=["customer", "event_timestamp"])
    asked = feast()
    rows = asked.get_historical_features(entity_df=labels, features=asked.get_feature_service("live"),
                                         full_feature_names=True).to_df()
    write(task.path("training", f"{day}.parquet"), rows.sort_values("customer").reset_index(drop=True))


def verify():
    """No row sees the future: every value is made again from the events before it, and was there in time."""
    rows = pandas.read_parquet(task.path("training", f"{task.interval_days()[-1]}.parquet"))
    happened, bodies = events(), {(feature, version): json.loads(body) for feature, version, body in definitions()}
    seen = 0
    for feature, version in live_versions():
        body = bodies[feature, version]
        for row in rows[["customer", "event_timestamp", f"{feature}_v{version}__value",
                         f"{feature}_v{version}__as_of"]].itertuples(index=False, name=None):
            customer, at, value, as_of = row
            if pandas.isna(value):
                continue
            end = pandas.Timestamp(as_of, tz="UTC")
            if end + pandas.Timedelta(hours=store.BATCH_HOURS) > at:
                task.fail(f"customer {customer} at {at} sees {feature} of {as_of}")
            mine = happened[(happened["customer"] == customer) & (happened["at"] < end)
                            & (happened["at"] >= end - pandas.Timedelta(days=body["days"]))]["cents"]
            each, how = WHAT[body["what"]]
            known = float(mine.map(each).agg(how)) if len(mine) else None
            if known != value:
                task.fail(f"customer {customer}: {feature} is {value}, was {known} on {as_of}")
            seen += 1
    if not seen:
        task.fail("nothing was joined")
    return {"rows": seen}


def materialize():
    """The newest value of each live feature, for those who must answer at once."""
    keys = set()
    for feature, version in live_versions():
        keys |= set(newest(feature, version)["customer"])
    online().materialize(datetime.datetime(2024, 12, 1, tzinfo=UTC), FOREVER,
                         feature_views=[f"{feature}_v{version}" for feature, version in live_versions()])
    return {"keys": len(keys)}


def newest(feature, version):
    rows = pandas.read_parquet(task.path("offline", f"{feature}_v{version}"))
    return rows.sort_values("as_of").drop_duplicates("customer", keep="last")


def compare():
    """Online equals offline for every key; the age says whether somebody should be woken."""
    asked, keys, last = online(), set(), ""
    names = [f"{feature}_v{version}" for feature, version in live_versions()]
    answers = asked.get_online_features(
        features=[f"{name}:{field}" for name in names for field in ("value", "as_of")], full_feature_names=True,
        entity_rows=[{"customer": customer} for customer in range(store.CUSTOMERS)]).to_dict()
    for (feature, version), name in zip(live_versions(), names):
        offline = {row.customer: (row.value, row.as_of) for row in newest(feature, version).itertuples()}
        copy = {customer: (value, as_of) for customer, value, as_of in zip(
            answers["customer"], answers[f"{name}__value"], answers[f"{name}__as_of"]) if value is not None}
        if copy != offline:
            task.fail(f"{name}: {len(set(copy.items()) ^ set(offline.items()))} values differ online and offline")
        keys |= set(offline)
        last = max([last, *(as_of for _, as_of in offline.values())])
    age = store.weeks_since_epoch(task.interval_days()[-1]) - store.weeks_since_epoch(last)
    if age > 1:
        print(f"::warning::the newest value is {age:.0f} weeks old")
    return {"keys": len(keys), "fresh": age <= 1}


if __name__ == "__main__":
    os.environ |= {"FEAST_USAGE": "false"}
    task.main(register, compute, join, verify, materialize, compare)
