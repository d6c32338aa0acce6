"""Runs changed by filter, as jobs; runs deleted with the job that clears the disk behind them."""
import unittest
import urllib.request

from serving import ServingTest
from support import WAIT_SECONDS

FLOW = """\
dag: flow
params: {ok: {type: string, default: "no"}}
max_active_runs: 50
tasks:
  a: {run: 'test -e ../ok || test "$BATON_PARAM_OK" = yes'}
"""
WIDE = """\
dag: wide
tasks:
  each: {matrix: {x: %s, y: %s}, noop: true}
""" % (list(range(60)), list(range(50)))
BULK = "/api/v2/dags/flow/dagRuns:bulk"


class BulkRuns(ServingTest):
    def start(self, runs, dag="flow", text=FLOW, **more):
        self.save(dag + ".yaml", text)
        self.serve()
        self.until_dag(dag)
        for k in range(runs):
            body = {"logical_date": None, "dag_run_id": f"r{k:03}", **more}
            self.assertEqual(200, self.ask("POST", f"/api/v2/dags/{dag}/dagRuns", body)[0])

    def total(self, query=""):
        return self.ask("GET", "/api/v2/dags/flow/dagRuns?limit=1" + query)[1]["total_entries"]

    def until_all(self, count, state):
        self.until(lambda: self.total("&state=" + state) == count, f"{count} runs are {state}")

    def job(self, body, status=202, **more):
        code, job = self.ask("POST", BULK, body, **more)
        self.assertEqual(status, code, job)
        return job

    def until_through(self, job):
        def ended():
            seen = self.ask("GET", f"/api/v2/bulkJobs/{job['id']}")[1]
            return seen if seen["ended_at"] else None

        self.until(ended, "the job is through")
        return ended()

    def again(self):
        self.process.kill()
        self.process.wait()
        (self.folder / ".baton" / "server.json").unlink(missing_ok=True)
        self.serve()

    def test_a_dry_run_lists_and_changes_nothing(self):
        self.start(3)
        self.until_all(3, "failed")
        code, found = self.ask("POST", BULK, {"action": "delete", "dry_run": True, "filter": {"states": ["failed"]}})
        self.assertEqual((200, 3, ["r000", "r001", "r002"]),
                         (code, found["total_entries"], [run["dag_run_id"] for run in found["dag_runs"]]))
        self.assertEqual(3, self.total())
        self.assertEqual([], self.ask("GET", "/api/v2/bulkJobs")[1]["bulk_jobs"])

    def test_what_failed_is_cleared_and_then_deleted_over_kills(self):
        self.start(30)
        self.until_all(30, "failed")
        self.write("ok", "")
        job = self.job({"action": "clear", "filter": {"states": ["failed"]}, "rate": "40/s", "note": "the disk is back"})
        self.assertEqual(("clear_runs", 30), (job["kind"], job["total"]))
        self.again()
        through = self.until_through(job)
        self.assertEqual(("completed", 30, 0), (through["state"], through["done"], through["failed"]))
        self.until_all(30, "success")
        tries = self.ask("GET", "/api/v2/dags/flow/dagRuns/~/taskInstances?limit=100")[1]["task_instances"]
        for one in tries:  # a launch that the kill has cut off is lost, and tried again
            task = f"/api/v2/dags/flow/dagRuns/{one['dag_run_id']}/taskInstances/{one['task_id']}/tries"
            reasons = [each["state_reason"] for each in self.ask("GET", task)[1]["task_instances"]]
            self.assertEqual(2, len(reasons) - reasons.count("lost"), ("each was cleared once", one["try_number"], reasons))
        job = self.job({"action": "delete", "filter": {"labels": []}})
        self.again()
        through = self.until_through(job)
        self.assertEqual(("completed", 30), (through["state"], through["done"]))
        self.assertEqual(0, self.total())
        self.assertEqual(0, self.ask("GET", "/api/v2/dags/~/dagRuns/~/taskInstances")[1]["total_entries"])
        self.until(lambda: not any((self.folder / ".baton" / "logs").iterdir()), "their logs have gone")

    def test_runs_are_cancelled_marked_and_chosen_by_label(self):
        self.save("slow.yaml", "dag: slow\nmax_active_runs: 2\ntasks: {a: {run: 'sleep 600'}}\n")
        self.start(2)
        self.until_all(2, "failed")
        for k in range(4):
            body = {"logical_date": None, "dag_run_id": f"s{k}", "labels": {"lot": str(k % 2)}}
            self.assertEqual(200, self.ask("POST", "/api/v2/dags/slow/dagRuns", body)[0])
        code, job = self.ask("POST", "/api/v2/dags/~/dagRuns:bulk",
                             {"action": "cancel", "filter": {"dag_ids": ["slow"], "labels": ["lot=1"]}})
        self.assertEqual((202, 2), (code, job["total"]))
        self.until_through(job)
        state = lambda run: self.ask("GET", f"/api/v2/dags/slow/dagRuns/{run}")[1]["state"]
        self.until(lambda: (state("s1"), state("s3")) == ("failed", "failed"), "both have ended")
        self.assertNotIn("failed", (state("s0"), state("s2")))
        self.until_through(self.job({"action": "mark_success", "filter": {"states": ["failed"]}}))
        self.until_all(2, "success")
        self.ask("POST", "/api/v2/dags/~/dagRuns:bulk", {"action": "cancel"})

    def test_one_key_is_one_job_and_what_does_not_fit_is_refused(self):
        self.start(1)
        self.until_all(1, "failed")
        first = self.job({"action": "retry"}, Idempotency_Key="one")
        self.assertEqual(first["id"], self.job({"action": "retry"}, Idempotency_Key="one")["id"])
        self.assertEqual(1, len(self.ask("GET", "/api/v2/bulkJobs")[1]["bulk_jobs"]))
        self.until_through(first)
        self.until(lambda: self.ask("GET", "/api/v2/dags/flow/dagRuns/r000")[1]["state"] == "failed", "it failed again")
        for body in ({}, {"action": "burn"}, {"action": "delete", "filter": {"states": ["running"]}},
                     {"action": "cancel", "filter": {"states": ["success"]}}, {"action": "clear", "rate": "much"},
                     {"action": "clear", "filter": {"dag_ids": ["other"]}}, {"action": "clear", "filter": {"colour": "red"}}):
            self.assertEqual(422, self.ask("POST", BULK, body)[0], body)
        self.assertEqual(404, self.ask("POST", BULK.replace("flow", "none"), {"action": "clear"})[0])

    def test_the_command_asks_the_server_and_waits(self):
        self.start(4)
        self.until_all(4, "failed")
        done = self.baton("bulk", "clear", "--dag", "flow", "--status", "failed", "--dry-run")
        self.assertIn("flow/r003", done.stdout)
        self.assertIn("4 runs would be meant", done.stderr)
        self.assertIn("--all", self.baton("bulk", "clear", code=2).stderr)
        self.assertIn("mark_failed", self.baton("bulk", "burn", "--all", code=2).stderr)
        self.write("ok", "")
        done = self.baton("bulk", "clear", "--status", "failed", "--since", "1h", "--rate", "100/s", "--why", "it is back", "--wait")
        self.assertIn("completed: 4 of 4", done.stdout)
        self.until_all(4, "success")
        self.assertIn("clear_runs", self.baton("jobs", "ls").stdout)
        self.assertIn("completed: 4 of 4", self.baton("bulk", "delete", "--id", "r00", "--wait").stdout)
        self.assertEqual(0, self.total())

    def test_scenario_18_a_run_of_thousands_is_gone_at_once_and_nobody_waits(self):
        self.start(1, "wide", WIDE)
        path = "/api/v2/dags/wide/dagRuns/r000"
        self.until(lambda: self.ask("GET", path)[1]["state"] == "success", "the wide run has ended")
        self.assertEqual(3000, self.ask("GET", path + "/taskInstances?limit=1")[1]["total_entries"])
        request = urllib.request.Request(self.url + path, method="DELETE", headers={"Authorization": "Bearer " + self.token})
        with urllib.request.urlopen(request, timeout=WAIT_SECONDS) as answer:
            self.assertEqual(204, answer.status)
            number = answer.headers["Baton-Job-Id"]
            self.assertEqual("/api/v2/bulkJobs/" + number, answer.headers["Location"])
        self.assertEqual(404, self.ask("GET", path)[0])
        self.assertEqual(0, self.ask("GET", "/api/v2/dags/~/dagRuns/~/taskInstances")[1]["total_entries"])
        again = {"logical_date": None, "dag_run_id": "r000"}
        self.assertEqual(200, self.ask("POST", "/api/v2/dags/wide/dagRuns", again)[0], "its id is free")
        self.again()
        through = self.until_through({"id": number})
        self.assertEqual(("delete_run", "completed", 3000), tuple(through[k] for k in ("kind", "state", "done")))
        self.assertEqual(409, self.ask("POST", f"/api/v2/bulkJobs/{number}:cancel")[0])
        self.until(lambda: self.ask("GET", path)[1]["state"] == "success", "the new one is whole")
        self.assertEqual(3000, self.ask("GET", path + "/taskInstances?limit=1")[1]["total_entries"])


if __name__ == "__main__":
    unittest.main()
