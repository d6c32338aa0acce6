"""The layers of medallion.dag.yaml on Spark: bronze, silver and gold as Parquet, a folder for each day.

The same rules as `layers.py`. A table's days are taken away and written anew from the layer below; whoever is killed
between the two does both again. So no order of runs and no repetition changes a row.
"""
import json
import os
import shutil

from pyspark.sql import SparkSession
from pyspark.sql import functions as f
from pyspark.sql import types as t
from pyspark.sql.window import Window

import servers
import task
from medallion import layers, source

EVENT = t.StructType([t.StructField(name, t.StringType())
                      for name in ("event_id", "user", "at", "item", "kind", "amount")])
GOLD = {"user": "user", "item": "item", "session": "concat_ws(' ', user, session)", "temporal": "substring(at, 12, 2)"}


def session():
    """The run's Spark: the tasks are clients of one server, so that none has to wait for a JVM of its own."""
    host, port = servers.address("spark")
    spark = SparkSession.builder.remote(f"sc://{host}:{port}").getOrCreate()
    spark.conf.set("spark.sql.sources.partitionColumnTypeInference.enabled", "false")  # a day is text in each table
    return spark


def table(spark, name, schema=None):
    """A table of files; an empty one where nothing was written yet."""
    if any(task.path(name).rglob("*.parquet")):
        return spark.read.parquet(str(task.path(name).resolve()))
    return spark.createDataFrame([], schema)


def replace(rows, name, by, values):
    """These days of a table, made anew."""
    for value in values:
        shutil.rmtree(task.path(name, f"{by}={value}"), ignore_errors=True)
    rows.repartition(1).write.mode("append").partitionBy(by).parquet(str(task.path(name).resolve()))


def compact():
    """One Parquet file a day for the many small ones. It stands, whole and checked, before the first small one goes."""
    spark, manifests, small = session(), {}, {}
    for day in task.interval_days():
        manifest = manifests[day] = json.loads(task.path("bronze", f"dt={day}.manifest.json").read_text())
        parts = [task.path("landing", f"dt={day}", f"part-{hour}.jsonl") for hour in manifest["parts"]]
        if all(part.exists() for part in parts):
            if task.sha256("".join(part.read_text() for part in parts)) != manifest["sha256"]:
                task.fail(f"what landed for {day} is not what its manifest says")
            small[day] = [str(part.resolve()) for part in parts]
    if small:
        rows = spark.read.text([part for parts in small.values() for part in parts]).select(
            f.col("value").alias("payload"), f.col("_metadata.file_path").alias("file"),
            f.monotonically_increasing_id().alias("place"), f.from_json("value", EVENT).alias("event"))
        rows = rows.withColumn("delivered", f.regexp_extract("file", "dt=([0-9-]+)", 1))
        line = f.row_number().over(Window.partitionBy("delivered").orderBy("file", "place")) - 1
        replace(rows.select("delivered", line.alias("line"), "payload", "event.event_id",
                            f.substring("event.at", 1, 10).alias("day")), "bronze/rows", "delivered", small)
    there = tallies(table(spark, "bronze/rows"), list(manifests))
    for day, manifest in manifests.items():
        if there.get(day, (0, 0))[0] != manifest["rows"]:
            task.fail(f"bronze of {day} is not what was delivered")
        for hour in manifest["parts"]:
            task.path("landing", f"dt={day}", f"part-{hour}.jsonl").unlink(missing_ok=True)
    return {"files": len(manifests)}


def silver():
    """The days that the deliveries tell of, made anew from all of bronze that tells of them."""
    spark = session()
    bronze = table(spark, "bronze/rows")
    days = sorted(row.day for row in bronze.where(bronze.delivered.isin(task.interval_days()))
                  .select("day").distinct().collect())
    derive(spark, days)
    return {"days": days}


def redrive():
    """After a fix: the days of the rows that were set aside, once more, by the rules as they are now."""
    spark = session()
    letters = table(spark, "dead_letter", "day string")
    days, before = layers.taken_on({row.day for row in letters.select("day").distinct().collect()}, letters.count())
    derive(spark, days)
    return {"days": days, "redriven": before - table(spark, "dead_letter", "day string").count()}


def derive(spark, days):
    """Each row of bronze that tells of these days goes to one place: silver, duplicate or dead letter."""
    bronze = table(spark, "bronze/rows").where(f.col("day").isin(days))
    rows = bronze.drop("event_id").select("*", f.from_json("payload", EVENT).alias("event"))
    rows = rows.select("delivered", "line", "day", "payload", "event.*")
    items = f.broadcast(spark.createDataFrame(sorted(source.ITEMS.items()), "item string, category string"))
    amount = f.regexp_replace("amount", ",", ".") if os.environ["RULES"] == "2" else f.col("amount")
    readable = amount.rlike(r"^\d+\.\d\d$")
    rows = rows.join(items, "item", "left").withColumn(
        "amount_cents", f.when(readable, f.regexp_replace(amount, r"\.", "").cast("long"))).withColumn(
        "reason", f.when(f.col("category").isNull(), "unknown item")
        .when(f.datediff("delivered", "day") > source.LATE_DAYS_MAX, "late")
        .when(f.col("amount_cents").isNull(), "amount"))
    first = Window.partitionBy("event_id").orderBy("delivered", "line")  # the first good one that came counts
    good = rows.where("reason is null").withColumn("place", f.row_number().over(first)).cache()
    replace(good.where("place = 1").select("event_id", "day", "at", "user", "item", "category", "kind", "amount_cents",
                                           "delivered", "line"), "silver", "day", days)
    replace(good.where("place > 1").select("delivered", "line", "event_id", "day"), "duplicate", "day", days)
    replace(rows.where("reason is not null").select("delivered", "line", "event_id", "reason", "payload", "day"),
            "dead_letter", "day", days)


def reconcile():
    """Nothing was lost on the way and nothing doubled: rows and checksums of both sides, for each delivery."""
    spark, days = session(), task.interval_days()
    came = tallies(table(spark, "bronze/rows"), days)
    parts = [table(spark, name, "delivered string, event_id string").select("delivered", "event_id")
             for name in ("silver", "duplicate", "dead_letter")]
    went = tallies(parts[0].unionByName(parts[1]).unionByName(parts[2]), days)
    for day in days:
        if came.get(day) != went.get(day):
            task.fail(f"{day}: (rows, checksum) of bronze {came.get(day)}, of what became of it {went.get(day)}")
        print(f"{day}: {came[day][0]} rows, checksum {came[day][1]:x}")


def tallies(rows, days):
    found = rows.where(f.col("delivered").isin(days)).groupBy("delivered").agg(
        f.count("*").alias("rows"), f.sum(f.crc32("event_id")).alias("checksum"))
    return {row.delivered: (row.rows, row.checksum) for row in found.collect()}


def gold(name, days):
    """One table of features for the days that silver has made anew. A session ends after half an hour of silence."""
    spark, days = session(), json.loads(days)
    rows = table(spark, "silver").where(f.col("day").isin(days))
    order = Window.partitionBy("day", "user").orderBy("at", "event_id")
    second = f.unix_timestamp("at", "yyyy-MM-dd'T'HH:mm:ss")
    rows = rows.withColumn("fresh", f.coalesce((second - f.lag(second).over(order) > 1800).cast("int"), f.lit(1)))
    rows = rows.withColumn("session", f.sum("fresh").over(order)).withColumn("what", f.expr(GOLD[name]))
    bought = f.when(f.col("kind") == "buy", 1).otherwise(0)
    replace(rows.groupBy("day", "what").agg(f.count("*").alias("events"), f.sum(bought).alias("buys"),
                                            f.sum(bought * f.col("amount_cents")).alias("cents")),
            f"gold/{name}", "day", days)


def model():
    """How likely a look at an item ends in a purchase, drawn towards the mean where there is little to go by."""
    rows = table(session(), "gold/item").groupBy("what").agg(f.sum("events").alias("events"),
                                                             f.sum("buys").alias("buys")).orderBy("what").collect()
    mean = sum(row.buys for row in rows) / sum(row.events for row in rows)
    task.write_json(task.path("model.json"), {row.what: round((row.buys + 20 * mean) / (row.events + 20), 4)
                                              for row in rows})


if __name__ == "__main__":
    task.main(layers.land, compact, silver, redrive, reconcile, gold, model)
