"""The shop's events, made up: the same day gives the same rows on every machine.

Of each day's delivery some rows are late (of a day or three before), sent twice, of an item that nobody sells, or
write their amount with a comma.
"""
import random

import task

ITEMS = {f"item-{n:02}": ["books", "music", "garden"][n % 3] for n in range(12)}
LATE_DAYS_MAX = 2


def delivery(day, rows=120):
    """The rows of one delivery, in the order in which they came."""
    chance = random.Random(f"medallion {day}")
    events = []
    for n in range(rows):
        late = chance.choices([0, 1, 3], [94, 5, 1])[0]
        happened = task.days_before(day, late)
        amount = f"{chance.randrange(100, 9000) / 100:.2f}"
        events.append({
            "event_id": f"{day}-{n:04}", "email": f"user{chance.randrange(25):02}@example.com",
            "at": f"{happened}T{chance.randrange(24):02}:{chance.randrange(60):02}:00",
            "item": "item-99" if chance.random() < 0.02 else chance.choice(sorted(ITEMS)),
            "kind": chance.choices(["view", "buy"], [4, 1])[0],
            "amount": amount.replace(".", ",") if chance.random() < 0.04 else amount})
        if chance.random() < 0.05:
            events.append(dict(events[-1]))
    return events
