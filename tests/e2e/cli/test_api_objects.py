"""What a `baton server` shows and keeps beside runs: DAGs with all that they say of themselves, Home, pools, variables,
outputs, filters in bodies, waits, deletions."""
import json
import unittest
import urllib.request

from serving import ServingTest
from support import WAIT_SECONDS

FLIGHTS = """\
dag: flights
description: All flights of a day.
doc: "# Flights"
owner: air
tags: [air, daily]
schedule: {cron: "30 2 * * *", timezone: Europe/Berlin, start: 2020-01-01, catchup: none}
timeout: 2h
max_active_runs: 3
pools: {gate: 2}
params: {n: {type: integer, default: 1, description: how many}}
tasks:
  fetch:
    run: 'echo "{\\"rows\\": 42}" > "$BATON_OUTPUT"'
    outputs: {rows: int}
    pool: gate
    retries: 2
  load: {needs: fetch, run: echo load, timeout: 90s}
"""
FAILS = "dag: fails\ntasks:\n  t: {run: \"echo on the way; exit 3\"}\n"
SLOW = "dag: slow\ntasks:\n  t: {run: \"while [ ! -e go ]; do sleep 0.1; done\"}\n"

GATED = """\
dag: gated
pools: {door: 2}
tasks:
  a: {run: "while [ ! -e go ]; do sleep 0.1; done", pool: door}
  b: {run: "while [ ! -e go ]; do sleep 0.1; done", pool: door}
"""


class Objects(ServingTest):
    def setUp(self):
        super().setUp()
        for name, text in (("flights", FLIGHTS), ("fails", FAILS), ("slow", SLOW)):
            self.save(name + ".yaml", text)
        self.serve()
        for name in ("flights", "fails", "slow"):
            self.until_dag(name)

    def get(self, path):
        status, answer = self.ask("GET", path)
        self.assertEqual(200, status, (path, answer))
        return answer

    def trigger(self, dag, run_id, state="success"):
        body = {"logical_date": None, "dag_run_id": run_id}
        self.assertEqual(200, self.ask("POST", f"/api/v2/dags/{dag}/dagRuns", body)[0])
        if state:
            self.until(lambda: self.get(f"/api/v2/dags/{dag}/dagRuns/{run_id}")["state"] == state, "the run's end")

    def test_a_dag_says_of_itself_what_its_file_says(self):
        dag = self.get("/api/v2/dags/flights")
        self.assertEqual(("All flights of a day.", ["air"], "30 2 * * *", 3),
                         (dag["description"], dag["owners"], dag["timetable_summary"], dag["max_active_runs"]))
        self.assertEqual(["air", "daily"], sorted(tag["name"] for tag in dag["tags"]))
        self.assertEqual(dag["next_dagrun_run_after"], dag["next_dagrun_data_interval_end"])
        self.assertLess(dag["next_dagrun_logical_date"], dag["next_dagrun_run_after"])
        self.assertEqual(None, self.get("/api/v2/dags/fails")["next_dagrun_run_after"])
        details = self.get("/api/v2/dags/flights/details")
        self.assertEqual(("# Flights", "PT7200S", "Europe/Berlin", False),
                         (details["doc_md"], details["dag_run_timeout"], details["timezone"], details["catchup"]))
        self.assertEqual((1, "how many"), (details["params"]["n"]["value"], details["params"]["n"]["description"]))
        self.assertEqual(1, details["latest_dag_version"]["version_number"])
        self.assertEqual(404, self.ask("GET", "/api/v2/dags/nobody/details")[0])

    def test_tasks_of_a_dag(self):
        tasks = self.get("/api/v2/dags/flights/tasks")
        self.assertEqual(["fetch", "load"], [task["task_id"] for task in tasks["tasks"]])
        fetch = self.get("/api/v2/dags/flights/tasks/fetch")
        self.assertEqual((["load"], "gate", 2), (fetch["downstream_task_ids"], fetch["pool"], fetch["retries"]))
        load = self.get("/api/v2/dags/flights/tasks/load")
        self.assertEqual(90, load["execution_timeout"]["seconds"])
        self.assertEqual(404, self.ask("GET", "/api/v2/dags/flights/tasks/nobody")[0])

    def test_pausing_many(self):
        paused = self.ask("PATCH", "/api/v2/dags?dag_id_pattern=f", {"is_paused": True})[1]
        self.assertEqual({"fails": True, "flights": True}, {d["dag_id"]: d["is_paused"] for d in paused["dags"]})
        self.assertFalse(self.get("/api/v2/dags/slow")["is_paused"])

    def test_home_and_who_works(self):
        self.trigger("fails", "bad", "failed")
        self.trigger("flights", "fine")
        self.trigger("slow", "now", None)
        self.until(lambda: self.get("/api/v2/home")["running"], "the run")
        home = self.get("/api/v2/home")
        self.assertEqual((None, "healthy"), (home["frozen"], home["health"]["scheduler"]))
        self.assertEqual((3, 0, 1, 1), tuple(home["counts"][k] for k in ("dags", "paused", "running_runs", "failed_runs_24h")))
        self.assertEqual(("bad", "t", 1), tuple(home["failed"][0][k] for k in ("dag_run_id", "task_id", "try_number")))
        self.assertIn("on the way", home["failed"][0]["tail"])
        self.assertEqual((0, 1), (home["running"][0]["tasks_done"], home["running"][0]["tasks_total"]))
        self.assertEqual(["flights"], sorted({one["dag_id"] for one in home["next"]}))
        self.until(lambda: "gate" in [pool["name"] for pool in self.get("/api/v2/home")["pools"]], "the DAG's pool")
        self.until(lambda: self.get("/api/v2/workers")["workers"], "the worker")
        self.assertEqual("ready", self.get("/api/v2/workers")["workers"][0]["state"])
        self.assertEqual("SchedulerJob", self.get("/api/v2/jobs")["jobs"][0]["job_type"])
        (self.folder / "dags" / "go").touch()

    def test_pools(self):
        make = lambda name, slots, **headers: self.ask("POST", "/api/v2/pools", {"name": name, "slots": slots}, **headers)
        self.assertEqual((201, 2), (lambda s, p: (s, p["slots"]))(*make("port", 2, Idempotency_Key="k")))
        self.assertEqual((201, 2), (lambda s, p: (s, p["slots"]))(*make("port", 2, Idempotency_Key="k")))
        self.assertEqual(409, make("port", 3)[0])
        self.assertEqual(400, make("", 3)[0])
        self.assertEqual(5, self.ask("PATCH", "/api/v2/pools/port", {"slots": 5})[1]["slots"])
        etag = self.etag("/api/v2/pools/port")
        self.assertEqual(200, self.ask("PATCH", "/api/v2/pools/port", {"slots": 6}, If_Match=etag)[0])
        self.assertEqual(412, self.ask("PATCH", "/api/v2/pools/port", {"slots": 7}, If_Match=etag)[0])
        self.assertEqual(400, self.ask("DELETE", "/api/v2/pools/default_pool")[0])
        self.assertEqual(204, self.ask("DELETE", "/api/v2/pools/port")[0])
        self.assertEqual(404, self.ask("GET", "/api/v2/pools/port")[0])
        actions = [{"action": "create", "entities": [{"name": "a", "slots": 1}, {"name": "b", "slots": 2}]},
                   {"action": "delete", "entities": ["nobody"]}]
        status, answer = self.ask("PATCH", "/api/v2/pools", {"actions": actions})
        self.assertEqual((200, ["a", "b"], 404),
                         (status, sorted(answer["create"]["success"]), answer["delete"]["errors"][0]["status_code"]))
        self.assertIn("default_pool", [pool["name"] for pool in self.get("/api/v2/pools")["pools"]])

    def test_a_pool_that_a_person_has_set_goes_before_that_of_the_dag(self):
        self.save("gated.yaml", GATED)
        self.until_dag("gated")
        self.assertEqual(201, self.ask("POST", "/api/v2/pools", {"name": "door", "slots": 1})[0])
        self.trigger("gated", "r", None)
        states = lambda: sorted(one["state"] or "" for one in
                                self.get("/api/v2/dags/gated/dagRuns/r/taskInstances")["task_instances"])
        self.until(lambda: states() == ["running", "scheduled"], "one of them to wait")
        self.assertEqual(200, self.ask("PATCH", "/api/v2/pools/door", {"slots": 2})[0])
        self.until(lambda: states() == ["running", "running"], "both")
        (self.folder / "dags" / "go").touch()

    def test_variables(self):
        make = lambda key, value: self.ask("POST", "/api/v2/variables", {"key": key, "value": value})
        self.assertEqual((201, "monday"), (lambda s, v: (s, v["value"]))(*make("day", "monday")))
        self.assertEqual(409, make("day", "monday")[0])
        self.assertEqual('{"a":1}', make("map", {"a": 1})[1]["value"])
        self.assertEqual("tuesday", self.ask("PATCH", "/api/v2/variables/day", {"key": "day", "value": "tuesday"})[1]["value"])
        self.assertEqual(2, self.get("/api/v2/variables")["total_entries"])
        self.assertEqual(204, self.ask("DELETE", "/api/v2/variables/day")[0])
        self.assertEqual(404, self.ask("GET", "/api/v2/variables/day")[0])
        self.assertNotIn("tuesday", json.dumps(self.get("/api/v2/eventLogs?limit=100")), "a value is in no log")

    def test_outputs_are_entries(self):
        self.trigger("flights", "r")
        task = "/api/v2/dags/flights/dagRuns/r/taskInstances/fetch"
        self.assertEqual(["rows"], [entry["key"] for entry in self.get(task + "/xcomEntries")["xcom_entries"]])
        self.assertEqual(42, self.get(task + "/xcomEntries/rows")["value"])
        self.assertEqual("42", self.get(task + "/xcomEntries/rows?stringify=true")["value"])
        self.assertEqual(404, self.ask("GET", task + "/xcomEntries/nobody")[0])
        self.assertEqual(0, self.get(task.replace("fetch", "nobody") + "/xcomEntries")["total_entries"])
        self.assertIn("/logs/1", self.get(task + "/externalLogUrl/1")["url"])
        self.assertEqual({}, self.get(task + "/links")["extra_links"])

    def test_filters_in_bodies(self):
        self.trigger("fails", "one", "failed")
        self.trigger("fails", "two", "failed")
        runs = self.ask("POST", "/api/v2/dags/~/dagRuns/list", {"dag_ids": ["fails"], "order_by": "-dag_run_id"})[1]
        self.assertEqual(["two", "one"], [run["dag_run_id"] for run in runs["dag_runs"]])
        found = self.ask("POST", "/api/v2/dags/~/dagRuns/~/taskInstances/list", {"dag_run_ids": ["two"], "state": ["failed"]})[1]
        self.assertEqual(1, found["total_entries"])
        self.assertEqual(400, self.ask("POST", "/api/v2/dags/~/dagRuns/list", {"order_by": "nonsense"})[0])

    def test_a_wait_ends_with_the_run(self):
        self.trigger("slow", "r", None)
        request = urllib.request.Request(self.url + "/api/v2/dags/slow/dagRuns/r/wait?interval=0.1")
        request.add_header("Authorization", "Bearer " + self.token)
        with urllib.request.urlopen(request, timeout=WAIT_SECONDS) as lines:
            first = json.loads(lines.readline())
            self.assertIn(first["state"], ("queued", "running"))
            (self.folder / "dags" / "go").touch()
            self.assertEqual("success", [json.loads(line) for line in lines][-1]["state"])

    def test_a_run_that_has_ended_is_deleted(self):
        self.trigger("slow", "r", None)
        path = "/api/v2/dags/slow/dagRuns/r"
        self.assertEqual(409, self.ask("DELETE", path)[0])
        (self.folder / "dags" / "go").touch()
        self.until(lambda: self.get(path)["state"] == "success", "the run's end")
        self.assertEqual(204, self.ask("DELETE", path)[0])
        self.assertEqual(404, self.ask("GET", path)[0])
        self.assertEqual(404, self.ask("DELETE", path)[0])
        self.assertEqual(404, self.ask("POST", path + "/clear", {"dry_run": False})[0])
        self.trigger("slow", "r")
        self.assertEqual("delete", [e["event"] for e in self.get("/api/v2/eventLogs?event=delete")["event_logs"]][0])

    def test_the_folder_is_looked_at(self):
        self.assertEqual(201, self.ask("PUT", "/api/v2/parseDagFile/flights.yaml")[0])
        self.assertEqual(0, self.get("/api/v2/dagWarnings")["total_entries"])


if __name__ == "__main__":
    unittest.main()
