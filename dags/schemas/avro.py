"""The programs of schemas.dag.yaml on real Avro: files that carry their schema, read and judged by fastavro.

The registry is the one of registry.py. What is compatible is not reckoned here but tried: a record of the one schema is
written, and read as the other.
"""
import hashlib
import io
import json
import os
import random

import fastavro

import task
from schemas import registry

SAMPLE = {"id": 7, "item": "x", "cents": 5, "currency": "USD", "coupon": "SPRING", "shop": "s"}


def schema_of(fields):
    return fastavro.parse_schema({"type": "record", "name": "order", "fields": fields})


def check(proposal):
    """The gate: a schema is refused unless every consumer and every old record go on as before."""
    fields = json.loads(registry.PROPOSALS.read_text())[proposal]
    known = registry.versions()
    if fields in known.values():
        return {"verdict": "known"}
    against = []
    for version, old in known.items():
        against += [f"new data, reader of version {version}: {why}" for why in problems(old, fields)]
        against += [f"data of version {version}, new reader: {why}" for why in problems(fields, old)]
    if against:
        task.fail("refused: " + "; ".join(against))
    return {"verdict": "compatible"}


def problems(reader, writer):
    """Why a record of `writer` cannot be read as `reader`, in the words of fastavro; empty where it can."""
    record = {field["name"]: str(SAMPLE[field["name"]]) if field["type"] == "string" else SAMPLE[field["name"]]
              for field in writer}
    data = io.BytesIO()
    fastavro.schemaless_writer(data, schema_of(writer), record)
    data.seek(0)
    try:
        fastavro.schemaless_reader(data, schema_of(writer), schema_of(reader))
    except fastavro.read.SchemaResolutionError as error:
        return [" ".join(str(error).split())]
    return []


def produce():
    """A day of orders, in the newest version. What was written stays as it was written."""
    day = os.environ["DAY"]
    target = task.path("topic", f"dt={day}.avro")
    if target.exists():
        with target.open("rb") as file:
            return {"version": int(fastavro.reader(file).metadata["version"])}
    version, fields = max(registry.versions().items())
    chance = random.Random(f"schemas {day}")
    orders = [{"id": n, "item": f"item-{chance.randrange(9)}", "cents": chance.randrange(100, 9999), "currency": "USD",
               "coupon": chance.choice([None, "SPRING"])} for n in range(20000)]
    data = io.BytesIO()
    # The marker between blocks is chance by default; made of the day, the same day is the same bytes.
    fastavro.writer(data, schema_of(fields), orders, codec="deflate", metadata={"version": str(version)},
                    sync_marker=hashlib.md5(day.encode()).digest())
    task.write(target, data.getvalue())
    return {"version": version}


def consume(version):
    """A consumer that knows one version alone: it reads all there is, older and newer, and adds up."""
    reader = registry.versions()[int(version)]
    totals = {}
    for path in sorted(task.path("topic").glob("dt=*.avro")):
        with path.open("rb") as file:
            for order in fastavro.reader(file, reader_schema=schema_of(reader)):
                if set(order) != {field["name"] for field in reader}:
                    task.fail(f"a record of {path.name} does not fit version {version}")
                totals[path.stem[3:]] = totals.get(path.stem[3:], 0) + order["cents"]
    task.write_json(task.path("consumers", f"version-{version}.json"), totals)
    return {"cents": sum(totals.values())}


if __name__ == "__main__":
    task.main(check, registry.register, produce, consume)
