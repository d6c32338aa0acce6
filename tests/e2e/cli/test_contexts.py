"""`baton context`: a server of another machine, by its address and a token from a file."""
import json
import unittest

from test_serving import ASKED_FOR, ServingTest


FAR = """dag: far
params: {slow: {type: boolean, default: false}}
tasks:
  one: {run: 'echo first; if ${{ params.slow }}; then sleep 60; fi'}
  two: {needs: one, for_each: {items: [1, 2], as: i}, run: 'echo ${{ i }}'}
  bad: {needs: two, run: 'echo no; exit 3'}
  last: {needs: bad, run: 'echo never'}
"""


class Contexts(ServingTest):
    def environment(self, **extra):
        return super().environment(HOME=str(self.folder / "home"), **extra)

    def test_commands_ask_the_server_in_use(self):
        self.save("asked.yaml", ASKED_FOR)
        self.serve()
        self.until_dag("asked")
        elsewhere = str(self.folder / "elsewhere")
        self.write("token", self.token + "\n")
        self.baton("context", "add", "prod", self.url, "--token-file", "token")
        self.assertEqual([("local", True), ("prod", False)], self.listed())
        self.baton("context", "use", "prod")
        self.assertEqual([("local", False), ("prod", True)], self.listed())
        run = self.json("trigger", "asked", "-p", "n=5", "--wait", BATON_STATE=elsewhere)
        self.assertEqual(("success", {"n": 5}), (run["state"], run["conf"]))
        self.assertEqual("admin", self.ask("GET", "/api/v2/eventLogs?event=trigger")[1]["event_logs"][0]["owner"])
        self.baton("trigger", "asked", "--state", elsewhere, code=7)
        self.baton("context", "use", "local")
        self.baton("trigger", "asked", code=7, BATON_STATE=elsewhere)

    def json(self, *words, code=0, **extra):
        return json.loads(self.baton(*words, "-o", "json", code=code, **extra).stdout)

    def listed(self):
        return [(one["name"], one["in_use"]) for one in self.json("context", "ls")["contexts"]]

    def test_what_is_no_server_or_has_no_right_is_told_apart(self):
        self.serve()
        self.baton("context", "use", "nobody", code=3)
        self.baton("context", "add", "x", "ftp://there", code=2)
        self.baton("context", "add", "local", self.url, code=2)
        self.baton("context", "add", "x", self.url, "--token-file", "missing", code=3)
        self.write("token", "wrong\n")
        self.baton("context", "add", "x", self.url, "--token-file", "token")
        self.baton("trigger", "asked", code=4, BATON_CONTEXT="x")
        self.baton("context", "add", "gone", "http://127.0.0.1:1")
        self.baton("trigger", "asked", code=7, BATON_CONTEXT="gone")

    def test_commands_read_and_steer_what_lies_elsewhere(self):
        self.save("far.yaml", FAR)
        self.serve()
        self.until_dag("far")
        self.write("token", self.token + "\n")
        self.baton("context", "add", "prod", self.url, "--token-file", "token")
        self.baton("context", "use", "prod")
        (self.folder / "empty").mkdir()
        self.stands_in = self.folder / "empty"  # nothing of the server is found from here on but by its address

        run = self.json("trigger", "far", "--wait", code=1)
        self.assertEqual("failed", run["state"])
        words = "far/" + run["dag_run_id"]
        self.assertEqual([run["dag_run_id"]], [one["dag_run_id"] for one in self.json("ls")["dag_runs"]])
        self.assertEqual({"dag_runs": [], "total_entries": 0}, self.json("ls", "--dag", "far", "--state", "queued"))
        self.assertIn("5/5", self.far("ls"))
        self.assertIn("nothing lives there", self.far("ps", of="stderr"))

        shown = self.json("show", words)
        bad = next(one for one in shown["task_instances"] if one["task_id"] == "bad")
        self.assertEqual((3, "failed"), (bad["tries"][0]["exit_code"], bad["tries"][0]["state"]))
        self.assertEqual(5, len(shown["task_instances"]))
        self.assertIn("exit code 3", self.far("show", "@latest"))
        self.assertIn("far failed", self.far("watch", "far@latest", code=1))
        self.assertEqual("no\n", self.far("logs", words, "bad"))
        self.assertIn("two[1] │ 2", self.far("logs", words))
        self.assertEqual("no\n", self.far("logs", words, "bad", "-f", "--grep", "n"))
        self.assertIn("exit code 3", self.far("why", words, "bad"))
        self.assertIn("critical path", self.far("explain", words))

        self.assertEqual(["two"], [one["task_id"] for one in self.json("clear", words, "two[1]", "--only", "--dry-run")["task_instances"]])
        self.far("mark", words, "success", "bad")
        self.until(lambda: self.runs("far")[0]["state"] == "success", "the end after the mark")
        self.far("retry", words, "--from", "bad", "--wait", code=1)
        self.assertIn("by itself", self.far("resume", words, of="stderr", code=5))
        other = self.json("trigger", "far", "--wait", code=1)
        self.assertIn("WHAT", self.far("diff", words, "far/" + other["dag_run_id"]))

        slow = self.json("trigger", "far", "-p", "slow=true")["dag_run_id"]
        self.until(lambda: "running" in self.far("ps"), "a task that runs")
        self.far("pause", "far/" + slow)
        self.far("unpause", "far/" + slow)
        self.far("stop", "far/" + slow)
        self.until(lambda: self.runs("far")[-1]["state"] == "failed", "the end of the stopped run")

    def test_dags_of_elsewhere(self):
        self.save("far.yaml", FAR)
        self.serve()
        self.until_dag("far")
        self.write("token", self.token + "\n")
        self.baton("context", "add", "prod", self.url, "--token-file", "token")
        (self.folder / "empty").mkdir()
        self.stands_in = self.folder / "empty"
        environment = {"BATON_CONTEXT": "prod"}
        self.assertEqual([("far", 1)], [(one["dag_id"], one["latest_dag_version_number"])
                                        for one in self.json("dag", "ls", **environment)["dags"]])
        self.save("far.yaml", FAR + "\ntags: [changed]\n")
        self.until(lambda: len(self.json("dag", "versions", "far", **environment)["versions"]) == 2, "the new version")
        self.assertIn("+tags: [changed]", self.far("dag", "diff", "far", **environment))
        self.assertEqual(FAR, self.far("dag", "source", "far", "--number", "1", **environment))
        self.assertIn("far", self.far("dag", "ls", **environment))
        self.assertIn("has no schedule", self.far("why", "far", "--at", "2026-01-01", **environment))

    def test_what_works_on_files_says_where_to_run_it(self):
        self.save("far.yaml", FAR)
        self.serve()
        self.write("token", self.token + "\n")
        self.baton("context", "add", "prod", self.url, "--token-file", "token")
        self.baton("context", "use", "prod")
        for words in (["db", "check"], ["db", "backup", "copy.db"], ["db", "prune", "--older-than", "1d"]):
            self.assertIn("run it where the server runs", self.baton(*words, code=2).stderr, words)
        self.assertIn("run it where the server runs", self.baton("doctor", code=None).stdout)

    def far(self, *words, code=0, of="stdout", **extra):
        return getattr(self.baton(*words, code=code, **extra), of)


if __name__ == "__main__":
    unittest.main()
