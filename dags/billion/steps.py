"""The programs of billion.dag.yaml: partitions, a group of consumers that is rebalanced, a zombie, and the sums.

Where a consumer stands in a partition and what it has counted are committed together, and only by a member of the
current generation. So a rebalance in the middle neither loses nor doubles, and one who was thought dead changes
nothing when it comes back.
"""
import collections
import time

import task
from billion import topic

SCHEMA = """
CREATE TABLE IF NOT EXISTS generation (number INTEGER PRIMARY KEY, members INTEGER);
CREATE TABLE IF NOT EXISTS place (partition INTEGER PRIMARY KEY, bytes INTEGER, lines INTEGER);
CREATE TABLE IF NOT EXISTS tally (key TEXT PRIMARY KEY, events INTEGER, checksum INTEGER) WITHOUT ROWID;
"""
BATCH_BYTES = 256 * 1024


def produce(count, salted):
    """The day's events, each in its partition; says how uneven these are."""
    lines = [[] for _ in range(topic.PARTITIONS)]
    for number, key in topic.events(int(count)):
        lines[topic.partition_of(number, key, salted == "true")].append(f"{number} {key}\n")
    for partition, of in enumerate(lines):
        task.write(topic.file(partition), "".join(of))
    largest = max(map(len, lines)) * topic.PARTITIONS / int(count)
    if largest > 1.5:
        print(f"::warning::the largest partition has {largest:.2f} times its share: one key is too hot")
    return {"events": int(count), "largest": round(largest, 3)}


def rebalance(number, members):
    """A new generation of the group. From here on a commit of an older one is refused."""
    with task.transaction(SCHEMA) as db:
        db.execute("INSERT OR IGNORE INTO generation VALUES (?, ?)", (int(number), int(members)))
    return {"members": list(range(int(members)))}


def consume(number, member, share):
    """The partitions of one member, up to a share of each: what is left is for the next generation."""
    members = members_of(number)
    begin, events = time.monotonic(), 0
    for partition in range(int(member), topic.PARTITIONS, members):
        end = int(topic.file(partition).stat().st_size * float(share))
        while batch := read(partition, end):
            commit(int(number), partition, batch)
            events += batch.count("\n")
    seconds = time.monotonic() - begin
    print(f"{events} events, {events / max(seconds, 1e-6):,.0f} a second")


def members_of(number):
    with task.transaction(SCHEMA) as db:
        return db.execute("SELECT members FROM generation WHERE number = ?", (int(number),)).fetchone()[0]


def read(partition, end):
    """Whole lines from where the group stands, at most a batch; empty at the end."""
    with task.transaction(SCHEMA) as db:
        found = db.execute("SELECT bytes FROM place WHERE partition = ?", (partition,)).fetchone()
    start = found["bytes"] if found else 0
    if start >= end:
        return ""
    with open(topic.file(partition), "rb") as log:
        log.seek(start)
        batch = log.read(min(BATCH_BYTES, end - start))
    return batch[:batch.rfind(b"\n") + 1].decode()


def commit(number, partition, batch):
    """Place and counts, together, or neither."""
    events, sums = collections.Counter(), collections.Counter()
    for line in batch.splitlines():
        event, key = line.split(" ")
        events[key.partition("#")[0]] += 1
        sums[key.partition("#")[0]] += int(event)
    with task.transaction(SCHEMA) as db:
        newest = db.execute("SELECT max(number) FROM generation").fetchone()[0]
        if number != newest:
            task.fail(f"this is generation {newest}: a member of {number} commits nothing")
        db.execute("""INSERT INTO place VALUES (?1, ?2, ?3) ON CONFLICT (partition) DO UPDATE
            SET bytes = bytes + ?2, lines = lines + ?3""", (partition, len(batch.encode()), batch.count("\n")))
        db.executemany("""INSERT INTO tally VALUES (?1, ?2, ?3) ON CONFLICT (key) DO UPDATE
            SET events = events + ?2, checksum = checksum + ?3""",
                       [(key, events[key], sums[key]) for key in events])


def zombie(number):
    """A member of an older generation wakes up with a batch in its hands, and tries to commit it."""
    with open(topic.file(0), "rb") as log:
        commit(int(number), 0, log.readline().decode())


def reconcile(count):
    """Each key has been counted as often as it was sent, and each event once."""
    sent, sums = collections.Counter(), collections.Counter()
    for number, key in topic.events(int(count)):
        sent[key] += 1
        sums[key] += number
    with task.transaction(SCHEMA) as db:
        counted = {row["key"]: (row["events"], row["checksum"]) for row in db.execute("SELECT * FROM tally")}
    if counted != {key: (sent[key], sums[key]) for key in sent}:
        task.fail(f"counted {sum(events for events, _ in counted.values())} events, sent {count}")
    return {"events": int(count), "keys": len(sent)}


if __name__ == "__main__":
    task.main(produce, rebalance, consume, zombie, reconcile)
