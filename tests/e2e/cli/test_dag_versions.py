"""`baton dag versions`, `diff`, `source`: how a DAG was, and what has changed of it."""

import json
import subprocess
import unittest

from serving import ServingTest
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


class Committed(ServingTest):
    def test_a_version_keeps_the_commit_of_its_folder(self):
        def git(*words):
            identity = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
            return subprocess.run(["git", *identity, *words], cwd=self.folder, check=True, capture_output=True,
                                  text=True).stdout.strip()
        self.save("d.yaml", "dag: d\ntasks: {a: {run: 'true'}}\n")
        git("init", "-q", ".")
        git("add", "dags")
        git("commit", "-qm", "first")
        first = git("rev-parse", "HEAD")
        self.serve()
        self.until_dag("d")
        commits = lambda: [one["git_commit"] for one in self.ask("GET", "/api/v2/dags/d/dagVersions")[1]["dag_versions"]]
        self.assertEqual([first], commits())
        git("commit", "-qm", "elsewhere", "--allow-empty")
        self.baton("trigger", "d", "--run-id", "r", "--wait")
        self.assertEqual([first], commits())
        git("commit", "-qm", "second", "--allow-empty")
        second = git("rev-parse", "HEAD")
        git("pack-refs", "--all")
        self.save("d.yaml", "dag: d\ntasks: {a: {run: 'echo'}}\n")
        self.until(lambda: len(commits()) == 2, "the second version")
        self.assertEqual(first, commits()[-1])
        self.assertEqual(second, commits()[0])
        self.assertIn("of commit " + first[:12], self.baton("show", "d/r").stdout)
        self.assertIn(first[:12], self.baton("dag", "versions", "d").stdout)
        self.assertEqual(first, self.json("dag", "versions", "d")["versions"][-1]["git_commit"])
        run = self.ask("GET", "/api/v2/dags/d/dagRuns/r")[1]
        self.assertEqual(first, run["dag_versions"][0]["git_commit"])
        self.baton("run", "dags/d.yaml", "--state", "own", "-q")
        self.assertEqual(second, self.json("dag", "versions", "d", "--state", "own")["versions"][0]["git_commit"])


if __name__ == "__main__":
    unittest.main()
