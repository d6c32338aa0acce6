"""What holds for every reference pipeline: it is valid, short, explained, idempotent, and survives a kill -9."""
import concurrent.futures
import copy
import os
import re
import shutil
import subprocess
import unittest

from pipeline import BATON, DAGS, PipelineTest, contents

# How each is started here, and after how many lines of progress it is killed.
RUNS = {
    "bank": (["--interval", "2026-01-05"], 9),
    "billion": (["-p", "events=20000"], 11),
    "cost": (["--interval", "2026-01-05"], 9),
    "ecommerce": (["--interval", "2026-01-05"], 8),
    "feature_store": (["--interval", "2025-03-31"], 8),
    "fraud": (["--interval", "2026-02-01"], 9),
    "iot": (["--interval", "2026-03-01T00:00:00Z"], 6),
    "lake": (["--interval", "2026-01-05"], 9),
    "lineage_audit": (["--interval", "2026-01-05"], 6),
    "medallion": (["--interval", "2026-01-05"], 10),
    "mlops": (["--interval", "2026-01-01"], 9),
    "recommendations": ([], 9),
    "schemas": (["--interval", "2026-01-01"], 5),
    "tested": (["--interval", "2026-01-05"], 8),
    "training_data": ([], 6),
}
YAML_LINES_MAX, PROGRAM_LINES_MAX = 150, 300


class EveryPipeline(PipelineTest):
    def test_ends_the_same_when_baton_is_killed_and_a_second_run_changes_nothing(self):
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for name, proof in {name: pool.submit(self.prove, name) for name in RUNS}.items():
                with self.subTest(name):
                    proof.result()

    def prove(self, name):
        words, lines = RUNS[name]
        lone = copy.copy(self)
        lone.name, lone.folder = name, self.folder / name
        shutil.copytree(self.folder / "bin", lone.folder / "bin")
        calm, lone.home = lone.folder / "calm", lone.folder / "killed"
        words = [*words, "--run-id", "first"]  # the same in both, for those that write it down
        lone.run_dag(*words, home=calm)
        expected = contents(calm)
        shutil.rmtree(lone.folder / "state")
        lone.assertTrue(lone.kill_after(lines, *words), "it had ended before it was killed")
        lone.baton("resume", "@latest", "-q")
        lone.assertEqual(contents(lone.home), expected, "after kill -9 and resume")
        lone.run_dag(*words[:-1], "second")
        lone.assertEqual(contents(lone.home), expected, "after a second run")


class TheGallery(unittest.TestCase):
    @unittest.skipUnless(os.access(BATON, os.X_OK), f"{BATON} is not built")
    def test_every_file_is_valid_without_a_finding_and_formatted(self):
        for words in (["validate"], ["fmt", "--check"]):
            done = subprocess.run([BATON, *words, str(DAGS)], text=True, capture_output=True)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            if words == ["validate"]:
                self.assertIn("no findings", done.stdout)

    @unittest.skipUnless(os.access(BATON, os.X_OK), f"{BATON} is not built")
    def test_each_has_a_test_file_beside_it_and_all_of_them_pass(self):
        for name in RUNS:
            self.assertIn(f"\ndag: {name}\n", (DAGS / f"{name}.test.yaml").read_text())
        done = subprocess.run([BATON, "test", str(DAGS)], text=True, capture_output=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_is_short_enough_to_be_read_in_ten_minutes(self):
        for name in RUNS:
            self.assertLessEqual(lines_of(DAGS / f"{name}.dag.yaml"), YAML_LINES_MAX, name)
            for program in (DAGS / name).glob("*.py"):
                self.assertLessEqual(lines_of(program), PROGRAM_LINES_MAX, program)

    def test_each_has_its_page_its_row_and_its_tests(self):
        gallery = (DAGS / "README.md").read_text()
        for name in RUNS:
            page = (DAGS / name / "README.md").read_text()
            self.assertIn(f"baton run dags/{name}.dag.yaml", page)
            self.assertIn(f"[`{name}`]({name}/README.md)", gallery)
        listed = re.findall(r"^\| `([\w.]+)\.dag\.yaml` |^\| \[`(\w+)`\]", gallery, re.MULTILINE)
        self.assertEqual(sorted(a or b for a, b in listed),
                         sorted(file.name[:-len(".dag.yaml")] for file in DAGS.glob("*.dag.yaml")))


def lines_of(file):
    return file.read_text().count("\n")


if __name__ == "__main__":
    unittest.main()
