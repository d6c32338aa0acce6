"""`baton init`: a first DAG or a reference pipeline that validates, runs, and is never written over."""
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

    def test_a_template_is_a_whole_pipeline_that_runs_and_whose_tests_pass(self):
        said = self.baton("init", "--template", "fraud").stdout
        self.assertIn("baton run dags/fraud.dag.yaml", said)
        self.assertIn("dags/fraud/README.md", said)
        self.assertEqual("", self.baton("validate", "dags").stderr.strip())
        self.baton("test", "dags")
        self.baton("run", "dags/fraud.dag.yaml", "--interval", "2026-02-02", "-q")

    def test_one_that_there_is_not_lists_them(self):
        said = self.baton("init", "--template", "medalion", code=3).stderr
        self.assertIn('did you mean "medallion"?', said)
        for name in ("  bank ", "  hello", "  tested ", "  iot "):
            self.assertIn(name, said)
        self.assertNotIn("flights", said)
        self.assertFalse((self.folder / "dags").exists())

    def test_a_second_template_shares_what_both_need_and_what_is_changed_stays(self):
        self.baton("init", "--template", "schemas")
        self.baton("init", "--template", "hello")
        self.baton("init", "--template", "tested")
        self.write("dags/tested.dag.yaml", "mine")
        (self.folder / "dags" / "tested" / "README.md").unlink()
        self.assertIn("tested.dag.yaml", self.baton("init", "--template", "tested", code=5).stderr)
        self.assertEqual("mine", (self.folder / "dags" / "tested.dag.yaml").read_text())
        self.assertFalse((self.folder / "dags" / "tested" / "README.md").exists())


if __name__ == "__main__":
    unittest.main()
