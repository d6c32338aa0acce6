"""baton.yaml while a server runs: what is saved acts within seconds; copies that a server makes by itself."""
import os
import sqlite3
import unittest

from serving import ServingTest

QUICK = "dag: quick\ntasks:\n  a: {run: \"echo here\"}\n"
NARROW = "dag: narrow\ntasks:\n  a: {run: \"true\", pool: door}\n"


class Settings(ServingTest):
    def until_said(self, words):
        for line in self.process.stderr:
            if words in line:
                return
        self.fail(f"the server ended without a word of {words}")

    def slots(self, pool):
        status, answer = self.ask("GET", f"/api/v2/pools/{pool}")
        return answer["slots"] if status == 200 else None

    def retention(self):
        return self.ask("GET", "/api/v2/server/retention")[1]["runs"]

    def test_what_is_saved_acts_without_a_restart_and_a_broken_file_changes_nothing(self):
        self.write("baton.yaml", "pools: {door: 1}\n")
        self.save("quick.yaml", QUICK)
        self.save("narrow.yaml", NARROW)
        self.serve()
        self.until_dag("narrow")
        self.until(lambda: self.slots("door") == 1, "the pool")
        for name in ("one", "two", "three"):
            self.baton("trigger", "quick", "--run-id", name, "--wait")
        self.write("baton.yaml", "pools: {door: 5}\nretention: 1 per dag\n")
        self.until(lambda: self.slots("door") == 5, "the pool of the new file")
        self.until(lambda: [run["dag_run_id"] for run in self.runs("quick")] == ["three"], "old runs to go")
        self.assertEqual("1 per dag", self.retention())
        self.write("baton.yaml", "pools: {door: 9}\nretention: whatever\n")
        self.until_said("left as it was")
        status, run = self.ask("POST", "/api/v2/dags/narrow/dagRuns", {"logical_date": None})
        self.assertEqual(200, status)
        self.until(lambda: self.runs("narrow")[-1]["state"] == "success", "a run under the settings as they were")
        self.assertEqual(("1 per dag", 5), (self.retention(), self.slots("door")))
        self.write("baton.yaml", "pools: {door: 7}\n")
        self.until(lambda: self.slots("door") == 7, "the pool of the mended file")
        self.until(lambda: self.retention() is None, "retention to end")

    def test_commands_warn_of_a_mistake_and_go_on_as_the_server_does(self):
        self.save("quick.yaml", QUICK)
        self.write("baton.yaml", "retention: 90d\n")
        self.serve()
        self.until_dag("quick")
        self.write("baton.yaml", "retention: 90d\npoools: {door: 1}\n")
        self.until_said("left as it was")
        asked = self.baton("trigger", "quick", "--run-id", "r", "--wait")
        said = [line for line in asked.stderr.splitlines() if "baton.yaml:2:1" in line]
        self.assertEqual(1, len(said), asked.stderr)
        self.assertIn("the settings that it read last", said[0])
        for words in (["clear", "quick/r", "--wait"], ["mark", "quick/r", "failed", "a"], ["retry", "quick/r", "--wait"],
                      ["why", "quick/r", "a"], ["stop", "quick/r"]):
            done = self.baton(*words, code=None)
            self.assertNotEqual(2, done.returncode, (words, done.stderr))
        self.baton("run", "dags/quick.yaml", "--state", "elsewhere", code=2)  # who starts an engine has no earlier settings
        self.baton("cost", code=2)  # nor has who asks the file for prices

    def test_a_file_that_comes_later_is_found(self):
        self.serve()
        self.assertIsNone(self.retention())
        self.write("baton.yaml", "retention: 90d\n")
        self.until(lambda: self.retention() == "90d", "the settings")

    def test_a_server_makes_copies_by_itself(self):
        copies = self.folder / "copies"
        self.write("baton.yaml", f"backup: {{path: {copies}, every: 1h, keep: 2}}\n")
        copies.mkdir()
        for old in ("baton-20200101T000000Z.db", "baton-20200102T000000Z.db", "mine.db"):
            (copies / old).write_text("old")
        self.save("quick.yaml", QUICK)
        self.serve()
        self.until_dag("quick")
        self.until(lambda: not (copies / "baton-20200101T000000Z.db").exists(), "a copy, and the oldest to go")
        self.until(lambda: len(os.listdir(copies)) == 3, "the end of the check of the copy")
        names = sorted(os.listdir(copies))
        self.assertIn("mine.db", names)
        fresh = names[1]
        self.assertEqual(0o600, (copies / fresh).stat().st_mode & 0o777)
        with sqlite3.connect(f"file:{copies / fresh}?mode=ro", uri=True) as copy:
            self.assertEqual(("ok",), copy.execute("PRAGMA integrity_check").fetchone())
        self.until(lambda: "baton_backup_failing 0" in self.ask("GET", "/metrics")[1], "metrics")
        self.until(lambda: "baton_backup_last_success_seconds 0\n" not in self.ask("GET", "/metrics")[1], "its time")

    def test_a_copy_by_hand_is_made_beside_a_server(self):
        self.save("quick.yaml", QUICK)
        self.serve()
        self.until_dag("quick")
        self.baton("trigger", "quick", "--run-id", "one", "--wait")
        self.assertIn("checked", self.baton("db", "backup", "copy.db").stdout)
        with sqlite3.connect(f"file:{self.folder}/copy.db?mode=ro", uri=True) as copy:
            self.assertEqual(1, copy.execute("SELECT count(*) FROM dag_run").fetchone()[0])


if __name__ == "__main__":
    unittest.main()
