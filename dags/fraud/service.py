"""Payments of a day, made up, and the scoring service of somebody else: at times it does not answer.

The service keeps its own books: for each key that it was asked for, one answer, however often it is asked.
"""
import random

SCHEMA = "CREATE TABLE IF NOT EXISTS answered (key TEXT PRIMARY KEY, score REAL, asked INTEGER);"


def payments(day, count=300):
    """(id, minute, card, cents, country, fraud): one in forty is a fraud, and frauds come in bursts from abroad."""
    chance = random.Random(f"fraud {day}")
    made = []
    while len(made) < count:
        card, minute = chance.randrange(60), chance.randrange(1440)
        if chance.random() < 0.012:
            for n in range(chance.randrange(1, 4)):
                made.append((min(minute + 2 * n, 1439), card, int(chance.lognormvariate(9.6, 0.8)),
                             chance.choice(["home", "abroad", "abroad", "abroad"]), 1))
        else:
            made.append((minute, card, int(chance.lognormvariate(8, 0.9)),
                         "abroad" if chance.random() < 0.04 else "home", 0))
    return [(f"{day}-{n:04}", *payment) for n, payment in enumerate(sorted(made))]


class Outage(Exception):
    """Nobody answers."""


def ask(db, key, score, outage):
    """The answer for one payment. In an outage it is there for a hundred payments, and then gone."""
    if outage and db.execute("SELECT count(*) FROM answered WHERE key LIKE ?", (key[:10] + "%",)).fetchone()[0] >= 100:
        raise Outage("the scoring service does not answer")
    db.execute("INSERT INTO answered VALUES (?, ?, 1) ON CONFLICT (key) DO UPDATE SET asked = asked + 1", (key, score))
    return db.execute("SELECT score FROM answered WHERE key = ?", (key,)).fetchone()[0]
