"""The programs of ecommerce.dag.yaml on Kafka, Spark Structured Streaming and Redis.

Spark keeps its place and its windows in a checkpoint. What it gives to Redis is a window's total, not an increment, and
turnover moves by the difference to what stood there: a batch that is done again after a crash changes nothing.
"""
import json
import os
import time

import redis
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

import servers
import task
from ecommerce import shop
from ecommerce.stream import PATIENCE_SECONDS, WATERMARK_MINUTES

LAG_MAX, BATCH_LINES, TRIGGER_LINES = 300, 50, 50
PATIENCE = 60 * PATIENCE_SECONDS


def day():
    return os.environ["DAY"]


def topic():
    return f"orders-{day()}"


def broker():
    host, port = servers.address("kafka")
    return f"{host}:{port}"


def store():
    host, port = servers.address("redis")
    return redis.Redis(host, port, decode_responses=True, socket_timeout=60)


def there(reader):
    return reader.get_watermark_offsets(TopicPartition(topic(), 0), 60)[1]


def consumer():
    return Consumer({"bootstrap.servers": broker(), "group.id": "look", "enable.auto.commit": False,
                     "enable.partition.eof": True, "auto.offset.reset": "earliest"})


def ensure_topic():
    admin = AdminClient({"bootstrap.servers": broker()})  # its answers die with it
    for future in admin.create_topics([NewTopic(topic(), 1, 1)]).values():
        try:
            future.result(60)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise


def produce(count, per_second):
    """Sends the orders, in order. It goes on behind what the topic holds: a second start adds nothing."""
    ensure_topic()
    lines = [json.dumps(order) for order in shop.orders(day(), int(count))]
    reader, db = consumer(), store()
    producer, written = Producer({"bootstrap.servers": broker(), "enable.idempotence": True}), there(reader)
    reader.close()
    while written < len(lines):
        hold_back(db, written)
        for line in lines[written:written + BATCH_LINES]:
            producer.produce(topic(), line, partition=0)
        if producer.flush(60):
            task.fail("the broker does not take what is sent", task.EXIT_TRANSIENT)
        written = min(written + BATCH_LINES, len(lines))
        time.sleep(BATCH_LINES / int(per_second))
    db.set(f"sent:{day()}", written)
    return {"lines": written}


def hold_back(db, written):
    """Back-pressure. Who waits long gives its slot back: exit 75, and Baton shows it as up_for_retry."""
    until = time.monotonic() + PATIENCE_SECONDS
    while written - int(db.get(f"place:{day()}") or 0) > LAG_MAX:
        if time.monotonic() > until:
            task.fail(f"the stream is more than {LAG_MAX} lines behind", task.EXIT_TRANSIENT)
        time.sleep(0.1)


def stream():
    """Counts until all that was sent is counted. Whatever Spark dies of, the next try goes on from the checkpoint."""
    try:
        return run_stream()
    except Exception as error:  # Java's among them
        task.fail(str(error).splitlines()[0], task.EXIT_TRANSIENT)


def run_stream():
    ensure_topic()
    db, query, quiet = store(), start(), time.monotonic()
    try:
        while True:
            if query.exception():
                raise query.exception()
            progress = query.lastProgress
            sources = progress["sources"] if progress else []
            at = place_of(sources[0]["endOffset"]) if sources and sources[0]["endOffset"] else 0
            if at > int(db.get(f"place:{day()}") or 0):
                db.set(f"place:{day()}", at)
                quiet = time.monotonic()
            if at and at == int(db.get(f"sent:{day()}") or -1):
                db.set(f"ended:{day()}", 1)
                return {"lines": at}
            if time.monotonic() - quiet > PATIENCE * 5:
                raise RuntimeError("nothing new in the topic")
            time.sleep(0.2)
    finally:
        query.stop()


def place_of(offset):
    return int((json.loads(offset) if isinstance(offset, str) else offset)[topic()]["0"])


def start():
    from pyspark.sql import SparkSession
    from pyspark.sql import functions as f
    jars = ",".join(str(jar) for jar in sorted((servers.ENGINES / "jars" / "spark-kafka").glob("*.jar")))
    spark = (SparkSession.builder.master("local[2]").appName("ecommerce").config("spark.jars", jars)
             .config("spark.driver.memory", "1g").config("spark.ui.enabled", "false")
             .config("spark.sql.codegen.wholeStage", "false").config("spark.sql.codegen.factoryMode", "NO_CODEGEN")
             .config("spark.sql.shuffle.partitions", "1").config("spark.sql.session.timeZone", "UTC")
             .config("spark.driver.host", "127.0.0.1").config("spark.driver.bindAddress", "127.0.0.1")
             .config("spark.log.level", "ERROR")
             .config("spark.driver.extraJavaOptions", "-XX:+UseSerialGC -XX:TieredStopAtLevel=1").getOrCreate())
    lines = (spark.readStream.format("kafka").option("kafka.bootstrap.servers", broker())
             .option("subscribe", topic()).option("startingOffsets", "earliest")
             .option("maxOffsetsPerTrigger", TRIGGER_LINES).load())
    order = f.from_json(f.col("value").cast("string"), "array<string>")
    midnight = f.to_timestamp(f.lit(f"{day()} 00:00:00"))
    orders = lines.select(order.alias("o")).select(
        f.col("o")[0].alias("id"), f.col("o")[1].cast("int").alias("minute"), f.col("o")[2].alias("product"),
        f.col("o")[3].cast("long").alias("cents")).withColumn(
        "at", f.timestamp_seconds(f.unix_timestamp(midnight) + f.col("minute") * 60))
    counted = (orders.withWatermark("at", f"{WATERMARK_MINUTES} minutes").dropDuplicates(["id", "at"])
               .groupBy(f.window("at", "1 minute"), "minute", "product")
               .agg(f.sum("cents").alias("cents"), f.collect_list("id").alias("ids")))
    return (counted.writeStream.outputMode("update").foreachBatch(upsert)
            .option("checkpointLocation", str(task.path("checkpoint", day()).resolve())).start())


def upsert(rows, _):
    """The new totals of the windows that a batch has changed, in one transaction of Redis."""
    db = store()
    fresh = {f"{row.minute}|{row['product']}": (sorted(row.ids), row.cents) for row in rows.collect()}
    if not fresh:
        return
    before = dict(zip(fresh, db.hmget(f"window:{day()}", list(fresh))))
    with db.pipeline(transaction=True) as all_at_once:
        for name, (ids, cents) in fresh.items():
            old = json.loads(before[name])["cents"] if before[name] else 0
            all_at_once.hset(f"window:{day()}", name, json.dumps({"ids": ids, "cents": cents}))
            all_at_once.zincrby(f"turnover:{day()}", cents - old, name.partition("|")[2])
        all_at_once.execute()


def lag():
    """For the sensor: exit 0 once all is counted; until then it says how far behind the stream is."""
    ensure_topic()
    reader, db = consumer(), store()
    print(f"{there(reader) - int(db.get(f'place:{day()}') or 0)} lines behind")
    reader.close()
    if not db.get(f"ended:{day()}"):
        raise SystemExit(1)


def reconcile(count):
    """Stream, batch and generator agree: nothing lost, nothing twice, and what was late is accounted for by name."""
    reader, newest, batch, late_by_rule = consumer(), 0, {}, set()
    reader.assign([TopicPartition(topic(), 0, 0)])
    while not (message := reader.poll(60)).error():
        id_, minute, product, cents = json.loads(message.value())
        if id_ not in batch and minute < newest - WATERMARK_MINUTES:
            late_by_rule.add(id_)
        newest = max(newest, minute)
        batch[id_] = (f"{minute}|{product}", cents)
    reader.close()
    db = store()
    windows = {name: json.loads(text) for name, text in db.hgetall(f"window:{day()}").items()}
    streamed = [id_ for window in windows.values() for id_ in window["ids"]]
    late = set(batch) - set(streamed)
    if len(streamed) != len(set(streamed)) or not set(streamed) <= set(batch):
        task.fail("an order was counted twice, or was never sent")
    if not late <= late_by_rule:  # Spark's watermark moves with its batches: it lets in some that are late by rule
        task.fail(f"{len(late - late_by_rule)} orders are missing that were in time")
    for name, window in windows.items():
        if window["cents"] != sum(batch[id_][1] for id_ in window["ids"]) or any(
                batch[id_][0] != name for id_ in window["ids"]):
            task.fail(f"window {name} is not the sum of its orders")
    total = len(streamed) + len(late), sum(w["cents"] for w in windows.values()) + sum(batch[id_][1] for id_ in late)
    if total != shop.truth(day(), int(count)):
        task.fail(f"counted (orders, cents) {total}, sent {shop.truth(day(), int(count))}")
    db.delete(f"late:{day()}")
    if late:
        db.sadd(f"late:{day()}", *late)
    return {"orders": total[0], "late": len(late)}


def top(how_many):
    """What sells, by turnover, as Redis has it at every moment: the answer that a page of the shop would read."""
    rows = store().zrevrange(f"turnover:{day()}", 0, int(how_many) - 1, withscores=True)
    task.write_json(task.path("top", f"{day()}.json"), [[name, int(cents)] for name, cents in rows])
    print("\n".join(f"{name}  {cents / 100:.2f}" for name, cents in rows))


if __name__ == "__main__":
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    task.main(produce, stream, lag, reconcile, top)
