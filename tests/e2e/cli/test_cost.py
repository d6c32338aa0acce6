"""`baton cost`: what was used, from the folder and from a server."""

import csv
import io
import json
import unittest

from support import CliTest

DAG = """\
dag: burner
owner: "=cmd, \\"x\\""
pools: {p: 1}
tasks:
  burn: {run: "python3 -c 'sum(i * i for i in range(300000))'", pool: p}
  fails: {run: "exit 1", retries: {max: 1, delay: 0s}}
"""


class Cost(CliTest):
    def setUp(self):
        super().setUp()
        self.write("burner.dag.yaml", DAG)
        self.baton("run", "burner.dag.yaml", code=1)

    def rows(self, *words):
        return json.loads(self.baton("cost", "-o", "json", *words).stdout)["accounts"]

    def test_sums_by_what_is_asked(self):
        dag, = self.rows()
        self.assertEqual((dag["key"], dag["runs"], dag["attempts"], dag["unsuccessful_attempts"]), ("burner", 1, 3, 2))
        self.assertGreater(dag["cpu_seconds"], 0)
        self.assertGreater(dag["peak_memory_bytes"], 0)
        self.assertEqual([r["key"] for r in self.rows("--by", "task")], ["burner/burn", "burner/fails"])
        self.assertEqual({r["key"] for r in self.rows("--by", "pool")}, {"p", ""})
        self.assertAlmostEqual(self.rows("--price", "3600")[0]["cost"], dag["cpu_seconds"], places=6)
        self.assertEqual(self.rows("--since", "2001-01-01", "--until", "2001-02-01"), [])
        self.assertIn("burner", self.baton("cost").stdout)

    def test_prices_stand_in_the_settings(self):
        self.assertNotIn("cost", self.rows()[0])
        self.write("baton.yaml", "prices: {cpu_hour: 3600, pools: {p: 7200}}\n")
        of_pool = {row["key"]: row for row in self.rows("--by", "pool")}
        self.assertAlmostEqual(of_pool["p"]["cost"], 2 * of_pool["p"]["cpu_seconds"], places=6)
        self.assertAlmostEqual(of_pool[""]["cost"], of_pool[""]["cpu_seconds"], places=6)
        dag, = self.rows()
        self.assertAlmostEqual(dag["cost"], of_pool["p"]["cost"] + of_pool[""]["cost"], places=6)
        self.assertIn("COST", self.baton("cost").stdout)
        # What is asked for holds for all.
        self.assertAlmostEqual(self.rows("--price", "3600")[0]["cost"], dag["cpu_seconds"], places=6)
        for wrong in ("{cpu_hour: -1}", "{cpu_hour: much}", "{pools: {p: .inf}}", "{gpu: 1}"):
            self.write("baton.yaml", f"prices: {wrong}\n")
            self.assertIn("baton.yaml:1:", self.baton("cost", code=2).stderr)

    def test_csv_is_no_program_for_a_spreadsheet(self):
        text = self.baton("cost", "--by", "owner", "-o", "csv", "--price", "1").stdout
        row, = csv.DictReader(io.StringIO(text))
        self.assertEqual(row["owner"], "'=cmd, \"x\"")
        self.assertEqual(row["attempts"], "3")
        self.assertGreater(float(row["cost"]), 0)

    def test_mistakes_are_said(self):
        for words in (["--by", "moon"], ["--since", "soon"], ["--price", "-1"], ["--price", "x"]):
            self.baton("cost", *words, code=2)


if __name__ == "__main__":
    unittest.main()
