"""Runs that wait to begin on a server: for a place, for a pause, for their time; each on the version it was asked with."""
import contextlib
import datetime
import sqlite3
import unittest

from serving import ServingTest

ONE_AT_A_TIME = """\
dag: narrow
max_active_runs: 1
tasks:
  t: {run: "while [ ! -e gate ]; do sleep 0.02; done; echo VERSION", cwd: FOLDER}
"""


class Waiting(ServingTest):
    def narrow(self, version=0):
        return ONE_AT_A_TIME.replace("FOLDER", str(self.folder)).replace("VERSION", f"version {version}")

    def trigger(self, dag, **body):
        status, run = self.ask("POST", f"/api/v2/dags/{dag}/dagRuns", {"logical_date": None, **body})
        self.assertEqual(200, status, run)
        return run

    def run_of(self, dag, run_id):
        return self.ask("GET", f"/api/v2/dags/{dag}/dagRuns/{run_id}")[1]

    def state(self, run_id, dag="narrow"):
        return self.run_of(dag, run_id)["state"]

    def kill_server(self):
        self.process.kill()
        self.process.wait()
        (self.folder / ".baton" / "server.json").unlink()  # it says where nobody answers any more

    def begin_server(self):
        self.save("narrow.yaml", self.narrow())
        self.serve()
        self.until_dag("narrow")

    def test_scenario_14_a_file_saved_ten_times_while_five_runs_wait(self):
        self.begin_server()
        asked = {}
        for number in range(1, 11):
            before = self.ask("GET", "/api/v2/dags/narrow/dagVersions")[1]["total_entries"]
            if number > 1:
                self.save("narrow.yaml", self.narrow(number))
                self.until(lambda: self.ask("GET", "/api/v2/dags/narrow/dagVersions")[1]["total_entries"] > before,
                           "the new version")
            if number % 2 == 0:
                run = self.trigger("narrow", dag_run_id=f"r{number}")
                asked[run["dag_run_id"]] = run["dag_versions"][0]["id"] if run.get("dag_versions") else None
        self.until(lambda: self.state("r2") == "running", "the first run")
        self.assertEqual(["queued"] * 4, [self.state(f"r{n}") for n in (4, 6, 8, 10)])
        self.write("gate", "")
        self.until(lambda: [r["state"] for r in self.runs("narrow")] == ["success"] * 5, "all five runs")
        for run_id, was in asked.items():
            now = self.run_of("narrow", run_id)
            self.assertEqual(was, now["dag_versions"][0]["id"] if now.get("dag_versions") else None)
            log = self.baton("logs", run_id, "t").stdout
            number = int(run_id[1:])
            self.assertIn(f"version {number if number > 1 else 0}", log)

    def test_a_run_of_a_paused_dag_waits_and_a_stop_ends_it(self):
        self.begin_server()
        self.write("gate", "")
        self.ask("PATCH", "/api/v2/dags/narrow", {"is_paused": True})
        self.trigger("narrow", dag_run_id="a")
        self.trigger("narrow", dag_run_id="b")
        self.assertEqual(["queued", "queued"], [self.state("a"), self.state("b")])
        self.assertEqual(200, self.ask("POST", "/api/v2/dags/narrow/dagRuns/b:cancel", {})[0])
        self.until(lambda: self.state("b") == "failed", "the end of what waited")
        self.assertEqual("queued", self.state("a"))
        self.ask("PATCH", "/api/v2/dags/narrow", {"is_paused": False})
        self.until(lambda: self.state("a") == "success", "the run, once the DAG goes on")

    def test_a_stop_of_a_cleared_run_that_waits_ends_it_before_anything_of_it_is_done(self):
        self.begin_server()
        # Nothing of it takes time: it would be through before a stop that came second.
        self.save("short.yaml", "dag: short\nmax_active_runs: 1\nparams: {holds: {type: boolean, default: false}}\ntasks:\n"
                  "  n: {noop: true}\n  t: {run: \"while [ ! -e gate ]; do sleep 0.02; done\", cwd: %s, if: \"${{ params.holds }}\"}\n"
                  % self.folder)
        self.until_dag("short")
        self.trigger("short", dag_run_id="again")
        self.until(lambda: self.state("again", "short") == "success", "the first time")
        self.trigger("short", dag_run_id="holder", conf={"holds": True})
        self.until(lambda: self.state("holder", "short") == "running", "who takes the place")
        status, said = self.ask("POST", "/api/v2/dags/short/clearTaskInstances",
                                {"dag_run_id": "again", "dry_run": False, "only_failed": False})
        self.assertEqual(200, status, said)
        self.until(lambda: self.state("again", "short") == "queued", "the wait")
        self.assertEqual(200, self.ask("POST", "/api/v2/dags/short/dagRuns/again:cancel", {})[0])
        self.until(lambda: self.state("again", "short") not in ("queued", "running"), "the end")
        instances = self.ask("GET", "/api/v2/dags/short/dagRuns/again/taskInstances")[1]["task_instances"]
        self.assertEqual(("failed", {"n": "skipped", "t": "skipped"}),
                         (self.state("again", "short"), {one["task_id"]: one["state"] for one in instances}))

    def test_a_run_of_later_waits_for_its_time_and_over_a_kill(self):
        self.begin_server()
        self.write("gate", "")
        later = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=3)
        self.trigger("narrow", dag_run_id="later", run_after=later.isoformat())
        far = later + datetime.timedelta(days=300)
        self.trigger("narrow", dag_run_id="far", run_after=far.isoformat())
        self.kill_server()
        self.serve()
        self.until(lambda: self.state("later") == "success", "the run, once its time has come")
        run = self.run_of("narrow", "later")
        self.assertGreaterEqual(datetime.datetime.fromisoformat(run["start_date"].replace("Z", "+00:00")), later)
        self.assertEqual("queued", self.state("far"))

    def test_a_hundred_runs_wait_for_one_place_and_each_runs_once(self):
        self.begin_server()
        for number in range(100):
            self.trigger("narrow", dag_run_id=f"n{number}")
        states = [run["state"] for run in self.runs("narrow")]
        self.assertEqual((1, 99), (states.count("running"), states.count("queued")))
        self.kill_server()
        self.write("gate", "")
        self.serve()
        self.until(lambda: {run["state"] for run in self.runs("narrow")} == {"success"}, "all of them")

    def why(self, run_id, dag="narrow"):
        """(kind, text, holders) of the first reason, which the command and the API agree on."""
        status, told = self.ask("GET", f"/api/v2/dags/{dag}/dagRuns/{run_id}/why")
        self.assertEqual(200, status, told)
        reason = told["reasons"][0]
        said = self.json("why", f"{dag}/{run_id}")["reasons"][0]
        # What is told of the time that is left may differ.
        self.assertEqual((reason["kind"], reason["holders"]), (said["reason"], said["holders"]))
        return reason["kind"], reason["text"], reason["holders"]

    def test_why_of_a_run_names_who_holds_its_place(self):
        self.begin_server()
        self.trigger("narrow", dag_run_id="first")
        self.until(lambda: self.state("first") == "running", "the first run")
        self.trigger("narrow", dag_run_id="second")
        kind, text, holders = self.why("second")
        self.assertEqual(("limit", ["first"]), (kind, holders))
        self.assertIn("which is 1 (max_active_runs): first", text)
        self.assertIn(text, self.baton("why", "second").stdout)
        self.assertIn(text, self.baton("why", "second", "t").stdout)
        self.assertIn(text, self.baton("show", "second").stdout)
        self.assertEqual([], self.ask("GET", "/api/v2/dags/narrow/dagRuns/first/why")[1]["reasons"])
        self.assertIn("name a TASK", self.baton("why", "first", code=2).stderr)

    def test_why_of_a_run_tells_of_a_pause_a_freeze_and_its_time(self):
        self.begin_server()
        later = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=3)
        self.trigger("narrow", dag_run_id="later", run_after=later.isoformat())
        self.assertEqual("run_after", self.why("later")[0])
        self.assertIn("in 2d23h", self.why("later")[1])
        self.ask("PATCH", "/api/v2/dags/narrow", {"is_paused": True})
        self.trigger("narrow", dag_run_id="held")
        self.assertEqual("paused", self.why("held")[0])
        self.assertIn("baton dag resume narrow", self.baton("why", "held").stdout)
        self.baton("server", "freeze", "--why", "the disk is changed")
        self.assertEqual("frozen", self.why("held")[0])
        self.assertIn("the disk is changed", self.why("held")[1])

    def test_why_of_a_run_without_a_server_tells_what_the_rows_say(self):
        self.begin_server()
        self.trigger("narrow", dag_run_id="first")
        self.until(lambda: self.state("first") == "running", "the first run")
        self.trigger("narrow", dag_run_id="second")
        self.kill_server()
        reasons = self.json("why", "second")["reasons"]
        self.assertEqual(["nobody", "limit"], [reason["reason"] for reason in reasons])
        self.assertEqual(["first"], reasons[1]["holders"])
        self.assertIn("`baton server`", reasons[0]["next"])
        self.write("gate", "")

    def test_why_of_a_run_names_the_earlier_one_that_its_tasks_depend_on(self):
        in_order = ONE_AT_A_TIME.replace("max_active_runs: 1", "max_active_runs: 5").replace("t: {", "t: {depends_on_past: true, ")
        self.save("narrow.yaml", in_order.replace("FOLDER", str(self.folder)))
        self.serve()
        self.until_dag("narrow")
        for day in (1, 2):
            self.trigger("narrow", dag_run_id=f"d{day}", logical_date=f"2026-01-0{day}T00:00:00Z")
        self.assertEqual(("past", ["d1"]), self.why("d2")[::2])
        self.write("gate", "")
        self.until(lambda: self.state("d2") == "success", "the second one")

    def test_scenario_9_a_run_whose_version_is_damaged_fails_aloud_and_holds_nobody_up(self):
        self.begin_server()
        self.trigger("narrow", dag_run_id="first")
        self.until(lambda: self.state("first") == "running", "the first run")
        self.save("narrow.yaml", self.narrow(2))
        self.until(lambda: self.ask("GET", "/api/v2/dags/narrow/dagVersions")[1]["total_entries"] == 2, "version 2")
        self.trigger("narrow", dag_run_id="second")
        self.save("narrow.yaml", self.narrow(3))
        self.until(lambda: self.ask("GET", "/api/v2/dags/narrow/dagVersions")[1]["total_entries"] == 3, "version 3")
        self.trigger("narrow", dag_run_id="third")
        with contextlib.closing(sqlite3.connect(self.folder / ".baton" / "baton.db")) as db, db:
            db.execute("UPDATE dag_version SET canonical_json = '{' WHERE number = 2")
        self.write("gate", "")
        self.until(lambda: self.state("second") == "failed", "the end of the damaged one")
        self.until(lambda: self.state("third") == "success", "the one after it")
        shown = self.json("show", "narrow/second")
        self.assertEqual("spawn", shown["state_reason"])
        self.assertIn("cannot begin", self.ask("GET", "/api/v2/dags/narrow/dagRuns/second/why")[1]["reasons"][0]["text"])


if __name__ == "__main__":
    unittest.main()
