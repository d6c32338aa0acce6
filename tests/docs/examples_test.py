"""Runs the examples of the documents.

```yaml blocks that begin with `dag:` are whole DAGs: each is valid, or has the errors that a comment before it names
(`<!-- invalid: unknown-task -->`). `<!-- run: exit 0 [arguments] -->` runs one, `<!-- states: task=success … -->` beside
it says how its tasks end (each instance of a mapped one), `<!-- ticks: arguments -->` before a ```text block lists the
next ticks of the DAG above it, ```expr blocks hold lines `expression → value`, with names set by
`<!-- let: x=1; y="a" -->`; `error` means that the expression has none.

The binary is $BATON, or build/release/baton. Without one the tests are skipped, and say so.
"""

import json
import os
import re
import subprocess
import tempfile
import unittest
from datetime import datetime
from pathlib import Path

from pages import ROOT, blocks, is_dag, pages

BATON = Path(os.environ.get("BATON", ROOT / "build" / "release" / "baton")).resolve()
MISSING = f"there is no {BATON}: build it, or name one in $BATON"


def baton(*words, folder):
    """(exit code, stdout, stderr) of baton, in `folder` and with a state of its own."""
    environment = {**os.environ, "BATON_STATE": str(Path(folder) / "state"), "NO_COLOR": "1"}
    done = subprocess.run([BATON, *map(str, words)], cwd=folder, env=environment, capture_output=True, text=True,
                          timeout=120, check=False)
    return done.returncode, done.stdout, done.stderr


def dags():
    return [b for page in pages() for b in blocks(page) if b.language == "yaml" and is_dag(b.text)]


def same_value(wanted, got):
    """JSON's equality, but 1 and 1.0 differ and so do 1 and true."""
    if isinstance(wanted, list) and isinstance(got, list):
        return len(wanted) == len(got) and all(map(same_value, wanted, got))
    if isinstance(wanted, dict) and isinstance(got, dict):
        return wanted.keys() == got.keys() and all(same_value(wanted[k], got[k]) for k in wanted)
    return type(wanted) is type(got) and wanted == got


@unittest.skipUnless(BATON.exists(), MISSING)
class Examples(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def write(self, block):
        file = Path(self.folder.name) / "example.dag.yaml"
        file.write_text(block.text, encoding="utf-8")
        return file.name

    def test_whole_dags_are_valid_or_have_the_errors_that_are_named(self):
        for block in dags():
            with self.subTest(block.name):
                code, out, err = baton("validate", self.write(block), "-o", "json", folder=self.folder.name)
                self.assertIn(code, (0, 2), err)
                errors = {d["rule"] for d in json.loads(out) if d["severity"] == "error"}
                wanted = set((block.mark("invalid") or "").split())
                self.assertEqual(errors, wanted, out)

    def test_marked_dags_run_and_exit_as_they_say(self):
        for block in dags():
            if (mark := block.mark("run")) is None:
                continue
            with self.subTest(block.name):
                told = re.fullmatch(r"exit (\d+)\s*(.*)", mark)
                self.assertTrue(told, mark)
                with tempfile.TemporaryDirectory() as folder:
                    (Path(folder) / "example.dag.yaml").write_text(block.text, encoding="utf-8")
                    code, out, err = baton("run", "example.dag.yaml", *told.group(2).split(), folder=folder)
                    self.assertEqual(code, int(told.group(1)), out + err)
                    self.check_states(block, folder)

    def check_states(self, block, folder):
        if (mark := block.mark("states")) is None:
            return
        code, out, err = baton("show", "@latest", "-o", "json", folder=folder)
        self.assertEqual(code, 0, err)
        got = {}
        for instance in json.loads(out)["task_instances"]:
            got.setdefault(instance["task_id"], set()).add(instance["state"])
        for task, state in (told.split("=") for told in mark.split()):
            self.assertEqual(got.get(task), {state}, f"{task}: {out}")

    def test_expressions_have_the_values_that_stand_behind_them(self):
        for block in (b for page in pages() for b in blocks(page) if b.language == "expr"):
            names = [w for n in filter(None, (block.mark("let") or "").split("; ")) for w in ("--let", n)]
            for line in filter(None, block.text.split("\n")):
                with self.subTest(block.name, expression=line):
                    expression, value = line.rsplit("→", 1)
                    code, out, err = baton("expr", "-o", "json", *names, "--", expression.strip(),
                                           folder=self.folder.name)
                    if value.strip() == "error":
                        self.assertNotEqual(code, 0, out)
                        continue
                    self.assertEqual(code, 0, err)
                    self.assertTrue(same_value(json.loads(value), json.loads(out)["value"]), out)

    def test_listed_ticks_are_those_that_baton_lists(self):
        for page in pages():
            dag = None
            for block in blocks(page):
                if block.language == "yaml" and is_dag(block.text):
                    dag = block
                if block.mark("ticks") is None:
                    continue
                with self.subTest(block.name):
                    code, out, err = baton("dag", "next", self.write(dag), *block.mark("ticks").split(), "-o", "json",
                                           folder=self.folder.name)
                    self.assertEqual(code, 0, err)
                    got = [datetime.fromisoformat(t["run_after"].replace("Z", "+00:00")) for t in json.loads(out)]
                    told = [datetime.fromisoformat(line.split()[0]) for line in block.text.split("\n") if line.strip()]
                    self.assertEqual(got, told)


if __name__ == "__main__":
    unittest.main()
