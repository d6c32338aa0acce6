"""State across runs: a value that is committed with the success that puts it, and with nothing else; in `baton run` and
at a server, over kills too; people read it, put it and take it away, and that is audited."""
import json
import os
import signal
import subprocess
import time
import unittest

from serving import ServingTest
from support import BATON

ME = f"uid:{os.getuid()}"

COUNT = """dag: count
tasks:
  add:
    state: total
    run: |
      read -r n < "$BATON_STATE" || true
      test "$n" != null || n=0
      echo "from ${{ has(state.total) ? state.total : 'nothing' }}"
      echo "$((n + 1))" > "$BATON_STATE"
  after: {needs: add, if: "${{ state.total >= 2 }}", run: 'echo "now ${{ state.total }}"'}
"""
FAILS = """dag: count
tasks:
  add: {state: total, run: 'echo 99 > "$BATON_STATE"; exit 1'}
"""
LEAVES = """dag: leaves
params: {how: {type: string}}
tasks:
  add: {state: mark, run: 'case ${{ params.how }} in gone) rm "$BATON_STATE";; empty) : > "$BATON_STATE";; bad) echo "{" > "$BATON_STATE";; large) head -c 300000 /dev/zero | tr "\\0" 1 > "$BATON_STATE";; *) echo 7 > "$BATON_STATE";; esac'}
"""
WAITS = """dag: waits
tasks:
  add:
    state: mark
    retries: {max: 1, delay: 10ms, jitter: none}
    run: 'cat "$BATON_STATE" >> seen; touch began; while ! [ -e go ]; do sleep 0.02; done; echo "\\"mine\\"" > "$BATON_STATE"'
"""
SECRET = """dag: leak
env: {TOKEN: {secret: token}}
tasks:
  add: {state: mark, run: 'echo "\\"$TOKEN\\"" > "$BATON_STATE"'}
"""


class OfARun(ServingTest):
    def state(self, dag, name="mark", code=0):
        return json.loads(self.baton("state", "get", dag, name, code=code).stdout or "null")

    def test_a_clear_keeps_it_unless_it_is_told_to_take_it_away(self):
        self.write("count.yaml", COUNT)
        for _ in range(3):
            self.baton("run", "count.yaml", "-q")
        self.baton("clear", "@latest", "add", "-q")
        self.assertEqual(4, self.state("count", "total"))
        self.baton("clear", "@latest", "add", "--reset-state", "--dry-run")
        self.assertEqual(4, self.state("count", "total"))
        self.baton("clear", "@latest", "add", "--reset-state", "-q")
        self.assertEqual(1, self.state("count", "total"), "it has begun with nothing")
        self.save("count.yaml", COUNT)
        self.serve()
        self.until_dag("count")
        self.baton("clear", "@latest", "add", "--reset-state", "--why", "a new year", "--wait")
        self.assertEqual(1, self.state("count", "total"))
        self.assertEqual(8, self.json("state", "ls", "count")["states"][0]["version"], "no version comes again")

    def test_each_run_finds_what_the_one_before_has_left(self):
        self.write("count.yaml", COUNT)
        for _ in range(3):
            self.baton("run", "count.yaml", "-q")
        self.assertEqual(3, self.state("count", "total"))
        self.assertIn("now 3", self.baton("logs", "@latest", "after").stdout)
        row = self.json("state", "ls", "count")["states"][0]
        self.assertEqual(("total", 3, 3, "add", None),
                         (row["name"], row["value"], row["version"], row["task_id"], row["updated_by"]))
        self.assertEqual(row["run_id"], self.json("show", "@latest")["dag_run_id"])

    def test_a_command_in_such_a_task_speaks_to_the_folder_that_the_task_stands_in(self):
        command = "'" + BATON + "' state ls counts -o json"
        self.write("counts.yaml", f"dag: counts\ntasks: {{add: {{state: total, run: \"{command}; echo 5 > $BATON_STATE\"}}}}\n")
        self.baton("run", "counts.yaml", "-q")
        self.assertEqual(5, self.state("counts", "total"))
        self.assertIn('"states": []', self.baton("logs", "@latest", "add").stdout)

    def test_what_fails_leaves_it(self):
        self.write("count.yaml", COUNT)
        self.baton("run", "count.yaml", "-q")
        self.assertEqual("skipped", self.states()["after"])
        self.write("fails.yaml", FAILS)
        self.baton("run", "fails.yaml", "-q", code=1)
        self.assertEqual(1, self.state("count", "total"))

    def test_what_is_left_as_it_was_moves_nothing_and_what_is_no_json_fails(self):
        self.write("leaves.yaml", LEAVES)
        for how in ("put", "put", "gone", "empty"):
            self.baton("run", "leaves.yaml", "-q", "-p", f"how={how}")
        self.assertEqual(1, self.json("state", "ls", "leaves")["states"][0]["version"])
        for how in ("bad", "large"):
            self.baton("run", "leaves.yaml", "-q", "-p", f"how={how}", code=1)
            self.assertEqual("state", self.json("show", "@latest")["task_instances"][0]["state_reason"])
        self.assertEqual(7, self.state("leaves"))

    def test_a_secret_is_not_kept(self):
        self.write("leak.yaml", SECRET)
        self.baton("run", "leak.yaml", "-q", code=1, BATON_SECRET_TOKEN="hunter2-hunter2")
        self.assertEqual("state", self.json("show", "@latest")["task_instances"][0]["state_reason"])
        self.assertEqual([], self.json("state", "ls", "leak")["states"])

    def test_a_person_puts_and_takes_away(self):
        self.write("count.yaml", COUNT)
        self.baton("run", "count.yaml", "-q")
        self.assertEqual(41, self.json("state", "set", "count", "total", "41", "--why", "by hand")["value"])
        self.baton("run", "count.yaml", "-q")
        self.assertEqual(42, self.state("count", "total"))
        self.baton("state", "rm", "count", "total")
        self.assertIn("keeps no state", self.baton("state", "get", "count", "total", code=3).stderr)
        self.baton("run", "count.yaml", "-q")
        self.assertEqual(1, self.state("count", "total"))
        self.assertEqual(5, self.json("state", "ls", "count")["states"][0]["version"])
        self.assertIn("'\"text\"'", self.baton("state", "set", "count", "total", "text", code=2).stderr)
        self.assertIn("no DAG", self.baton("state", "set", "cout", "total", "1", code=3).stderr)

    def test_value_and_success_stand_together_whenever_it_is_killed(self):
        self.write("count.yaml", COUNT)
        for wait in range(12):
            run = self.begin("run", "count.yaml", "-q")
            self.passing(wait * 0.012)
            run.send_signal(signal.SIGKILL)
            run.wait(60)
            if self.has_run():
                self.check_total()
        self.baton("run", "count.yaml", "-q")
        self.check_total()

    @staticmethod
    def passing(seconds):
        """Time that a kill is to come after: what is true afterwards does not depend on it."""
        time.sleep(seconds)

    def has_run(self):
        return subprocess.run([BATON, "ls"], cwd=self.folder, env=self.environment(), capture_output=True).returncode == 0

    def check_total(self):
        runs = self.json("ls", "--limit", "100")["dag_runs"]
        done = 0
        for run in runs:
            shown = self.json("show", run["dag_run_id"])
            done += sum(i["task_id"] == "add" and i["state"] == "success" for i in shown["task_instances"])
        states = self.json("state", "ls", "count", code=0)["states"] if runs else []
        self.assertEqual(done, states[0]["value"] if states else 0)


class OfAServer(ServingTest):
    def setUp(self):
        super().setUp()
        self.write("dags/waits.yaml", WAITS)
        self.write("dags/count.yaml", COUNT)

    def test_who_was_overtaken_tries_again_with_what_is_there_now(self):
        self.serve()
        self.until_dag("waits")
        self.baton("trigger", "waits", "--run-id", "one")
        self.until(lambda: (self.folder / "began").exists() or (self.folder / "dags/began").exists(), "the task")
        where = self.folder if (self.folder / "began").exists() else self.folder / "dags"
        self.assertEqual("theirs", self.json("state", "set", "waits", "mark", '"theirs"', "--why", "late")["value"])
        (where / "go").touch()
        self.until(lambda: self.ask("GET", "/api/v2/dags/waits/dagRuns/one")[1]["state"] == "success", "its end")
        self.assertEqual("null\"theirs\"", (where / "seen").read_text().replace("\n", ""))
        self.assertEqual("mine", self.ask("GET", "/api/v2/dags/waits/state/mark")[1]["value"])
        tries = self.ask("GET", "/api/v2/dags/waits/dagRuns/one/taskInstances/add/tries")[1]["task_instances"]
        self.assertEqual(2, len(tries))
        audit = self.json("audit")["event_logs"] if self.has_audit() else None
        if audit is not None:
            row = next(one for one in audit if one["event"] == "set_state")
            self.assertEqual(("waits", ME), (row["dag_id"], row["owner"]))

    def has_audit(self):
        return "audit" in self.baton("--help").stdout

    def test_over_the_api_it_is_listed_put_and_taken_away(self):
        self.serve()
        self.until_dag("count")
        self.assertEqual(404, self.ask("GET", "/api/v2/dags/none/state")[0])
        self.assertEqual({"states": [], "total_entries": 0}, self.ask("GET", "/api/v2/dags/count/state")[1])
        status, state = self.ask("PUT", "/api/v2/dags/count/state/total", {"value": {"a": [1, 2.5]}})
        self.assertEqual((200, {"a": [1, 2.5]}, 1), (status, state["value"], state["version"]))
        self.assertEqual(422, self.ask("PUT", "/api/v2/dags/count/state/1x", {"value": 1})[0])
        self.assertEqual(204, self.ask("DELETE", "/api/v2/dags/count/state/total")[0])
        self.assertEqual(404, self.ask("DELETE", "/api/v2/dags/count/state/total")[0])
        self.assertEqual(404, self.ask("GET", "/api/v2/dags/count/state/total")[0])


if __name__ == "__main__":
    unittest.main()
