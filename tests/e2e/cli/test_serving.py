"""`baton server`: from a saved file over its ticks to runs, and the API beside it. One process, its sockets, its folder."""
import os
import pathlib
import shutil
import signal
import socket
import unittest

from serving import ServingTest

EVERY_SECOND = """\
dag: ticking
schedule: {every: 1s}
tasks:
  t: {run: echo tick}
"""
ASKED_FOR = """\
dag: asked
params: {n: {type: integer, default: 1}}
tasks:
  t: {run: "echo n=${{ params.n }}"}
"""
LONG = """\
dag: long
tasks:
  t: {run: "echo $$ > pid; sleep 1000"}
"""


class Serving(ServingTest):
    def test_a_saved_file_ticks_and_its_runs_are_seen(self):
        self.serve()
        self.save("ticking.yaml", EVERY_SECOND)
        self.until(lambda: len([r for r in self.until_dag("ticking") or self.runs("ticking")
                                if r["state"] == "success"]) >= 2, "two runs of the schedule")
        first, second = self.runs("ticking")[:2]
        self.assertEqual(("scheduled", "scheduled"), (first["run_type"], second["run_type"]))
        self.assertEqual(first["data_interval_end"], second["data_interval_start"])
        self.assertEqual(len(self.runs("ticking")), len({r["logical_date"] for r in self.runs("ticking")}))

    def test_a_trigger_with_a_key_makes_one_run(self):
        self.save("asked.yaml", ASKED_FOR)
        self.serve()
        self.until_dag("asked")
        body = {"logical_date": None, "conf": {"n": 7}}
        answers = [self.ask("POST", "/api/v2/dags/asked/dagRuns", body, Idempotency_Key="k") for _ in range(3)]
        self.assertEqual([200] * 3, [status for status, _ in answers])
        self.assertEqual(1, len({run["dag_run_id"] for _, run in answers}))
        self.assertEqual({"n": 7}, answers[0][1]["conf"])
        status, _ = self.ask("POST", "/api/v2/dags/asked/dagRuns", {"logical_date": None, "conf": {"n": 8}},
                             Idempotency_Key="k")
        self.assertEqual(422, status)
        self.until(lambda: self.runs("asked")[0]["state"] == "success", "the run's end")
        self.assertEqual(1, len(self.runs("asked")))

    def test_what_cannot_be_is_refused_and_makes_nothing(self):
        self.save("asked.yaml", ASKED_FOR)
        self.serve()
        self.until_dag("asked")
        ask = lambda dag, **body: self.ask("POST", f"/api/v2/dags/{dag}/dagRuns", {"logical_date": None, **body})[0]
        self.assertEqual(404, ask("nobody"))
        self.assertEqual(422, ask("asked", conf={"n": "text"}))
        self.assertEqual(422, ask("asked", unknown=1))
        self.assertEqual(401, self.ask("GET", "/api/v2/dags", token="wrong")[0])
        self.assertEqual(200, ask("asked", dag_run_id="once"))
        self.assertEqual(409, ask("asked", dag_run_id="once"))
        self.assertEqual(["once"], [run["dag_run_id"] for run in self.runs("asked")])

    def test_a_paused_dag_makes_no_runs_and_a_file_that_breaks_keeps_its_dag(self):
        self.save("ticking.yaml", EVERY_SECOND)
        self.serve()
        self.until_dag("ticking")
        status, dag = self.ask("PATCH", "/api/v2/dags/ticking", {"is_paused": True})
        self.assertEqual((200, True), (status, dag["is_paused"]))
        count = len(self.runs("ticking"))
        self.save("ticking.yaml", EVERY_SECOND.replace("tasks", "tusks"))
        self.until(lambda: self.ask("GET", "/api/v2/importErrors")[1]["total_entries"] == 1, "the import error")
        self.assertEqual(200, self.dag("ticking")[0])
        self.assertLessEqual(len(self.runs("ticking")), count + 1)

    def pid_of_task(self):
        return int((self.folder / "dags" / "pid").read_text())

    def kill_a_server_with_a_task(self):
        """The process of a task whose server was killed; it goes on."""
        self.save("long.yaml", LONG)
        self.serve()
        self.until_dag("long")
        self.assertEqual(200, self.ask("POST", "/api/v2/dags/long/dagRuns", {"logical_date": None})[0])
        pid_file = self.folder / "dags" / "pid"
        self.until(lambda: pid_file.exists() and pid_file.read_text().strip(), "the task")
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        return self.pid_of_task()

    def test_tasks_outlive_a_kill_and_the_next_server_has_them(self):
        pid = self.kill_a_server_with_a_task()
        (self.folder / ".baton" / "server.json").unlink()
        self.serve()
        self.assertEqual("running", self.runs("long")[0]["state"])
        os.kill(pid, 0)
        self.assertEqual(pid, self.pid_of_task(), "it was not started again")
        run_id = self.runs("long")[0]["dag_run_id"]
        self.assertEqual(200, self.ask("POST", f"/api/v2/dags/long/dagRuns/{run_id}:cancel", {"why": "enough"})[0])
        self.until(lambda: self.runs("long")[0]["state"] == "failed", "the stop")

    def test_what_nobody_can_find_again_ends(self):
        pid = self.kill_a_server_with_a_task()
        shutil.rmtree(self.folder / ".baton")
        self.until(lambda: not pathlib.Path(f"/proc/{pid}").exists(), "the end of a task whose state folder is gone")

    def test_a_port_that_is_named_and_taken_is_refused_and_what_runs_goes_on(self):
        pid = self.kill_a_server_with_a_task()
        self.addCleanup(lambda: os.killpg(os.getpgid(pid), signal.SIGKILL))
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = str(taken.getsockname()[1])
            refused = self.baton("server", "--listen", "127.0.0.1:" + port, code=5)
        self.assertIn(port, refused.stderr)
        os.kill(pid, 0)


if __name__ == "__main__":
    unittest.main()
