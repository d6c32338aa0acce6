"""A billion events in small, on Kafka: rebalances, kills and a zombie lose and double nothing.

Judged by a consumer that is no member of the group and assigns itself all partitions: every number once, every key as
often as the arithmetic of the generator says.
"""
import collections
import contextlib
import json
import os
import pathlib
import re
import signal

import servers
from billion import topic
from confluent_kafka import Consumer, KafkaError, TopicPartition
from scenario import below, kill, wait_until

EVENTS = 300000


def main(s):
    process = s.begin("-p", f"events={EVENTS}")
    wait_until(lambda: dealt_to(s, 2) or process.poll() is not None)
    member = command_of(process, " consume 1 0")
    with contextlib.suppress(ProcessLookupError):
        os.kill(member, signal.SIGKILL)
    s.check("a member of the group is killed in the middle", member)
    wait_until(lambda: dealt_to(s, 3) or process.poll() is not None)
    alive = process.poll() is None
    kill(process)
    s.check("Baton, its worker, Kafka and the second generation are killed", alive and not below(process.pid))
    s.resume()
    logs = {task: s.baton("logs", "@latest", task) for task in ("produce", "first", "second", "zombie")}
    s.check("a zombie is refused by the broker", "refused: " in logs["zombie"],
            re.findall("refused: ([A-Z_]+)", logs["zombie"]))
    dealt = len(re.findall("generation: partitions", logs["first"] + logs["second"]))
    s.check("the partitions were dealt anew", dealt >= 4, f"{dealt} times")

    with servers.running("kafka", (s.data / "servers/kafka").resolve()) as (_, port):
        numbers, keys = collections.Counter(), collections.Counter()
        for text in all_of(port, "events", topic.PARTITIONS):
            number, _, key = text.partition(" ")
            numbers[int(number)] += 1
            keys[key] += 1
        s.check("each event stands in the topic once", len(numbers) == EVENTS and set(numbers.values()) == {1} and
                set(numbers) == set(range(EVENTS)), f"{len(numbers):,} different numbers")
        counted, sums = collections.Counter(), collections.Counter()
        for text in all_of(port, "tally", 1):
            for key, (events, checksum) in json.loads(text).items():
                counted[key] += events
                sums[key] += checksum
        s.equal("the group has counted each key as often as it was sent", counted == keys, True)
        s.equal("and each event once: the sum of all numbers", sum(sums.values()), EVENTS * (EVENTS - 1) // 2)
        s.check("a third of the events have one key", 0.3 < keys[topic.HOT] / EVENTS < 0.36,
                f"{keys[topic.HOT] / EVENTS:.3f}")
        group = Consumer({"bootstrap.servers": f"127.0.0.1:{port}", "group.id": "count"})
        lag = 0
        for one in group.committed([TopicPartition("events", n) for n in range(topic.PARTITIONS)], 60):
            lag += group.get_watermark_offsets(one, 60)[1] - one.offset
        group.close()
        s.equal("the lag of the group", lag, 0)
    s.rows(EVENTS, sum(counted.values()))
    s.run("-p", f"events={EVENTS}")
    with servers.running("kafka", (s.data / "servers/kafka").resolve()) as (_, port):
        again = sum(events for text in all_of(port, "tally", 1) for events, _ in json.loads(text).values())
    s.equal("a second run sends and counts nothing more", again, EVENTS)
    for task in ("produce", "first", "second"):
        for line in re.findall(r"\d[^\n]* a second", logs[task]):
            print(f"  {task}: {line}")


def dealt_to(s, members):
    """Whether a member has said that it holds its part of the partitions, and no more."""
    part = r"partitions \[\d+" + r", \d+" * (-(-topic.PARTITIONS // members) - 1) + r"\]"
    return any(re.search(part, file.read_text(errors="replace")) for file in s.state.glob("logs/*/*.log"))


def command_of(process, words):
    for pid in below(process.pid):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            line = pathlib.Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
            if words in line and "billion.kafka" in line:
                return pid
    return 0


def all_of(port, name, partitions):
    reader = Consumer({"bootstrap.servers": f"127.0.0.1:{port}", "group.id": "judge", "enable.partition.eof": True,
                       "isolation.level": "read_committed", "enable.auto.commit": False})
    reader.assign([TopicPartition(name, n, 0) for n in range(partitions)])
    ended = set()
    while len(ended) < partitions:
        for message in reader.consume(50000, 5.0):
            if not message.error():
                yield message.value().decode()
            elif message.error().code() == KafkaError._PARTITION_EOF:
                ended.add(message.partition())
            else:
                raise AssertionError(message.error())
    reader.close()
