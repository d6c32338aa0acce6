"""`baton simulate`: what a server would do, told from files and the history of the state folder, which stays as it is."""

import hashlib
import json
import unittest

from support import CliTest

DAGS = """\
dag: etl
schedule: "0 2 * * *"
pools: {warehouse: 2}
tasks:
  extract: {for_each: {items: [a, b, c, d]}, run: "true", pool: warehouse, expect: 30m}
  load: {needs: extract, run: "true", expect: 10m, produces: [orders]}
assets: {orders: {uri: "lake:/orders"}}
---
dag: report
schedule: {assets: [orders]}
assets: {orders: {uri: "lake:/orders"}}
tasks: {write: {run: "true"}}
"""
MARCH = ("--from", "2026-03-01", "--to", "2026-03-31")


class Simulate(CliTest):
    def setUp(self):
        super().setUp()
        self.write("dags/all.dag.yaml", DAGS)

    def outlook(self, *words):
        return json.loads(self.baton("simulate", "dags", *words, "-o", "json").stdout)

    def test_a_month_says_what_runs_and_what_waits_for_what(self):
        told = self.baton("simulate", "dags", *MARCH, "--slots", "8").stdout
        self.assertIn("2026-03-01 00:00 to 2026-04-01 00:00 UTC: 2 DAGs, 62 runs", told)
        self.assertIn("2 from `expect`, 1 taken as 1m", told)
        self.assertRegex(told, r"etl/extract\s+pool warehouse\s+62\s")
        self.assertFalse((self.folder / ".baton").exists(), "a simulation leaves no state folder behind")

    def test_more_slots_of_a_pool_end_the_run_earlier(self):
        narrow = self.outlook(*MARCH, "--slots", "8")
        wide = self.outlook(*MARCH, "--slots", "8", "--pool", "warehouse=4")
        longest = {o["pools"][0]["slots"]: o["dags"][0]["longest_run_seconds"] for o in (narrow, wide)}
        self.assertEqual(longest, {2: 4200, 4: 2400})
        self.assertEqual(narrow["pools"][0]["peak"], 2)
        self.assertEqual(narrow, self.outlook(*MARCH, "--slots", "8"))

    def test_one_day_of_one_dag_run_by_run(self):
        told = self.baton("simulate", "dags", "--from", "2026-03-01", "--to", "2026-03-01", "--dag", "etl", "--runs").stdout
        self.assertIn("etl/scheduled__2026-02-28T02:00:00", told)
        self.assertNotIn("report/", told)
        lines = self.baton("simulate", "dags", "--from", "2026-03-01", "--to", "2026-03-02", "-o", "jsonl").stdout
        runs = [json.loads(line) for line in lines.splitlines()]
        self.assertEqual([run["dag"] for run in runs], ["etl", "report", "etl", "report"])
        self.assertEqual(runs[1]["type"], "asset_triggered")

    def test_history_goes_before_what_a_file_expects_and_the_state_is_only_read(self):
        self.write("dags/one.dag.yaml", "dag: one\ntasks: {a: {run: \"true\", expect: 1h}}\n")
        self.baton("run", "dags/one.dag.yaml")

        def state():
            return {str(p): hashlib.sha256(content).hexdigest() for p, content in self.stored() if p.suffix != ".db-shm"}

        before = state()
        told = self.outlook(*MARCH)
        self.assertEqual(told["durations"], {"history": 1, "expect": 2, "unknown": 1})
        self.assertEqual(before, state())

    def test_what_is_wrong_is_said_with_what_to_write(self):
        for words, told in (
            (["dags"], "--from is missing"),
            (["dags", "--from", "2026-03-02", "--to", "2026-03-01"], "--to lies before --from"),
            (["dags", *MARCH, "--pool", "warehouse"], "--pool warehouse=4"),
        ):
            self.assertIn(told, self.baton("simulate", *words, code=2).stderr)
        self.assertIn('no DAG "elt"', self.baton("simulate", "dags", *MARCH, "--dag", "elt", code=3).stderr)
        self.write("dags/broken.dag.yaml", "dag: x\ntaks: {}\n")
        self.assertIn("nothing is simulated", self.baton("simulate", "dags", *MARCH, code=2).stderr)


if __name__ == "__main__":
    unittest.main()
