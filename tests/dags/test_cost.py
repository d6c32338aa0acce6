"""The same answers at less than half the price, with the deadline kept, and a bill that adds up."""
import json

from pipeline import PipelineTest

DAYS = ("2026-01-05", "2026-01-06")


class Cost(PipelineTest):
    name = "cost"

    def bill(self, day):
        return json.loads((self.home / "bills" / f"{day}.json").read_text())

    def answers(self):
        run = json.loads(self.baton("show", "@latest", "-o", "json"))
        return {f"{task['task_id']} {task['map_index']}": task["outputs"]["answer"] for task in run["task_instances"]
                if task["task_id"] in ("urgent", "routine")}

    def test_the_same_answers_at_less_than_half_the_price_with_the_deadline_kept(self):
        for day in DAYS:
            self.assertEqual(self.run_dag("--interval", day)["deadline"], "success")
        mine = self.answers()
        paid = sum(line["paid"] for day in DAYS for line in self.bill(day).values())
        list_price = sum(line["list"] for day in DAYS for line in self.bill(day).values())
        self.assertLess(paid, list_price / 2)
        self.assertGreater(self.one("SELECT count(*) FROM spend WHERE first > 0"), 0, "no machine was ever taken away")
        second = self.one("SELECT sum(units) FROM spend WHERE day = ?", DAYS[1])
        self.assertLess(second, self.one("SELECT sum(units) FROM spend WHERE day = ?", DAYS[0]))
        self.plant("cost/steps.py", '"own" if job["urgent"] and done else "preemptible"', '"own"')
        self.home = self.folder / "dear"
        self.run_dag("--interval", DAYS[1])
        self.assertEqual(self.answers(), mine)

    def test_a_checkpoint_is_paid_for_once_and_the_bill_adds_up(self):
        self.run_dag("--interval", DAYS[0])
        self.assertEqual(self.one("SELECT sum(units) FROM spend"), 210)
        self.assertEqual(sum(line["paid"] for line in self.bill(DAYS[0]).values()),
                         self.one("SELECT sum(cents) FROM spend"))
        self.assertEqual(sum(line["list"] for line in self.bill(DAYS[0]).values()), 2100)

    def test_baton_itself_bills_the_owner_for_the_time_and_counts_what_was_for_nothing(self):
        self.run_dag("--interval", DAYS[0])
        bill, = json.loads(self.baton("cost", "--by", "owner", "--price", "36", "-o", "json"))["accounts"]
        self.assertEqual((bill["key"], bill["unsuccessful_attempts"]), ("finance", 4))
        self.assertAlmostEqual(bill["cost"], 36 * bill["cpu_seconds"] / 3600)
        self.assertGreater(bill["cpu_seconds"], bill["wasted_cpu_seconds"])
        self.assertGreater(bill["wasted_cpu_seconds"], 0, "machines were taken away: tries that came to nothing")

    def test_what_is_urgent_comes_too_late_without_its_priority(self):
        self.plant("cost.dag.yaml", "    priority: 10           # before all that is routine\n", "    priority: -10\n")
        self.plant("cost.dag.yaml", "    priority: 10\n    pool: machine\n    exec: [python3, -m, cost.steps, deadline]",
                   "    pool: machine\n    exec: [python3, -m, cost.steps, deadline]")
        self.assertEqual(self.run_dag("--interval", DAYS[0], code=1)["deadline"], "failed")
