"""Approvals: a task waits for a person and holds nothing, at a server and in `baton run`; the answer is given once, by who
may, and what is withdrawn or too late is refused with what has happened. Over kills too."""
import os
import pwd
import signal
import subprocess
import unittest

from serving import ServingTest
from support import BATON, WAIT_SECONDS

ME = f"uid:{os.getuid()}"

PROMOTE = """dag: promote
tasks:
  train: {run: 'echo "{\\"auc\\": 3}" > "$BATON_OUTPUT"', outputs: {auc: int}}
  ask:
    needs: train
    approval:
      prompt: |
        Promote AUC ${{ tasks.train.outputs.auc }}?
        It goes to all users.
      params: {share: {type: integer, default: 10, maximum: 100}}
  ship: {needs: ask, run: 'echo ${{ tasks.ask.outputs.params.share }} ${{ tasks.ask.outputs.by }} > shipped'}
"""
OWN = """dag: own
tasks:
  ask: {approval: {prompt: "Go?", self: true, options: [now, later, never], multiple: true}}
"""
PICKY = """dag: picky
tasks:
  ask: {approval: {prompt: "Go?", assignees: [maria]}}
"""
SHORT = """dag: short
tasks:
  ask: {approval: {prompt: "Go?", timeout: 1s, on_timeout: skip}}
"""
PATH = "/api/v2/dags/%s/dagRuns/%s/taskInstances/ask/-1/hitlDetails"


class OfAServer(ServingTest):
    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(60)
        (self.folder / ".baton" / "server.json").unlink(missing_ok=True)

    def question(self, dag_id, run_id):
        return self.ask("GET", PATH % (dag_id, run_id))

    def instance(self, dag_id, run_id, task="ask"):
        return self.ask("GET", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task}")[1]

    def begin_run(self, dag_id, run_id):
        self.baton("trigger", dag_id, "--run-id", run_id)
        self.until(lambda: self.question(dag_id, run_id)[0] == 200, "the question")

    def answer(self, dag_id, run_id, *chosen, **more):
        return self.ask("PATCH", PATH % (dag_id, run_id), {"chosen_options": list(chosen), **more})

    def test_the_same_answer_sent_again_under_its_key_gets_the_first_one(self):
        self.save("own.yaml", OWN)
        self.serve()
        self.until_dag("own")
        self.begin_run("own", "r")
        send = lambda chosen, key: self.ask("PATCH", PATH % ("own", "r"), {"chosen_options": chosen}, Idempotency_Key=key)
        first = send(["now"], "k")
        self.assertEqual((200, ["now"]), (first[0], first[1]["chosen_options"]))
        self.kill()
        self.serve()
        self.assertEqual(first, send(["now"], "k"))
        self.assertEqual(422, send(["later"], "k")[0])
        self.assertEqual(409, send(["now"], "other")[0], "without its key it is a second answer")

    def test_a_person_answers_once_and_the_task_goes_on_over_a_kill(self):
        self.save("promote.yaml", PROMOTE)
        self.serve()
        self.until_dag("promote")
        self.begin_run("promote", "r")
        status, asked = self.question("promote", "r")
        self.assertEqual(("Promote AUC 3?", "It goes to all users."), (asked["subject"], asked["body"]))
        self.assertEqual((["approve", "reject"], False, "open"),
                         (asked["options"], asked["response_received"], asked["state"]))
        self.assertEqual(10, asked["params"]["share"]["value"])
        self.assertEqual((ME, "deferred"), (asked["requester"], asked["task_instance"]["state"]))
        self.assertEqual("approval", self.instance("promote", "r")["operator"])
        home = self.ask("GET", "/api/v2/home")[1]
        self.assertEqual((1, "Promote AUC 3?"), (home["counts"]["approvals"], home["approvals"][0]["subject"]))
        self.assertIn("a person is asked", self.baton("why", "r", "ask").stdout)
        self.kill()
        self.serve()
        self.assertEqual("open", self.question("promote", "r")[1]["state"])
        refused = self.baton("approval", "approve", "r", "ask", code=4).stderr
        self.assertIn("has triggered this run", refused)
        self.assertEqual(422, self.answer("promote", "r", "perhaps")[0])
        self.assertEqual(422, self.answer("promote", "r", "approve", params_input={"share": 500})[0])
        self.assertEqual(422, self.answer("promote", "r", "approve", params_input={"shape": 5})[0])
        status, done = self.answer("promote", "r", "approve", params_input={"share": 20}, note="looks fine")
        self.assertEqual((200, ["approve"], {"share": 20}, "admin"),
                         (status, done["chosen_options"], done["params_input"], done["responded_by"]["name"]))
        self.until((self.folder / "dags" / "shipped").exists, "what follows")
        self.until(lambda: (self.folder / "dags" / "shipped").read_text() == "20 admin\n", "its outputs")
        status, late = self.answer("promote", "r", "reject")
        self.assertEqual(409, status)
        self.assertIn("answered by admin", late["detail"])
        log = self.ask("GET", "/api/v2/eventLogs?limit=100")[1]["event_logs"]
        answers = [entry for entry in log if entry["event"] == "answer"]
        self.assertEqual(["admin"], [entry["owner"] for entry in answers])
        self.assertIn("approve by admin", self.baton("approval", "ls", "--all").stdout)

    def test_a_rejection_fails_the_task(self):
        self.save("promote.yaml", PROMOTE)
        self.serve()
        self.until_dag("promote")
        self.begin_run("promote", "r")
        self.assertEqual(200, self.answer("promote", "r", "reject", note="too early")[0])
        self.until(lambda: self.instance("promote", "r")["state"] == "failed", "the end")
        self.assertEqual("rejected", self.instance("promote", "r")["state_reason"])

    def test_what_is_marked_stopped_or_cleared_is_withdrawn(self):
        self.save("promote.yaml", PROMOTE)
        self.serve()
        self.until_dag("promote")
        for run_id, change in (("marked", ("mark", "marked", "success", "ask")), ("stopped", ("stop", "stopped"))):
            self.begin_run("promote", run_id)
            self.baton(*change)
            self.until(lambda: self.question("promote", run_id)[1]["state"] == "withdrawn", "the withdrawal")
            status, late = self.answer("promote", run_id, "approve")
            self.assertEqual(409, status)
            self.assertIn("withdrawn", late["detail"])
        self.begin_run("promote", "cleared")
        first = self.question("promote", "cleared")[1]
        self.baton("clear", "cleared", "ask")
        self.until(lambda: self.question("promote", "cleared")[1]["id"] != first["id"], "the next question")
        again = self.ask("GET", (PATH % ("promote", "cleared")) + "/tries/1")[1]
        self.assertEqual((first["id"], "withdrawn"), (again["id"], again["state"]))
        self.assertEqual(200, self.answer("promote", "cleared", "approve")[0])

    def test_who_is_asked_and_who_is_not(self):
        self.save("own.yaml", OWN)
        self.save("picky.yaml", PICKY)
        self.serve()
        self.until_dag("own")
        self.until_dag("picky")
        self.begin_run("picky", "r")
        status, refused = self.answer("picky", "r", "approve")
        self.assertEqual(403, status)
        self.assertIn("asks maria", refused["detail"])
        self.begin_run("own", "r")
        listed = self.json("approval", "ls")
        self.assertEqual({"own", "picky"}, {one["task_instance"]["dag_id"] for one in listed["hitl_details"]})
        number = str(self.question("own", "r")[1]["id"])
        self.assertIn("now, later, never", self.baton("approval", "show", number).stdout)
        self.baton("approval", "answer", number, "--option", "now", "--option", "later", "--note", "both")
        self.until(lambda: self.instance("own", "r")["state"] == "success", "the end")
        self.assertEqual(["now", "later"], self.question("own", "r")[1]["chosen_options"])
        every = self.ask("GET", "/api/v2/dags/~/dagRuns/~/hitlDetails?response_received=false")[1]
        self.assertEqual(["picky"], [one["task_instance"]["dag_id"] for one in every["hitl_details"]])

    def test_silence_passes_a_deadline(self):
        self.save("short.yaml", SHORT)
        self.serve()
        self.until_dag("short")
        self.baton("trigger", "short", "--run-id", "r", "--wait")
        self.assertEqual("expired", self.question("short", "r")[1]["state"])
        self.assertEqual(("skipped", "timeout"),
                         (self.instance("short", "r")["state"], self.instance("short", "r")["state_reason"]))


class OfARun(ServingTest):
    def asks(self):
        """A run that has just been started is not to be found yet."""
        shown = subprocess.run([BATON, "show", "@latest", "-o", "json"], cwd=self.folder, env=self.environment(),
                               capture_output=True, text=True, timeout=WAIT_SECONDS)
        return shown.returncode == 0 and '"deferred"' in shown.stdout

    def test_it_says_what_to_type_and_goes_on_when_that_is_typed(self):
        self.write("promote.yaml", PROMOTE)
        run = self.begin("run", "promote.yaml", "--run-id", "here")
        self.until(self.asks, "the question")
        self.baton("approval", "answer", "here", "ask", "--option", "perhaps", code=2)
        self.baton("approval", "approve", "here", "ask", "-p", "share=7")
        self.assertEqual(run.wait(60), 0)
        self.assertIn("7 " + pwd.getpwuid(os.getuid()).pw_name, (self.folder / "shipped").read_text())
        self.baton("approval", "reject", "here", "ask", code=5)

    def test_a_resumed_run_asks_again(self):
        self.write("own.yaml", OWN)
        run = self.begin("run", "own.yaml", "--run-id", "here", "-q")
        self.until(self.asks, "the question")
        run.send_signal(signal.SIGKILL)
        run.wait(60)
        self.assertIn("baton resume own/here", self.baton("approval", "answer", "here", "ask", "--option", "now", code=5).stderr)
        run = self.begin("resume", "here", "-q")
        self.until(lambda: self.baton_code("approval", "answer", "here", "ask", "--option", "now") == 0, "the answer")
        self.assertEqual(run.wait(60), 0)

    def baton_code(self, *words):
        import subprocess

        from support import BATON
        return subprocess.run([BATON, *words], cwd=self.folder, env=self.environment(), capture_output=True).returncode


if __name__ == "__main__":
    unittest.main()
