"""What a server lets go by itself, and when somebody asks for it."""
import os
import signal
import sqlite3
import unittest

from serving import ServingTest

QUICK = "dag: quick\ntasks:\n  a: {run: \"echo here\"}\n"
LONG = "dag: long\ntasks:\n  a: {run: \"while [ ! -e end ]; do sleep 0.05; done\"}\n"
RETENTION = "/api/v2/server/retention"


class Retention(ServingTest):
    def made(self, dag, count):
        names = [f"{dag}{i}" for i in range(count)]
        for name in names:
            self.baton("trigger", dag, "--run-id", name, "--wait")
        return names

    def folders(self, part="logs"):
        return sorted(int(name) for name in os.listdir(self.folder / ".baton" / part))

    def stored(self, sql):
        with sqlite3.connect(f"file:{self.folder}/.baton/baton.db?mode=ro", uri=True) as db:
            return db.execute(sql).fetchone()[0]

    def ended_ago(self, days):
        """Lets all runs that have ended be so much older; nobody holds the folder."""
        with sqlite3.connect(self.folder / ".baton" / "baton.db") as db:
            db.execute("UPDATE dag_run SET ended_at = ended_at - ? WHERE ended_at IS NOT NULL", (days * 86_400_000_000,))

    def end_server(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)

    def jobs(self):
        return self.ask("GET", RETENTION)[1]["jobs"]

    def test_a_server_keeps_what_the_settings_say_and_no_more(self):
        self.save("quick.yaml", QUICK)
        self.save("long.yaml", LONG)
        self.serve()
        self.until_dag("long")
        self.made("quick", 5)
        self.baton("trigger", "long", "--run-id", "lives")
        self.until(lambda: self.runs("long")[0]["state"] == "running", "a run that lives")
        self.write("baton.yaml", "retention: {runs: 2 per dag}\n")
        self.end_server()
        self.serve()
        self.until(lambda: [run["dag_run_id"] for run in self.runs("quick")] == ["quick3", "quick4"], "old runs to go")
        self.until(lambda: self.folders() == [4, 5, 6], "their logs to go")
        self.assertEqual("running", self.runs("long")[0]["state"])
        self.assertEqual("2 per dag", self.ask("GET", RETENTION)[1]["runs"])
        self.until(lambda: self.ask("GET", RETENTION)[1]["removed"]["runs"] == 3, "the pass to be through")
        self.until(lambda: 'baton_retention_removed_total{what="runs"} 3' in self.ask("GET", "/metrics")[1], "metrics")
        prune = [e for e in self.ask("GET", "/api/v2/eventLogs?event=prune")[1]["event_logs"]]
        self.assertEqual([("retention", "quick")], [(e["owner"], e["dag_id"]) for e in prune])
        (self.folder / "dags" / "end").touch()
        (self.folder / "end").touch()
        self.until(lambda: self.runs("long")[0]["state"] == "success", "the live run to end")

    def test_logs_may_go_before_their_runs_and_folders_of_nobody_are_swept(self):
        self.save("quick.yaml", QUICK)
        self.serve()
        self.until_dag("quick")
        self.made("quick", 2)
        self.end_server()
        self.ended_ago(40)
        for part in ("logs", "work", "outputs"):  # a crash between the rows of a run and its folders
            (self.folder / ".baton" / part / "1").mkdir(exist_ok=True)
        with sqlite3.connect(self.folder / ".baton" / "baton.db") as db:
            for table in ("task_instance", "task_try", "dag_run"):
                db.execute(f"DELETE FROM {table} WHERE run_no = 1")
        (self.folder / ".baton" / "logs" / "999").mkdir()
        self.write("baton.yaml", "retention: {logs: 30d}\n")
        self.serve()
        self.until(lambda: self.folders() == [999], "logs past their time, and nobody's, to go")
        self.until(lambda: self.folders("outputs") == [2], "outputs of nobody to go")
        self.assertEqual("success", self.runs("quick")[0]["state"])
        self.assertNotIn("here", str(self.ask("GET", "/api/v2/dags/quick/dagRuns/quick1/taskInstances/a/logs/1")[1]))

    def test_prune_goes_through_the_server(self):
        self.save("quick.yaml", QUICK)
        self.save("long.yaml", LONG)
        self.serve()
        self.until_dag("long")
        self.made("quick", 3)
        self.baton("trigger", "long", "--run-id", "lives")
        self.assertIn("3 runs", self.baton("db", "prune", "--older-than", "0s", "--dry-run").stdout)
        self.assertIn("0 runs", self.baton("db", "prune", "--older-than", "1d").stdout)
        self.assertIn("no DAG", self.baton("db", "prune", "--older-than", "0s", "--dag", "none", code=3).stderr)
        self.assertIn("3 runs", self.baton("db", "prune", "--older-than", "0s", "--dag", "quick").stdout)
        self.assertEqual([], self.runs("quick"))
        self.until(lambda: self.folders() == [4], "their logs to go")
        self.assertEqual(1, len(self.runs("long")))
        self.assertEqual(f"uid:{os.getuid()}", self.jobs()[-1]["actor"])
        self.assertEqual(0, self.stored("SELECT count(*) FROM task_instance WHERE run_no < 4"))
        self.assertEqual(3, self.stored("SELECT count(*) FROM tombstone"))
        (self.folder / "dags" / "end").touch()

    def test_a_prune_says_what_it_cannot_read(self):
        self.serve()
        status, answer = self.ask("POST", "/api/v2/server/prune", {"older_than": "soon"})
        self.assertEqual(422, status, answer)
        self.assertEqual(422, self.ask("POST", "/api/v2/server/prune", {})[0])
        self.assertEqual(404, self.ask("POST", "/api/v2/server/prune", {"older_than": "1d", "dag_id": "none"})[0])

    def test_a_deleted_runs_logs_go_at_once(self):
        self.save("quick.yaml", QUICK)
        self.serve()
        self.until_dag("quick")
        self.made("quick", 2)
        self.assertEqual(204, self.ask("DELETE", "/api/v2/dags/quick/dagRuns/quick0")[0])
        self.until(lambda: self.folders() == [2], "its logs to go")


if __name__ == "__main__":
    unittest.main()
