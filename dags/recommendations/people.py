"""People, items and what they looked at; made up, the same everywhere. Tastes come in three kinds."""
import os

import task

PEOPLE, ITEMS, TASTES = int(os.environ.get("PEOPLE", 150)), 60, 3
REGIONS = ["eu", "us", "apac"]


def region(person):
    return REGIONS[person % len(REGIONS)]


def looks(person, count=16):
    """The items that a person looked at, first to last: mostly of the own taste, at times what everybody likes."""
    taste, seen = int(task.unit("taste", person) * TASTES), []
    n = 0
    while len(seen) < count:
        drawn = task.unit("look", person, n)
        n += 1
        if task.unit("own", person, n) < 0.85:
            item = int(drawn ** 1.3 * (ITEMS // TASTES)) * TASTES + taste
        else:
            item = int(drawn ** 2 * ITEMS)
        if item not in seen:
            seen.append(item)
    return seen
