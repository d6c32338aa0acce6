"""Runs that wait to begin on a server: for a place, for a pause, for their time; each on the version it was asked with."""
import datetime
import unittest

import test_serving

ONE_AT_A_TIME = """\
dag: narrow
max_active_runs: 1
tasks:
  t: {run: "while [ ! -e gate ]; do sleep 0.02; done; echo VERSION", cwd: FOLDER}
"""


class Waiting(test_serving.Serving):
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


for _name in [name for name in vars(test_serving.Serving) if name.startswith("test_")]:  # those are the other file's
    setattr(Waiting, _name, None)

if __name__ == "__main__":
    unittest.main()
