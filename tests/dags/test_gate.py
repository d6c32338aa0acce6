"""A model is published only if it is better, and the report says why or why not."""
from support import FlightsTest, day_number, made_up_days, pattern

import evaluate
import lake as lake_module

DAYS = 12
DAY = day_number(DAYS - 1)


class TheVerdict(FlightsTest):
    def test_wants_more_than_every_rival(self):
        cases = [  # candidate, baseline, champion, gain asked for -> better
            (9, 10, None, 0, True), (10, 10, None, 0, False), (11, 10, None, 0, False), (9, 10, None, 1, False),
            (9, 10, 9.5, 0, True), (9, 10, 9, 0, False), (9, 10, 8, 0, False), (9, 8, 10, 0, False)]
        for *case, better in cases:
            self.assertEqual(evaluate.verdict(*case)[0], better, case)

    def test_names_the_rival_that_stands_in_the_way(self):
        self.assertEqual(evaluate.verdict(9, 10, 8, 0)[1], "1.00 min worse than the published model")
        self.assertEqual(evaluate.verdict(9, 10, None, 5)[1],
                         "only 1.00 min better than the baseline, more than 5 are asked for")


class TheGate(FlightsTest):
    def current(self):
        return lake_module.read_json(self.lake.current()) if self.lake.current().is_file() else None

    def test_a_better_model_is_published(self):
        self.write_archive(made_up_days(DAYS))
        report = self.run_day(DAY)
        self.assertEqual(report["outcome"], "published")
        self.assertLess(report["evaluation"]["mae_min"], report["evaluation"]["baseline_mae_min"])
        self.assertEqual(self.current()["model_id"], report["evaluation"]["model_id"])
        self.assertTrue(self.lake.model(self.current()["model_id"]).is_file())

    def test_a_day_without_a_past_has_no_baseline(self):
        self.write_archive(made_up_days(DAYS))
        report = self.run_day(day_number(0))
        self.assertEqual(report["outcome"], "not published")
        self.assertEqual(report["reason"], "no baseline: 0 past days, 7 are needed")
        self.assertEqual(report["checks"]["rows"], 40)
        self.assertIsNone(self.current())

    def test_a_model_that_is_worse_is_not_published(self):
        turned = [row for row in made_up_days(DAYS, lambda d, hour, r: (pattern(d, hour, r) if d < DAYS - 1
                                                                        else 40 - 4 * (hour - 6)))]
        self.write_archive(turned)
        report = self.run_day(DAY)
        self.assertEqual(report["outcome"], "not published")
        self.assertIn("worse than the baseline", report["reason"])
        self.assertIsNone(self.current())

    def test_a_gain_may_be_asked_for(self):
        self.write_archive(made_up_days(DAYS))
        report = self.run_day(DAY, min_gain_min=1000)
        self.assertIn("more than 1000 are asked for", report["reason"])
        self.assertIsNone(self.current())

    def test_the_rival_is_what_an_earlier_day_published(self):
        self.write_archive(made_up_days(DAYS))
        earlier = self.run_day(day_number(DAYS - 2))
        self.assertIsNone(earlier["evaluation"]["champion"])
        champion = self.run_day(DAY)["evaluation"]["champion"]
        self.assertEqual((champion["day"], champion["model_id"]),
                         (day_number(DAYS - 2), earlier["evaluation"]["model_id"]))

    def test_a_late_run_of_an_old_day_does_not_turn_the_pointer_back(self):
        self.write_archive(made_up_days(DAYS))
        self.assertEqual(self.run_day(DAY)["outcome"], "published")
        before = self.current()
        old = self.run_day(day_number(DAYS - 2))
        self.assertEqual(old["outcome"], "published")
        self.assertIsNone(old["evaluation"]["champion"])
        self.assertEqual(self.current(), before)

    def test_publish_refuses_a_model_that_was_not_found_better(self):
        self.write_archive(made_up_days(DAYS))
        self.run_day(DAY, min_gain_min=1000)
        with self.assertRaises(SystemExit):
            self.step("publish", "--day", DAY)
        self.assertIsNone(self.current())

    def test_publish_refuses_an_evaluation_of_another_model(self):
        self.write_archive(made_up_days(DAYS))
        self.learn(DAY)
        self.step("evaluate", "--day", DAY)
        model = lake_module.read_json(self.lake.candidate(DAY, "model.json"))
        lake_module.write_json(self.lake.candidate(DAY, "model.json"), {**model, "intercept": 1000.0})
        with self.assertRaises(SystemExit):
            self.step("publish", "--day", DAY)
        self.assertIsNone(self.current())

    def test_publish_is_mended_after_a_crash_before_the_pointer(self):
        self.write_archive(made_up_days(DAYS))
        self.run_day(DAY)
        before = self.current()
        self.lake.current().unlink()
        self.step("publish", "--day", DAY)
        self.assertEqual(self.current(), before)


class TheReport(FlightsTest):
    def test_does_not_take_files_of_an_earlier_run_for_this_one(self):
        self.write_archive(made_up_days(DAYS))
        self.run_day(DAY)
        report = self.report(DAY, {"plan": "success", "validate": "failed", "evaluate": "upstream_failed",
                                   "publish": "upstream_failed"})
        self.assertIsNone(report["checks"])
        self.assertIsNone(report["evaluation"])
        self.assertEqual(report["outcome"], "not published")
        self.assertIn("validate is failed", report["reason"])
        self.assertIn("which an earlier run published, stands", report["reason"])

    def test_stands_even_where_the_plan_failed(self):
        states = dict.fromkeys(["plan", "validate", "evaluate", "publish"], "upstream_failed")
        report = self.report(DAY, {**states, "plan": "failed"})
        self.assertIn("plan is failed", report["reason"])
