"""schemas on fastavro: judged by reading the files themselves, with their own schema and with each version's."""
import collections
import json

import fastavro

from scenario import kill, wait_until

REFUSED = {"add_without_default": "new reader", "remove_required": "reader of version 1", "change_type": "version 1",
           "widen": "reader of version 1"}


def main(s):
    process = s.begin("--interval", "2026-01-01", "--run-id", "first")
    wait_until(lambda: (s.data / "registry").exists() or process.poll() is not None)
    s.check("killed when the first schema is registered", process.poll() is None)
    kill(process)
    s.resume()
    for day, proposal in enumerate(("add_with_default", "add_optional"), 2):
        states = s.run("--interval", f"2026-01-0{day}", "-p", f"proposal={proposal}")
        s.equal(f"{proposal} passes, and a reader of each version reads", states["consume"], ["success"] * day)
    before = files(s)
    for proposal, why in REFUSED.items():
        states = s.run("--interval", "2026-01-04", "-p", f"proposal={proposal}", code=1)
        s.check(f"{proposal} is refused before a record is written", why in s.baton("logs", "@latest", "check")
                and states["produce"] == "upstream_failed" and files(s) == before)
    s.run("--interval", "2026-01-02", "-p", "proposal=add_with_default")
    s.equal("a second run of a day changes nothing", files(s) == before, True)

    topic = sorted((s.data / "topic").glob("*.avro"))
    written, sums = [list(rows_of(path)) for path in topic], collections.Counter()
    s.equal("each file says with which version it was written", [header(path) for path in topic], ["1", "2", "3"])
    for version in ("1", "2", "3"):
        schema = fastavro.parse_schema({"type": "record", "name": "order", "fields": json.loads(
            (s.data / "registry" / "order" / f"{version}.json").read_text())})
        for path, rows in zip(topic, written):
            read = list(rows_of(path, schema))
            sums[version] += sum(row["cents"] for row in read)
            s.check(f"{path.name} as version {version}: all rows, what both know is the same", len(read) == len(rows) and all(
                mine[name] == theirs[name] for mine, theirs in zip(read, rows) for name in mine.keys() & theirs.keys()))
    s.equal("all consumers come to the sum of what was written", set(sums.values()),
            {sum(row["cents"] for rows in written for row in rows)})
    s.equal("and so did those of the pipeline", [sum(json.loads(file.read_text()).values()) for file in sorted(
        (s.data / "consumers").glob("*.json"))][:3], list(sums.values()))
    s.rows(sum(map(len, written)), sum(map(len, written)) * 3)


def rows_of(path, schema=None):
    with path.open("rb") as file:
        yield from fastavro.reader(file, reader_schema=schema)


def header(path):
    with path.open("rb") as file:
        return fastavro.reader(file).metadata["version"]


def files(s):
    return {str(file): file.read_bytes() for file in sorted(s.data.rglob("*")) if file.is_file()}
