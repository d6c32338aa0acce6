"""Exactly once through kills; late orders are accounted for; the stream agrees with the batch; back-pressure shows."""
import sqlite3

from pipeline import PipelineTest, contents

DAY = ["--interval", "2026-01-05"]


class Ecommerce(PipelineTest):
    name = "ecommerce"

    def counted(self):
        """How many lines the stream has counted so far."""
        try:
            return self.one("SELECT coalesce(max(lines), 0) FROM place")
        except (sqlite3.OperationalError, IndexError):
            return 0

    def test_counts_are_exact_though_baton_is_killed_again_and_again(self):
        self.run_dag(*DAY, home=self.folder / "calm")
        for lines in (1, 400, 800):
            words = ["resume", "@latest"] if lines > 1 else None
            self.kill_when(lambda: self.counted() >= lines, *DAY, "-p", "per_second=1000", command=words)
            self.assertLess(self.counted(), 1200, "it was killed too late to show anything")
        self.baton("resume", "@latest", "-q")
        self.assertEqual(contents(self.home), contents(self.folder / "calm"))
        self.assertGreater(self.one("SELECT count(*) FROM late"), 10)

    def test_a_stream_that_counts_what_was_sent_twice_is_caught(self):
        self.plant("ecommerce/stream.py", "INSERT OR IGNORE INTO seen", "INSERT OR REPLACE INTO seen")
        self.plant("ecommerce/stream.py", "INSERT INTO late", "INSERT OR REPLACE INTO late")
        self.assertEqual(self.run_dag(*DAY, code=1)["reconcile"], "failed")

    def test_a_stream_that_drops_late_orders_is_caught(self):
        self.plant("ecommerce/stream.py", '        db.execute("INSERT INTO late VALUES (?, ?, ?, ?)", '
                   '(id_, day, minute, cents))\n', "")
        self.assertEqual(self.run_dag(*DAY, code=1)["reconcile"], "failed")

    def test_the_producer_holds_back_while_nobody_reads(self):
        self.plant("ecommerce/stream.py", "PATIENCE_SECONDS = 2", "PATIENCE_SECONDS = 0.1")
        done = self.python("ecommerce.stream", "produce", "1200", "100000", code=75, DAY="2026-01-05")
        self.assertIn("more than 400 lines behind", done)
        lines = (self.home / "topic" / "dt=2026-01-05.jsonl").read_text().count("\n")
        self.assertLess(lines, 500)
        self.python("ecommerce.stream", "produce", "1200", "100000", code=75, DAY="2026-01-05")
        self.assertEqual((self.home / "topic" / "dt=2026-01-05.jsonl").read_text().count("\n"), lines)

    def test_a_stream_that_breaks_does_not_leave_the_sensor_waiting(self):
        self.plant("ecommerce/stream.py", "    until = time.monotonic() + PATIENCE_SECONDS\n    while True:",
                   "    until = 1 / 0\n    while True:")
        self.assertEqual(self.run_dag(*DAY, code=1)["drained"], "skipped")

    def test_one_slot_is_enough(self):
        self.run_dag(*DAY, "--slots", "1")
