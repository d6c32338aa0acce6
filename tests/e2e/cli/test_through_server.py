"""Commands beside a server: they ask it over control.sock, and nobody types a token."""
import json
import os
import signal
import stat
import subprocess
import unittest

from test_serving import ASKED_FOR, LONG, ServingTest

FAILS_ONCE = """\
dag: fragile
tasks:
  first: {run: "test -e ok"}
  then: {run: "echo done", needs: first}
"""


class ThroughServer(ServingTest):
    def curl(self, *words):
        done = subprocess.run(["curl", "-s", "--unix-socket", str(self.folder / ".baton" / "control.sock"), *words],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(0, done.returncode, done.stderr)
        return done.stdout

    def audit(self, action):
        entries = self.ask("GET", "/api/v2/eventLogs?limit=100")[1]["event_logs"]
        return [entry for entry in entries if entry["event"] == action]

    def until_state(self, dag, state):
        self.until(lambda: self.runs(dag) and self.runs(dag)[-1]["state"] == state, f"a run that is {state}")

    def test_the_socket_is_the_owners_speaks_the_api_and_goes_with_the_server(self):
        self.serve()
        path = self.folder / ".baton" / "control.sock"
        self.assertEqual(0o600, stat.S_IMODE(path.stat().st_mode))
        session = json.loads(self.curl("http://localhost/auth/session"))
        self.assertEqual(("admin", "socket", f"uid:{os.getuid()}"), (session["role"], session["via"], session["name"]))
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        self.assertFalse(path.exists())

    def test_a_long_path_of_the_state_folder_is_no_hindrance(self):
        deep = self.folder / ("d" * 60) / ("e" * 60)
        deep.mkdir(parents=True)
        self.folder = deep
        self.save("asked.yaml", ASKED_FOR)
        self.serve()
        self.until_dag("asked")
        self.assertEqual("success", self.json("trigger", "asked", "--wait")["state"])

    def test_trigger_makes_a_run_with_what_was_typed(self):
        self.save("asked.yaml", ASKED_FOR)
        self.serve()
        self.until_dag("asked")
        run = self.json("trigger", "asked", "-p", "n=7", "--run-id", "mine", "--logical-date", "2026-01-31",
                        "--interval", "2026-01-30/2026-01-31", "--note", "for you")
        self.assertEqual(("mine", {"n": 7}, "for you"), (run["dag_run_id"], run["conf"], run["note"]))
        self.assertEqual(["2026-01-31T00:00:00Z", "2026-01-30T00:00:00Z", "2026-01-31T00:00:00Z"],
                         [run[k] for k in ("logical_date", "data_interval_start", "data_interval_end")])
        self.assertEqual(f"uid:{os.getuid()}", self.audit("trigger")[0]["owner"])
        followed = self.baton("trigger", "asked", "--wait")
        self.assertIn("success", followed.stdout)
        self.assertIn("n=7", self.baton("logs", "asked/mine").stdout)

    def test_a_repeated_trigger_with_its_key_is_the_same_run(self):
        self.save("asked.yaml", ASKED_FOR)
        self.serve()
        self.until_dag("asked")
        runs = {self.json("trigger", "asked", "--idempotency-key", "k")["dag_run_id"] for _ in range(3)}
        self.assertEqual(1, len(runs))
        self.assertEqual(1, len(self.runs("asked")))

    def test_a_trigger_that_cannot_be_says_why(self):
        self.save("asked.yaml", ASKED_FOR)
        self.assertIn("baton server", self.baton("trigger", "asked", code=7).stderr)
        self.serve()
        self.until_dag("asked")
        self.assertIn('"asked"', self.baton("trigger", "aksed", code=3).stderr)
        self.assertIn("n", self.baton("trigger", "asked", "-p", "n=text", code=2).stderr)
        self.baton("trigger", "asked", "--run-id", "once")
        self.assertIn("once", self.baton("trigger", "asked", "--run-id", "once", code=5).stderr)
        self.assertEqual(["once"], [run["dag_run_id"] for run in self.runs("asked")])

    def test_the_exit_code_of_a_followed_run_is_the_runs(self):
        self.save("fragile.yaml", FAILS_ONCE)
        self.serve()
        self.until_dag("fragile")
        self.assertEqual("failed", self.json("trigger", "fragile", "--wait", code=1)["state"])
        self.baton("trigger", "fragile", "--wait", code=1)

    def test_stop_asks_the_server_and_says_who_and_why(self):
        self.save("long.yaml", LONG)
        self.serve()
        self.until_dag("long")
        self.baton("trigger", "long")
        self.until((self.folder / "dags" / "pid").exists, "the task")
        self.assertIn("stopping", self.baton("stop", "@latest", "--why", "enough").stderr)
        self.until_state("long", "failed")
        entry = self.audit("stop")[0]
        self.assertEqual(f"uid:{os.getuid()}", entry["owner"])
        self.assertIn("enough", entry["extra"])
        self.assertIn("has ended already", self.baton("stop", "@latest", code=5).stderr)
        self.baton("stop", "nothing", code=3)

    def test_retry_asks_the_server(self):
        self.save("fragile.yaml", FAILS_ONCE)
        self.serve()
        self.until_dag("fragile")
        self.baton("trigger", "fragile", "--wait", code=1)
        (self.folder / "dags" / "ok").touch()
        self.assertEqual("success", self.json("retry", "@latest", "--wait")["state"])
        self.assertEqual(1, len(self.runs("fragile")))
        self.assertIn("nothing failed", self.baton("retry", "@latest").stderr)

    def test_run_beside_a_server_says_what_to_do_instead(self):
        self.save("asked.yaml", ASKED_FOR)
        self.serve()
        self.until_dag("asked")
        refused = self.baton("run", "dags/asked.yaml", code=5).stderr
        self.assertIn(str(self.process.pid), refused)
        self.assertIn("baton trigger", refused)
        self.assertEqual([], self.runs("asked"))

    def test_a_server_that_was_killed_is_not_asked_any_more(self):
        self.save("long.yaml", LONG)
        self.serve()
        self.until_dag("long")
        self.baton("trigger", "long")
        pid_file = self.folder / "dags" / "pid"
        self.until(lambda: pid_file.exists() and pid_file.read_text().strip(), "the task")
        pid = int(pid_file.read_text())
        self.addCleanup(lambda: os.killpg(os.getpgid(pid), signal.SIGKILL))
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.assertIn("start the server again", self.baton("stop", "@latest", code=5).stderr)

    def test_a_run_is_forgotten_beside_a_server_once_it_has_ended(self):
        self.save("gated.yaml", "dag: gated\ntasks: {a: {run: 'until [ -e open ]; do sleep 0.02; done'}}\n")
        self.serve()
        self.until_dag("gated")
        self.baton("trigger", "gated", "--run-id", "old")
        self.baton("db", "forget", "old", code=5)
        self.write("dags/open", "")
        run = "/api/v2/dags/gated/dagRuns/old"
        self.until(lambda: self.ask("GET", run)[1].get("state") == "success", "its end")
        self.assertIn("forgotten", self.baton("db", "forget", "old").stdout)
        self.assertEqual(404, self.ask("GET", run)[0])
        self.baton("db", "forget", "old", code=3)
        self.assertIn("delete", [one["event"] for one in self.ask("GET", "/api/v2/eventLogs?dag_id=gated")[1]["event_logs"]])


if __name__ == "__main__":
    unittest.main()
