"""DELETE of a DAG: its history goes, once its file has gone and nothing of it runs; and bulk changes of runs."""
import os
import signal
import sqlite3
import unittest

from serving import ServingTest

QUICK = "dag: quick\nschedule: \"@yearly\"\ntasks:\n  a: {run: \"echo here\"}\n  b: {run: \"echo there\", needs: a}\n"
LONG = "dag: long\ntasks:\n  a: {run: \"while [ ! -e end ]; do sleep 0.05; done\"}\n"
RUNS = "/api/v2/dags/{}/dagRuns"


class Deleting(ServingTest):
    def made(self, dag, *names):
        for name in names:
            self.baton("trigger", dag, "--run-id", name, "--wait")

    def rows(self, table):
        with sqlite3.connect(f"file:{self.folder}/.baton/baton.db?mode=ro", uri=True) as db:
            only = " WHERE name <> 'dag_settings'" if table == "server_state" else ""  # what files were read with: no DAG's
            return db.execute(f"SELECT count(*) FROM {table}{only}").fetchone()[0]

    def lose(self, name):
        (self.folder / "dags" / name).unlink()

    def delete(self, dag):
        return self.ask("DELETE", f"/api/v2/dags/{dag}")

    def events(self, name):
        return self.ask("GET", f"/api/v2/eventLogs?event={name}")[1]["event_logs"]


class DagDeletion(Deleting):
    def test_the_history_of_a_dag_goes_with_all_its_rows_and_logs(self):
        self.save("quick.yaml", QUICK)
        self.serve()
        self.until_dag("quick")
        self.made("quick", "one", "two")
        self.assertEqual(404, self.delete("none")[0])
        status, answer = self.delete("quick")
        self.assertEqual((409, True), (status, "file" in answer["detail"]), answer)
        self.lose("quick.yaml")
        self.until(lambda: self.dag("quick")[1]["is_stale"], "the DAG to be stale")
        self.assertEqual((204, None), self.delete("quick"))
        self.until(lambda: self.dag("quick")[0] == 404, "the DAG to go")
        for table in ("dag", "dag_run", "task_instance", "task_try", "dag_version", "dag_task", "run_count",
                      "task_duration", "run_date", "tick_record", "server_state"):
            self.assertEqual(0, self.rows(table), table)
        self.until(lambda: os.listdir(self.folder / ".baton" / "logs") == [], "its logs to go")
        self.assertEqual(["quick"], [e["dag_id"] for e in self.events("delete_dag")])
        self.assertEqual(404, self.delete("quick")[0])

    def test_what_has_not_ended_keeps_its_dag(self):
        self.save("long.yaml", LONG)
        self.serve()
        self.until_dag("long")
        self.baton("trigger", "long", "--run-id", "lives")
        self.lose("long.yaml")
        self.until(lambda: self.dag("long")[1]["is_stale"], "the DAG to be stale")
        status, answer = self.delete("long")
        self.assertEqual((409, True), (status, "not ended" in answer["detail"]), answer)
        self.baton("stop", "long/lives")
        self.until(lambda: self.runs("long")[0]["state"] == "failed", "the run to end")
        self.until(lambda: self.delete("long")[0] in (204, 404), "the DAG to be deleted")
        self.until(lambda: self.dag("long")[0] == 404, "the DAG to go")

    def test_a_dag_whose_file_comes_back_begins_anew(self):
        self.save("quick.yaml", QUICK)
        self.serve()
        self.until_dag("quick")
        self.made("quick", "one")
        self.lose("quick.yaml")
        self.until(lambda: self.dag("quick")[1]["is_stale"], "the DAG to be stale")
        self.delete("quick")
        self.until(lambda: self.dag("quick")[0] == 404, "the DAG to go")
        self.save("quick.yaml", QUICK)
        self.until_dag("quick")
        self.assertEqual([], self.runs("quick"))
        self.made("quick", "one")
        self.assertEqual(["success"], [run["state"] for run in self.runs("quick")])

    def test_a_server_that_was_killed_goes_on_with_it(self):
        self.save("quick.yaml", QUICK)
        self.serve()
        self.until_dag("quick")
        self.made("quick", "one")
        self.lose("quick.yaml")
        self.until(lambda: self.dag("quick")[1]["is_stale"], "the DAG to be stale")
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(60)
        with sqlite3.connect(self.folder / ".baton" / "baton.db") as db:  # as begun, and nothing of it done
            db.execute("INSERT INTO server_state (name, seq, since, value, actor) VALUES ('delete_dag/quick', 1, 1, 'begun', 'ada')")
        self.serve()
        self.until(lambda: self.dag("quick")[0] == 404, "the DAG to go")
        self.assertEqual(0, self.rows("server_state"))


class BulkRuns(Deleting):
    def bulk(self, path, *actions):
        status, answer = self.ask("PATCH", path, {"actions": list(actions)})
        self.assertEqual(200, status, answer)
        return answer

    def test_runs_are_changed_and_deleted_each_by_itself(self):
        self.save("quick.yaml", QUICK)
        self.save("long.yaml", LONG)
        self.serve()
        self.until_dag("long")
        self.made("quick", "one", "two", "three")
        self.baton("trigger", "long", "--run-id", "lives")
        answer = self.bulk(
            RUNS.format("~"),
            {"action": "update", "entities": [{"dag_id": "quick", "dag_run_id": "one", "state": "failed", "note": "no"},
                                              {"dag_id": "quick", "dag_run_id": "none", "note": "x"},
                                              {"dag_run_id": "two", "note": "whose?"}]},
            {"action": "delete", "entities": [{"dag_id": "quick", "dag_run_id": "two"},
                                              {"dag_id": "long", "dag_run_id": "lives"}]},
            {"action": "create", "entities": [{"dag_id": "quick", "dag_run_id": "new"}]})
        self.assertEqual(["quick.one"], answer["update"]["success"])
        self.assertEqual([404, 400], [e["status_code"] for e in answer["update"]["errors"]])
        self.assertEqual(["quick.two"], answer["delete"]["success"])
        self.assertEqual([409], [e["status_code"] for e in answer["delete"]["errors"]])
        self.assertEqual([405], [e["status_code"] for e in answer["create"]["errors"]])
        self.assertEqual([("one", "failed", "no"), ("three", "success", None)],
                         [(run["dag_run_id"], run["state"], run["note"]) for run in self.runs("quick")])
        self.until(lambda: "2" not in os.listdir(self.folder / ".baton" / "logs"), "the logs of what was deleted to go")
        answer = self.bulk(RUNS.format("quick"), {"action": "delete", "entities": ["one", "two"],
                                                  "action_on_non_existence": "skip"})
        self.assertEqual({"success": ["quick.one"], "errors": []}, answer["delete"])
        (self.folder / "dags" / "end").touch()

    def test_only_what_the_mask_names_changes(self):
        self.save("quick.yaml", QUICK)
        self.serve()
        self.until_dag("quick")
        self.made("quick", "one")
        self.bulk(RUNS.format("quick"), {"action": "update", "update_mask": ["note"],
                                         "entities": [{"dag_run_id": "one", "state": "failed", "note": "seen"}]})
        self.assertEqual([("success", "seen")], [(run["state"], run["note"]) for run in self.runs("quick")])

    def test_task_instances_are_marked_in_bulk(self):
        self.save("quick.yaml", QUICK)
        self.serve()
        self.until_dag("quick")
        self.made("quick", "one")
        path = RUNS.format("quick") + "/one/taskInstances"
        answer = self.bulk(path, {"action": "update", "entities": [{"task_id": "b", "new_state": "failed", "note": "bad"},
                                                                  {"task_id": "none", "note": "x"}]},
                           {"action": "delete", "entities": ["a"]})
        self.assertEqual(["quick.one.b[-1]"], answer["update"]["success"])
        self.assertEqual([404], [e["status_code"] for e in answer["update"]["errors"]])
        self.assertEqual([405], [e["status_code"] for e in answer["delete"]["errors"]])
        states = {i["task_id"]: (i["state"], i["note"]) for i in self.ask("GET", path)[1]["task_instances"]}
        self.assertEqual({"a": ("success", None), "b": ("failed", "bad")}, states)


if __name__ == "__main__":
    unittest.main()
