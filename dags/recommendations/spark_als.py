"""The programs of recommendations.dag.yaml on Spark MLlib and Redis: implicit ALS, and lists that a page asks for.

What is served lies in Redis under the name of its version; one key says which version people see, and it is moved in
the transaction that has written the lists. A page never sees half of one.
"""
import collections
import contextlib
import json
import os

import redis

import servers
import task
from recommendations import people, steps

SERVED = "recommendations:served"


def store():
    host, port = servers.address("redis")
    return redis.Redis(host, port, decode_responses=True, socket_timeout=60)


def train():
    """Embeddings by Spark's ALS for implicit feedback, on all looks but those that are held out."""
    looks = steps.looks()["past"]
    with spark() as session:
        from pyspark.ml.recommendation import ALS
        rows = session.createDataFrame([(person, item, 1.0) for person, seen in enumerate(looks) for item in seen],
                                       "person int, item int, looked float")
        model = ALS(userCol="person", itemCol="item", ratingCol="looked", implicitPrefs=True, rank=8, alpha=20.0,
                    regParam=0.05, maxIter=6, seed=1).fit(rows)
        embeddings = {"people": vectors(model.userFactors, people.PEOPLE, model.rank),
                      "items": vectors(model.itemFactors, people.ITEMS, model.rank)}
    task.write_json(task.path("embeddings.json"), embeddings)
    task.write_json(task.path("popular.json"), popular(looks))


@contextlib.contextmanager
def spark():
    from pyspark.sql import SparkSession
    session = (SparkSession.builder.master("local[2]").appName("recommendations")
               .config("spark.driver.memory", "1g").config("spark.ui.enabled", "false")
               .config("spark.sql.shuffle.partitions", "2").config("spark.log.level", "ERROR")
               .config("spark.driver.host", "127.0.0.1").config("spark.driver.bindAddress", "127.0.0.1")
               .config("spark.driver.extraJavaOptions", "-XX:+UseSerialGC -XX:TieredStopAtLevel=1").getOrCreate())
    try:
        yield session
    finally:
        session.stop()


def vectors(factors, count, rank):
    """By number; who or what was never looked at has no direction."""
    found = {row.id: [round(value, 5) for value in row.features] for row in factors.collect()}
    return [found.get(n, [0.0] * rank) for n in range(count)]


def popular(looks):
    return {region: [item for item, _ in collections.Counter(
        item for person, seen in enumerate(looks) if people.region(person) == region
        for item in sorted(seen)).most_common()] for region in people.REGIONS}


def publish():
    """All lists of a version and the key that names it, in one transaction; the version before stays for going back."""
    embeddings = json.loads(task.path("embeddings.json").read_text())
    best, looks = json.loads(task.path("popular.json").read_text()), steps.looks()["past"]
    version, db = task.sha256(json.dumps([embeddings, best, looks], sort_keys=True)), store()
    before = db.get(SERVED)
    if before == version:
        return {"version": version}
    lists = {f"person:{person}": json.dumps({
        "past": past, "taste": steps.by_taste(embeddings, person, past)}) for person, past in enumerate(looks)}
    lists |= {f"region:{region}": json.dumps(items) for region, items in best.items()}
    lists |= {f"item:{item}": json.dumps(nearest(embeddings["items"], item)) for item in range(people.ITEMS)}
    with db.pipeline(transaction=True) as all_at_once:
        all_at_once.hset(f"recommendations:{version}", mapping=lists)
        all_at_once.set(SERVED, version)
        if before:
            all_at_once.set(f"{SERVED}:before", before)
        all_at_once.execute()
    for key in db.scan_iter("recommendations:*"):
        if key not in (SERVED, f"{SERVED}:before", f"recommendations:{version}", f"recommendations:{before}"):
            db.delete(key)
    return {"version": version}


def nearest(vectors_, item):
    def angle(other):
        a, b = vectors_[item], vectors_[other]
        length = (sum(v * v for v in a) * sum(v * v for v in b)) ** 0.5
        return sum(p * q for p, q in zip(a, b)) / length if length else -1.0
    return sorted((other for other in range(people.ITEMS) if other != item), key=lambda other: -angle(other))[:5]


def served(db, name):
    found = db.hget(f"recommendations:{db.get(SERVED)}", name)
    return json.loads(found) if found else None


def recommend(person, db=None):
    """What a page shows: by taste in variant B; what is popular in the region in A, and to who came today."""
    person, db = int(person), db or store()
    known = served(db, f"person:{person}")
    if known and steps.variant(person) == "B":
        return {"variant": "B", "source": "taste", "items": known["taste"]}
    past = known["past"] if known else []
    return {"variant": steps.variant(person), "source": "popularity",
            "items": [item for item in served(db, f"region:{people.region(person)}") if item not in past][:steps.TOP]}


def similar(item):
    return {"similar": served(store(), f"item:{int(item)}")}


def check():
    """The promises of the service, for everybody and for two who came today."""
    shares, db = collections.Counter(), store()
    for person in [*range(people.PEOPLE), people.PEOPLE, people.PEOPLE + 1]:
        shown = recommend(person, db)
        if len(set(shown["items"])) != steps.TOP or recommend(person, db) != shown:
            task.fail(f"person {person} is shown {shown}, and not twice the same")
        shares[shown["variant"]] += 1
    return {"variants": dict(shares)}


if __name__ == "__main__":
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    task.main(steps.ingest, train, steps.evaluate, publish, recommend, similar, check)
