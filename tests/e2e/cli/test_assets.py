"""Assets: what a task produces starts the DAGs that run on it, once for each event and in their order, over kills too;
people see what waits, tell of events, hold an asset back, and ask where it comes from."""
import datetime
import json
import os
import pathlib
import signal
import unittest

from serving import ServingTest

ME = f"uid:{os.getuid()}"

MAKER = """dag: maker
assets: {orders: {uri: "s3://lake/orders", description: "All orders", fresh_within: 1h}}
tasks:
  load:
    run: 'echo "{\\"rows\\": 3}" > "$BATON_OUTPUT"'
    outputs: {rows: int}
    produces: [orders]
"""
READER = """dag: reader
assets: {orders: "s3://lake/orders", report: "file:///report"}
schedule: {assets: orders}
max_active_runs: 1
tasks:
  read:
    run: 'echo "$BATON_RUN_ID" >> ran; while [ -e hold ]; do sleep 0.05; done'
    consumes: [orders]
    produces: [report]
"""


class Assets(ServingTest):
    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(60)
        (self.folder / ".baton" / "server.json").unlink(missing_ok=True)

    def begin_with(self, **dags):
        for name, text in dags.items():
            self.save(name + ".yaml", text)
        self.serve()
        for name in dags:
            self.until_dag(name)

    def asset(self, name="orders"):
        return self.ask("GET", f"/api/v2/assets/{name}")[1]

    def tell(self, n, name="orders"):
        body = {"asset_id": self.asset(name)["id"], "extra": {"n": n}}
        status, event = self.ask("POST", "/api/v2/assets/events", body)
        self.assertEqual(200, status, event)
        return event

    def consumed(self, dag="reader"):
        """Of each run of the DAG, in the order in which they were made, what its events carry."""
        out = []
        for run in self.runs(dag):
            if run["run_type"] != "asset_triggered":
                continue
            path = f"/api/v2/dags/{dag}/dagRuns/{run['dag_run_id'].replace('+', '%2B')}/upstreamAssetEvents"
            out.append([event["extra"].get("n") for event in self.ask("GET", path)[1]["asset_events"]])
        return out

    def ended(self, dag="reader"):
        return [r["state"] for r in self.runs(dag)]

    def test_an_asset_is_late_by_a_time_of_its_day_in_the_zone_of_its_dag(self):
        said = MAKER.replace("fresh_within: 1h", 'fresh_within: {by: "07:00"}')
        self.begin_with(maker=said.replace("tasks:", 'schedule: {cron: "0 0 1 1 *", timezone: Asia/Tokyo}\ntasks:'))
        self.until(lambda: self.asset().get("fresh_until"), "it is known")
        first = self.asset()
        self.assertEqual("fresh", first["freshness"])
        self.assertTrue(first["fresh_until"].startswith("2") and "T22:00:00" in first["fresh_until"], first)
        self.tell(1)
        told = self.asset()
        day = lambda when: datetime.datetime.fromisoformat(when) + datetime.timedelta(hours=9)
        self.assertEqual(day(told["last_asset_event"]["timestamp"]).date() + datetime.timedelta(days=1),
                         day(told["fresh_until"]).date(), "the day after its event's, in Tokyo")
        self.assertEqual((7, 0), (day(told["fresh_until"]).hour, day(told["fresh_until"]).minute))

    def test_what_a_task_produces_starts_who_runs_on_it_and_is_told_everywhere(self):
        self.begin_with(maker=MAKER, reader=READER)
        self.until(lambda: len(self.asset().get("scheduled_dags", [])) == 1, "who runs on it")
        self.baton("trigger", "maker", "--run-id", "m1", "--wait")
        self.until(lambda: self.ended() == ["success"], "the run of the reader")
        run = self.runs("reader")[0]
        self.assertEqual(("asset_triggered", "asset", None), (run["run_type"], run["triggered_by"], run["logical_date"]))
        self.assertTrue(run["dag_run_id"].startswith("asset_triggered__"), run["dag_run_id"])
        status, events = self.ask("GET", "/api/v2/assets/events?name_pattern=orders")
        self.assertEqual((200, 1), (status, events["total_entries"]))
        event = events["asset_events"][0]
        self.assertEqual(("maker", "m1", "load", -1, {"rows": 3}),
                         tuple(event[k] for k in ("source_dag_id", "source_run_id", "source_task_id", "source_map_index",
                                                  "extra")))
        self.assertEqual([run["dag_run_id"]], [r["run_id"] for r in event["created_dagruns"]])
        orders = self.asset()
        self.assertEqual(orders, self.ask("GET", f"/api/v2/assets/{orders['id']}")[1])
        self.assertEqual(("s3://lake/orders", "fresh", 1), (orders["uri"], orders["freshness"], orders["events"]))
        self.assertEqual([("maker", "load")], [(t["dag_id"], t["task_id"]) for t in orders["producing_tasks"]])
        self.assertEqual([("reader", "read")], [(t["dag_id"], t["task_id"]) for t in orders["consuming_tasks"]])
        self.assertEqual(["reader"], [d["dag_id"] for d in orders["scheduled_dags"]])
        lines = self.baton("asset", "ls").stdout.splitlines()
        self.assertEqual(["ASSET", "orders", "report"], [line.split()[0] for line in lines])
        self.assertIn("All orders", self.baton("asset", "show", "orders").stdout)
        self.assertIn("maker/m1 load", self.baton("asset", "events", "orders").stdout)
        self.assertIn('did you mean "orders"', self.baton("asset", "show", "order", code=3).stderr)
        self.assertEqual([("maker", "produces", "orders"), ("reader", "consumes", "orders"), ("reader", "runs", "on")],
                         [tuple(line.split()[:3]) for line in self.baton("asset", "lineage", "orders").stdout.splitlines()[1:4]])
        impact = self.ask("GET", "/api/v2/impact/orders")[1]
        self.assertEqual(["asset:orders", "dag:reader", "asset:report"], [n["id"] for n in impact["nodes"]])
        trail = self.ask("GET", "/api/v2/auditTrail/report")[1]
        self.assertEqual(run["dag_run_id"], trail["made_by"]["dag_run_id"])
        self.assertEqual(["orders"], [e["name"] for e in trail["made_from"]])
        trail = self.ask("GET", f"/api/v2/auditTrail/{event['id']}")[1]
        self.assertEqual(("maker", "m1"), (trail["made_by"]["dag_id"], trail["made_by"]["dag_run_id"]))
        self.assertEqual([["report"]], [[e["name"] for e in r["produced"]] for r in trail["led_to"]])
        self.assertEqual(404, self.ask("GET", "/api/v2/auditTrail/nobody")[0])
        self.until(lambda: 'baton_asset_last_event_seconds{asset="orders"}' in self.ask("GET", "/metrics")[1], "the metric")

    def test_events_1_to_4_during_a_run_pause_event_5_kill_unpause_each_once_in_order(self):
        self.begin_with(maker=MAKER, reader=READER)
        self.until(lambda: self.asset().get("scheduled_dags"), "who runs on it")
        (self.folder / "dags" / "hold").touch()
        self.tell(0)
        self.until(lambda: self.ended() == ["running"], "the run that lives meanwhile")
        for n in (1, 2):
            self.tell(n)
        self.kill()
        self.serve()
        for n in (3, 4):
            self.tell(n)
        self.until(lambda: self.ended() == ["running", "queued"], "one that waits")
        self.baton("dag", "pause", "reader", "--why", "test")
        self.tell(5)
        self.kill()
        self.serve()
        self.assertEqual([2, 3, 4, 5], [e["asset_event_id"] - 1 for e in self.queued()])
        (self.folder / "dags" / "hold").unlink()
        self.until(lambda: self.ended() == ["success", "queued"], "what ran ends, and nothing begins")
        self.kill()
        self.serve()
        self.baton("dag", "resume", "reader")
        self.until(lambda: self.ended() == ["success"] * 6, "all of them")
        self.assertEqual([[n] for n in range(6)], self.consumed())
        ran = (self.folder / "dags" / "ran").read_text().split()
        self.assertEqual([r["dag_run_id"] for r in self.runs("reader")], ran)
        self.assertEqual([], self.queued())

    def queued(self, dag="reader"):
        return self.ask("GET", f"/api/v2/dags/{dag}/assets/queuedEvents")[1]["queued_events"]

    def test_a_sensor_waits_for_an_asset_over_kills(self):
        waiter = """dag: waiter
assets: {orders: "s3://lake/orders"}
tasks:
  wait: {sensor: {asset: orders}, timeout: 1h}
  after: {needs: wait, run: 'true'}
"""
        self.begin_with(maker=MAKER, waiter=waiter)
        self.tell(0)  # before the run: it is none that the sensor waits for
        for run in ("awake", "asleep"):
            self.baton("trigger", "waiter", "--run-id", run)
            self.until(lambda: self.states(f"waiter/{run}").get("wait") == "up_for_reschedule", "the sensor")
            if run == "asleep":
                self.kill()
                self.serve()
                self.assertEqual("up_for_reschedule", self.states(f"waiter/{run}")["wait"])
                self.assertIn('the asset "orders" has had no event', self.baton("why", f"waiter/{run}", "wait").stdout)
            self.tell(1)
            self.until(lambda: self.states(f"waiter/{run}") == {"wait": "success", "after": "success"}, "its end")

    def test_what_waits_is_shown_skipped_and_held_back(self):
        self.begin_with(maker=MAKER, reader=READER)
        self.until(lambda: self.asset().get("scheduled_dags"), "who runs on it")
        self.baton("dag", "pause", "reader", "--why", "test")
        for n in range(3):
            self.tell(n)
        number = self.asset()["id"]
        self.assertEqual(3, len(self.queued()))
        for path in (f"/api/v2/assets/{number}/queuedEvents", f"/api/v2/dags/reader/assets/{number}/queuedEvents"):
            self.assertEqual(200, self.ask("GET", path)[0], path)
        self.assertEqual(204, self.ask("DELETE", "/api/v2/dags/reader/assets/queuedEvents")[0])
        self.assertEqual([], self.queued())
        self.assertEqual(404, self.ask("GET", f"/api/v2/dags/reader/assets/{number}/queuedEvents")[0])
        self.assertEqual(404, self.ask("DELETE", "/api/v2/dags/maker/assets/queuedEvents")[0])
        self.baton("asset", "quarantine", "orders", "--why", "half of it is missing")
        self.assertEqual("quarantined", self.baton("asset", "ls").stdout.splitlines()[1].split()[1])
        self.baton("dag", "resume", "reader")
        self.tell(3)
        self.kill()
        self.serve()
        self.assertEqual("half of it is missing", self.asset()["quarantine_reason"])
        self.tell(4)
        self.assertEqual(2, len(self.queued()))
        self.assertEqual([], self.runs("reader"))
        self.baton("asset", "release", "orders", "--why", "looked at")
        self.until(lambda: self.ended() == ["success"] * 2, "what waited")
        self.assertEqual([[3], [4]], self.consumed())
        actions = [e["event"] for e in self.ask("GET", "/api/v2/eventLogs?limit=100")[1]["event_logs"]]
        for action in ("create_asset_event", "delete_queued_events", "quarantine_asset", "release_asset"):
            self.assertIn(action, actions)

    def test_an_event_is_told_once_for_its_key_and_refused_for_what_is_not_there(self):
        self.begin_with(maker=MAKER)
        body = {"asset_id": self.asset()["id"], "extra": {"n": 1}}
        twice = [self.ask("POST", "/api/v2/assets/events", body, Idempotency_Key="k1") for _ in range(2)]
        self.assertEqual([200, 200], [status for status, _ in twice])
        self.assertEqual(twice[0][1]["id"], twice[1][1]["id"])
        self.assertEqual(1, self.asset()["events"])
        self.assertEqual(404, self.ask("POST", "/api/v2/assets/events", {"asset_id": 99})[0])
        self.assertEqual(422, self.ask("POST", "/api/v2/assets/events", {"asset_id": 1, "extra": [1]})[0])
        self.assertEqual(422, self.ask("POST", "/api/v2/assets/events", {})[0])
        self.baton("asset", "event", "orders", "--extra", "[1]", code=2)
        told = self.json("asset", "event", "orders", "--extra", '{"n": 2}')
        self.assertEqual(({"n": 2}, ME), (told["extra"], told["actor"]))

    def test_materializing_an_asset_runs_the_dag_that_produces_it(self):
        self.begin_with(maker=MAKER, reader=READER)
        number = self.asset()["id"]
        status, run = self.ask("POST", f"/api/v2/assets/{number}/materialize", {"dag_run_id": "again"})
        self.assertEqual((200, "maker", "again", "manual"), (status, run["dag_id"], run["dag_run_id"], run["run_type"]))
        self.until(lambda: self.asset()["events"] == 1, "its event")
        self.assertEqual(409, self.ask("POST", f"/api/v2/assets/{number}/materialize", {"dag_run_id": "again"})[0])
        self.assertEqual(200, self.ask("POST", f"/api/v2/assets/{number}/materialize")[0])
        self.assertEqual(404, self.ask("POST", "/api/v2/assets/99/materialize", {})[0])

    def test_the_reference_pair_runs_one_after_the_other(self):
        dags = pathlib.Path(__file__).parents[3] / "dags"
        self.begin_with(**{name: (dags / f"{name}.dag.yaml").read_text() for name in ("orders", "report")})
        self.until(lambda: self.asset().get("scheduled_dags"), "who runs on it")
        for rows in (3, 5):
            self.baton("trigger", "orders", "-p", f"rows={rows}", "--wait")
        self.until(lambda: self.ended("report") == ["success"] * 2, "the reports")
        self.assertEqual(2, self.asset("report")["events"])

    def test_what_a_run_without_a_server_produces_is_taken_by_the_next_server(self):
        self.begin_with(maker=MAKER, reader=READER)
        self.until(lambda: self.asset().get("scheduled_dags"), "who runs on it")
        self.kill()
        self.baton("run", "dags/maker.yaml", "-q")
        self.baton("asset", "event", "orders", "--extra", '{"n": 7}')
        self.assertIn("/" , self.baton("asset", "events").stdout)
        self.serve()
        self.until(lambda: self.ended() == ["success"] * 2, "both")
        self.assertEqual([[None], [7]], self.consumed())


if __name__ == "__main__":
    unittest.main()
