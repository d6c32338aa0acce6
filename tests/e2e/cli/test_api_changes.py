"""What a person changes over the API of a `baton server`: runs and task instances cleared, marked, noted; each once, under
its condition, and answered as it is then."""
import unittest

from serving import ServingTest

THREE = """\
dag: three
tasks:
  first: {run: "test ! -e broken"}
  second: {needs: first, run: echo second}
  other: {run: echo other}
"""


class Changes(ServingTest):
    def setUp(self):
        super().setUp()
        self.save("three.yaml", THREE)
        (self.folder / "dags" / "broken").touch()
        self.serve()
        self.until_dag("three")

    def run_one(self, run_id="r", **body):
        status, run = self.ask("POST", "/api/v2/dags/three/dagRuns", {"logical_date": None, "dag_run_id": run_id, **body})
        self.assertEqual(200, status, run)
        self.until(lambda: self.run_of(run_id)["state"] in ("success", "failed"), "the run's end")

    def run_of(self, run_id="r"):
        return self.ask("GET", f"/api/v2/dags/three/dagRuns/{run_id}")[1]

    def tasks(self, run_id="r"):
        found = self.ask("GET", f"/api/v2/dags/three/dagRuns/{run_id}/taskInstances")[1]["task_instances"]
        return {one["task_id"]: one for one in found}

    def clear(self, body, **headers):
        return self.ask("POST", "/api/v2/dags/three/clearTaskInstances", body, **headers)

    def ids(self, answer):
        return sorted(one["task_id"] for one in answer["task_instances"])

    def test_a_clear_is_a_dry_run_until_it_is_told_otherwise(self):
        self.run_one()
        status, answer = self.clear({"dag_run_id": "r"})
        self.assertEqual((200, ["first", "second"], 2), (status, self.ids(answer), answer["total_entries"]))
        self.assertEqual("failed", self.run_of()["state"])
        (self.folder / "dags" / "broken").unlink()
        status, answer = self.clear({"dag_run_id": "r", "dry_run": False, "note": "again"})
        self.assertEqual((200, ["first", "second"]), (status, self.ids(answer)))
        self.until(lambda: self.run_of()["state"] == "success", "the run's success")
        tasks = self.tasks()
        self.assertEqual((2, "again"), (tasks["first"]["try_number"], tasks["first"]["note"]))
        self.assertEqual((1, None), (tasks["other"]["try_number"], tasks["other"]["note"]))

    def test_a_clear_names_tasks_and_dates(self):
        for day in (1, 2, 3):
            self.run_one(f"d{day}", logical_date=f"2026-01-0{day}T00:00:00Z")
        some = {"task_ids": ["other"], "only_failed": False}
        count = lambda **more: self.clear({**some, **more})[1]["total_entries"]
        self.assertEqual(3, count())
        self.assertEqual(2, count(start_date="2026-01-02T00:00:00Z"))
        self.assertEqual(1, count(start_date="2026-01-02T00:00:00Z", end_date="2026-01-02T12:00:00Z"))
        self.assertEqual(2, count(dag_run_id="d2", include_future=True))
        self.assertEqual(3, count(dag_run_id="d2", include_future=True, include_past=True))
        self.assertEqual(404, self.clear({"dag_run_id": "nobody"})[0])
        self.assertEqual(404, self.clear({"dag_run_id": "d1", "task_ids": ["nobody"]})[0])
        self.assertEqual(422, self.clear({"dag_run_id": "d1", "task_ids": [["other"]]})[0])
        self.assertEqual(422, self.clear({"dag_run": "d1"})[0])
        status, answer = self.clear({**some, "dry_run": False}, Idempotency_Key="all")
        self.assertEqual((200, 3), (status, answer["total_entries"]))
        self.until(lambda: all(self.tasks(f"d{d}")["other"]["try_number"] == 2 for d in (1, 2, 3)), "the clear")
        self.assertEqual(3, self.clear({**some, "dry_run": False}, Idempotency_Key="all")[1]["total_entries"])
        self.until(lambda: all(self.run_of(f"d{d}")["state"] == "failed" for d in (1, 2, 3)), "the runs' ends")
        self.assertEqual({2}, {self.tasks(f"d{d}")["other"]["try_number"] for d in (1, 2, 3)}, "once, not twice")

    def test_a_run_is_cleared_whole_alone_or_with_others(self):
        self.run_one("a")
        self.run_one("b")
        clear = lambda body, run="a": self.ask("POST", f"/api/v2/dags/three/dagRuns/{run}/clear", body)
        self.assertEqual(3, clear({})[1]["total_entries"])
        self.assertEqual(2, clear({"only_failed": True})[1]["total_entries"])
        self.assertEqual(404, clear({}, "nobody")[0])
        (self.folder / "dags" / "broken").unlink()
        status, run = clear({"dry_run": False, "note": "whole", "run_on_latest_version": True})
        self.assertEqual((200, "a", "whole"), (status, run["dag_run_id"], run["note"]))
        self.until(lambda: self.run_of("a")["state"] == "success", "the success")
        both = {"dag_runs": [{"dag_run_id": "a"}, {"dag_run_id": "b"}]}
        self.assertEqual(6, self.ask("POST", "/api/v2/dags/three/clearDagRuns", both)[1]["total_entries"])
        status, answer = self.ask("POST", "/api/v2/dags/three/clearDagRuns", {**both, "dry_run": False})
        self.assertEqual((200, {"a", "b"}), (status, {run["dag_run_id"] for run in answer["dag_runs"]}))
        self.until(lambda: self.run_of("b")["state"] == "success", "the success")

    def test_a_run_is_marked_and_noted(self):
        self.run_one()
        patch = lambda body, query="", **headers: self.ask("PATCH", "/api/v2/dags/three/dagRuns/r" + query, body, **headers)
        self.assertEqual((200, "seen"), (lambda s, r: (s, r["note"]))(*patch({"note": "seen"})))
        status, run = patch({"state": "success", "note": "fine"})
        self.assertEqual((200, "success", "fine"), (status, run["state"], run["note"]))
        self.assertEqual("fine", patch({"state": "success", "note": "no"}, "?update_mask=state")[1]["note"])
        self.assertEqual((None, "success"), (lambda r: (r["note"], r["state"]))(patch({"note": None})[1]))
        self.assertEqual(422, patch({"state": "running"})[0])
        self.assertEqual(422, patch({"state": "success"}, "?update_mask=stat")[0])
        self.assertEqual("failed", patch({"state": "failed"})[1]["state"])
        (self.folder / "dags" / "broken").unlink()
        self.assertEqual(200, patch({"state": "queued"})[0])
        self.until(lambda: self.run_of()["state"] == "success", "the success")

    def test_task_instances_are_marked_and_noted(self):
        self.run_one()
        path = "/api/v2/dags/three/dagRuns/r/taskInstances/"
        patch = lambda task, body, **headers: self.ask("PATCH", path + task, body, **headers)
        self.assertEqual(["first"], self.ids(patch("first/dry_run", {"new_state": "success"})[1]))
        self.assertEqual(["first"], self.ids(patch("first", {"note": "by hand"})[1]))
        self.assertEqual(("failed", "by hand"), (lambda t: (t["state"], t["note"]))(self.tasks()["first"]))
        status, answer = patch("first", {"new_state": "success", "note": "done by hand"})
        self.assertEqual((200, ["first"]), (status, self.ids(answer)))
        self.until(lambda: self.run_of()["state"] == "success", "what was left upstream_failed")
        self.assertEqual(("success", "done by hand"), (lambda t: (t["state"], t["note"]))(self.tasks()["first"]))
        self.assertEqual(404, patch("nobody", {"new_state": "success"})[0])
        self.assertEqual(404, patch("first/3", {"new_state": "success"})[0])
        self.assertEqual(422, patch("first", {"new_state": "running"})[0])

    def test_a_condition_that_does_not_hold_changes_nothing(self):
        self.run_one()
        path = "/api/v2/dags/three/dagRuns/r"
        etag = self.etag(path)
        self.assertEqual(200, self.ask("PATCH", path, {"note": "one"}, If_Match=etag)[0])
        self.assertEqual(412, self.ask("PATCH", path, {"note": "two"}, If_Match=etag)[0])
        self.assertEqual(412, self.ask("POST", path + "/clear", {"dry_run": False}, If_Match=etag)[0])
        self.assertEqual(412, self.ask("POST", path + ":retry", {}, If_Match=etag)[0])
        task = path + "/taskInstances/first"
        was = self.etag(task)
        self.assertEqual(200, self.ask("PATCH", task, {"note": "one"}, If_Match=was)[0])
        self.assertEqual(412, self.ask("PATCH", task, {"new_state": "success"}, If_Match=was)[0])
        self.assertEqual(("one", "failed"), (self.run_of()["note"], self.run_of()["state"]))
        self.assertEqual(200, self.ask("PATCH", path, {"note": "three"}, If_Match="*")[0])

    def test_a_repetition_is_answered_before_anything_else_is_looked_at(self):
        body = {"logical_date": None}
        trigger = lambda b, key: self.ask("POST", "/api/v2/dags/three/dagRuns", b, Idempotency_Key=key)
        first = trigger(body, "k")[1]["dag_run_id"]
        self.until(lambda: self.run_of(first)["state"] == "failed", "the run's end")
        self.save("three.yaml", "")  # its file is empty now, and then gone: the DAG takes no runs
        (self.folder / "dags" / "three.yaml").unlink()
        self.until(lambda: self.ask("POST", "/api/v2/dags/three/dagRuns", body)[0] == 409, "the DAG to be stale")
        self.assertEqual((200, first), (lambda s, r: (s, r["dag_run_id"]))(*trigger(body, "k")))
        self.assertEqual(422, trigger({"logical_date": None, "note": "x"}, "k")[0])
        clear = {"dag_run_id": first, "dry_run": False, "task_ids": ["other"], "only_failed": False}
        self.assertEqual(["other"], self.ids(self.clear(clear, Idempotency_Key="c")[1]))
        self.until(lambda: self.tasks(first)["other"]["try_number"] == 2 and self.run_of(first)["state"] == "failed", "it")
        self.assertEqual(["other"], self.ids(self.clear(clear, Idempotency_Key="c")[1]))
        cancel = lambda: self.ask("POST", f"/api/v2/dags/three/dagRuns/{first}:retry", {}, Idempotency_Key="r")
        answers = [cancel(), cancel()]
        self.assertEqual([200, 200], [status for status, _ in answers], answers)
        self.until(lambda: self.run_of(first)["state"] == "failed", "the retry's end")
        self.assertEqual(2, self.tasks(first)["first"]["try_number"], "retried once")
        self.assertEqual(2, self.tasks(first)["other"]["try_number"], "cleared once")

    def test_a_patch_is_carried_out_once_too(self):
        self.run_one()
        run = "/api/v2/dags/three/dagRuns/r"
        other = run + "/taskInstances/other"
        events = lambda name: self.ask("GET", "/api/v2/eventLogs?event=" + name)[1]["total_entries"]
        first = self.ask("PATCH", run, {"note": "seen"}, Idempotency_Key="n")
        self.assertEqual((200, "seen"), (first[0], first[1]["note"]))
        self.assertEqual(200, self.ask("PATCH", run, {"note": "again"})[0])
        status, now = self.ask("PATCH", run, {"note": "seen"}, Idempotency_Key="n")
        self.assertEqual((200, "again"), (status, now["note"]), "it is shown as it is now, and stays so")
        self.assertEqual(2, events("note"))
        self.assertEqual(422, self.ask("PATCH", run, {"note": "other"}, Idempotency_Key="n")[0])
        mark = {"new_state": "failed", "note": "by hand"}
        first = self.ask("PATCH", other, mark, Idempotency_Key="m")
        self.assertEqual((200, ["failed"]), (first[0], [one["state"] for one in first[1]["task_instances"]]))
        self.assertEqual(200, self.ask("PATCH", other, {"new_state": "success"})[0])
        status, now = self.ask("PATCH", other, mark, Idempotency_Key="m")
        self.assertEqual((200, ["success"]), (status, [one["state"] for one in now["task_instances"]]))
        self.assertEqual(1, events("mark_failed"))
        note = {"note": "of one"}
        self.assertEqual(200, self.ask("PATCH", other, note, Idempotency_Key="o")[0])
        status, now = self.ask("PATCH", other, note, Idempotency_Key="o")
        self.assertEqual((200, ["of one"]), (status, [one["note"] for one in now["task_instances"]]))


if __name__ == "__main__":
    unittest.main()
