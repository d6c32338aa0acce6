"""The programs of iot.dag.yaml on MQTT and DuckDB: devices that tell a broker, and a subscriber that keeps it in tiers.

`devices` publishes every reading as a message of its own (QoS 1), then how many a minute had. A minute is taken in one
transaction once all of it has come, and said to be taken in a file; what is not taken is sent again. So broker,
subscriber and devices may be killed at any moment. Detection, wear, tiers and checks are those of steps.py.
"""
import collections
import contextlib
import json
import queue
import re
import time

import duckdb
import paho.mqtt.client

import servers
import task
from iot import devices as made_up
from iot import steps

SEND_AGAIN_SECONDS = 60


class Row(tuple):
    """A row by number and by name, as the steps are used to it."""
    names = ()

    def keys(self):
        return self.names

    def __getitem__(self, key):
        return tuple.__getitem__(self, self.names.index(key) if isinstance(key, str) else key)


class Store:
    """DuckDB under the statements of steps.py, which number their values as SQLite does."""

    def __init__(self, connection):
        self.connection = connection

    def execute(self, statement, values=()):
        self.connection.execute(re.sub(r"\?(\d)", r"$\1", statement), list(values))
        named = type("Row", (Row,), {"names": [column[0] for column in self.connection.description or ()]})
        return Rows(named(row) for row in self.connection.fetchall())

    def executemany(self, statement, rows):
        """All rows in one statement, by column: one at a time is what such a database is slow at."""
        columns = [list(column) for column in zip(*rows)]
        if columns:
            places = "SELECT " + ", ".join(["unnest(?)"] * len(columns))
            self.connection.execute(re.sub(r"VALUES \([?, ]+\)", places, statement), columns)


class Rows(list):
    def fetchall(self):
        return self

    def fetchone(self):
        return self[0] if self else None


@contextlib.contextmanager
def transaction(schema=""):
    task.path().mkdir(parents=True, exist_ok=True)
    try:
        connection = duckdb.connect(str(task.path("store.duckdb")))
    except duckdb.IOException as error:
        task.fail(error, task.EXIT_TRANSIENT)  # another task has it
    with contextlib.closing(connection):
        for statement in schema.replace(" WITHOUT ROWID", "").replace(" REAL", " DOUBLE").split(";"):
            if statement.strip():
                connection.execute(statement)
        connection.begin()
        yield Store(connection)
        connection.commit()


task.transaction = transaction


def devices(limit):
    """All devices of the interval, as their gateway: a minute is sent until it is taken."""
    with connected("gateway") as client:
        for minute in steps.interval_minutes():
            sent = None
            while not taken(minute).exists():
                if sent is None or time.monotonic() - sent > SEND_AGAIN_SECONDS:
                    send_minute(client, minute, int(limit))
                    sent = time.monotonic()
                if not client.is_connected():
                    task.fail("the broker has gone", task.EXIT_TRANSIENT)
                time.sleep(0.1)


def send_minute(client, minute, limit):
    count = 0
    for device in range(limit):
        for reading in made_up.readings(device, minute):
            last = client.publish(f"readings/{device}", json.dumps([minute, device, *reading]), qos=1)
            count += 1
    last = client.publish("ends", json.dumps([minute, count]), qos=1)
    with contextlib.suppress(RuntimeError, ValueError):  # not sent: it is sent again
        last.wait_for_publish(SEND_AGAIN_SECONDS)


def ingest(limit):
    """The subscriber. A reading that comes twice is the same reading; a minute that is not whole is not taken."""
    arrived, open_minutes = queue.Queue(), collections.defaultdict(dict)
    missing = {minute for minute in steps.interval_minutes() if not taken(minute).exists()}
    with connected("store", arrived, ("readings/+", "ends")) as client:
        while missing:
            try:
                topic, told = arrived.get(timeout=1)
            except queue.Empty:
                if not client.is_connected():
                    task.fail("the broker has gone", task.EXIT_TRANSIENT)
                continue
            if topic != "ends":
                open_minutes[told[0]][told[1], told[2]] = told
            elif told[0] in missing and len(open_minutes[told[0]]) == told[1]:
                take(told[0], open_minutes.pop(told[0]).values())
                missing.discard(told[0])
    with transaction(steps.SCHEMA) as db:
        first, *_, last = [*steps.interval_minutes()[:1], *steps.interval_minutes()]
        readings = db.execute("SELECT count(*) FROM reading WHERE minute BETWEEN ? AND ?", (first, last)).fetchone()[0]
    return {"readings": readings}


def take(minute, readings):
    with transaction(steps.SCHEMA) as db:
        db.executemany("INSERT OR REPLACE INTO reading VALUES (?, ?, ?, ?, ?)", readings)
        steps.sum_up(db, minute)
    task.write(taken(minute), f"{len(readings)} readings\n")


def taken(minute):
    return task.path("taken", minute.replace(":", ""))


@contextlib.contextmanager
def connected(who, arrived=None, topics=()):
    """A session that the broker remembers: what comes while nobody listens is kept for it."""
    host, port = servers.address("mosquitto")
    client = paho.mqtt.client.Client(paho.mqtt.client.CallbackAPIVersion.VERSION2, who, clean_session=False)
    client.max_inflight_messages_set(100)
    client.on_connect = lambda client, *_: [client.subscribe(topic, 1) for topic in topics]
    client.on_message = lambda _client, _data, message: arrived.put((message.topic, json.loads(message.payload)))
    try:
        client.connect(host, port)
    except OSError as error:
        task.fail(error, task.EXIT_TRANSIENT)
    client.loop_start()
    servers.wait_for(client.is_connected, "the broker does not answer")
    try:
        yield client
    finally:
        client.disconnect()
        client.loop_stop()


if __name__ == "__main__":
    task.main(devices, steps.provision, ingest, steps.detect, steps.wear, steps.downsample, steps.verify, steps.notify)
