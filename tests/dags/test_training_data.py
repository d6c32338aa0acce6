"""The same version is the same bytes; no customer is in two splits; a broken source stands alone."""
import csv
import json

from pipeline import PipelineTest, contents

SOURCES = ("orders", "tickets", "profiles")


class TrainingData(PipelineTest):
    name = "training_data"

    def build(self, seed="1", home=None):
        *_, built = self.steps("training_data.sets", [*(("2026-01-01", "extract", source) for source in SOURCES),
                                                      ("2026-01-01", "build")], home=home, SEED=seed, BROKEN="none")
        return built["version"]

    def rows(self, version, part):
        with (self.home / "versions" / version / f"{part}.csv").open() as text:
            return list(csv.DictReader(text))

    def test_the_same_version_is_the_same_bytes_anywhere(self):
        first, other = self.build(), self.build(home=self.folder / "other")
        self.assertEqual(first, other)
        self.assertEqual(contents(self.home), contents(self.folder / "other"))
        self.assertNotEqual(self.build(seed="2"), first)

    def test_no_customer_is_in_two_splits_and_ratios_are_within_one_percent(self):
        version = self.build()
        parts = {part: self.rows(version, part) for part in ("train", "validation", "test")}
        whose = [{row["customer"] for row in part} for part in parts.values()]
        self.assertEqual(len(set.union(*whose)), sum(map(len, whose)))
        self.assertEqual(len(set.union(*whose)), 900)
        ratios = []
        for part in parts.values():
            true = [row for row in part if row["made_up"] == "0"]
            ratios.append(sum(int(row["left"]) for row in true) / len(true))
        self.assertLess(max(ratios) - min(ratios), 0.01)
        weights = {left: sum(float(row["weight"]) for row in parts["train"] if row["left"] == left) for left in "01"}
        self.assertAlmostEqual(weights["0"], weights["1"], delta=1)

    def test_the_change_log_counts_each_change_once_and_forgets_what_was_deleted(self):
        self.build()
        table = json.loads((self.home / "sources" / "orders.json").read_text())
        self.assertGreater(900, len(table))
        self.assertGreater(len(table), 860)

    def test_a_broken_source_is_in_quarantine_and_the_last_good_one_stands(self):
        self.run_dag()
        good = json.loads((self.home / "current.json").read_text())
        states = self.run_dag("-p", "broken=orders")
        self.assertEqual(states["extract"], ["failed", "success", "success"])
        self.assertEqual(states["publish"], "success")
        self.assertTrue((self.home / "quarantine" / "orders.json").is_file())
        self.assertEqual(json.loads((self.home / "current.json").read_text()), good)

    def test_a_source_that_never_came_is_named(self):
        self.run_dag("-p", "broken=orders")
        version = json.loads((self.home / "current.json").read_text())["version"]
        manifest = json.loads((self.home / "versions" / version / "manifest.json").read_text())
        self.assertEqual(manifest["missing"], ["orders"])

    def test_a_leak_between_the_splits_is_never_published(self):
        self.plant("training_data/sets.py", "            parts[name] += customers[customer]\n",
                   "            parts[name] += customers[customer][1:]\n"
                   "            parts['test'] += customers[customer][:1]\n")
        self.assertEqual(self.run_dag(code=1)["verify"], "failed")
        self.assertFalse((self.home / "current.json").exists())
