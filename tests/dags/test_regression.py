"""The arithmetic of the model, against answers known beforehand."""
import unittest

import support  # noqa: F401  (finds dags/flights)
from regression import fit, mean_absolute_error, solve

LINE = [([float(x)], 3.0 + 2.0 * x) for x in range(20)]


class Regression(unittest.TestCase):
    def test_solves_a_system_that_needs_a_pivot(self):
        self.assertEqual(solve([[0.0, 1.0], [2.0, 0.0]], [3.0, 4.0]), [2.0, 3.0])

    def test_finds_a_line(self):
        for loss in ("absolute", "squared"):
            intercept, slope = fit(LINE, loss, 0.0)
            self.assertAlmostEqual(intercept, 3.0)
            self.assertAlmostEqual(slope, 2.0)

    def test_a_penalty_flattens_the_slope_and_spares_the_intercept(self):
        intercept, slope = fit(LINE, "squared", 1e9)
        self.assertAlmostEqual(slope, 0.0, places=3)
        self.assertAlmostEqual(intercept, 22.0, places=1)

    def test_absolute_loss_minds_an_outlier_less(self):
        rows = [*LINE, ([10.0], 10_000.0)]
        self.assertLess(mean_absolute_error(fit(rows, "absolute", 0.0), LINE), 5)
        self.assertGreater(mean_absolute_error(fit(rows, "squared", 0.0), LINE), 100)
