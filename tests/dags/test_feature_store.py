"""No training row sees the future, online equals offline, and a year in chunks equals a year of weeks."""
import json

from pipeline import PipelineTest, days

YEAR = "2025-01-06/2026-01-05"
MONDAYS = days("2025-01-06", 364)[::7]


class FeatureStore(PipelineTest):
    name = "feature_store"

    def steps_of(self, *calls, home=None, move=""):
        return self.steps("feature_store.store", calls, home=home, MOVE=move, ACTOR="ada")

    def test_a_year_in_chunks_equals_the_weeks_one_by_one_in_any_order(self):
        self.plant("feature_store/store.py", "CUSTOMERS = 1000", "CUSTOMERS = 200")
        weekly, chunked = self.folder / "weekly", self.folder / "chunked"
        chunks = self.steps_of((YEAR, "register"), home=chunked)[0]["chunks"]
        self.assertEqual(len(chunks), 4)
        self.steps_of(*((YEAR, "compute", json.dumps(chunk)) for chunk in chunks), home=chunked)
        self.steps_of((MONDAYS[0], "register"), *((day, "compute", json.dumps([day])) for day in reversed(MONDAYS)),
                      home=weekly)
        counted = "SELECT count(*), sum(value), sum(customer * value), max(available) FROM value"
        self.assertEqual(self.rows(counted, home=weekly), self.rows(counted, home=chunked))
        self.assertGreater(self.one("SELECT count(*) FROM value", home=chunked), 20000)

    def test_a_new_feature_is_filled_in_and_the_others_stay_as_they_were(self):
        self.run_dag("--interval", "2025-03-31/2025-05-05")
        before = self.rows("SELECT * FROM value ORDER BY 1, 2, 3, 4")
        self.plant("feature_store/definitions.json", '  "orders": {',
                   '  "smallest": {"1": {"days": 28, "what": "min(cents)"}},\n  "orders": {')
        self.run_dag("--interval", "2025-03-31/2025-05-05")
        self.assertEqual(self.rows("SELECT * FROM value WHERE feature <> 'smallest' ORDER BY 1, 2, 3, 4"), before)
        self.assertEqual(len(self.rows("SELECT DISTINCT as_of FROM value WHERE feature = 'smallest'")), 5)

    def test_a_join_that_looks_ahead_is_caught(self):
        self.plant("feature_store/store.py", "AND available <= ? GROUP BY feature",
                   "AND date(available, '-7 days') <= ? GROUP BY feature")
        states = self.run_dag("--interval", "2025-03-31/2025-05-05", code=1)
        self.assertEqual(states["verify"], "failed")

    def test_values_that_know_the_week_to_come_are_caught(self):
        self.plant("feature_store/store.py", 'task.days_before(monday, body["days"]), monday))',
                   'task.days_before(monday, body["days"]), task.days_before(monday, -7)))')
        self.assertEqual(self.run_dag("--interval", "2025-03-31/2025-05-05", code=1)["verify"], "failed")

    def test_online_equals_offline_for_a_thousand_customers(self):
        *_, made, same = self.steps_of(("2025-12-29", "register"), ("2025-12-29", "compute", json.dumps(MONDAYS[-14:])),
                                       ("2025-12-29", "materialize"), ("2025-12-29", "compare"))
        self.assertEqual(made["keys"], 1000)
        self.assertEqual((same["keys"], same["fresh"]), (1000, True))
        stale = self.steps_of(("2026-02-02", "compare"))[0]
        self.assertFalse(stale["fresh"])

    def test_a_value_that_differs_online_is_caught(self):
        self.plant("feature_store/store.py", 'online.execute("DELETE FROM value")',
                   'online.execute("DELETE FROM value WHERE 0")')
        self.plant("feature_store/store.py", '"INSERT INTO value VALUES (?, ?, ?, ?)", rows)',
                   '"INSERT OR IGNORE INTO value VALUES (?, ?, ?, ?)", rows)')
        self.run_dag("--interval", "2025-03-31")
        self.assertEqual(self.run_dag("--interval", "2025-04-07", code=1)["compare"], "failed")

    def test_an_alias_that_moves_is_audited_once_and_stays_moved(self):
        for move in ("", "spend@live=2", "spend@live=2", ""):
            self.steps_of(("2025-03-31", "register"), move=move)
        self.assertEqual(self.rows("SELECT name, before, after, by FROM alias_audit WHERE before IS NOT NULL"),
                         [("spend@live", "1", "2", "ada")])
        self.assertEqual(self.one("SELECT version FROM alias WHERE name = 'spend@live'"), "2")

    def test_a_definition_that_changes_without_a_new_version_is_refused(self):
        self.steps_of(("2025-03-31", "register"))
        self.plant("feature_store/definitions.json", '"count(*)"', '"count(*) + 1"')
        self.assertIn("give it a new version", self.python("feature_store.store", "register", code=1, MOVE="", ACTOR="",
                      BATON_INTERVAL_START="2025-03-31", BATON_INTERVAL_END="2025-04-07"))
