"""The programs of schemas.dag.yaml: a registry of files, a producer, and consumers that were built long ago.

registry/order/N.json is version N of the schema, for good. Data lies in topic/dt=….jsonl, each line with the version
that it was written with.
"""
import json
import os
import pathlib
import random

import task
from schemas import resolution

PROPOSALS = pathlib.Path(__file__).with_name("proposals.json")


def versions():
    """version → fields, oldest first."""
    files = sorted(task.path("registry", "order").glob("*.json"), key=lambda file: int(file.stem))
    return {int(file.stem): json.loads(file.read_text()) for file in files}


def check(proposal):
    """The gate: a schema is refused unless every consumer and every old record go on as before."""
    fields = json.loads(PROPOSALS.read_text())[proposal]
    known = versions()
    if fields in known.values():
        return {"verdict": "known"}
    against = []
    for version, old in known.items():
        against += [f"new data, reader of version {version}: {why}" for why in resolution.problems(old, fields)]
        against += [f"data of version {version}, new reader: {why}" for why in resolution.problems(fields, old)]
    if against:
        task.fail("refused: " + "; ".join(against))
    return {"verdict": "compatible"}


def register(proposal):
    fields = json.loads(PROPOSALS.read_text())[proposal]
    known = versions()
    if fields not in known.values():
        task.write_json(task.path("registry", "order", f"{len(known) + 1}.json"), fields)
    return {"versions": list(versions())}


def produce():
    """A day of orders, in the newest version. What was written stays as it was written."""
    day = os.environ["DAY"]
    target = task.path("topic", f"dt={day}.jsonl")
    if target.exists():
        return {"version": json.loads(target.read_text().splitlines()[0])["version"]}
    version, fields = max(versions().items())
    chance = random.Random(f"schemas {day}")
    orders = [{"id": n, "item": f"item-{chance.randrange(9)}", "cents": chance.randrange(100, 9999), "currency": "USD",
               "coupon": chance.choice([None, "SPRING"])} for n in range(200)]
    lines = [{"version": version, "order": {field["name"]: order[field["name"]] for field in fields}}
             for order in orders]
    task.write(target, "".join(json.dumps(line, sort_keys=True) + "\n" for line in lines))
    return {"version": version}


def consume(version):
    """A consumer that knows one version alone: it reads all there is, older and newer, and adds up."""
    known = versions()
    reader = known[int(version)]
    totals = {}
    for file in sorted(task.path("topic").glob("dt=*.jsonl")):
        for line in map(json.loads, file.read_text().splitlines()):
            order = resolution.read(reader, known[line["version"]], line["order"])
            if set(order) != {field["name"] for field in reader}:
                task.fail(f"a record of version {line['version']} does not fit version {version}")
            totals[file.stem[3:]] = totals.get(file.stem[3:], 0) + order["cents"]
    task.write_json(task.path("consumers", f"version-{version}.json"), totals)
    return {"cents": sum(totals.values())}


if __name__ == "__main__":
    task.main(check, register, produce, consume)
