"""Circuit breakers: what names an open one waits and loses no try, in `baton run` and at a server, over kills too;
people see why, trip and reset them, and all of it is audited."""
import json
import os
import signal
import subprocess
import unittest

from serving import ServingTest
from support import BATON

ME = f"uid:{os.getuid()}"

FLAKY = """dag: flaky
breakers:
  warehouse: {failures: 2, window: 10m, cooldown: 1s, count: [exit:75]}
tasks:
  load:
    for_each: {items: [0, 1, 2, 3, 4], max_parallel: 1}
    run: 'if [ -e down ]; then exit 75; fi'
    breaker: warehouse
    retries: {max: 9, delay: 50ms, backoff: constant, jitter: none}
"""
SHARED = "breakers: {api: {consecutive: 1, cooldown: 1h}}\n"
USER = """dag: %s
tasks:
  call: {run: '%s', breaker: api}
"""
PROBES = """dag: probes
breakers: {db: {consecutive: 1, cooldown: 1s}}
tasks:
  first: {run: 'exit 1', breaker: db, allow_failure: true}
  probe: {needs: first, trigger_rule: all_done, run: 'echo $$ > pid; while ! [ -e go ]; do sleep 0.05; done', breaker: db, priority: 9}
  after: {needs: first, trigger_rule: all_done, run: 'touch after', breaker: db}
"""


class OfARun(ServingTest):
    def test_what_waits_burns_no_try_and_goes_on_after_a_probe(self):
        self.write("flaky.yaml", FLAKY)
        (self.folder / "down").touch()
        run = self.begin("run", "flaky.yaml", "-q")
        self.until(lambda: self.moves("warehouse").count("open") >= 2, "a probe that fails")
        self.assertIn("scheduled", self.states().values())
        (self.folder / "down").unlink()
        self.assertEqual(run.wait(60), 0)
        self.assertEqual(self.moves("warehouse")[0], "closed")
        shown = self.json("show", "@latest")
        tries = [i["try_number"] for i in shown["task_instances"]]
        # Two failures opened it; each later one was a probe: the tries beyond the first are as many as failures.
        failures = 2 + self.moves("warehouse").count("open") - 1
        self.assertEqual(sum(tries), len(tries) + failures)

    def moves(self, name):
        """The states it has moved to, newest first; none before there is such a breaker."""
        shown = subprocess.run([BATON, "breaker", "show", name, "-o", "json"], cwd=self.folder,
                               env=self.environment(), capture_output=True, text=True)
        return [event["to"] for event in json.loads(shown.stdout)["history"]] if shown.returncode == 0 else []

    def test_without_a_server_it_is_tripped_and_reset_in_the_folder(self):
        self.write("flaky.yaml", FLAKY)
        self.baton("run", "flaky.yaml", "-q")
        self.assertIn("0 of 2 within 10m", self.baton("breaker", "ls").stdout)
        self.baton("breaker", "trip", "warehouse", code=2)
        self.assertIn("did you mean \"warehouse\"", self.baton("breaker", "trip", "warehose", "--why", "x", code=3).stderr)
        tripped = self.json("breaker", "trip", "warehouse", "--why", "it is moved", "--for", "1h")
        self.assertEqual(("open", "it is moved"), (tripped["state"], tripped["reason"]))
        run = self.begin("run", "flaky.yaml", "-q")
        self.until(lambda: "scheduled" in self.states().values(), "the wait")
        self.until(lambda: "breaker warehouse is open until" in self.baton("why", "@latest", "load[0]").stdout, "the reason")
        beside = self.baton("breaker", "reset", "warehouse", code=5)
        self.assertIn(str(run.pid), beside.stderr)
        run.send_signal(signal.SIGINT)
        self.assertNotEqual(run.wait(60), 0)
        self.assertEqual("closed", self.json("breaker", "reset", "warehouse")["state"])
        self.baton("run", "flaky.yaml", "-q")


class OfAServer(ServingTest):
    def breaker(self, name="api"):
        return self.ask("GET", f"/api/v2/breakers/{name}")[1]

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(60)
        (self.folder / ".baton" / "server.json").unlink(missing_ok=True)

    def instance(self, dag_id, run_id, task="call"):
        return self.ask("GET", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task}")[1]

    def test_one_dag_opens_it_for_another_and_people_see_why_and_reset_it(self):
        self.write("baton.yaml", SHARED)
        self.save("bad.yaml", USER % ("bad", "exit 1"))
        self.save("good.yaml", USER % ("good", "touch called"))
        self.serve()
        self.until_dag("good")
        self.until_dag("bad")
        self.assertEqual("closed", self.breaker()["state"])
        self.baton("trigger", "bad", "--wait", code=1)
        opened = self.breaker()
        self.assertEqual("open", opened["state"])
        self.assertIn("a failure; the last: bad/", opened["reason"])
        self.assertIn("exit code 1", opened["reason"])
        self.baton("trigger", "good", "--run-id", "waits")
        self.until(lambda: self.instance("good", "waits").get("state") == "scheduled", "the wait")
        self.assertEqual(0, self.instance("good", "waits")["try_number"])
        path = "/api/v2/dags/good/dagRuns/waits/taskInstances/call/dependencies"
        self.until(lambda: [r["kind"] for r in self.ask("GET", path)[1]["reasons"]] == ["breaker"], "the reason")
        self.assertIn("breaker api is open until", self.baton("why", "waits", "call").stdout)
        self.until(lambda: 'baton_breaker_state{breaker="api"} 1' in self.ask("GET", "/metrics")[1], "the metric")
        self.assertIn("baton_runs_active 1\n", self.ask("GET", "/metrics")[1])
        self.kill()
        self.serve()
        after = self.breaker()
        self.assertEqual((opened["state"], opened["until"][:18]), (after["state"], after["until"][:18]))
        self.assertEqual("scheduled", self.instance("good", "waits")["state"])
        self.assertEqual(422, self.ask("POST", "/api/v2/breakers/api:trip", {})[0])
        self.assertEqual(404, self.ask("POST", "/api/v2/breakers/nobody:reset", {})[0])
        again = [self.ask("POST", "/api/v2/breakers/api:reset", {"reason": "it is back"}, Idempotency_Key="k1")
                 for _ in range(2)]
        self.assertEqual([200, 200], [status for status, _ in again])
        self.assertEqual("closed", again[1][1]["state"])
        self.until((self.folder / "dags" / "called").exists, "what waited")
        log = self.ask("GET", "/api/v2/eventLogs?limit=100")[1]["event_logs"]
        resets = [entry for entry in log if entry["event"] == "reset_breaker"]
        self.assertEqual(1, len(resets))
        self.assertIn("it is back", resets[0]["extra"])
        listed = self.ask("GET", "/api/v2/breakers?state=closed")[1]
        self.assertEqual(["api"], [one["name"] for one in listed["breakers"]])
        self.assertEqual(0, self.ask("GET", "/api/v2/breakers?state=open")[1]["total_entries"])

    def test_a_probe_lives_through_a_kill_and_keeps_its_permit(self):
        self.save("probes.yaml", PROBES)
        self.serve()
        self.until_dag("probes")
        self.baton("trigger", "probes", "--run-id", "r")
        self.until((self.folder / "dags" / "pid").exists, "the probe")
        self.assertEqual(1, self.breaker("db")["probes_running"])
        self.kill()
        self.serve()
        self.until(lambda: self.instance("probes", "r", "probe").get("state") == "running", "the adoption")
        self.assertEqual(("half_open", 1), (self.breaker("db")["state"], self.breaker("db")["probes_running"]))
        self.assertFalse((self.folder / "dags" / "after").exists())
        (self.folder / "dags" / "go").touch()
        self.until((self.folder / "dags" / "after").exists, "what waited behind the probe")
        self.until(lambda: self.breaker("db")["state"] == "closed", "the end of it")
        self.assertEqual(1, self.instance("probes", "r", "probe")["try_number"])

    def test_a_person_trips_one_for_a_while_from_the_terminal(self):
        self.write("baton.yaml", SHARED)
        self.save("good.yaml", USER % ("good", "touch called"))
        self.serve()
        self.until_dag("good")
        self.assertEqual("open", self.json("breaker", "trip", "api", "--why", "moved", "--for", "1s")["state"])
        self.assertEqual(ME, self.breaker()["actor"])
        self.baton("trigger", "good", "--wait")
        self.assertEqual("closed", self.breaker()["state"])
        self.assertEqual(["closed", "half_open", "open"], [event["to"] for event in self.breaker()["history"]])


if __name__ == "__main__":
    unittest.main()
