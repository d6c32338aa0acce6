"""Events of a day, made up: a third of them have one key, as the world is. And the partition that each one goes to."""
import zlib

import task

PARTITIONS, SALTS = 8, 8
HOT = "customer-0000"


def events(count):
    """(number, key). Cheap, because there are many."""
    for n in range(count):
        drawn = (n * 2654435761) % 4294967296
        yield n, HOT if drawn % 3 == 0 else f"customer-{drawn // 3 % 997 + 1:04}"


def partition_of(number, key, salted):
    """A key that is too hot for one partition is spread over several, by a salt that its readers take off again."""
    if salted and key == HOT:
        key = f"{key}#{number % SALTS}"
    return zlib.crc32(key.encode()) % PARTITIONS


def file(partition):
    return task.path("topic", f"partition-{partition}.log")
