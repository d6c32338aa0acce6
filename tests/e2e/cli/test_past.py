"""depends_on_past: a task starts once it is done in the run of the date before."""
import unittest

from serving import ServingTest

DAG = """\
dag: chain
max_active_runs: 4
tasks:
  free: {run: echo free}
  bound:
    run: test -e "$FLAG/$BATON_RUN_ID"
    env: {FLAG: "%s"}
    depends_on_past: true
  after: {run: echo after, needs: bound}
"""

LATER = """\
dag: later
max_active_runs: 4
tasks:
  first: {{run: 'until [ -e "{flags}/first.$BATON_RUN_ID" ]; do sleep 0.02; done'}}
  bound:
    run: 'until [ -e "{flags}/bound.$BATON_RUN_ID" ]; do sleep 0.02; done'
    needs: first
    depends_on_past: true
"""


class Past(ServingTest):
    dag_id = "chain"

    def setUp(self):
        super().setUp()
        self.flags = self.folder / "flags"
        self.flags.mkdir()
        self.save("chain.yaml", DAG % self.flags)
        self.serve()
        self.until_dag("chain")

    def trigger(self, run_id, day, passes):
        if passes:
            (self.flags / run_id).touch()
        self.baton("trigger", self.dag_id, "--run-id", run_id, "--logical-date", f"2026-01-{day:02}")

    def state(self, run_id, task):
        status, one = self.ask("GET", f"/api/v2/dags/{self.dag_id}/dagRuns/{run_id}/taskInstances/{task}")
        return one.get("state") if status == 200 else None

    def until_state(self, run_id, task, *states):
        self.until(lambda: self.state(run_id, task) in states, f"{task} of {run_id} is {states}")

    def run_state(self, run_id):
        return self.ask("GET", f"/api/v2/dags/{self.dag_id}/dagRuns/{run_id}")[1].get("state")

    def test_a_task_waits_for_its_past_until_somebody_mends_it(self):
        self.trigger("one", 1, True)
        self.until(lambda: self.run_state("one") == "success", "the first")
        self.trigger("two", 2, False)
        self.until(lambda: self.run_state("two") == "failed", "the second")
        self.trigger("three", 3, True)
        self.until_state("three", "free", "success")
        self.assertIn(self.state("three", "bound"), (None, "none"))
        self.assertIn("date before", self.baton("why", "three", "bound").stdout)
        # A server that starts anew asks again.
        self.process.kill()
        self.process.wait()
        self.serve()
        self.until(lambda: self.run_state("three") == "running", "the third, again")
        # A person says that it is well: what waited goes on.
        self.baton("mark", "two", "success", "bound")
        self.until(lambda: self.run_state("three") == "success", "the third")

    def test_a_retry_of_the_run_before_lets_it_go_on(self):
        self.trigger("one", 1, False)
        self.until(lambda: self.run_state("one") == "failed", "the first")
        self.trigger("two", 2, True)
        self.until_state("two", "free", "success")
        self.assertIn(self.state("two", "bound"), (None, "none"))
        (self.flags / "one").touch()
        self.baton("retry", "one")
        self.until(lambda: self.run_state("two") == "success", "the second")
        # A run without a date has no past, and one that waits for its past can be stopped.
        (self.flags / "one").unlink()
        self.trigger("three", 3, False)
        self.until(lambda: self.run_state("three") == "failed", "the third")
        self.trigger("four", 4, True)
        self.until_state("four", "free", "success")
        (self.flags / "loose").touch()
        self.baton("trigger", "chain", "--run-id", "loose", "--wait")
        self.baton("stop", "four")
        self.until(lambda: self.run_state("four") == "failed", "the fourth")
        self.assertEqual("skipped", self.state("four", "bound"))

    def test_with_one_run_at_a_time_the_earlier_one_goes_before_the_one_that_waits_for_it(self):
        self.save("chain.yaml", DAG.replace("max_active_runs: 4", "max_active_runs: 1") % self.flags)
        self.until(lambda: self.ask("GET", "/api/v2/dags/chain/dagVersions")[1]["total_entries"] == 2, "version 2")
        self.trigger("one", 1, False)
        self.until(lambda: self.run_state("one") == "failed", "the first")
        self.trigger("two", 2, True)
        self.until_state("two", "free", "success")
        self.trigger("three", 3, True)
        (self.flags / "one").touch()
        self.baton("clear", "one", "bound")
        for run_id in ("one", "two", "three"):
            self.until(lambda run_id=run_id: self.run_state(run_id) == "success", run_id)

    def test_what_is_cleared_of_the_day_before_holds_what_has_not_started(self):
        self.save("later.yaml", LATER.format(flags=self.flags))
        self.until_dag("later")
        for name in ("first.one", "bound.one", "bound.two"):
            (self.flags / name).touch()
        self.dag_id = "later"
        self.trigger("one", 1, True)
        self.until(lambda: self.run_state("one") == "success", "the first")
        (self.flags / "bound.one").unlink()
        self.trigger("two", 2, True)
        self.until_state("two", "first", "running")  # its past is well, and has been seen so
        self.baton("clear", "one", "bound")
        self.until_state("one", "bound", "running")
        (self.flags / "first.two").touch()
        self.until_state("two", "first", "success")
        self.assertIn("date before", self.baton("why", "two", "bound").stdout)
        self.assertIn(self.state("two", "bound"), (None, "none"))
        (self.flags / "bound.one").touch()
        for run_id in ("one", "two"):
            self.until(lambda run_id=run_id: self.run_state(run_id) == "success", run_id)

    def test_a_backfill_from_the_newest_date_on_is_refused(self):
        self.save("chain.yaml", (DAG % self.flags).replace(
            "max_active_runs: 4", 'schedule: {cron: "0 0 * * *", start: 2026-01-01, catchup: none}'))
        wish = {"dag_id": "chain", "from_date": "2026-01-01T00:00:00Z", "to_date": "2026-01-03T00:00:00Z"}
        self.until(lambda: self.ask("POST", "/api/v2/backfills/dry_run", wish)[0] == 200, "its schedule")
        for path in ("/api/v2/backfills/dry_run", "/api/v2/backfills"):
            status, why = self.ask("POST", path, wish | {"run_backwards": True})
            self.assertEqual(422, status, why)
            self.assertIn("depends_on_past", str(why))


if __name__ == "__main__":
    unittest.main()
