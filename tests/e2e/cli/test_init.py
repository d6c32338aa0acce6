"""`baton init`: a first DAG that validates, runs, and is never written over."""
import json
import unittest

from support import CliTest


class Init(CliTest):
    def test_the_first_dag_is_valid_runs_and_names_its_schema(self):
        said = self.baton("init").stdout
        self.assertIn("baton server", said)
        text = (self.folder / "dags" / "hello.dag.yaml").read_text()
        self.assertTrue(text.startswith("# yaml-language-server: $schema=./dag.schema.json\n"))
        json.loads((self.folder / "dags" / "dag.schema.json").read_text())
        self.assertEqual("", self.baton("validate", "dags").stderr.strip())
        self.baton("fmt", "--check", "dags")
        self.baton("run", "dags/hello.dag.yaml", "-p", "name=you")
        self.assertIn("hello, you: 3 lines", self.baton("logs", "@latest", "greet").stdout)

    def test_nothing_is_written_over(self):
        self.write("dags/hello.dag.yaml", "mine")
        self.assertIn("hello.dag.yaml", self.baton("init", code=5).stderr)
        self.assertEqual("mine", (self.folder / "dags" / "hello.dag.yaml").read_text())
        self.assertFalse((self.folder / "dags" / "dag.schema.json").exists())

    def test_another_folder_is_made(self):
        self.assertIn("cd there", self.baton("init", "there").stdout)
        self.assertTrue((self.folder / "there" / "dags" / "hello.dag.yaml").exists())


if __name__ == "__main__":
    unittest.main()
