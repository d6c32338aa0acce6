"""What a day knows of the past does not depend on the day itself, nor on what came after."""
from support import FlightsTest, day_number, good_row, made_up_days, pattern

import as_of
import lake as lake_module

DAYS = 12
DAY = day_number(DAYS - 1)


class FeaturesKnowThePastOnly(FlightsTest):
    def learned(self, rows):
        """(statistics, features without the delays, model) for DAY, from an archive of these rows."""
        self.write_archive(rows)
        self.learn(DAY)
        statistics = [self.lake.features(DAY, f"by-{key}.csv").read_bytes() for key in as_of.KEYS]
        features = [[morning, *values]
                    for morning, _, *values in lake_module.read_csv(self.lake.features(DAY, "rows.csv"))]
        return statistics, features, lake_module.read_json(self.lake.candidate(DAY, "model.json"))

    def test_rows_of_the_future_change_nothing(self):
        before = self.learned(made_up_days(DAYS))
        future = [good_row(day_number(DAYS + d), hour, delay=200) for d in range(3) for hour in range(6, 22)]
        self.assertEqual(self.learned([*made_up_days(DAYS), *future]), before)

    def test_the_delays_of_the_day_itself_change_nothing(self):
        before = self.learned(made_up_days(DAYS))
        self.assertEqual(self.learned(made_up_days(DAYS, late_on(DAYS - 1))), before)

    def test_the_delays_of_the_day_before_do_change_something(self):
        statistics, features, model = self.learned(made_up_days(DAYS))
        other_statistics, other_features, other_model = self.learned(made_up_days(DAYS, late_on(DAYS - 2)))
        self.assertNotEqual(other_statistics, statistics)
        self.assertNotEqual(other_features, features)
        self.assertNotEqual(other_model, model)

    def test_each_past_day_too_knows_only_what_lay_before_it(self):
        _, features, _ = self.learned(made_up_days(DAYS))
        _, others, _ = self.learned(made_up_days(DAYS, late_on(5)))
        for row, other in zip(features, others):
            if row[0] <= day_number(5):
                self.assertEqual(other, row)
            else:
                self.assertNotEqual(other, row)

    def test_the_first_morning_knows_nothing(self):
        rows = as_of.as_of(["a", "b", "c"], lambda day: [("x", 10)])
        self.assertEqual(rows, [("b", "x", 1, 10), ("c", "x", 2, 20)])

    def test_the_last_day_is_not_even_read(self):
        asked = []
        as_of.as_of(["a", "b"], lambda day: asked.append(day) or [])
        self.assertEqual(asked, ["a"])


def late_on(late_day):
    """The usual delays, but for one day on which everything is late."""
    return lambda day, hour, route: 150 if day == late_day else pattern(day, hour, route)
