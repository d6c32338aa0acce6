"""`baton clear` and `baton mark`: what a person says of tasks of a run that has ended, or was cut off."""
import http.client
import json
import os
import pwd
import socket
import unittest
import urllib.parse

from faults import FaultTest

CHAIN = """\
dag: chain
tasks:
  a: {run: echo a >> log}
  b: {needs: a, run: echo b >> log; test -e good}
  c: {needs: b, run: echo c >> log}
  side: {run: echo side >> log}
"""
FAN = """\
dag: fan
tasks:
  f:
    for_each: {items: [x, y, z], as: v, key: "${{ v }}"}
    run: echo ${{ v }} >> log
  g: {needs: f, run: echo g >> log}
"""


class Changes(FaultTest):
    def states(self):
        return {(t["task_id"], t["map_index"]): t["state"] for t in self.instances()}

    def audit(self):
        return [row[0] for row in self.rows("SELECT action FROM audit ORDER BY audit_no")]


class Clear(Changes):
    def test_what_is_named_and_what_follows_runs_again_and_nothing_else(self):
        self.touch("good")
        self.run_dag(CHAIN)
        self.forget("log")
        self.baton("clear", "@latest", "b", "-q")
        self.assertEqual(["b", "c"], self.lines("log"))
        self.assertEqual(2, self.instance("b")["try_number"])
        self.assertEqual(1, self.instance("a")["try_number"])

    def test_only_takes_what_is_named_alone(self):
        self.touch("good")
        self.run_dag(CHAIN)
        self.forget("log")
        self.baton("clear", "@latest", "a", "--only", "-q")
        self.assertEqual(["a"], self.lines("log"))

    def test_without_a_task_all_of_the_run(self):
        self.touch("good")
        self.run_dag(CHAIN)
        self.forget("log")
        self.baton("clear", "@latest", "-q")
        self.assertEqual(["a", "b", "c", "side"], sorted(self.lines("log")))

    def test_upstream_and_failed_bound_it(self):
        self.run_dag(CHAIN, code=1)
        self.touch("good")
        self.forget("log")
        self.baton("clear", "@latest", "c", "--upstream", "--failed", "-q")
        self.assertEqual(["b", "c"], self.lines("log"))

    def test_an_instance_by_index_or_key(self):
        self.run_dag(FAN)
        self.forget("log")
        self.baton("clear", "@latest", "f[1]", "-q")
        self.assertEqual(["y", "g"], self.lines("log"))
        self.forget("log")
        self.baton("clear", "@latest", "f[z]", "--only", "-q")
        self.assertEqual(["z"], self.lines("log"))

    def test_a_dry_run_lists_and_changes_nothing(self):
        self.touch("good")
        self.run_dag(CHAIN)
        self.forget("log")
        before = self.instances()
        done = self.baton("clear", "@latest", "b", "--dry-run")
        self.assertEqual(["b  success", "c  success"], done.stdout.splitlines())
        listed = self.json("clear", "@latest", "b", "--dry-run")
        self.assertEqual(["b", "c"], [t["task_id"] for t in listed["task_instances"]])
        self.assertEqual(before, self.instances())
        self.assertFalse(self.lines("log"))

    def test_who_and_why_are_kept(self):
        self.touch("good")
        self.run_dag(CHAIN)
        self.baton("clear", "@latest", "c", "--why", "late file", "-q")
        (extra,) = self.rows("SELECT extra FROM audit WHERE action = 'clear'")[0]
        self.assertIn("late file", extra)

    def test_what_is_not_there_is_refused(self):
        self.touch("good")
        self.run_dag(CHAIN)
        self.baton("clear", "@latest", "nobody", code=3)
        self.baton("clear", "@latest", "a[7]", code=3)
        self.baton("clear", "nothing", code=3)


class Mark(Changes):
    def test_a_success_lets_what_followed_run(self):
        self.run_dag(CHAIN, code=1)
        self.forget("log")
        self.baton("mark", "@latest", "success", "b", "--why", "loaded by hand", "-q")
        self.assertEqual(["c"], self.lines("log"))
        self.assertEqual("success", self.instance("b")["state"])
        self.assertEqual("success", self.json("show", "@latest")["state"])

    def test_a_failure_fails_the_run(self):
        self.touch("good")
        self.run_dag(CHAIN)
        self.baton("mark", "@latest", "failed", "side", "-q", code=1)
        self.assertEqual("failed", self.instance("side")["state"])
        self.assertEqual("failed", self.json("show", "@latest")["state"])

    def test_the_run_itself(self):
        self.run_dag(CHAIN, code=1)
        self.forget("log")
        self.baton("mark", "@latest", "success", "-q")
        self.assertEqual("success", self.json("show", "@latest")["state"])
        self.assertFalse(self.lines("log"), "nothing runs for it")
        self.assertIn("nothing is to be marked", self.baton("mark", "@latest", "success").stderr)

    def test_another_state_is_refused(self):
        self.run_dag(CHAIN, code=1)
        self.baton("mark", "@latest", "skipped", "b", code=2)
        self.baton("mark", "@latest", "succes", "b", code=2)


class OfARunInATerminal(Changes):
    """It is asked, over its socket, and goes on where it is."""

    def begin_run(self):
        self.write("d.yaml", """\
dag: d
tasks:
  t: {run: "echo $BATON_TRY_NUMBER >> log; if test -e fast; then touch began; else touch began; exec sleep 1000; fi"}
  u: {needs: t, run: echo u >> log}
""")
        process = self.begin("run", "d.yaml", "-q")
        self.until_file("began")
        return process

    def ends(self, process, code=0):
        self.assertEqual(code, process.wait(20))

    def test_what_runs_is_cleared_and_runs_again(self):
        process = self.begin_run()
        self.touch("fast")
        told = self.baton("clear", "@latest", "t", "--why", "stuck")
        self.assertIn("goes on in its terminal", told.stderr)
        self.ends(process)
        self.assertEqual(["1", "2", "u"], self.lines("log"))
        (actor, extra), = self.rows("SELECT actor, extra FROM audit WHERE action = 'clear'")
        self.assertEqual(pwd.getpwuid(os.getuid()).pw_name, actor)
        self.assertEqual({"why": "stuck", "via": "socket"}, json.loads(extra))

    def test_what_runs_is_marked_and_what_follows_it_begins(self):
        process = self.begin_run()
        self.baton("mark", "@latest", "success", "t")
        self.ends(process)
        self.assertEqual(["1", "u"], self.lines("log"))

    def test_all_of_it_is_marked(self):
        process = self.begin_run()
        self.baton("mark", "@latest", "failed")
        self.ends(process, code=1)
        self.assertEqual(["1"], self.lines("log"))

    def test_paused_it_starts_nothing_more(self):
        process = self.begin_run()
        self.baton("pause", "@latest")
        self.baton("mark", "@latest", "success", "t")
        self.until(lambda: self.states()["t", -1] == "success", "the mark")
        self.assertEqual(["1"], self.lines("log"))
        self.assertIsNone(process.poll())
        self.baton("unpause", "@latest")
        self.ends(process)
        self.assertEqual(["1", "u"], self.lines("log"))

    def test_a_dry_run_changes_nothing(self):
        process = self.begin_run()
        self.assertRegex(self.baton("clear", "@latest", "t", "--dry-run").stdout, "^t  (queued|running)\n$")
        self.assertIsNone(process.poll())

    def test_wait_follows_it_to_its_end(self):
        process = self.begin_run()
        self.touch("fast")
        self.baton("clear", "@latest", "t", "--wait", "-q")
        self.assertEqual(["1", "2", "u"], self.lines("log"))
        self.ends(process)

    def test_another_run_of_the_folder_is_not_its(self):
        self.run_dag(CHAIN, code=1)
        process = self.begin_run()
        for words in (("clear", "@chain", "b"), ("mark", "@chain", "success", "b"), ("stop", "@chain")):
            words = [self.latest_of("chain") if word == "@chain" else word for word in words]
            self.assertIn(str(process.pid), self.baton(*words, code=5).stderr)

    def test_what_touches_no_run_is_told_where_to_go(self):
        self.begin_run()
        status, body = self.ask_socket("GET", "/api/v2/dags")
        self.assertEqual((503, True), (status, "baton server" in body["detail"]))
        status, body = self.ask_socket("POST", "/api/v2/dags/d/dagRuns", b'{"logical_date": null}')
        self.assertEqual(503, status)
        run_id = self.latest_of("d").split("/")[1]
        status, body = self.ask_socket("GET", "/api/v2/dags/d/dagRuns/" + urllib.parse.quote(run_id, safe="") + "/taskInstances")
        self.assertEqual((200, ["t", "u"]), (status, [one["task_id"] for one in body["task_instances"]]))

    def latest_of(self, dag):
        return self.rows("SELECT dag_id || '/' || run_id FROM dag_run JOIN dag USING (dag_no) WHERE dag_id = ? "
                         "ORDER BY run_no DESC LIMIT 1", dag)[0][0]

    def ask_socket(self, method, path, body=None):
        connection = http.client.HTTPConnection("localhost")
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(str(self.folder / ".baton" / "control.sock"))
        connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
        answer = connection.getresponse()
        told = json.loads(answer.read() or b"null")
        connection.close()
        return answer.status, told


if __name__ == "__main__":
    unittest.main()
