"""`baton clear` and `baton mark`: what a person says of tasks of a run that has ended, or was cut off."""
import unittest

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


class Held(Changes):
    def test_a_folder_that_is_held_names_its_holder(self):
        self.write("d.yaml", "dag: d\ntasks:\n  t: {run: \"touch began; sleep 1000\"}\n")
        process = self.begin("run", "d.yaml", "-q")
        self.until_file("began")
        for words in (("clear", "@latest", "t"), ("mark", "@latest", "success", "t")):
            self.assertIn(str(process.pid), self.baton(*words, code=5).stderr)


if __name__ == "__main__":
    unittest.main()
