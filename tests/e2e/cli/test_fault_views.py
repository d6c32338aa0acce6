"""Faults that people met, as they show at a terminal: fan-outs that fail, long histories, lists, damage."""
import json
import os
import resource
import subprocess
import unittest

from faults import FaultTest
from support import BATON


class FanOutsThatFail(FaultTest):
    """A task that cannot be expanded fails its run, is told with its cause, and the failure hook runs."""

    FORMS = {
        "an error in the items": 'for_each: {items: "${{ [1, 2].map(x, x / params.n) }}"}',
        "an item that is not there": "for_each: {items: \"${{ fromJson(params.text).missing }}\"}",
        "a text for a list": "for_each: {items: \"${{ fromJson(params.text).name }}\"}",
        "an error in the key": 'for_each: {items: [1, 2], as: x, key: "${{ string(x / params.n) }}"}',
        "an error in an axis": 'matrix: {x: "${{ [1, 2].map(x, x / params.n) }}"}',
        "too many": 'for_each: {items: "${{ params.many }}"}',
    }

    def test_22_it_fails_its_run_and_says_why(self):
        self.write("baton.yaml", "limits: {instances: 10}\n")
        for what, mapping in self.FORMS.items():
            with self.subTest(what):
                self.forget("failure", "success")
                self.run_dag(f"""
dag: fan
params:
  n: {{type: integer, default: 0}}
  text: {{type: string, default: '{{"name": "x"}}'}}
  many: {{type: array, items: {{type: integer}}, default: [1,2,3,4,5,6,7,8,9,10,11,12]}}
tasks:
  before: {{run: "true"}}
  t:
    needs: before
    {mapping}
    run: echo never >> ran
  after: {{needs: t, run: echo never >> ran}}
on_failure: {{run: echo x > failure}}
on_success: {{run: echo x > success}}
""", code=1)
                run = self.json("show", "@latest")
                self.assertEqual("failed", run["state"])
                self.assertEqual((["x"], [], []), (self.lines("failure"), self.lines("success"), self.lines("ran")))
                note = str(self.instance("t")["note"])
                self.assertNotIn(note, ("", "None"))
                self.assertIn(note.split("\n")[0][:30], self.baton("why", "@latest", "t").stdout)
                self.assertIn(note.split("\n")[0][:30], self.baton("show", "@latest").stdout)


class History(FaultTest):
    def test_10_the_start_reads_no_more_with_a_long_history(self):
        """Counts what the start of a run reads of the database, beside little and beside much. The history is put into
        the database as it would lie there: making it by running it takes too long on a busy machine."""
        self.write("one.yaml", "dag: one\ntasks:\n  t: {noop: true}\n")
        self.baton("run", "one.yaml", "-q")
        few = self.reads("one.yaml")
        self.rows("""
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000)
INSERT INTO task_instance (run_no, instance_no, task_no, map_index, state, started_at, ended_at, seq, checksum)
SELECT 1, i, 0, i, 4, i, i + 1, 1, 0 FROM n""")
        many = self.reads("one.yaml")
        self.assertLess(many, 2 * few + 100)

    def reads(self, dag):
        report = self.folder / "calls"
        words = ["strace", "-f", "-c", "-b", "execve", "-o", report, "-e", "trace=pread64", BATON, "run", dag, "-q"]
        done = subprocess.run(words, cwd=self.folder, env=self.environment(), capture_output=True, timeout=60)
        if done.returncode != 0:
            self.skipTest(f"strace cannot trace here: {done.stderr[-200:]}")
        for line in report.read_text().splitlines():
            if line.endswith("pread64"):
                return int(line.split()[3])
        return 0

    def test_11_instances_that_look_at_their_sister_cost_no_square(self):
        few, many = self.cpu_seconds(150), self.cpu_seconds(1200)
        self.assertLess(many, 8 * few * 2.5, "eight times the instances: linear is 8, a square 64")

    def cpu_seconds(self, n):
        items = ",".join(map(str, range(n)))
        self.write("d.yaml", f"""
dag: pairs
params: {{n: {{type: array, items: {{type: integer}}, default: [{items}]}}}}
tasks:
  a: {{noop: true, for_each: {{items: "${{{{ params.n }}}}"}}}}
  b:
    needs: a
    noop: true
    for_each: {{items: "${{{{ params.n }}}}"}}
    if: "${{{{ tasks.a[item].state == 'success' }}}}"
""")
        process = subprocess.Popen([BATON, "run", "d.yaml", "-q"], cwd=self.folder, env=self.environment(),
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                   preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (20, 20)))
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(0, process.returncode, "above 20 s of CPU time it is killed")
        return used.ru_utime + used.ru_stime

    def test_18_instances_stand_with_their_task_in_every_list(self):
        wide = ",".join(map(str, range(12)))
        done = self.run_dag(f"""
dag: listed
tasks:
  first: {{run: "true"}}
  m: {{needs: first, for_each: {{items: [{wide}]}}, run: "true"}}
  last: {{needs: m, run: "true"}}
""", "-o", "json")
        wanted = [("first", -1), *(("m", n) for n in range(12)), ("last", -1)]
        for run in (json.loads(done.stdout), self.json("show", "@latest")):
            self.assertEqual(wanted, [(i["task_id"], i["map_index"]) for i in run["task_instances"]])
        table = self.baton("show", "@latest").stdout
        places = [table.index(name) for name in ("first", "m[0]", "m[1]", "m[2]", "m[10]", "m[11]", "last")]
        self.assertEqual(sorted(places), places)

    def test_20_one_damaged_run_does_not_hide_the_others(self):
        self.write("d.yaml", "dag: d\ntasks:\n  t: {run: echo x}\n")
        for name in ("one", "two", "three"):
            self.baton("run", "d.yaml", "-q", "--run-id", name)
        damages = {"dag_run": "UPDATE dag_run SET triggered_by = triggered_by || '!' WHERE run_id = 'two'",
                   "run_input": "UPDATE run_input SET conf = '{' WHERE run_no = 2"}
        for table, damage in damages.items():
            with self.subTest(table):
                self.rows(damage)
                listed = self.json("ls")["dag_runs"]
                self.assertLessEqual({"one", "three"}, {run["dag_run_id"] for run in listed})
                text = self.baton("ls").stdout
                self.assertIn("one", text)
                self.assertIn("damaged", text)
                self.assertEqual("success", self.json("show", "one")["state"])
                self.baton("run", "d.yaml", "-q")


if __name__ == "__main__":
    unittest.main()
