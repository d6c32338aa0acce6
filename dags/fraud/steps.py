"""The programs of fraud.dag.yaml: features from the past of a card, a model for a rare class, scores, alerts.

A payment waits in `payment` without a score until the service answers for it, today or on a later day. A score and an
alert are rows under the payment's own key: there is never a second.
"""
import json
import math
import os

import task
from fraud import service

SCHEMA = """
CREATE TABLE IF NOT EXISTS payment (id TEXT PRIMARY KEY, day TEXT, minute INTEGER, card INTEGER, cents INTEGER,
                                    country TEXT, fraud INTEGER, features TEXT);
CREATE TABLE IF NOT EXISTS score (id TEXT PRIMARY KEY, score REAL, model TEXT);
CREATE TABLE IF NOT EXISTS alert (id TEXT PRIMARY KEY, score REAL);
CREATE INDEX IF NOT EXISTS payment_card ON payment (card, day, minute);
"""
LEARN_DAYS, JUDGE_DAYS = 8, 5
PRECISION_MIN = 0.8


def features():
    """The day's payments, each beside what the card did before: its burst, its usual amount, its country."""
    day = os.environ["DAY"]
    with task.transaction(SCHEMA) as db:
        db.executemany("INSERT OR IGNORE INTO payment VALUES (?, ?, ?, ?, ?, ?, ?, NULL)",
                       [(id_, day, *rest) for id_, *rest in service.payments(day)])
        described = [(json.dumps(x), id_) for id_, x, _ in describe(service.payments(day))]
        db.executemany("UPDATE payment SET features = ? WHERE id = ?", described)
    return {"payments": len(described)}


def describe(payments):
    """(id, numbers of about the same size, fraud) in the order of time: a payment sees only those that came before."""
    history = {}
    for id_, minute, card, cents, country, fraud in payments:
        before, amount = history.setdefault(card, []), math.log(1 + cents)
        burst = sum(minute - at <= 10 for at, _ in before)
        usual = sum(other for _, other in before) / len(before) if before else 8
        yield id_, [min(burst, 3), amount - 8, amount - usual, int(country == "abroad")], fraud
        before.append((minute, amount))


def train():
    """Weights against the imbalance, learned on eight past days; the threshold from five more, for the precision."""
    learn, judge = past(LEARN_DAYS + JUDGE_DAYS, JUDGE_DAYS), past(JUDGE_DAYS, 0)
    weights, rare = [0.0] * 5, sum(fraud for _, fraud in learn)
    for _ in range(40):
        slope = [0.0] * 5
        for x, fraud in learn:
            share = 0.5 / rare if fraud else 0.5 / (len(learn) - rare)
            error = share * (probability(weights, x) - fraud)
            for n, value in enumerate([*x, 1]):
                slope[n] += error * value
        weights = [weight - 2.0 * step for weight, step in zip(weights, slope)]
    ranked = sorted(((probability(weights, x), fraud) for x, fraud in judge), reverse=True)
    threshold, caught = 1.0, 0
    for n, (score, fraud) in enumerate(ranked, 1):
        caught += fraud
        if caught / n >= PRECISION_MIN:
            threshold = score
    model = {"weights": [round(weight, 5) for weight in weights], "threshold": round(threshold, 5)}
    task.write_json(task.path("models", f"{os.environ['DAY']}.json"), model)
    return {"threshold": model["threshold"], "frauds": rare}


def past(first, last):
    """(features, fraud) of the days from `first` to `last` days ago, of which the truth is known by now."""
    return [(x, fraud) for ago in range(first, last, -1)
            for _, x, fraud in describe(service.payments(task.days_before(os.environ["DAY"], ago)))]


def probability(weights, x):
    return 1 / (1 + math.exp(-sum(weight * value for weight, value in zip(weights, [*x, 1]))))


def score():
    """All payments that wait, oldest first, of earlier days too. An outage ends it; what has a score keeps it."""
    day = os.environ["DAY"]
    model = json.loads(task.path("models", f"{day}.json").read_text())
    with task.transaction(SCHEMA) as db:
        waiting = db.execute("SELECT id, features FROM payment WHERE day <= ? AND id NOT IN (SELECT id FROM score) "
                             "ORDER BY id", (day,)).fetchall()
    done = 0
    for first in range(0, len(waiting), 50):
        answers = []
        try:
            with task.transaction(service.SCHEMA, "service.sqlite") as theirs:
                for row in waiting[first:first + 50]:
                    mine = round(probability(model["weights"], json.loads(row["features"])), 5)
                    answers.append((row["id"], service.ask(theirs, row["id"], mine, os.environ["OUTAGE"] == "true")))
        except service.Outage as error:
            task.fail(f"{error}: {done} scored, {len(waiting) - done} wait", task.EXIT_TRANSIENT)
        with task.transaction(SCHEMA) as db:
            db.executemany("INSERT INTO score VALUES (?, ?, ?)", [(*answer, day) for answer in answers])
        done += len(answers)
    return {"scored": done}


def alert():
    """One alert for each payment above the threshold of the model that it was scored for."""
    with task.transaction(SCHEMA) as db:
        thresholds = {file.stem: json.loads(file.read_text())["threshold"]
                      for file in task.path("models").glob("*.json")}
        for row in db.execute("SELECT * FROM score WHERE id NOT IN (SELECT id FROM alert)").fetchall():
            if row["score"] >= thresholds[row["model"]]:
                db.execute("INSERT INTO alert VALUES (?, ?)", (row["id"], row["score"]))
        waiting = db.execute("SELECT count(*) FROM payment WHERE id NOT IN (SELECT id FROM score)").fetchone()[0]
        alerts = db.execute("SELECT count(*) FROM alert JOIN payment USING (id) WHERE day = ?",
                            (os.environ["DAY"],)).fetchone()[0]
    return {"alerts": alerts, "waiting": waiting}


def measure():
    """On the day itself, which nobody has learned from: how many frauds were caught, how many alerts were right."""
    with task.transaction(SCHEMA) as db:
        rows = db.execute("SELECT fraud, alert.id IS NOT NULL AS alerted FROM payment LEFT JOIN alert USING (id) "
                          "WHERE day = ?", (os.environ["DAY"],)).fetchall()
    right = sum(row["fraud"] and row["alerted"] for row in rows)
    return {"recall": round(right / max(1, sum(row["fraud"] for row in rows)), 3),
            "precision": round(right / max(1, sum(row["alerted"] for row in rows)), 3)}


if __name__ == "__main__":
    task.main(features, train, score, alert, measure)
