"""trigger_dag: a task starts a run of another DAG, once whatever dies meanwhile, and may wait for its end; it is stopped
with the task that waits for it; what would wait for itself fails."""
import signal
import unittest

from serving import ServingTest

REPORT = """dag: report
params: {day: {type: string, default: today}, ok: {type: boolean, default: true}}
tasks:
  write: {run: 'while ! [ -e go ]; do sleep 0.05; done; echo ${{ params.day }} >> days; ${{ string(params.ok) }}'}
"""
CALLER = """dag: caller
tasks:
  start: {trigger_dag: {dag: report, params: {day: "${{ run.id }}"}, wait: true}}
  tell: {needs: start, run: 'echo ${{ tasks.start.outputs.run_id }} ${{ tasks.start.outputs.state }} > told'}
"""
HASTY = """dag: hasty
tasks:
  start: {trigger_dag: report}
"""
FAILING = """dag: failing
tasks:
  start: {trigger_dag: {dag: report, params: {ok: false}, wait: true, run_id: "of_${{ run.id }}"}, retries: {max: 1, delay: 10ms}}
  pass: {trigger_dag: {dag: report, params: {ok: false}, wait: true, on_failure: ignore}}
"""
MISTAKES = """dag: mistakes
tasks:
  nobody: {trigger_dag: nothing, allow_failure: true}
  params: {trigger_dag: {dag: report, params: {ok: perhaps}}, allow_failure: true}
  asleep: {trigger_dag: sleeping, allow_failure: true}
"""
SLEEPING = "dag: sleeping\ntasks: {t: {run: 'true'}}\n"
A = "dag: a\nmax_active_runs: 1\ntasks: {b: {trigger_dag: {dag: b, wait: true}}}\n"
B = "dag: b\ntasks: {a: {trigger_dag: {dag: a, wait: true}, retries: 3}}\n"


class OfAServer(ServingTest):
    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(60)
        (self.folder / ".baton" / "server.json").unlink(missing_ok=True)

    def begin_serving(self, **files):
        for name, text in files.items():
            self.save(name + ".yaml", text)
        self.serve()
        for name in files:
            self.until_dag(name)

    def instance(self, dag_id, run_id, task):
        return self.ask("GET", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task}")[1]

    def state(self, dag_id, run_id, task):
        found = self.instance(dag_id, run_id, task)
        return found.get("state"), found.get("state_reason")

    def go(self):
        (self.folder / "dags" / "go").touch()

    def test_who_waits_holds_nothing_and_hears_of_the_end_over_kills(self):
        self.begin_serving(report=REPORT, caller=CALLER)
        self.baton("trigger", "caller", "--run-id", "r")
        self.until(lambda: len(self.runs("report")) == 1, "the run")
        child = self.runs("report")[0]
        self.assertEqual(("manual", "operator"), (child["run_type"], child["triggered_by"]))
        self.assertEqual({"day": "r", "ok": True}, child["conf"])
        self.assertEqual("deferred", self.state("caller", "r", "start")[0])
        self.assertIn("the run that it has started", self.baton("why", "r", "start").stdout)
        self.kill()
        self.serve()
        self.until(lambda: self.state("caller", "r", "start")[0] == "deferred", "the adoption")
        self.go()
        self.until((self.folder / "dags" / "told").exists, "the end")
        self.until(lambda: (self.folder / "dags" / "told").read_text() == child["dag_run_id"] + " success\n", "its outputs")
        self.assertEqual(1, len(self.runs("report")))

    def test_kills_at_any_moment_make_one_run(self):
        self.begin_serving(report=REPORT, hasty=HASTY)
        self.go()
        for k in range(5):
            self.baton("trigger", "hasty", "--run-id", f"r{k}")
            self.kill()
            self.serve()
            self.until(lambda: self.state("hasty", f"r{k}", "start")[0] == "success", "the success")
        self.until(lambda: {run["state"] for run in self.runs("report")} == {"success"}, "the ends")
        self.assertEqual(5, len(self.runs("report")))

    def test_a_failed_run_fails_the_task_and_a_retry_starts_another(self):
        self.begin_serving(report=REPORT, failing=FAILING)
        self.go()
        self.baton("trigger", "failing", "--run-id", "r", "--wait", code=1)
        self.assertEqual(("failed", "upstream_failed"), self.state("failing", "r", "start"))
        self.assertEqual("success", self.state("failing", "r", "pass")[0])
        ids = {run["dag_run_id"] for run in self.runs("report")}
        self.assertEqual(3, len(ids))
        self.assertTrue({"of_r", "of_r__2"} <= ids)

    def test_what_cannot_be_started_says_why(self):
        self.begin_serving(report=REPORT, sleeping=SLEEPING, mistakes=MISTAKES)
        self.baton("dag", "pause", "sleeping")
        self.baton("trigger", "mistakes", "--run-id", "r", "--wait")
        for task, words in (("nobody", 'there is no DAG "nothing"'), ("params", "ok"), ("asleep", "is paused")):
            self.assertEqual("failed", self.state("mistakes", "r", task)[0])
            self.assertIn(words, self.instance("mistakes", "r", task)["note"])
        self.assertEqual([], self.runs("report"))

    def test_a_stop_takes_the_run_along(self):
        self.begin_serving(report=REPORT, caller=CALLER)
        self.baton("trigger", "caller", "--run-id", "r")
        self.until(lambda: [run["state"] for run in self.runs("report")] == ["running"], "the run")
        self.baton("stop", "r")
        self.until(lambda: [run["state"] for run in self.runs("report")] == ["failed"], "its end")
        self.assertEqual("stopped", self.runs("report")[0]["state_reason"])

    def test_what_would_wait_for_itself_fails(self):
        self.begin_serving(a=A, b=B)
        self.baton("trigger", "a", "--run-id", "r", "--wait", code=1)
        child = self.runs("b")[0]["dag_run_id"]
        self.assertEqual(("failed", "deadlock"), self.state("b", child, "a"))
        self.assertEqual(1, len(self.runs("a")))

    def test_who_waits_for_places_that_wait_for_it_fails(self):
        for name, other in (("x", "y"), ("y", "z"), ("z", "x")):
            script = "while ! [ -e go ]; do sleep 0.05; done"
            self.save(name + ".yaml", f"dag: {name}\nmax_active_runs: 1\ntasks:\n  w: {{run: '{script}'}}\n"
                                      f"  t: {{needs: w, trigger_dag: {{dag: {other}, wait: true}}}}\n")
        self.serve()
        for name in "xyz":
            self.until_dag(name)
        for name in "xyz":
            self.baton("trigger", name, "--run-id", name + "1")
        self.until(lambda: all([run["state"] for run in self.runs(name)] == ["running"] for name in "xyz"), "all run")
        self.go()
        self.until(lambda: all(run["state"] in ("success", "failed") for name in "xyz" for run in self.runs(name)),
                   "the end of all of them")
        ends = [(name, self.state(name, name + "1", "t")) for name in "xyz"]
        refused = [name for name, end in ends if end == ("failed", "deadlock")]
        self.assertTrue(refused, ends)
        self.assertIn(" → ", self.instance(refused[0], refused[0] + "1", "t")["note"])


class OfARun(ServingTest):
    def test_it_is_refused_with_its_line(self):
        self.write("hasty.yaml", HASTY)
        self.assertIn("hasty.yaml:3", self.baton("run", "hasty.yaml", code=2).stderr)


if __name__ == "__main__":
    unittest.main()
