"""Fifty sources that deliver a file of CSV a day; made up, the same everywhere. CHANGE says what one of them changes."""
import os
import random

SOURCES = [f"source-{n:02}" for n in range(50)]
COLUMNS = ["order", "customer", "email", "region", "cents"]
TAGS = {"email": "pii", "customer": "pii"}  # what a column is, wherever it comes from


def delivery(source, day, count=6):
    """(columns, rows). source-07 may have a new column, source-13 may lack one."""
    chance = random.Random(f"lake {source} {day}")
    rows = [{"order": f"{source}-{day}-{n}", "customer": f"c{chance.randrange(50):02}",
             "email": f"c{chance.randrange(50):02}@example.com", "region": chance.choice(["eu", "us", "apac"]),
             "cents": str(chance.randrange(100, 9999)), "channel": chance.choice(["web", "shop"])} for n in range(count)]
    columns = list(COLUMNS)
    if os.environ["CHANGE"] == "added" and source == "source-07":
        columns.append("channel")
    if os.environ["CHANGE"] == "removed" and source == "source-13":
        columns.remove("region")
    return columns, [[row[column] for column in columns] for row in rows]
