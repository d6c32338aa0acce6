"""The programs of ecommerce.dag.yaml: a topic, a stream over it that counts exactly once, and the batch of the night.

The topic is a file that only grows. The stream keeps its place in it in the same transaction as what it has counted:
whoever is killed, a line is counted or it is not, and it is never counted twice. Whether an order is late depends on
the lines before it alone, so that neither batches nor restarts change a window.
"""
import json
import os
import time

import task
from ecommerce import shop

SCHEMA = """
CREATE TABLE IF NOT EXISTS place (day TEXT PRIMARY KEY, bytes INTEGER, lines INTEGER, newest INTEGER, ended INTEGER);
CREATE TABLE IF NOT EXISTS seen (id TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS window (day TEXT, minute INTEGER, orders INTEGER, cents INTEGER, closed INTEGER,
                                   PRIMARY KEY (day, minute)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS late (id TEXT PRIMARY KEY, day TEXT, minute INTEGER, cents INTEGER) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS product (day TEXT, name TEXT, orders INTEGER, cents INTEGER, PRIMARY KEY (day, name));
"""
WATERMARK_MINUTES = 10
LAG_MAX = 400        # lines: above it the producer holds back
BATCH_LINES = 40
PATIENCE_SECONDS = 2
END = '{"end": true}\n'


def produce(count, per_second):
    """Appends the orders. It goes on where the file ends, so a second start adds nothing that is there already."""
    day, count, per_second = os.environ["DAY"], int(count), int(per_second)
    lines = [json.dumps(order) + "\n" for order in shop.orders(day, count)] + [END]
    file = shop.topic(day)
    file.parent.mkdir(parents=True, exist_ok=True)
    with open(file, "ab+") as out:
        out.seek(0)
        there = out.read()
        whole = there[:there.rfind(b"\n") + 1]
        out.truncate(len(whole))  # half a line of one who was killed
        written = whole.count(b"\n")
        while written < len(lines):
            hold_back(written)
            batch = lines[written:written + BATCH_LINES]
            out.write("".join(batch).encode())
            out.flush()
            written += len(batch)
            time.sleep(len(batch) / per_second)
    return {"lines": written}


def hold_back(written):
    """Back-pressure. Who waits long gives its slot back: exit 75, and Baton shows it as up_for_retry."""
    until = time.monotonic() + PATIENCE_SECONDS
    while written - place()["lines"] > LAG_MAX:
        if time.monotonic() > until:
            task.fail(f"the stream is more than {LAG_MAX} lines behind", task.EXIT_TRANSIENT)
        time.sleep(0.05)


def place():
    with task.transaction(SCHEMA) as db:
        return place_in(db)


def place_in(db):
    found = db.execute("SELECT * FROM place WHERE day = ?", (os.environ["DAY"],)).fetchone()
    return dict(found) if found else {"bytes": 0, "lines": 0, "newest": 0, "ended": 0}


def stream():
    """Counts until the end of the day's topic; then all windows are closed."""
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        with task.transaction(SCHEMA) as db:
            now = place_in(db)
            batch = read_lines(now["bytes"])
            for line in batch:
                if line == END:
                    now["ended"] = 1
                else:
                    count(db, now, *json.loads(line))
            now["bytes"] += sum(len(line.encode()) for line in batch)
            now["lines"] += len(batch)
            horizon = 1440 if now["ended"] else now["newest"] - WATERMARK_MINUTES
            db.execute("UPDATE window SET closed = 1 WHERE day = ? AND minute < ?", (os.environ["DAY"], horizon))
            db.execute("INSERT OR REPLACE INTO place VALUES (?, ?, ?, ?, ?)",
                       (os.environ["DAY"], now["bytes"], now["lines"], now["newest"], now["ended"]))
        if now["ended"]:
            return {"lines": now["lines"]}
        if batch:
            until = time.monotonic() + PATIENCE_SECONDS
        elif time.monotonic() > until:
            task.fail("nothing new in the topic", task.EXIT_TRANSIENT)
        else:
            time.sleep(0.02)


def read_lines(start):
    """Whole lines only, at most a batch of them."""
    if not shop.topic(os.environ["DAY"]).exists():
        return []
    with open(shop.topic(os.environ["DAY"]), "rb") as topic:
        topic.seek(start)
        lines = [topic.readline().decode() for _ in range(BATCH_LINES)]
    return [line for line in lines if line.endswith("\n")]


def count(db, now, id_, minute, product, cents):
    if not db.execute("INSERT OR IGNORE INTO seen VALUES (?)", (id_,)).rowcount:
        return
    day = os.environ["DAY"]
    if minute < now["newest"] - WATERMARK_MINUTES:
        db.execute("INSERT INTO late VALUES (?, ?, ?, ?)", (id_, day, minute, cents))
        return
    now["newest"] = max(now["newest"], minute)
    db.execute("""INSERT INTO window VALUES (?1, ?2, 1, ?3, 0) ON CONFLICT (day, minute) DO UPDATE
        SET orders = orders + 1, cents = cents + ?3""", (day, minute, cents))
    db.execute("""INSERT INTO product VALUES (?1, ?2, 1, ?3) ON CONFLICT (day, name) DO UPDATE
        SET orders = orders + 1, cents = cents + ?3""", (day, product, cents))


def lag():
    """For the sensor: exit 0 once all is counted; until then it says how far behind the stream is."""
    file = shop.topic(os.environ["DAY"])
    there = file.read_bytes().count(b"\n") if file.exists() else 0
    now = place()
    print(f"{there - now['lines']} lines behind")
    if not now["ended"]:
        raise SystemExit(1)


def reconcile(count):
    """Stream, batch and generator agree: nothing lost, nothing twice, and what was late is accounted for."""
    day = os.environ["DAY"]
    batch = {}
    for id_, minute, _, cents in {tuple(json.loads(line)) for line in open(shop.topic(day)) if line != END}:
        orders, sum_ = batch.get(minute, (0, 0))
        batch[minute] = orders + 1, sum_ + cents
    with task.transaction(SCHEMA) as db:
        streamed = {row["minute"]: (row["orders"], row["cents"]) for row in db.execute("""
            SELECT minute, sum(orders) AS orders, sum(cents) AS cents FROM (
                SELECT minute, orders, cents FROM window WHERE day = ?1
                UNION ALL SELECT minute, 1, cents FROM late WHERE day = ?1) GROUP BY minute""", (day,))}
        late = db.execute("SELECT count(*) FROM late WHERE day = ?", (day,)).fetchone()[0]
    total = tuple(sum(column) for column in zip(*streamed.values()))
    if streamed != batch:
        task.fail(f"{len(dict(streamed.items() ^ batch.items()))} minutes differ between stream and batch")
    if total != shop.truth(day, int(count)):
        task.fail(f"counted (orders, cents) {total}, sent {shop.truth(day, int(count))}")
    return {"orders": total[0], "late": late}


def top(how_many):
    """What sells, by turnover: the answer that a page of the shop would read."""
    with task.transaction(SCHEMA) as db:
        rows = db.execute("SELECT name, orders, cents FROM product WHERE day = ? ORDER BY cents DESC, name LIMIT ?",
                          (os.environ["DAY"], int(how_many))).fetchall()
    task.write_json(task.path("top", f"{os.environ['DAY']}.json"), [list(row) for row in rows])
    print("\n".join(f"{row['name']}  {row['orders']} orders, {row['cents'] / 100:.2f}" for row in rows))


if __name__ == "__main__":
    task.main(produce, stream, lag, reconcile, top)
