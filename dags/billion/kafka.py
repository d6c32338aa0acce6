"""The programs of billion.dag.yaml on Kafka: a transactional producer, a real consumer group, a zombie that is fenced.

What a consumer has counted and where it stands are one transaction of Kafka's: a record in the topic `tally` and the
offsets of the group. The broker refuses both from who is no longer a member of the group's newest generation.
"""
import collections
import json
import os
import time

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

import servers
import task
from billion import topic

EVENTS, TALLY, GROUP = "events", "tally", "count"
PARTITIONS = [TopicPartition(EVENTS, n) for n in range(topic.PARTITIONS)]
BATCH = 20000
TRANSACTION_SECONDS = 600
GROUP_SECONDS = 120


def broker():
    host, port = servers.address("kafka")
    return {"bootstrap.servers": f"{host}:{port}"}


def consumer(group=GROUP, **settings):
    # Range and round robin stop everybody for a rebalance: what is at hand is then dropped and read again.
    return Consumer({**broker(), "group.id": group, "isolation.level": "read_committed", "enable.auto.commit": False,
                     "auto.offset.reset": "earliest", "enable.partition.eof": True,
                     "partition.assignment.strategy": "roundrobin", **settings})


def transactions(name):
    """Who comes later under the same name fences who was there before, and ends what it left open."""
    producer = Producer({**broker(), "transactional.id": name, "linger.ms": 50, "compression.type": "lz4",
                         "transaction.timeout.ms": TRANSACTION_SECONDS * 1000,
                         "queue.buffering.max.messages": 1000000})
    producer.init_transactions(120)
    return producer


def produce(count, salted):
    """All events in one transaction: a start that was killed has sent nothing, a second one finds them there."""
    admin = AdminClient(broker())
    for future in admin.create_topics([NewTopic(EVENTS, topic.PARTITIONS, 1), NewTopic(TALLY, 1, 1)]).values():
        try:
            future.result(60)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise
    producer, sizes, begin = transactions("produce"), collections.Counter(), time.monotonic()
    there = committed_events()
    producer.begin_transaction()
    for number, key in topic.events(int(count)):
        partition = topic.partition_of(number, key, salted == "true")
        sizes[partition] += 1
        if not there:
            send(producer, EVENTS, partition, f"{number} {key}")
    producer.commit_transaction(TRANSACTION_SECONDS)
    seconds = time.monotonic() - begin
    largest = max(sizes.values()) * topic.PARTITIONS / int(count)
    if largest > 1.5:
        print(f"::warning::the largest partition has {largest:.2f} times its share: one key is too hot")
    print("they were there" if there else f"{int(count) / seconds:,.0f} events a second")
    return {"events": int(count), "largest": round(largest, 3)}


def send(producer, to, partition, text):
    while True:
        try:
            producer.produce(to, text, partition=partition)
            return
        except BufferError:
            producer.poll(0.1)


def committed_events():
    """Whether a transaction of events was committed already."""
    reader = consumer("look")
    reader.assign([TopicPartition(EVENTS, n, 0) for n in range(topic.PARTITIONS)])
    ended = 0
    while ended < topic.PARTITIONS:
        message = reader.poll(60)
        if message is None:
            task.fail("the broker says nothing", task.EXIT_TRANSIENT)
        if not message.error():
            return True
        ended += message.error().code() == KafkaError._PARTITION_EOF
    return False


def rebalance(number, members):
    """Kafka deals the partitions itself, to whoever comes: this says only how many will."""
    return {"members": list(range(int(members)))}


def consume(number, member, share):
    """A member of the group, until the whole group stands at its share of each partition.

    It begins when all have come: a quick machine would let the first one count everything. One that comes again after
    a kill finds the others at work, and nobody waits for long.
    """
    reader, producer = consumer(**{"session.timeout.ms": 10000}), transactions(f"member-{member}")
    ends = {one.partition: int(reader.get_watermark_offsets(one, 60)[1] * float(share)) for one in PARTITIONS}
    moved = {"times": 0, "dealt": []}
    mine, patience, begun = -(-topic.PARTITIONS // int(os.environ["MEMBERS"])), time.monotonic() + GROUP_SECONDS, None

    def assigned(_, partitions):
        moved.update(times=moved["times"] + 1, dealt=[one.partition for one in partitions])
        print(f"generation: partitions {sorted(moved['dealt'])}")

    def revoked(*_):
        moved.update(times=moved["times"] + 1, dealt=[])

    reader.subscribe([EVENTS], on_assign=assigned, on_revoke=revoked)
    events = 0
    while not all(one.offset >= ends[one.partition] for one in reader.committed(PARTITIONS, 60)):
        before = moved["times"]
        batch = reader.consume(BATCH, 1.0)
        if begun is None:
            if 0 < len(moved["dealt"]) <= mine or time.monotonic() > patience:
                begun = time.monotonic()
            (reader.resume if begun else reader.pause)(reader.assignment())
        if batch and (not begun or before != moved["times"]):
            for one in reader.committed(reader.assignment(), 60):  # dealt anew: back to what the group has counted
                reader.seek(TopicPartition(EVENTS, one.partition, max(one.offset, 0)))
            continue
        places, lines = standing(batch, ends)
        if places and not commit(reader, producer, places, lines):
            for one in reader.committed(reader.assignment(), 60):
                reader.seek(TopicPartition(EVENTS, one.partition, max(one.offset, 0)))
            continue
        events += len(lines)
    seconds = time.monotonic() - begun if begun else 0
    reader.close()
    print(f"{events} events, {events / max(seconds, 1e-6):,.0f} a second, {moved['times']} times dealt anew")


def standing(batch, ends):
    """(where each partition stands after a batch, its events up to the ends)."""
    places, lines = {}, []
    for message in batch:
        end, at = ends[message.partition()], message.offset()
        if message.error():
            if message.error().code() == KafkaError._PARTITION_EOF:
                places[message.partition()] = min(at, end)  # behind the last event stand marks of transactions
        elif at < end:
            lines.append(message.value().decode())
            places[message.partition()] = at + 1
        else:
            places[message.partition()] = end  # what is left is for the next generation
    return places, lines


def commit(reader, producer, places, lines):
    """Counts and places, together or neither; False where the group has been dealt anew meanwhile."""
    producer.begin_transaction()
    try:
        if lines:
            producer.produce(TALLY, json.dumps(tally(lines)))
        producer.send_offsets_to_transaction([TopicPartition(EVENTS, n, at) for n, at in places.items()],
                                             reader.consumer_group_metadata(), 60)
        producer.commit_transaction(60)
        return True
    except KafkaException as error:
        if error.args[0].fatal():
            task.fail(error, task.EXIT_TRANSIENT)
        producer.abort_transaction(60)
        print(f"refused and given back: {error.args[0].name()}")
        return False


def tally(lines):
    sums = {}
    for line in lines:
        number, _, key = line.partition(" ")
        counted = sums.setdefault(key.partition("#")[0], [0, 0])
        counted[0] += 1
        counted[1] += int(number)
    return sums


def zombie(number):
    """A member that is silent until the group has gone on without it wakes up with a batch, and tries to commit it."""
    silent, producer = consumer(**{"session.timeout.ms": 6000, "max.poll.interval.ms": 6000}), transactions("zombie")

    def from_the_start(reader, partitions):  # there is something to read, also where all was counted long ago
        reader.assign([TopicPartition(one.topic, one.partition, 0) for one in partitions])

    silent.subscribe([EVENTS], on_assign=from_the_start)
    batch = []
    while not any(not message.error() for message in batch):
        batch = silent.consume(100, 5.0)
    lines = [message.value().decode() for message in batch if not message.error()]
    places = {message.partition(): message.offset() + 1 for message in batch if not message.error()}
    member = silent.consumer_group_metadata()  # as it knew the group
    other = consumer(**{"session.timeout.ms": 6000})
    other.subscribe([EVENTS])
    until = time.monotonic() + 120
    while len(other.assignment()) < topic.PARTITIONS:
        if time.monotonic() > until:
            task.fail("the group does not go on without it", 2)
        other.poll(0.5)
    producer.begin_transaction()
    try:
        producer.produce(TALLY, json.dumps(tally(lines)))
        producer.send_offsets_to_transaction([TopicPartition(EVENTS, n, at) for n, at in places.items()], member, 60)
        producer.commit_transaction(60)
    except KafkaException as error:
        producer.abort_transaction(60)
        other.close()
        silent.close()
        task.fail(f"refused: {error.args[0].name()}: {error.args[0].str()}")
    print("it was let in")


def reconcile(count):
    """Each key has been counted as often as it was sent, and each event once."""
    sent, sums = collections.Counter(), collections.Counter()
    for number, key in topic.events(int(count)):
        sent[key] += 1
        sums[key] += number
    counted = collections.defaultdict(lambda: [0, 0])
    reader = consumer("reconcile")
    reader.assign([TopicPartition(TALLY, 0, 0)])
    while True:
        message = reader.poll(60)
        if message is None:
            task.fail("the broker says nothing", task.EXIT_TRANSIENT)
        if message.error():
            break  # the end
        for key, (events, checksum) in json.loads(message.value()).items():
            counted[key][0] += events
            counted[key][1] += checksum
    if counted != {key: [sent[key], sums[key]] for key in sent}:
        task.fail(f"counted {sum(events for events, _ in counted.values())} events, sent {count}")
    return {"events": int(count), "keys": len(sent)}


if __name__ == "__main__":
    task.main(produce, rebalance, consume, zombie, reconcile)
