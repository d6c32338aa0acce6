"""Orders of a day in the order in which they arrive: mostly in time, some minutes late, some sent twice. Made up."""
import random

import task


def orders(day, count):
    """(order id, minute of the day that it tells of, product, cents)."""
    chance = random.Random(f"ecommerce {day}")
    made = []
    for n in range(count):
        minute = n * 600 // count
        delay = chance.choices([0, chance.randrange(1, 9), chance.randrange(15, 40)], [90, 8, 2])[0]
        made.append((f"{day}-{n:05}", max(0, minute - delay), f"product-{int(chance.paretovariate(1.2)) % 20:02}",
                     chance.randrange(100, 20000)))
        if chance.random() < 0.01:
            made.append(made[-1])  # a client that got no answer and sent it again
    return made


def truth(day, count):
    """What the generator says: how many different orders, and their cents."""
    unique = {order[0]: order[3] for order in orders(day, count)}
    return len(unique), sum(unique.values())


def topic(day):
    return task.path("topic", f"dt={day}.jsonl")
