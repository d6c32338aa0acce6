"""Checks of data quality: what they come to, in `baton run` and at a server; an asset that they hold back starts nobody
until it is let go, and each of its events starts one run, over kills too."""
import json
import signal
import unittest

from serving import ServingTest

MANY = """dag: many
tasks:
  load: {run: 'echo "{\\"rows\\": 5}" > "$BATON_OUTPUT"', outputs: {rows: int}}
  quality:
    needs: load
    retries: 2
    checks:
      - {name: enough, expect: "${{ tasks.load.outputs.rows > 3 }}"}
      - {name: wrong, expect: "${{ 1 / (tasks.load.outputs.rows - 5) > 0 }}", on_fail: warn}
      - {name: script, run: 'echo "looking"; echo "{\\"observed\\": 7}" > "$BATON_OUTPUT"'}
      - {name: gone, run: 'no-such-program', on_fail: warn}
      - {name: says_no, run: 'echo "{\\"success\\": false, \\"message\\": \\"12 rows\\"}" > "$BATON_OUTPUT"', on_fail: warn}
      - {name: gx, great_expectations: gx.json, on_fail: warn}
      - {name: dbt, run: 'exit 1', dbt: "${{ 'run' }}_results.json", on_fail: warn}
      - {name: last, run: 'exit 3', description: the one that fails}
  after: {needs: quality, run: 'true'}
"""
GX = {"success": False, "results": [
    {"success": True, "expectation_config": {"type": "exists", "kwargs": {"column": "id"}}, "result": {}},
    {"success": False, "expectation_config": {"type": "not_null", "kwargs": {"column": "price"}},
     "result": {"unexpected_count": 3}}]}
DBT = {"results": [{"unique_id": "test.a", "status": "pass"}, {"unique_id": "test.b", "status": "fail", "failures": 2}]}
ONLY = """dag: only
tasks:
  quality: {checks: [{name: one, expect: "${{ true }}"}]}
  after: {needs: quality, if: "${{ tasks.quality.outputs.passed == 1 }}", run: 'true'}
"""
MAKES = """dag: makes
assets: {orders: {uri: "file:///orders"}}
tasks:
  load: {run: 'echo "{\\"n\\": 1}" > "$BATON_OUTPUT"', produces: [orders]}
  quality: {needs: load, checks: [{name: good, run: 'touch began; while [ -e wait ]; do sleep 0.02; done; test -e good', on_fail: quarantine}]}
"""
READS = """dag: reads
schedule: {assets: {all: [orders]}}
assets: {orders: {}}
tasks: {a: {run: 'true'}}
"""


class OfARun(ServingTest):
    def test_all_of_them_run_and_what_they_come_to_is_kept(self):
        self.write("many.yaml", MANY)
        self.write("gx.json", json.dumps(GX))
        self.write("run_results.json", json.dumps(DBT))
        self.baton("run", "many.yaml", "-q", code=1)
        shown = self.json("checks", "show", "@latest", "quality")["checks"]
        self.assertEqual(
            [("enough", "passed"), ("wrong", "error"), ("script", "passed"), ("gone", "error"), ("says_no", "warned"),
             ("gx/exists(id)", "passed"), ("gx/not_null(price)", "warned"), ("dbt/test.a", "passed"),
             ("dbt/test.b", "warned"), ("last", "failed")],
            [(one["name"], one["state"]) for one in shown])
        self.assertEqual("7", shown[2]["observed"])
        self.assertEqual("12 rows", shown[4]["message"])
        self.assertEqual("the one that fails", shown[9]["description"])
        instance = next(i for i in self.json("show", "@latest")["task_instances"] if i["task_id"] == "quality")
        self.assertEqual(("failed", "checks", 1), (instance["state"], instance["state_reason"], instance["try_number"]))
        self.assertIn("wrong (warns)", self.baton("show", "@latest").stdout)
        log = self.baton("logs", "@latest", "quality").stdout
        self.assertIn("looking", log)
        self.assertIn("::group::gone", log)
        failed = self.json("checks", "ls", "--failed", "--dag", "many")["checks"]
        self.assertEqual(6, len(failed))
        self.assertEqual("last", failed[0]["name"])
        self.assertEqual("upstream_failed", self.states()["after"])

    def test_expressions_alone_start_nothing(self):
        self.write("only.yaml", ONLY)
        self.baton("run", "only.yaml", "-q")
        instances = {i["task_id"]: i for i in self.json("show", "@latest")["task_instances"]}
        self.assertEqual(("success", 0), (instances["quality"]["state"], instances["quality"]["try_number"]))
        self.assertEqual("success", instances["after"]["state"])

    def test_what_is_wrong_in_the_file_is_said(self):
        self.write("bad.yaml", """dag: bad
tasks:
  a: {checks: [{name: x, run: "true"}, {name: x, expect: "true"}]}
  b: {checks: [{name: x}]}
  c: {checks: [{name: x, run: "true", assets: [none], on_fail: quarantine}]}
""")
        said = self.baton("validate", "bad.yaml", code=2)
        text = said.stdout + said.stderr
        for words in ('there is a check "x" already', 'a check has one of "expect" and "run"', "unknown-asset"):
            self.assertIn(words, text)


class OfAServer(ServingTest):
    def setUp(self):
        super().setUp()
        self.save("makes.yaml", MAKES)
        self.save("reads.yaml", READS)
        self.serve()
        self.until_dag("makes")
        self.until_dag("reads")
        self.where = self.folder / "dags"

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(60)
        (self.folder / ".baton" / "server.json").unlink(missing_ok=True)

    def make(self, run_id):
        self.baton("trigger", "makes", "--run-id", run_id)
        self.until(lambda: self.state_of(run_id) in ("success", "failed"), "its end")

    def state_of(self, run_id):
        return self.ask("GET", f"/api/v2/dags/makes/dagRuns/{run_id}")[1].get("state")

    def readers(self):
        return len(self.runs("reads"))

    def events(self):
        return self.json("asset", "events", "orders")["asset_events"]

    def test_what_holds_goes_on_once_its_checks_have_ended(self):
        (self.where / "good").touch()
        (self.where / "wait").touch()
        self.baton("trigger", "makes", "--run-id", "one")
        self.until(lambda: (self.where / "began").exists(), "the checks")
        self.assertEqual([], self.events())
        self.kill()
        self.serve()
        self.assertEqual([], self.events())
        (self.where / "wait").unlink()
        self.until(lambda: self.readers() == 1, "the run on the asset")
        self.assertEqual({"n": 1}, self.events()[0]["extra"])
        self.assertEqual(1, len(self.events()))

    def test_what_does_not_is_held_back_until_a_person_lets_it_go(self):
        self.make("one")
        self.assertEqual("success", self.state_of("one"))
        self.assertEqual(1, len(self.events()))
        asset = self.json("asset", "show", "orders")
        self.assertIn("good: exit code 1", asset["quarantine_reason"])
        self.kill()
        self.serve()
        self.assertEqual(0, self.readers())
        status, found = self.ask("GET", "/api/v2/dags/makes/dagRuns/one/checks?failed=true&last_try=true&task_id=quality")
        self.assertEqual((200, "failed", "quarantine"),
                         (status, found["checks"][0]["state"], found["checks"][0]["on_fail"]))
        self.assertEqual(1, self.ask("GET", "/api/v2/dags/~/dagRuns/~/checks")[1]["total_entries"])
        self.baton("asset", "release", "orders", "--why", "looked at")
        self.until(lambda: self.readers() == 1, "the run on the asset")

    def test_a_later_success_of_the_same_checks_lets_it_go_once(self):
        self.make("one")
        self.assertEqual(0, self.readers())
        (self.where / "good").touch()
        self.baton("clear", "one", "quality")
        self.until(lambda: self.readers() == 1, "the run on the asset")
        self.until(lambda: self.state_of("one") == "success", "its end")
        self.assertEqual(1, len(self.events()))
        self.assertIsNone(self.json("asset", "show", "orders")["quarantined_since"])
        self.assertEqual(1, self.readers())

    def test_what_a_person_holds_is_not_let_go_by_checks(self):
        self.baton("asset", "event", "orders")
        self.until(lambda: self.readers() == 1, "the asset is known")
        self.baton("asset", "quarantine", "orders", "--why", "by hand")
        (self.where / "good").touch()
        self.make("one")
        self.assertEqual("by hand", self.json("asset", "show", "orders")["quarantine_reason"])
        self.assertEqual(1, self.readers())
        self.baton("asset", "release", "orders", "--why", "looked at")
        self.until(lambda: self.readers() == 2, "the run on the asset")


if __name__ == "__main__":
    unittest.main()
