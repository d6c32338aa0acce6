"""What the tasks of the reference pipelines share: the way in, what they write to, and the way out.

`python3 -m medallion.layers silver` calls the function `silver`; the mapping that it returns is handed downstream.
Whoever copies a pipeline copies NAME.dag.yaml, the folder NAME and this file.
"""
import contextlib
import datetime
import hashlib
import json
import os
import pathlib
import sqlite3
import sys

EXIT_USAGE = 64      # nothing that a retry could mend
EXIT_TRANSIENT = 75  # worth another try
EXIT_SKIP = 99


def main(*commands):
    """Runs the command that the first argument names, with the others as its arguments, and ends as it ended."""
    by_name = {command.__name__: command for command in commands}
    if len(sys.argv) < 2 or sys.argv[1] not in by_name:
        fail(f"say one of: {', '.join(by_name)}", EXIT_USAGE)
    try:
        outputs = by_name[sys.argv[1]](*sys.argv[2:])
    except sqlite3.OperationalError as error:
        fail(error, EXIT_TRANSIENT if "locked" in str(error) else 1)
    if outputs:
        print(*sys.argv[1:], json.dumps(outputs, sort_keys=True))
        hand_on(outputs)


def hand_on(outputs):
    """Named values for the tasks downstream: one JSON object in the file that Baton names."""
    if "BATON_OUTPUT" in os.environ:
        pathlib.Path(os.environ["BATON_OUTPUT"]).write_text(json.dumps(outputs))


def fail(reason, code=1):
    """Ends the task, with the reason as the last line of its log."""
    print(f"error: {reason}", file=sys.stderr)
    raise SystemExit(code)


def path(*names):
    """A path below the folder that the DAG hands over as DATA."""
    return pathlib.Path(os.environ["DATA"]).joinpath(*names)


def interval_days():
    """The days of the run's data interval: one for a daily run, many for a chunk of a backfill."""
    first, end = (datetime.date.fromisoformat(os.environ[f"BATON_INTERVAL_{edge}"][:10]) for edge in ("START", "END"))
    return [(first + datetime.timedelta(days=n)).isoformat() for n in range(max(1, (end - first).days))]


def days_before(day, count):
    """The ISO day `count` days before a day; a negative count gives a later one."""
    return (datetime.date.fromisoformat(day) - datetime.timedelta(days=count)).isoformat()


@contextlib.contextmanager
def transaction(schema="", name="store.sqlite"):
    """The database of the pipeline: what happens inside is there altogether or not at all, whoever is killed."""
    path().mkdir(parents=True, exist_ok=True)
    db = sqlite3.connect(path(name), timeout=30, isolation_level=None)
    db.row_factory = sqlite3.Row
    try:
        db.executescript(schema)
        db.execute("BEGIN IMMEDIATE")
        yield db
        db.execute("COMMIT")
    finally:
        db.close()


def write(target, data):
    """Replaces a file atomically, and leaves it alone where it holds just this already."""
    data = data if isinstance(data, bytes) else data.encode()
    if target.is_file() and target.read_bytes() == data:
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.tmp")  # the next try takes the same: one that was killed leaves none
    with open(temporary, "wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())
    os.replace(temporary, target)
    folder = os.open(target.parent, os.O_RDONLY)
    os.fsync(folder)  # else a power cut could take the name back, after the task's success was recorded
    os.close(folder)


def write_json(target, value):
    write(target, json.dumps(value, indent=1, sort_keys=True) + "\n")


def sha256(*parts):
    """A short name for content: the same parts give the same name on every machine."""
    digest = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else str(part).encode()
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()[:16]


def unit(*parts):
    """A number in [0, 1) drawn from a text: chance that is the same on every machine and in every run."""
    return int(sha256(*parts)[:13], 16) / 16 ** 13
