"""Four planted faults, four catches: each at its own level, with all levels before it green."""
from pipeline import PipelineTest

LEVELS = ["unit", "integration", "replay", "chaos", "release"]
CODE = "tested/invoices.py"


class Tested(PipelineTest):
    name = "tested"

    def caught_at(self, level, old, new):
        self.plant(CODE, old, new)
        states = self.run_dag("--interval", "2026-01-05", code=1)
        here = LEVELS.index(level)
        expected = dict.fromkeys(LEVELS[:here], "success") | {level: "failed"} | \
            dict.fromkeys(LEVELS[here + 1:], "upstream_failed")
        self.assertEqual(states, expected)
        self.assertFalse((self.home / "released.json").exists())

    def test_a_wrong_function_is_caught_by_a_unit_test(self):
        self.caught_at("unit", "(tenths + 50) // 100", "tenths // 100")

    def test_parts_that_do_not_fit_are_caught_by_the_integration(self):
        self.caught_at("integration", "FROM invoice WHERE day = ? \"\n", "FROM invoice WHERE day = ? AND tax <> 0 \"\n")

    def test_a_case_that_nobody_thought_of_is_caught_by_the_replay(self):
        self.caught_at("replay", "rounded if net >= 0 else -rounded", "rounded")

    def test_what_a_crash_leaves_is_caught_by_the_chaos(self):
        self.caught_at("chaos", '        db.execute("DELETE FROM invoice WHERE day = ?", (day,))\n', "")

    def test_without_a_fault_it_is_released(self):
        self.assertEqual(set(self.run_dag("--interval", "2026-01-05").values()), {"success"})
        self.assertTrue((self.home / "released.json").is_file())
