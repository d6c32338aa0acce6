"""A task may run again at any time: a second run changes nothing, and a broken write leaves the old file."""
import os
from unittest import mock

from support import DAGS, FlightsTest, day_number, made_up_days

import lake as lake_module

DAYS = 12
DAY = day_number(DAYS - 1)


class ASecondRun(FlightsTest):
    def test_touches_no_file(self):
        self.write_archive(made_up_days(DAYS))
        first_report = self.run_day(DAY)
        self.assertEqual(first_report["outcome"], "published")
        first = self.snapshot()
        self.assertEqual(self.run_day(DAY), first_report)
        self.assertEqual(self.snapshot(), first)

    def test_touches_no_file_after_later_days_were_published(self):
        self.write_archive(made_up_days(DAYS))
        for day in (day_number(DAYS - 2), DAY):
            self.run_day(day)
        first = self.snapshot()
        self.run_day(day_number(DAYS - 2))
        self.run_day(DAY)
        self.assertEqual(self.snapshot(), first)

    def test_of_the_real_day_writes_the_same_bytes_into_another_lake(self):
        self.archive = DAGS / "data" / "flights-2001q1.csv.gz"
        day = "2001-01-12"
        self.run_day(day)
        first = {path: content for path, (content, _) in self.snapshot().items()}
        self.lake = lake_module.Lake(self.folder / "other")
        self.run_day(day)
        self.assertEqual({path: content for path, (content, _) in self.snapshot().items()}, first)


class AWrite(FlightsTest):
    def test_that_breaks_leaves_the_old_file_and_nothing_beside_it(self):
        path = self.folder / "file"
        lake_module.write_text(path, "old")
        with mock.patch.object(os, "replace", side_effect=OSError("disk full")):
            with self.assertRaises(OSError):
                lake_module.write_text(path, "new")
        self.assertEqual(path.read_text(), "old")
        self.assertEqual(os.listdir(self.folder), ["file"])

    def test_of_the_same_content_does_not_happen(self):
        path = self.folder / "file"
        self.assertTrue(lake_module.write_text(path, "same"))
        with mock.patch.object(os, "replace", side_effect=AssertionError("written again")):
            self.assertFalse(lake_module.write_text(path, "same"))
