"""`POST /api/v2/simulate`: what a server would do with its DAGs, told without a run being made."""
import unittest

from serving import ServingTest

ETL = """\
dag: etl
schedule: {cron: "0 2 * * *", catchup: none}
pools: {warehouse: 2}
tasks:
  extract: {for_each: {items: [a, b, c, d]}, run: "true", pool: warehouse, expect: 30m}
  load: {needs: extract, run: "true", expect: 10m}
"""
MONTH = {"from": "2026-03-01T00:00:00Z", "to": "2026-04-01T00:00:00Z"}


class SimulateOverHttp(ServingTest):
    def setUp(self):
        super().setUp()
        self.save("etl.dag.yaml", ETL)
        self.serve()
        self.until_dag("etl")

    def simulate(self, status=200, **words):
        code, answer = self.ask("POST", "/api/v2/simulate", {**MONTH, **words})
        self.assertEqual(status, code, answer)
        return answer

    def test_a_month_run_by_run_with_the_use_of_pools(self):
        told = self.simulate(slots=8)
        self.assertEqual({"runs": 31, "failed": 0, "open": 0, "tasks": 155, "misses": 0}, told["total"])
        self.assertEqual(31, len(told["runs"]))
        pool = told["pools"][0]
        self.assertEqual(("warehouse", 2, 2, 240), (pool["pool"], pool["slots"], pool["peak"], len(pool["use"])))
        self.assertEqual(2, max(part["peak"] for part in pool["use"]))
        self.assertAlmostEqual(pool["mean"], sum(part["mean"] for part in pool["use"]) / 240)
        self.assertEqual(31 * 86400 / 240, told["use_seconds"])
        self.assertEqual([], self.runs("etl"), "nothing is made of it")

    def test_more_slots_of_a_pool_end_the_runs_earlier_and_each_task_says_when(self):
        day = {"to": "2026-03-02T00:00:00Z", "slots": 8, "detail": "tasks"}
        longest = [self.simulate(pools={"warehouse": n}, **day)["dags"][0]["longest_run_seconds"] for n in (2, 4)]
        self.assertEqual([4200, 2400], longest)
        tasks = sorted(self.simulate(**day)["runs"][0]["tasks"], key=lambda task: (task["task"], task["map_index"]))
        self.assertEqual(["extract"] * 4 + ["load"], [task["task"] for task in tasks])
        self.assertEqual("2026-03-01T03:00:00Z", tasks[4 - 1]["ended_at"])
        self.assertEqual([0, 0, 1800, 1800, 0], [task["waits_seconds"].get("pool", 0) for task in tasks])
        self.assertEqual([], self.simulate(detail="totals")["runs"])

    def test_paused_dags_are_left_out_unless_somebody_names_them(self):
        self.assertEqual(200, self.ask("PATCH", "/api/v2/dags/etl", {"is_paused": True})[0])
        told = self.simulate()
        self.assertEqual(([], 0), (told["dags"], told["total"]["runs"]))
        self.assertIn("left out", told["notes"][0])
        self.assertEqual(31, self.simulate(dag_ids=["etl"])["total"]["runs"])

    def test_what_cannot_be_asked_for_is_said(self):
        self.assertIn("31 days", str(self.simulate(422, to="2026-04-02T00:00:00Z")["detail"]))
        self.assertIn("later", str(self.simulate(422, to="2026-03-01T00:00:00Z")["detail"]))
        self.assertIn('no DAG "elt"', self.simulate(404, dag_ids=["elt"])["detail"])
        self.simulate(422, slots=0)
        self.simulate(422, pools={"warehouse": -1})
        self.save("often.dag.yaml", "dag: often\nschedule: {every: 1s, catchup: none}\ntasks: {a: {run: 'true', expect: 1s}}\n")
        self.until_dag("often")
        self.assertIn("ask for a shorter time", str(self.simulate(422)["detail"]))


if __name__ == "__main__":
    unittest.main()
