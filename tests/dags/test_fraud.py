"""Recall at a fixed precision on days not learned from; payments wait through an outage and are scored once each."""
import json

from pipeline import PipelineTest, days


class Fraud(PipelineTest):
    name = "fraud"

    def day(self, day, *steps, outage="false"):
        return self.steps("fraud.steps", [(day, step) for step in steps], OUTAGE=outage)

    def test_frauds_are_caught_and_most_alerts_are_right(self):
        for day in days("2026-02-01", 5):
            self.day(day, "features", "train", "score", "alert")
        frauds = self.one("SELECT sum(fraud) FROM payment")
        right = self.one("SELECT count(*) FROM alert JOIN payment USING (id) WHERE fraud = 1")
        alerts = self.one("SELECT count(*) FROM alert")
        self.assertLess(frauds / self.one("SELECT count(*) FROM payment"), 0.05)
        self.assertGreater(right / frauds, 0.6, f"{right} of {frauds} frauds")
        self.assertGreater(right / alerts, 0.7, f"{right} of {alerts} alerts")

    def test_what_comes_later_changes_no_feature(self):
        self.day("2026-02-01", "features")
        before = self.rows("SELECT id, features FROM payment WHERE minute < 700 ORDER BY id")
        self.plant("fraud/service.py", "enumerate(sorted(made))]",
                   "enumerate(sorted(p for p in made if p[0] < 700 or p[1] % 2))]")
        self.home = self.folder / "other"
        self.day("2026-02-01", "features")
        self.assertEqual(self.rows("SELECT id, features FROM payment WHERE minute < 700 ORDER BY id"), before)

    def test_an_outage_leaves_payments_waiting_and_the_next_run_scores_each_once(self):
        states = self.run_dag("--interval", "2026-02-02", "-p", "outage=true", code=1)
        self.assertEqual((states["score"], states["alert"], states["measure"]),
                         ("failed", "success", "upstream_failed"))
        scored = self.rows("SELECT * FROM score ORDER BY id")
        waiting = self.one("SELECT count(*) FROM payment") - len(scored)
        self.assertEqual(len(scored), 100)
        self.assertGreater(waiting, 100)
        breaker = json.loads(self.baton("breaker", "show", "scoring", "-o", "json"))
        self.assertEqual("open", breaker["state"])
        self.assertIn("3 failures within 1h", breaker["reason"])
        self.baton("breaker", "reset", "scoring", "--why", "the service is back")
        self.run_dag("--interval", "2026-02-03")
        self.assertEqual(self.one("SELECT count(*) FROM payment"), self.one("SELECT count(*) FROM score"))
        self.assertEqual(self.rows("SELECT * FROM score WHERE id <= ? ORDER BY id", scored[-1][0]), scored)
        self.assertEqual(self.rows("SELECT key FROM answered WHERE asked > 1", name="service.sqlite"), [])
        self.assertEqual(self.one("SELECT count(*) FROM alert"), len(self.rows("SELECT DISTINCT id FROM alert")))

    def test_an_answer_that_was_lost_on_the_way_is_no_second_score(self):
        self.plant("fraud/steps.py", '            db.executemany("INSERT INTO score',
                   '            os._exit(1) if not done else None\n            db.executemany("INSERT INTO score')
        self.run_dag("--interval", "2026-02-02", code=1)
        self.assertEqual(self.one("SELECT count(*) FROM score"), 0)
        self.dags = self.folder / "dags"
        file = self.dags / "fraud" / "steps.py"
        file.write_text(file.read_text().replace("os._exit(1) if not done else None", "pass"))
        self.run_dag("--interval", "2026-02-02")
        theirs = dict(self.rows("SELECT key, score FROM answered", name="service.sqlite"))
        self.assertEqual(dict(self.rows("SELECT id, score FROM score")), theirs)
        self.assertEqual(max(self.rows("SELECT asked FROM answered", name="service.sqlite")), (2,))
