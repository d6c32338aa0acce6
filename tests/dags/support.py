"""What the tests of dags/flights share: made-up archives, and the way from a day to its report without Baton."""
import contextlib
import datetime
import gzip
import importlib
import io
import json
import os
import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
DAGS = pathlib.Path(__file__).resolve().parents[2] / "dags"
sys.path.insert(0, str(DAGS / "flights"))

import as_of  # noqa: E402
import lake as lake_module  # noqa: E402
import rules  # noqa: E402
import source  # noqa: E402

# A test proves no power cut: it need not wait for a disk.
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
AIRPORTS = DAGS / "data" / "airports.csv"
FIRST_DAY = "2001-01-01"
ROUTES = [("BNA", "MCI"), ("MDW", "STL"), ("MSY", "HOU"), ("OAK", "ONT"), ("DAL", "HOU")]
SETTINGS = [("absolute", "1"), ("squared", "1")]


def day_number(n):
    return (datetime.date.fromisoformat(FIRST_DAY) + datetime.timedelta(days=n)).isoformat()


def good_row(day, hour=7, minute=0, route=("BNA", "MCI"), delay=5):
    """One row of the archive as text, with the true distance."""
    places = rules.read_airports(AIRPORTS)
    miles = round(rules.great_circle_miles(places[route[0]], places[route[1]]))
    return f"{day}T{hour:02}:{minute:02}:00,{route[0]},{route[1]},{miles},{delay}"


def pattern(day_index, hour, route_index):
    """A delay that can be learned: late flights are later, some routes worse, and no day like another."""
    return 4 * (hour - 6) + 10 * route_index + (day_index * 7) % 5


def made_up_days(days, delay=pattern):
    """The rows of the first days: five routes at each of eight hours."""
    return [good_row(day_number(d), hour, 0, route, delay(d, hour, r))
            for d in range(days) for hour in range(6, 22, 2) for r, route in enumerate(ROUTES)]


class FlightsTest(unittest.TestCase):
    """A folder of its own for each test, and the steps of the pipeline as methods."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(dir=MEMORY)
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.archive = self.folder / "flights.csv.gz"
        self.lake = lake_module.Lake(self.folder / "lake")

    def write_archive(self, rows):
        with gzip.open(self.archive, "wt") as text:
            text.write("\n".join([",".join(source.COLUMNS), *rows]) + "\n")

    def step(self, script, *options):
        """Runs one script in this process; returns what it handed downstream and keeps its log."""
        output = self.folder / "output.json"
        output.unlink(missing_ok=True)
        os.environ["BATON_OUTPUT"] = str(output)
        log = io.StringIO()
        try:
            with contextlib.redirect_stdout(log), contextlib.redirect_stderr(log):
                importlib.import_module(script).main(["--lake", str(self.lake.root), *map(str, options)])
        finally:
            del os.environ["BATON_OUTPUT"]
            self.log = log.getvalue()
        return json.loads(output.read_text()) if output.is_file() else {}

    def prepare(self, first, last, *validate_options):
        days = ("--first", first, "--last", last)
        self.step("ingest", *days, "--source", self.archive)
        self.step("validate", *days, "--airports", AIRPORTS, *validate_options)
        self.step("clean", *days)

    def learn(self, day):
        """From the archive to the candidate of a day; False where there is no baseline."""
        plan = self.step("plan", "--day", day, "--source", self.archive)
        self.prepare(day, day)
        for week in plan["weeks"]:
            self.prepare(week["first"], week["last"])
        if plan["enough"]:
            for key in as_of.KEYS:
                self.step("as_of", "--day", day, "--key", key)
            self.step("features", "--day", day)
            trials = [self.step("tune", "--day", day, "--loss", loss, "--penalty", penalty)
                      for loss, penalty in SETTINGS]
            self.step("train", "--day", day, "--trials", json.dumps(trials))
        return plan["enough"]

    def run_day(self, day, min_gain_min=0):
        """The whole pipeline; returns the report."""
        states = {"plan": "success", "validate": "success", "evaluate": "skipped", "publish": "skipped"}
        if self.learn(day):
            states["evaluate"] = "success"
            if self.step("evaluate", "--day", day, "--min-gain-min", min_gain_min)["better"]:
                self.step("publish", "--day", day)
                states["publish"] = "success"
        return self.report(day, states)

    def report(self, day, states):
        self.step("report", "--day", day, "--states", " ".join(f"{task}={state}" for task, state in states.items()))
        return lake_module.read_json(self.lake.report(day, "report.json"))

    def snapshot(self):
        """Every file of the lake: path -> (content, time of the last change)."""
        return {str(path.relative_to(self.lake.root)): (path.read_bytes(), path.stat().st_mtime_ns)
                for path in sorted(self.lake.root.rglob("*")) if path.is_file()}
