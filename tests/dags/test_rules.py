"""Each rule catches its kind, says so, and lets pass what stands beside it."""
import gzip

from support import AIRPORTS, DAGS, FlightsTest, good_row

import lake as lake_module

DAY = "2001-02-15"


class EachRuleCatchesItsKind(FlightsTest):
    def quarantined(self, rows):
        """Puts the rows between good ones; returns the reasons by row, and checks that the good ones came through."""
        good = [good_row(DAY, hour) for hour in (6, 7)]
        self.write_archive([good[0], *rows, good[1]])
        self.prepare(DAY, DAY, "--max-bad-share", 1)
        caught = lake_module.read_csv(self.lake.quarantine(DAY))
        clean = [row[0] for row in lake_module.read_csv(self.lake.silver(DAY))]
        self.assertIn(f"{DAY}T06:00:00", clean)
        self.assertIn(f"{DAY}T07:00:00", clean)
        self.assertEqual(len(clean) + len(caught), len(rows) + 2)
        return [reasons for _, reasons, *_ in caught]

    def test_one_row_of_each_kind(self):
        rows = {
            "schema": f"{DAY}T09:00:00,BNA,MCI,491",
            "unknown_airport": f"{DAY}T10:00:00,BNA,XXX,491,0",
            "distance": f"{DAY}T11:00:00,BNA,MCI,1491,0",
            "duplicate_flight": good_row(DAY, 6, delay=17),
            "delay_cap": good_row(DAY, 12, delay=241),
        }
        self.assertEqual(self.quarantined(rows.values()), list(rows))
        checks = lake_module.read_json(self.lake.checks(DAY))
        self.assertEqual(checks["by_reason"], dict.fromkeys(rows, 1))
        self.assertEqual((checks["rows"], checks["quarantined"]), (7, 5))

    def test_every_way_to_break_the_schema(self):
        rows = [f"{DAY}T09:00:00,BNA,MCI,491,0,extra", f"{DAY}T25:00:00,BNA,MCI,491,0", f"{DAY}Tnoon,BNA,MCI,491,0",
                f"{DAY}T09:00:00,BNA,MCI,491,late", f"{DAY}T09:00:00,BNA,MCI,491,1.5", f"{DAY}T09:00:00,BNA,MCI,,0",
                f"{DAY}T09:00:00,BNA,MCI,-491,0", "no date at all,BNA,MCI,491,0", ",,,,"]
        self.assertEqual(self.quarantined(rows), ["schema"] * len(rows))

    def test_what_is_just_within_the_rules_passes(self):
        rows = [good_row(DAY, 12, delay=240), f"{DAY}T13:00:00,BNA,MCI,500,0", good_row(DAY, 6, 1)]
        self.assertEqual(self.quarantined(rows), [])

    def test_a_row_may_break_several_rules(self):
        self.assertEqual(self.quarantined([f"{DAY}T06:00:00,BNA,MCI,1491,300"]),
                         ["distance+duplicate_flight+delay_cap"])

    def test_a_good_row_is_no_duplicate_of_one_in_quarantine(self):
        self.assertEqual(self.quarantined([good_row(DAY, 12, delay=300), good_row(DAY, 12, delay=3)]), ["delay_cap"])

    def test_a_day_with_many_bad_rows_is_a_broken_delivery(self):
        self.write_archive([good_row(DAY), *[f"{DAY}T09:00:00,BNA,MCI,491,late"] * 3])
        with self.assertRaises(SystemExit):
            self.prepare(DAY, DAY)
        self.assertIn(f"3 of 4 rows of {DAY} are bad", self.log)

    def test_an_archive_with_other_columns_is_refused(self):
        with gzip.open(self.archive, "wt") as text:
            text.write("departure,origin,destination,delay\n")
        with self.assertRaises(SystemExit):
            self.step("ingest", "--first", DAY, "--last", DAY, "--source", self.archive)

    def test_an_archive_that_is_not_there_is_worth_a_retry(self):
        with self.assertRaises(SystemExit) as ended:
            self.step("ingest", "--first", DAY, "--last", DAY, "--source", self.folder / "missing.gz")
        self.assertEqual(ended.exception.code, 75)


class TheRealData(FlightsTest):
    def test_has_thirteen_rows_that_the_rules_catch(self):
        self.archive = DAGS / "data" / "flights-2001q1.csv.gz"
        days = ("--first", "2001-01-01", "--last", "2001-03-31")
        self.assertEqual(self.step("ingest", *days, "--source", self.archive), {"rows": 20000})
        total = self.step("validate", *days, "--airports", AIRPORTS)
        self.assertEqual(total, {"rows": 20000, "quarantined": 13})
        self.assertEqual(lake_module.read_json(self.lake.checks(DAY))["by_reason"]["delay_cap"], 2)
