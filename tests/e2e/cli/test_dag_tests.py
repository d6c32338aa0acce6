"""`baton test`: DAGs played without a process, as a person and as CI call it."""

import json
import unittest
import xml.etree.ElementTree as tree

from support import CliTest

DAG = """\
dag: etl
tasks:
  extract: {run: "touch ran", retries: {max: 2, delay: 1h}}
  load: {needs: extract, run: "true"}
"""
PASSES = """\
test: an hour later it works
dag: etl
given: {tasks: {extract: [fail, success]}}
expect: {run: success, tasks: {extract: {tries: 2}}, order: [extract, load]}
"""
FAILS = """\
test: <it> "fails"
dag: etl
given: {tasks: {extract: fail}}
expect: {run: success, tasks: {load: success}}
"""


class DagTests(CliTest):
    def setUp(self):
        super().setUp()
        self.write("etl.dag.yaml", DAG)

    def test_what_passes_is_0_and_starts_nothing(self):
        self.write("etl.test.yaml", PASSES)
        done = self.baton("test")
        self.assertIn("1 passed, 0 failed", done.stdout)
        left = sorted(p.name for p in self.folder.iterdir())
        self.assertEqual(left, ["etl.dag.yaml", "etl.test.yaml"])

    def test_what_fails_is_1_and_says_what_came_and_where(self):
        self.write("tests/etl.test.yaml", PASSES + "---\n" + FAILS)
        done = self.baton("test", "tests", code=1)
        self.assertIn("tests/etl.test.yaml:9: load: state", done.stdout)
        self.assertIn("upstream_failed", done.stdout)
        self.assertIn("because   etl.dag.yaml:3: task extract: failed (exit_code)", done.stdout)
        self.assertIn("1 passed, 1 failed in 1 file", done.stdout)
        only = self.baton("test", "tests", "--only", "an hour", "-o", "json")
        self.assertEqual([t["passed"] for t in json.loads(only.stdout)["tests"]], [True])

    def test_junit_is_xml_whatever_names_hold(self):
        self.write("etl.test.yaml", PASSES + "---\n" + FAILS)
        done = self.baton("test", "-o", "junit", code=1)
        suite = tree.fromstring(done.stdout).find("testsuite")
        self.assertEqual((suite.get("tests"), suite.get("failures"), suite.get("errors")), ("2", "1", "0"))
        self.assertEqual(suite.findall("testcase")[1].get("name"), '<it> "fails"')

    def test_what_is_no_test_is_2_and_named_by_validate_too(self):
        self.write("etl.test.yaml", PASSES.replace("expect", "expected"))
        for words in (["test"], ["validate", "."]):
            done = self.baton(*words, code=2)
            self.assertIn('did you mean "expect"', done.stdout + done.stderr)
        self.baton("test", "nowhere", code=3)

    def test_the_old_places_of_words_are_errors_that_name_the_new_ones(self):
        self.write("etl.test.yaml", PASSES.replace("given: {tasks: {extract: [fail, success]}}", "tasks: {}"))
        done = self.baton("test", code=2)
        self.assertIn("`tasks` stands under `given`", done.stderr)

    def test_what_is_not_given_is_noted(self):
        self.write("etl.test.yaml", PASSES)
        self.assertIn("not given, so they succeed at once: load", self.baton("test").stdout)
        told = json.loads(self.baton("test", "-o", "json").stdout)["tests"][0]
        self.assertIn("load", told["note"])

    def test_a_dag_that_is_nowhere_is_said_so(self):
        self.write("etl.test.yaml", PASSES.replace("dag: etl", "dag: elt"))
        done = self.baton("test", code=1)
        self.assertIn('no DAG "elt"', done.stdout)


if __name__ == "__main__":
    unittest.main()
