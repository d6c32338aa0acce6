"""The stream of orders on Kafka, Spark and Redis: exactly once through kills of Spark, of the servers and of Baton.

Judged by a consumer that reads the topic from its start, by the generator, and by what Redis holds.
"""
import collections
import contextlib
import json
import os
import pathlib
import re
import signal

import redis
import servers
from confluent_kafka import Consumer, TopicPartition
from ecommerce import shop
from scenario import below, kill, wait_until

DAY, ORDERS, WATERMARK = "2026-01-05", 3000, 10


def main(s):
    process = s.begin("--interval", DAY, "-p", f"orders={ORDERS}", "-p", "per_second=5000")
    moved_on(s, process, 300)
    for pid in spark_of(process):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    s.check("Spark is killed in the middle of the stream", process.poll() is None)
    moved_on(s, process, 900)
    count = len(below(process.pid))
    kill(process)
    s.check("Baton, its worker, Spark, Kafka and Redis are killed in the middle", count > 5, f"{count} processes")
    s.resume()
    said = "".join(file.read_text(errors="replace") for file in s.state.glob("logs/*/*.log"))  # of all tries
    lags = [int(n) for n in re.findall(r"(\d+) lines behind", said)]
    s.check("a sensor watched the lag until there was none", 0 in lags and max(lags) > 0, f"at most {max(lags)} lines")
    s.check("back-pressure: the producer has held back and given its slot back", "the stream is more than" in said)

    sent, first = kafka(s), reds(s)
    truth = {order[0]: order for order in shop.orders(DAY, ORDERS)}
    s.check("the topic holds what the generator made, as often and in its order",
            sent == [list(order) for order in shop.orders(DAY, ORDERS)], f"{len(sent)} lines")
    counted = collections.Counter(id_ for window in first["windows"].values() for id_ in window["ids"])
    s.check("no order is counted twice", set(counted.values()) == {1}, f"{len(counted)} orders in windows")
    s.check("each order is in a window or late, none is missing",
            set(counted) | first["late"] == set(truth) and not set(counted) & first["late"], f"{len(first['late'])} late")
    newest, late = 0, set()
    for id_, minute, *_ in sent:
        late |= {id_} if minute < newest - WATERMARK else set()
        newest = max(newest, minute)
    s.check("what is late came more than ten minutes after the newest order", first["late"] <= late,
            f"{len(first['late'])} of {len(late)} that the minute alone would call late")
    s.check("some did come too late, and each is named", first["late"], sorted(first["late"])[:3])
    s.equal("orders and cents equal the generator's", (len(counted) + len(first["late"]), sum(
        window["cents"] for window in first["windows"].values()) + sum(truth[id_][3] for id_ in first["late"])),
        shop.truth(DAY, ORDERS))
    minutes = collections.Counter()
    for name, window in first["windows"].items():
        minutes[int(name.partition("|")[0])] += window["cents"]
    batch = collections.Counter()
    for id_, minute, _, cents in truth.values():
        batch[minute] += cents * (id_ not in first["late"])
    s.check("stream and batch agree minute by minute", minutes == batch, f"{len(minutes)} minutes")
    turnover = collections.Counter()
    for name, window in first["windows"].items():
        turnover[name.partition("|")[2]] += window["cents"]
    s.equal("the live top five", first["top"][:5], turnover.most_common(5))
    s.run("--interval", DAY, "-p", f"orders={ORDERS}")
    s.check("a second run changes nothing", (kafka(s), reds(s)) == (sent, first))
    s.rows(len(sent), len(first["windows"]))


def spark_of(process):
    found = []
    for pid in below(process.pid):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            line = pathlib.Path(f"/proc/{pid}/cmdline").read_text()
            if "spark" in line and ("pyspark-shell" in line or "spark_stream\0stream" in line):
                found.append(pid)
    return found


def moved_on(s, process, place):
    """Until Redis says that the stream stands behind a place of the topic."""
    def there():
        if process.poll() is not None:
            raise AssertionError("the run has ended before it could be killed")
        with contextlib.suppress(OSError, ValueError, redis.RedisError, IndexError):
            port = json.loads(sorted(s.state.rglob("servers/redis.json"))[-1].read_text())["port"]
            return int(redis.Redis(port=port).get(f"place:{DAY}") or 0) >= place
        return False
    wait_until(there, 900)


def kafka(s):
    with servers.running("kafka", (s.data / "servers/kafka").resolve()) as (_, port):
        reader = Consumer({"bootstrap.servers": f"127.0.0.1:{port}", "group.id": "judge",
                           "enable.partition.eof": True, "enable.auto.commit": False})
        reader.assign([TopicPartition(f"orders-{DAY}", 0, 0)])
        found = []
        while not (message := reader.poll(60)).error():
            found.append(json.loads(message.value()))
        reader.close()
    return found


def reds(s):
    with servers.running("redis", (s.data / "servers/redis").resolve()) as (_, port):
        db = redis.Redis(port=port, decode_responses=True)
        return {"windows": {name: json.loads(text) for name, text in db.hgetall(f"window:{DAY}").items()},
                "late": db.smembers(f"late:{DAY}"),
                "top": [(name, int(cents)) for name, cents in db.zrevrange(f"turnover:{DAY}", 0, 9, withscores=True)]}
