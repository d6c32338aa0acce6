"""A run is paused and goes on: nothing of it starts meanwhile, over a kill of the server, and a stop lets go of it."""
import unittest

from serving import ServingTest

DAG = """\
dag: etl
tasks:
  a: {run: "until [ -e go ]; do sleep 0.02; done"}
  b: {needs: a, run: "echo b >> ran"}
  open: {setup: true, run: "echo open >> ran"}
  c: {needs: [open, a], run: "echo c >> ran"}
  close: {teardown: open, run: "echo close >> ran"}
"""


class Pause(ServingTest):
    def begin_run(self):
        self.save("etl.yaml", DAG)
        self.serve()
        self.until_dag("etl")
        self.assertEqual(200, self.ask("POST", "/api/v2/dags/etl/dagRuns", {"logical_date": None, "dag_run_id": "r"})[0])
        self.until(lambda: self.states_now().get("open") == "success" and self.states_now().get("a") == "running", "a runs")

    def states_now(self):
        found = self.ask("GET", "/api/v2/dags/etl/dagRuns/r/taskInstances")[1]["task_instances"]
        return {task["task_id"]: task["state"] for task in found}

    def run_now(self):
        return self.ask("GET", "/api/v2/dags/etl/dagRuns/r")[1]

    def change(self, verb, body=None, **headers):
        return self.ask("POST", f"/api/v2/dags/etl/dagRuns/r:{verb}", body or {}, **headers)

    def ran(self):
        return sorted((self.folder / "dags" / "ran").read_text().split())

    def test_nothing_of_a_paused_run_starts_over_a_kill_until_it_goes_on(self):
        self.begin_run()
        status, run = self.change("pause", {"why": "the warehouse moves"})
        self.assertEqual((200, "running", "admin"), (status, run["state"], run["paused_by"]))
        self.assertTrue(run["paused_at"])
        self.write("dags/go", "")
        self.until(lambda: self.states_now()["a"] == "success", "what runs goes on")
        self.until(lambda: self.states_now()["b"] == "scheduled", "b is ready")
        reasons = lambda: self.ask("GET", "/api/v2/dags/etl/dagRuns/r/taskInstances/b/dependencies")[1]["reasons"]
        self.until(lambda: any("paused" in str(reason) for reason in reasons()), "it is told why")
        self.assertIn("paused", self.baton("why", "r", "b").stdout)
        self.process.kill()
        self.process.wait()
        (self.folder / ".baton" / "server.json").unlink()
        self.serve()
        self.assertEqual(run["paused_at"], self.run_now()["paused_at"])
        self.until(lambda: any("paused" in str(reason) for reason in reasons()), "it is so still")
        self.assertEqual(["open"], self.ran())
        self.assertEqual(200, self.change("resume")[0])
        self.until(lambda: self.run_now()["state"] == "success", "the end")
        self.assertEqual(["b", "c", "close", "open"], self.ran())
        self.assertIsNone(self.run_now()["paused_at"])
        events = self.ask("GET", "/api/v2/eventLogs?run_id=r&order_by=-event_log_id")[1]["event_logs"]
        self.assertEqual(["unpause_run", "pause_run"], [e["event"] for e in events if "pause" in e["event"]])

    def test_a_stop_lets_go_of_a_pause(self):
        self.begin_run()
        self.change("pause")
        self.assertEqual(200, self.change("cancel")[0])
        self.until(lambda: self.run_now()["state"] == "failed", "the end")
        self.assertEqual(["close", "open"], self.ran())

    def test_what_was_asked_twice_is_done_once_and_what_has_ended_is_refused(self):
        self.begin_run()
        first = self.change("pause", Idempotency_Key="k")
        self.assertEqual(first, self.change("pause", Idempotency_Key="k"))
        self.assertEqual(200, self.change("pause")[0])
        self.assertEqual(first[1]["paused_at"], self.run_now()["paused_at"])
        events = self.ask("GET", "/api/v2/eventLogs?run_id=r")[1]["event_logs"]
        self.assertEqual(1, sum(e["event"] == "pause_run" for e in events))
        self.assertEqual("", self.baton("unpause", "r").stdout)
        self.write("dags/go", "")
        self.until(lambda: self.run_now()["state"] == "success", "the end")
        self.assertEqual(409, self.change("pause")[0])
        self.assertEqual(404, self.ask("POST", "/api/v2/dags/etl/dagRuns/nobody:pause", {})[0])
        self.baton("pause", "r", code=5)

    def test_one_that_waits_to_begin_is_not_paused_by_itself(self):
        self.save("etl.yaml", DAG + "max_active_runs: 1\n")
        self.serve()
        self.until_dag("etl")
        for run in ("r", "next"):
            self.ask("POST", "/api/v2/dags/etl/dagRuns", {"logical_date": None, "dag_run_id": run})
        status, answer = self.ask("POST", "/api/v2/dags/etl/dagRuns/next:pause", {})
        self.assertEqual(409, status)
        self.assertIn("pause its DAG", answer["detail"])


if __name__ == "__main__":
    unittest.main()
