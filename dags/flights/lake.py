"""The lake: where the files of the flights pipeline lie, and how they are written.

Layout, below the folder in $LAKE (every `dt=` is one day):

    bronze/dt=….csv            rows as they came, with their line in the source
    checks/dt=….json           how many rows were read, and which rules caught how many
    quarantine/dt=….csv        the rows that a rule caught, with their reasons
    silver/dt=….csv            the good rows, typed
    features/dt=…/             what was known on the morning of that day
    candidates/dt=…/           the model of that day, and how it did
    models/<id>.json           models that were published, named by their content
    publications/dt=….json     which model that day published
    current.json               the publication of the latest day: what a service would load
    reports/dt=…/              the result for people (report.md) and for programs (report.json)

A file is written under another name and renamed, so that a reader sees all of it or nothing. A file whose content
would not change is left alone: a second run of a day touches nothing.
"""
import argparse
import csv
import datetime
import io
import json
import os
import pathlib
import sys
import tempfile

EXIT_USAGE = 64      # nothing that a retry could mend
EXIT_TRANSIENT = 75  # the source is not there yet: worth a retry


class Lake:
    """Paths of one lake. Nothing is created before it is written."""

    def __init__(self, root):
        self.root = pathlib.Path(root)

    def bronze(self, day):
        return self.root / "bronze" / f"dt={day}.csv"

    def checks(self, day):
        return self.root / "checks" / f"dt={day}.json"

    def quarantine(self, day):
        return self.root / "quarantine" / f"dt={day}.csv"

    def silver(self, day):
        return self.root / "silver" / f"dt={day}.csv"

    def features(self, day, name):
        return self.root / "features" / f"dt={day}" / name

    def candidate(self, day, name):
        return self.root / "candidates" / f"dt={day}" / name

    def model(self, model_id):
        return self.root / "models" / f"{model_id}.json"

    def publication(self, day):
        return self.root / "publications" / f"dt={day}.json"

    def current(self):
        return self.root / "current.json"

    def report(self, day, name):
        return self.root / "reports" / f"dt={day}" / name


def write_text(path, text):
    """Replaces the file atomically; returns False and touches nothing if it already holds just this text."""
    data = text.encode()
    if path.is_file() and path.read_bytes() == data:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    _sync_folder(path.parent)
    return True


def _sync_folder(folder):
    """Makes a rename survive a power cut: the task's success is recorded, so nobody would write the file again."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_json(path, value):
    return write_text(path, json.dumps(value, indent=2, sort_keys=True) + "\n")


def read_json(path):
    return json.loads(path.read_text())


def write_csv(path, header, rows):
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return write_text(path, text.getvalue())


def read_csv(path):
    """The rows below the header, as lists of strings; they need not all be of one length."""
    with path.open(newline="") as source:
        return list(csv.reader(source))[1:]


def days_between(first, last):
    """The ISO days from first to last, both included."""
    day, end = datetime.date.fromisoformat(first), datetime.date.fromisoformat(last)
    days = []
    while day <= end:
        days.append(day.isoformat())
        day += datetime.timedelta(days=1)
    return days


def write_outputs(outputs):
    """Hands named values to the tasks downstream: one JSON object in the file that Baton names."""
    path = os.environ.get("BATON_OUTPUT")
    if path:
        pathlib.Path(path).write_text(json.dumps(outputs))


def fail(message, code=1):
    """Ends the task, with the reason as the last line of its log."""
    print(f"error: {message}", file=sys.stderr)
    raise SystemExit(code)


def arguments(doc, day_range=False):
    """A parser with --lake and --day (or --first and --last), which the DAG hands over as LAKE and DAY."""
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    parser.add_argument("--lake", type=Lake, default=os.environ.get("LAKE", ".baton-demo/lake"))
    for option in ("--first", "--last") if day_range else ("--day",):
        parser.add_argument(option, type=iso_day, default=os.environ.get("DAY"), required="DAY" not in os.environ,
                            help="a day as 2001-02-15 (default: $DAY)")
    return parser


def iso_day(text):
    return datetime.date.fromisoformat(text).isoformat()
