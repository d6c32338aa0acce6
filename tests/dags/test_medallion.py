"""Between the layers nothing is lost or doubled, and no order of runs and no repetition changes a row."""
import gzip
import json

from pipeline import PipelineTest, contents, days

FIRST, END = "2026-01-01", "2026-01-31"
MONTH = days(FIRST, 30)


class Medallion(PipelineTest):
    name = "medallion"

    def load(self, *intervals, home=None, rules="1"):
        """The pipeline without Baton, for several intervals."""
        calls = []
        for interval in intervals:
            first, _, end = interval.partition("/")
            touched = json.dumps(days("2025-12-29", 40) if end else days(FIRST, 40) if rules == "2" else
                                 [day for day in days("2025-12-29", 40) if day <= first][-4:])
            calls += [(interval, step) for step in ("land", "compact", "silver")]
            calls += [(interval, "redrive")] if rules == "2" else []
            calls += [(interval, "reconcile")]
            calls += [(interval, "gold", table, touched) for table in ("user", "item", "session", "temporal")]
        self.steps("medallion.layers", [*calls, (intervals[-1], "model")], home=home, RULES=rules, PII_KEY="k")

    def without_logs(self, home):
        return {name: rows for name, rows in contents(home).items() if "landing" not in name}

    def test_a_backfill_of_thirty_days_in_any_order_equals_a_full_load(self):
        full, daily = self.folder / "full", self.folder / "daily"
        self.load(f"{FIRST}/{END}", home=full)
        self.load(*MONTH[20:], *reversed(MONTH[:20]), MONTH[7], home=daily)
        self.assertEqual(self.without_logs(daily), self.without_logs(full))
        self.assertGreater(self.one("SELECT count(*) FROM silver", home=full), 3000)

    def test_every_row_of_bronze_is_in_silver_or_a_duplicate_or_a_dead_letter(self):
        self.load(f"{FIRST}/{END}")
        came = self.one("SELECT count(*) FROM bronze")
        went = {table: self.one(f"SELECT count(*) FROM {table}") for table in ("silver", "duplicate", "dead_letter")}
        self.assertEqual(sum(went.values()), came, went)
        self.assertGreater(min(went.values()), 50, went)
        self.assertEqual(self.one("SELECT sum(events) FROM gold WHERE name = 'item'"), went["silver"])
        reasons = dict(self.rows("SELECT reason, count(*) FROM dead_letter GROUP BY 1"))
        self.assertEqual(sorted(reasons), ["amount", "late", "unknown item"])

    def test_a_transformation_that_loses_rows_is_stopped_before_gold(self):
        self.plant("medallion/layers.py", "            seen.add(event_id)\n",
                   "            seen.add(event_id)\n            if event_id.endswith('7'):\n                continue\n")
        states = self.run_dag("--interval", "2026-01-05", code=1)
        self.assertEqual((states["reconcile"], states["model"]), ("failed", "upstream_failed"))

    def test_dead_letters_are_redriven_after_a_fix_and_none_twice(self):
        self.load(*MONTH[:6])
        broken = self.one("SELECT count(*) FROM dead_letter WHERE reason = 'amount'")
        silver = self.one("SELECT count(*) FROM silver")
        self.assertGreater(broken, 10)
        self.load(MONTH[5], rules="2")
        self.assertEqual(self.one("SELECT count(*) FROM dead_letter WHERE reason = 'amount'"), 0)
        doubled = self.one("SELECT count(*) FROM duplicate")
        after = contents(self.home)
        self.assertGreater(self.one("SELECT count(*) FROM silver"), silver)
        self.load(MONTH[5], rules="2")
        self.assertEqual(contents(self.home), after)
        self.load(f"{FIRST}/2026-01-07", home=self.folder / "fresh", rules="2")
        self.assertEqual(self.without_logs(self.folder / "fresh"), self.without_logs(self.home))
        self.assertEqual(self.one("SELECT count(*) FROM duplicate"), doubled)

    def test_a_redrive_that_is_killed_after_its_work_names_the_same_days_again(self):
        self.load(*MONTH[:6])
        work = self.folder / "work"
        work.mkdir()
        done, again = self.steps("medallion.layers", [(MONTH[5], "redrive")] * 2, RULES="2", BATON_WORK_DIR=str(work))
        self.assertEqual(again, done)
        self.assertGreater(done["redriven"], 10)

    def test_no_file_holds_what_points_to_a_person(self):
        self.load(*MONTH[:2])
        for file in self.home.rglob("*"):
            if file.suffix == ".gz":
                self.assertNotIn(b"example.com", gzip.decompress(file.read_bytes()), file)
            elif file.is_file():
                self.assertNotIn(b"example.com", file.read_bytes(), file)

    def test_small_files_are_gone_only_when_the_whole_one_stands(self):
        day = (MONTH[0],)
        self.steps("medallion.layers", [(*day, "land")], PII_KEY="k")
        small = list(self.home.glob("landing/*/*"))
        self.assertGreater(len(small), 10)
        small[3].write_text(small[3].read_text().replace("item-", "item+"))
        self.python("medallion.layers", "compact", code=1, BATON_INTERVAL_START=day[0], BATON_INTERVAL_END=MONTH[1])
        self.assertEqual(len(list(self.home.glob("landing/*/*"))), len(small))
        self.steps("medallion.layers", [(*day, "land"), (*day, "compact")], PII_KEY="k")
        self.assertEqual(list(self.home.glob("landing/*/*")), [])
        self.steps("medallion.layers", [(*day, "compact")], PII_KEY="k")  # killed after its work, before its end
