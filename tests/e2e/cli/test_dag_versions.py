"""`baton dag versions`, `diff`, `source`: how a DAG was, and what has changed of it."""

import json
import unittest

from support import CliTest

FIRST = "dag: etl\ntasks:\n  a: {run: \"true\"}\n"
SECOND = FIRST + "  b: {needs: a, run: \"true\"}  # \x1b-free\n"


class DagVersions(CliTest):
    def setUp(self):
        super().setUp()
        for text in (FIRST, SECOND.replace("\x1b", "")):
            self.write("etl.dag.yaml", text)
            self.baton("run", "etl.dag.yaml")

    def test_versions_newest_first(self):
        versions = json.loads(self.baton("dag", "versions", "etl", "-o", "json").stdout)["versions"]
        self.assertEqual([v["number"] for v in versions], [2, 1])
        self.assertTrue(versions[0]["source_file"].endswith("etl.dag.yaml"))
        self.assertIn("VERSION", self.baton("dag", "versions", "etl").stdout)

    def test_the_last_change_and_any_other(self):
        diff = self.baton("dag", "diff", "etl").stdout
        self.assertIn("--- etl version 1\n+++ etl version 2\n@@ -1,3 +1,4 @@\n", diff)
        self.assertIn('\n+  b: {needs: a, run: "true"}', diff)
        back = self.baton("dag", "diff", "etl", "--from", "2", "--to", "1").stdout
        self.assertIn('\n-  b: {needs: a', back)
        self.assertEqual(self.baton("dag", "diff", "etl", "--from", "1", "--to", "1").stdout, "")

    def test_what_is_not_there_is_said(self):
        self.assertIn('did you mean "etl"', self.baton("dag", "versions", "elt", code=3).stderr)
        self.assertIn("newest is 2", self.baton("dag", "diff", "etl", "--to", "9", code=3).stderr)
        self.assertEqual(self.baton("dag", "source", "etl", "--number", "1").stdout, FIRST)


if __name__ == "__main__":
    unittest.main()
