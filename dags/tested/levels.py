"""The levels of tested.dag.yaml. Each sees what the one before it cannot; each works in a folder of its own."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

import task
from tested import invoices

RECORDED = pathlib.Path(__file__).with_name("recorded_day.json")
DAY = "2026-01-05"


class Unit(unittest.TestCase):
    """One function at a time, on cases that a person can check by hand."""

    def test_tax_is_rounded_half_up(self):
        self.assertEqual([invoices.tax(net, "DE") for net in (50, 100, 150, 0)], [10, 19, 29, 0])

    def test_no_tax_is_due_elsewhere(self):
        self.assertEqual(invoices.tax(4999, "US"), 0)

    def test_an_invoice_adds_its_lines(self):
        order = {"country": "DE", "lines": [["a", 2, 100], ["b", 1, 50]]}
        self.assertEqual(invoices.invoice(order), {"net": 250, "tax": 48, "gross": 298})


def unit():
    tests = unittest.defaultTestLoader.loadTestsFromTestCase(Unit)
    if not unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(tests).wasSuccessful():
        task.fail("a unit test fails")


def integration():
    """The parts together, on two days: what goes in comes out, and the days do not touch each other."""
    with scratch():
        orders = [{"order": n, "country": ["DE", "US", "JP"][n % 3], "lines": [["x", 1, 100 * n]]}
                  for n in range(1, 10)]
        for day in (DAY, "2026-01-06"):
            invoices.load(day, orders)
            invoices.sum_up(day)
        made = invoices.result(DAY)
        if made["count"] != len(orders):
            task.fail(f"{len(orders)} orders became {made['count']} invoices")
        gross = sum(invoice["gross"] for invoice in made["invoices"].values())
        if sum(made["turnover"].values()) != gross or len(made["turnover"]) != 3:
            task.fail(f"the turnover {made['turnover']} is not that of the invoices, {gross}")


def replay():
    """A day as it was: the world has cases that nobody thought of."""
    recorded = json.loads(RECORDED.read_text())
    with scratch():
        invoices.load(DAY, recorded["orders"])
        invoices.sum_up(DAY)
        made = invoices.result(DAY)
    for what in ("invoices", "turnover"):
        if made[what] != recorded[what]:
            task.fail(f"{what}: {made[what]}, recorded {recorded[what]}")


def chaos():
    """Killed at each point, then run again: the same as if nothing had happened."""
    recorded = json.loads(RECORDED.read_text())
    points = ["after order 1", "after order 4", "before the turnover is committed"]
    for point in points:
        with scratch():
            process("CRASH_AT", point, expected=137)
            process("CRASH_AT", "", expected=0)
            made = invoices.result(DAY)
        if made["count"] != len(recorded["orders"]) or made["turnover"] != recorded["turnover"]:
            task.fail(f"killed {point}: {made['count']} invoices, turnover {made['turnover']}")
    print(f"killed at {len(points)} points")


def process(name, value, expected):
    done = subprocess.run([sys.executable, "-m", "tested.invoices", "run", DAY, str(RECORDED)],
                          env={**os.environ, name: value})
    if done.returncode != expected:
        task.fail(f"exit code {done.returncode}, not {expected}")


class scratch:
    """A folder of its own in place of the pipeline's."""

    def __enter__(self):
        self.before, self.folder = os.environ["DATA"], tempfile.mkdtemp()
        os.environ["DATA"] = self.folder

    def __exit__(self, *_):
        os.environ["DATA"] = self.before
        shutil.rmtree(self.folder)


def release():
    """All levels have passed: the real thing may run with this code."""
    code = pathlib.Path(invoices.__file__).read_bytes()
    task.write_json(task.path("released.json"), {"code": task.sha256(code)})
    orders = json.loads(RECORDED.read_text())["orders"]
    invoices.load(os.environ["DAY"], orders)
    invoices.sum_up(os.environ["DAY"])


if __name__ == "__main__":
    task.main(unit, integration, replay, chaos, release)
