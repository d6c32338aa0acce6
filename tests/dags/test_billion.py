"""A rebalance neither loses nor doubles; a member of an older generation changes nothing; salt evens out a hot key."""
from pipeline import PipelineTest

COUNT = "20000"
ARGUMENTS = ["-p", f"events={COUNT}"]


class Billion(PipelineTest):
    name = "billion"

    def call(self, *calls, home=None):
        return self.steps("billion.steps", [("2026-01-05", *call) for call in calls], home=home)

    def test_a_rebalance_in_the_middle_neither_loses_nor_doubles(self):
        self.run_dag(*ARGUMENTS, "--task", "first")
        half = self.one("SELECT sum(lines) FROM place")
        self.assertTrue(int(COUNT) * 0.4 < half < int(COUNT) * 0.6, f"{half} of {COUNT}: that is no middle")
        self.run_dag(*ARGUMENTS)
        self.assertEqual(self.one("SELECT sum(events) FROM tally"), int(COUNT))
        self.assertEqual(self.one("SELECT sum(lines) FROM place"), int(COUNT))
        self.assertEqual(self.rows("SELECT * FROM generation"), [(1, 2), (2, 3)])

    def test_a_zombie_that_is_let_in_is_caught(self):
        self.plant("billion/steps.py", "        if number != newest:", "        if number > newest:")
        states = self.run_dag(*ARGUMENTS, code=1)
        self.assertEqual(states["zombie"], "failed")

    def test_a_place_that_is_kept_apart_from_the_counts_is_caught(self):
        self.plant("billion/steps.py", "        db.executemany(\"\"\"INSERT INTO tally", "        db.execute('COMMIT')\n"
                   "        crash = task.path('crashed')\n        if not crash.exists() and partition == 3:\n"
                   "            crash.touch()\n            raise SystemExit(75)\n        db.execute('BEGIN')\n"
                   "        db.executemany(\"\"\"INSERT INTO tally")
        self.assertEqual(self.run_dag(*ARGUMENTS, code=1)["reconcile"], "failed")

    def test_salt_evens_out_a_hot_key_and_its_reader_takes_it_off(self):
        calls = [("rebalance", "1", "1"), ("consume", "1", "0", "1"), ("reconcile", COUNT)]
        salted, *_, sums = self.call(("produce", COUNT, "true"), *calls)
        plain, *_, same = self.call(("produce", COUNT, "false"), *calls, home=self.folder / "plain")
        self.assertLess(salted["largest"], 1.2)
        self.assertGreater(plain["largest"], 2)
        self.assertEqual(sums, same)
