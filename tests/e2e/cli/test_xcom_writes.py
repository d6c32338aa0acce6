"""Outputs that people write (Airflow's XCom): put, changed, taken away; what keeps them from it; what follows of it."""
import signal
import subprocess
import unittest

from serving import ServingTest
from support import BATON, WAIT_SECONDS

FLOW = """\
dag: flow
params: {go: {type: string, default: "no"}}
tasks:
  count: {run: 'echo "{\\"rows\\": 1, \\"when\\": \\"2026-01-01T00:00:00Z\\"}" > $BATON_OUTPUT', outputs: {rows: int, when: timestamp}}
  load:
    needs: count
    run: 'test "${{ tasks.count.outputs.rows }}" = 42 && echo "{\\"loaded\\": ${{ tasks.count.outputs.rows }}}" > $BATON_OUTPUT'
"""
RUN = "/api/v2/dags/flow/dagRuns/r"
COUNT = RUN + "/taskInstances/count/xcomEntries"


class OutputsByHand(ServingTest):
    def begin_run(self, dag="flow", text=FLOW, state="failed"):
        self.save(dag + ".yaml", text)
        self.serve()
        self.until_dag(dag)
        self.assertEqual(200, self.ask("POST", f"/api/v2/dags/{dag}/dagRuns", {"logical_date": None, "dag_run_id": "r"})[0])
        if state:
            self.until_run(dag, state)

    def until_run(self, dag, state):
        self.until(lambda: self.ask("GET", f"/api/v2/dags/{dag}/dagRuns/r")[1]["state"] == state, f"the run is {state}")

    def audit(self, action):
        return self.ask("GET", "/api/v2/eventLogs?event=" + action)[1]["event_logs"]

    def test_a_changed_output_is_what_a_cleared_task_is_given(self):
        self.begin_run()
        status, entry = self.ask("PATCH", COUNT + "/rows", {"value": 42})
        self.assertEqual((200, 42, "rows", "count"), (status, entry["value"], entry["key"], entry["task_id"]))
        self.assertEqual(42, self.ask("GET", COUNT + "/rows")[1]["value"])
        self.ask("POST", "/api/v2/dags/flow/clearTaskInstances",
                 {"dag_run_id": "r", "dry_run": False, "task_ids": ["load"], "only_failed": True})
        self.until_run("flow", "success")
        self.assertEqual(42, self.ask("GET", RUN + "/taskInstances/load/xcomEntries/loaded")[1]["value"])
        told = self.audit("set_output")
        self.assertEqual(1, len(told))
        self.assertIn("42", str(told[0]))

    def test_it_outlives_a_kill_with_its_checksum(self):
        self.begin_run()
        self.assertEqual(200, self.ask("PATCH", COUNT + "/rows", {"value": 42})[0])
        self.process.kill()
        self.process.wait()
        (self.folder / ".baton" / "server.json").unlink(missing_ok=True)
        self.serve()
        self.assertEqual(42, self.ask("GET", COUNT + "/rows")[1]["value"])
        self.assertEqual("2026-01-01T00:00:00Z", self.ask("GET", COUNT + "/when")[1]["value"])
        self.ask("POST", RUN + ":retry", {})
        self.until_run("flow", "success")

    def test_one_is_put_once_and_taken_away(self):
        self.begin_run()
        body = {"key": "note", "value": {"by": ["hand"]}, "map_index": -1}
        status, entry = self.ask("POST", COUNT, body, Idempotency_Key="k1")
        self.assertEqual((201, {"by": ["hand"]}), (status, entry["value"]))
        self.assertEqual((201, entry), self.ask("POST", COUNT, body, Idempotency_Key="k1"), "the same request again")
        self.assertEqual(422, self.ask("POST", COUNT, {**body, "value": 1}, Idempotency_Key="k1")[0])
        self.assertEqual(409, self.ask("POST", COUNT, body)[0])
        self.assertEqual(["note", "rows", "when"], sorted(e["key"] for e in self.ask("GET", COUNT)[1]["xcom_entries"]))
        self.assertEqual(204, self.ask("DELETE", COUNT + "/note")[0])
        self.assertEqual(404, self.ask("DELETE", COUNT + "/note")[0])
        self.assertEqual(404, self.ask("PATCH", COUNT + "/note", {"value": 1})[0])
        self.assertEqual(["set_output", "remove_output"], [self.audit(a)[0]["event"] for a in ("set_output", "remove_output")])

    def test_what_does_not_fit_is_refused_and_changes_nothing(self):
        self.begin_run()
        before = self.ask("GET", COUNT)[1]
        for method, path, body, status, told in (
            ("PATCH", COUNT + "/rows", {"value": "many"}, 422, "declared int"),
            ("PATCH", COUNT + "/when", {"value": "soon"}, 422, "declared timestamp"),
            ("DELETE", COUNT + "/rows", None, 422, "declares"),
            ("POST", COUNT, {"key": "a", "value": "x" * 1_048_540}, 422, "1 MiB"),
            ("POST", RUN + "/taskInstances/load/xcomEntries", {"key": "a", "value": 1}, 409, "failed"),
            ("POST", RUN + "/taskInstances/nobody/xcomEntries", {"key": "a", "value": 1}, 404, "nobody"),
            ("POST", RUN.replace("/r", "/s") + "/taskInstances/count/xcomEntries", {"key": "a", "value": 1}, 404, ""),
            ("POST", COUNT, {"key": "a"}, 422, ""),
            ("POST", COUNT, {"key": "", "value": 1}, 422, ""),
        ):
            code, answer = self.ask(method, path, body)
            self.assertEqual(status, code, (method, path, answer))
            self.assertIn(told, str(answer["detail"]))
        self.assertEqual(before, self.ask("GET", COUNT)[1])
        self.assertEqual([], self.audit("set_output"))

    def test_not_while_what_follows_runs_and_then_what_lives_is_given_the_new_value(self):
        self.begin_run("live", """\
dag: live
tasks:
  first: {run: 'echo "{\\"n\\": 1}" > $BATON_OUTPUT', outputs: {n: int}}
  slow: {needs: first, run: 'until [ -e go ]; do sleep 0.02; done'}
  side: {run: 'until [ -e end ]; do sleep 0.02; done'}
  last: {needs: [slow, side], run: 'echo ${{ tasks.first.outputs.n }} > told'}
""", None)
        first = "/api/v2/dags/live/dagRuns/r/taskInstances/first/xcomEntries"
        state = lambda task: self.ask("GET", f"/api/v2/dags/live/dagRuns/r/taskInstances/{task}")[1]["state"]
        self.until(lambda: state("slow") == "running" and state("side") == "running", "both run")
        code, answer = self.ask("PATCH", first + "/n", {"value": 2})
        self.assertEqual(409, code)
        self.assertIn('"slow" follows and is running', answer["detail"])
        code, answer = self.ask("POST", first.replace("first", "side"), {"key": "a", "value": 2})
        self.assertEqual(409, code)
        self.assertIn("only what has succeeded", answer["detail"])
        self.write("dags/go", "")
        self.until(lambda: state("slow") == "success", "the one that follows has ended")
        self.assertEqual(200, self.ask("PATCH", first + "/n", {"value": 3})[0])
        self.write("dags/end", "")
        self.until_run("live", "success")
        self.assertEqual("3", (self.folder / "dags" / "told").read_text().strip())

    def test_the_value_of_a_secret_is_refused_and_stands_nowhere(self):
        value = 'c4n4ry "of" a secret'
        subprocess.run([BATON, "secret", "set", "api_key"], cwd=self.folder, env=self.environment(), text=True, input=value,
                       capture_output=True, timeout=WAIT_SECONDS, check=True)
        self.begin_run("quiet", """\
dag: quiet
tasks: {a: {env: {KEY: {secret: api_key}}, run: 'echo "{\\"n\\": 1}" > $BATON_OUTPUT'}}
""", "success")
        path = "/api/v2/dags/quiet/dagRuns/r/taskInstances/a/xcomEntries"
        for held in (value, [{"deep": "x" + value}], {value: 1}):
            code, answer = self.ask("POST", path, {"key": "b", "value": held})
            self.assertEqual((422, True), (code, "secret" in str(answer["detail"])), answer)
            self.assertNotIn("c4n4ry", str(answer))
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
        for file, content in self.stored():
            self.assertNotIn(b"c4n4ry", content, file)

    def test_mapped_ones_by_their_index_and_approvals_not_at_all(self):
        self.begin_run("fan", """\
dag: fan
tasks:
  each: {for_each: {items: [a, b]}, run: 'echo "{\\"n\\": 1}" > $BATON_OUTPUT'}
  ask: {approval: {prompt: "Go?"}}
""", None)
        path = "/api/v2/dags/fan/dagRuns/r/taskInstances/"
        self.until(lambda: self.ask("GET", path + "each/1")[1].get("state") == "success", "the fan")
        self.until(lambda: self.ask("GET", path + "ask")[1].get("state") == "deferred", "the question")
        code, answer = self.ask("PATCH", path + "each/xcomEntries/n", {"value": 5})
        self.assertEqual((422, True), (code, "map_index" in str(answer["detail"])), answer)
        self.until(lambda: self.ask("GET", path + "each/0")[1].get("state") == "success", "the fan")
        self.assertEqual(200, self.ask("PATCH", path + "each/xcomEntries/n", {"value": 5, "map_index": 1})[0])
        values = [self.ask("GET", f"{path}each/xcomEntries/n?map_index={k}")[1]["value"] for k in (0, 1)]
        self.assertEqual([1, 5], values)
        code, answer = self.ask("POST", path + "ask/xcomEntries", {"key": "chosen", "value": ["Approve"]})
        self.assertEqual(409, code)
        self.assertIn("what a person has answered", answer["detail"])

    def test_a_repeated_patch_with_its_key_gets_the_first_answer(self):
        self.begin_run()
        once = {"Idempotency_Key": "p1"}
        first = self.ask("PATCH", COUNT + "/rows", {"value": 42}, **once)
        self.assertEqual(200, self.ask("PATCH", COUNT + "/rows", {"value": 43})[0])
        again = self.ask("PATCH", COUNT + "/rows", {"value": 42}, **once)
        self.assertEqual((200, 43), (again[0], again[1]["value"]), "nothing changes, and it is shown as it is now")
        self.assertEqual(2, len(self.audit("set_output")))
        self.assertEqual(200, first[0])
        mark = {"new_state": "success", "note": "by hand"}
        first = self.ask("PATCH", RUN + "/taskInstances/load", mark, Idempotency_Key="p2")
        self.assertEqual((200, first[1]), self.ask("PATCH", RUN + "/taskInstances/load", mark, Idempotency_Key="p2"))
        self.assertEqual(422, self.ask("PATCH", RUN + "/taskInstances/load", {"note": "x"}, Idempotency_Key="p2")[0])
        first = self.ask("PATCH", RUN, {"note": "seen"}, Idempotency_Key="p3")
        self.assertEqual(200, first[0])
        self.assertEqual(200, self.ask("PATCH", RUN, {"note": "again"})[0])
        again = self.ask("PATCH", RUN, {"note": "seen"}, Idempotency_Key="p3")
        self.assertEqual((200, "again"), (again[0], again[1]["note"]), "nothing changes any more")


if __name__ == "__main__":
    unittest.main()
