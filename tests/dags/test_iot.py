"""A device that lies is found within its minute and told of once; tiers lose no extreme; devices are there once."""
from pipeline import PipelineTest

INTERVAL = "2026-03-01T00:00:00Z"


class Iot(PipelineTest):
    name = "iot"

    def minutes(self, first, last, *calls):
        env = {"BATON_INTERVAL_START": f"2026-03-01T00:{first:02}:00Z",
               "BATON_INTERVAL_END": f"2026-03-01T00:{last:02}:00Z"}
        return self.steps("iot.steps", [("2026-03-01", *call) for call in calls], **env)

    def test_who_lies_is_found_within_a_minute_and_told_of_once(self):
        self.run_dag("--interval", INTERVAL)
        found = self.rows("SELECT device, kind, since FROM alert ORDER BY 1")
        self.assertEqual(found, [(7, "stuck", "2026-03-01T00:02"), (11, "far off", "2026-03-01T00:02")])
        self.assertEqual(self.logs("notify").count("::warning::"), 2)
        self.run_dag("--interval", "2026-03-01T00:04:00Z")
        self.assertEqual(self.logs("notify").count("::warning::"), 0)
        self.assertEqual(self.rows("SELECT device, kind, since FROM alert ORDER BY 1"), found)

    def test_late_minutes_in_any_order_give_the_same_alert(self):
        for first, last in ((2, 3), (4, 5), (0, 2)):
            self.minutes(first, last, ("provision", "100"), ("ingest", "100"), ("detect",))
        self.assertEqual(self.rows("SELECT device, since FROM alert ORDER BY 1"),
                         [(7, "2026-03-01T00:02"), (11, "2026-03-01T00:02")])

    def test_a_tier_that_loses_an_extreme_is_caught(self):
        self.plant("iot/steps.py", "device, min(least), max(greatest)", "device, min(least), avg(greatest)")
        states = self.run_dag("--interval", INTERVAL, code=1)
        self.assertEqual(states["verify"], "failed")

    def test_old_readings_go_and_their_extremes_stay(self):
        self.minutes(0, 2, ("provision", "20"), ("ingest", "20"), ("downsample",))
        extremes = self.rows("SELECT device, min(temperature), max(temperature) FROM reading GROUP BY 1")
        self.steps("iot.steps", [("2026-03-03/2026-03-04", "downsample")],
                   BATON_INTERVAL_START="2026-03-03T00:00:00Z", BATON_INTERVAL_END="2026-03-03T00:01:00Z")
        self.assertEqual(self.one("SELECT count(*) FROM reading"), 0)
        self.assertEqual(self.one("SELECT count(*) FROM by_minute"), 40)
        self.steps("iot.steps", [("2026-03-03/2026-03-04", "downsample")],
                   BATON_INTERVAL_START="2026-07-03T00:00:00Z", BATON_INTERVAL_END="2026-07-03T00:01:00Z")
        self.assertEqual(self.one("SELECT count(*) FROM by_minute"), 0)
        self.assertEqual(self.rows("SELECT device, least, greatest FROM by_hour"), extremes)

    def test_a_thousand_devices_are_provisioned_once_each(self):
        for _ in range(2):
            made, = self.minutes(0, 1, ("provision", "1000"))
        self.assertEqual(made["devices"], 1000)
        self.assertEqual(self.one("SELECT count(DISTINCT key) FROM device"), 1000)

    def test_the_machine_that_wears_out_is_named_in_time(self):
        *_, found = self.minutes(0, 8, ("provision", "60"), ("ingest", "60"), ("wear",))
        self.assertEqual(list(found["due_in_minutes"]), ["23"])
        self.assertAlmostEqual(found["due_in_minutes"]["23"], 13, delta=2)  # 1 + 0.05 a minute reaches 2 at minute 20
