"""The programs of fraud.dag.yaml on Kafka and XGBoost: payments from a topic, boosted trees, a dead-letter topic.

Where the reader stands in the topic is kept in the same transaction as the features that it has made, so a payment is
described once, whoever is killed. What the scoring service does not answer for goes to the topic `payments.dead` and is
scored by a later run from there.
"""
import json
import os

import numpy
import xgboost
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

import servers
import task
from fraud import service, steps

PAYMENTS, DEAD = "payments", "payments.dead"
COUNT = 3000
SCHEMA = steps.SCHEMA + """
CREATE TABLE IF NOT EXISTS place (topic TEXT PRIMARY KEY, offset INTEGER);
"""


def broker():
    host, port = servers.address("kafka")
    return {"bootstrap.servers": f"{host}:{port}"}


def topics():
    admin = AdminClient(broker())  # its answers die with it
    for future in admin.create_topics([NewTopic(name, 1, 1) for name in (PAYMENTS, DEAD)]).values():
        try:
            future.result(60)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise


def send(topic, name, messages):
    """All of them or none. Who comes later under the same name ends what an earlier one has left open."""
    producer = Producer({**broker(), "transactional.id": name})
    producer.init_transactions(120)
    producer.begin_transaction()
    for key, message in messages:
        producer.produce(topic, json.dumps(message), key)
        producer.poll(0)
    producer.commit_transaction(120)


def news(topic, place):
    """(offset, message) of what was committed to a topic from a place on."""
    reader = Consumer({**broker(), "group.id": "reader", "isolation.level": "read_committed",
                       "enable.auto.commit": False, "enable.partition.eof": True})
    reader.assign([TopicPartition(topic, 0, place)])
    try:
        while True:
            message = reader.poll(60)
            if message is None:
                task.fail("the broker says nothing", task.EXIT_TRANSIENT)
            if message.error():
                return
            yield message.offset(), json.loads(message.value())
    finally:
        reader.close()


def features():
    """The day's payments come in over Kafka, each is described by what its card did before."""
    day = os.environ["DAY"]
    topics()
    # The shop's side: a day is sent once, also where this is started again.
    if not any(payment[0].startswith(day) for _, payment in news(PAYMENTS, 0)):
        send(PAYMENTS, "shop", [(payment[0], payment) for payment in service.payments(day, COUNT)])
    with task.transaction(SCHEMA) as db:
        row = db.execute("SELECT offset FROM place WHERE topic = ?", (PAYMENTS,)).fetchone()
        place = row["offset"] if row else 0
        came = []
        for offset, payment in news(PAYMENTS, place):
            came.append(payment)
            place = offset + 1
        described = {id_: json.dumps(x) for id_, x, _ in steps.describe(came)}
        db.executemany("INSERT OR IGNORE INTO payment VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                       [(id_, id_[:10], *rest, described[id_]) for id_, *rest in came])
        db.execute("INSERT OR REPLACE INTO place VALUES (?, ?)", (PAYMENTS, place))
        there = db.execute("SELECT count(*) FROM payment WHERE day = ?", (day,)).fetchone()[0]
    return {"payments": there}


def train():
    """Boosted trees that weigh the rare class up; the threshold is set on days that they have not seen."""
    learn, judge = past(steps.LEARN_DAYS + steps.JUDGE_DAYS, steps.JUDGE_DAYS), past(steps.JUDGE_DAYS, 0)
    x, y = arrays(learn)
    booster = xgboost.train(
        {"objective": "binary:logistic", "max_depth": 4, "eta": 0.2, "nthread": 1, "seed": 1, "tree_method": "hist",
         "scale_pos_weight": (len(y) - y.sum()) / y.sum()}, xgboost.DMatrix(x, y), num_boost_round=60)
    x, y = arrays(judge)
    order = numpy.argsort(-(scores := booster.predict(xgboost.DMatrix(x))))
    precision = numpy.cumsum(y[order]) / numpy.arange(1, len(y) + 1)
    good = numpy.nonzero(precision >= steps.PRECISION_MIN)[0]
    threshold = round(float(scores[order[good[-1]]]), 5) if len(good) else 1.0
    day = os.environ["DAY"]
    task.write(task.path("boosters", f"{day}.ubj"), bytes(booster.save_raw("ubj")))
    task.write_json(task.path("models", f"{day}.json"), {"threshold": threshold, "learned": len(learn)})
    return {"threshold": threshold, "frauds": int(sum(fraud for _, fraud in learn))}


def past(first, last):
    return [(x, fraud) for ago in range(first, last, -1)
            for _, x, fraud in steps.describe(service.payments(task.days_before(os.environ["DAY"], ago), COUNT))]


def arrays(rows):
    return (numpy.array([x for x, _ in rows], dtype="float32"), numpy.array([fraud for _, fraud in rows], dtype="int8"))


def score():
    """The dead letters first, then the day. What gets no answer is a dead letter, once; what has a score keeps it."""
    day, booster = os.environ["DAY"], xgboost.Booster()
    booster.load_model(bytearray(task.path("boosters", f"{day}.ubj").read_bytes()))
    dead = [id_ for _, (id_, _) in news(DEAD, 0)]
    with task.transaction(SCHEMA) as db:
        rows = {row["id"]: row["features"] for row in db.execute(
            "SELECT id, features FROM payment WHERE id NOT IN (SELECT id FROM score) ORDER BY id")}
    waiting = [id_ for id_ in dict.fromkeys(dead) if id_ in rows]
    waiting += [id_ for id_ in rows if id_.startswith(day) and id_ not in waiting]
    done = 0
    for first in range(0, len(waiting), 50):
        batch = waiting[first:first + 50]
        mine = booster.predict(xgboost.DMatrix(numpy.array([json.loads(rows[id_]) for id_ in batch], dtype="float32")))
        try:
            with task.transaction(service.SCHEMA, "service.sqlite") as theirs:
                answers = [(id_, service.ask(theirs, id_, round(float(value), 5), os.environ["OUTAGE"] == "true"))
                           for id_, value in zip(batch, mine)]
        except service.Outage as error:
            letters = [id_ for id_ in waiting[first:] if id_ not in set(dead)]
            send(DEAD, "scoring", [(id_, [id_, str(error)]) for id_ in letters])
            task.fail(f"{error}: {done} scored, {len(waiting) - done} wait", task.EXIT_TRANSIENT)
        with task.transaction(SCHEMA) as db:
            db.executemany("INSERT INTO score VALUES (?, ?, ?)", [(*answer, day) for answer in answers])
        done += len(answers)
    return {"scored": done}


if __name__ == "__main__":
    task.main(features, train, score, steps.alert, steps.measure)
