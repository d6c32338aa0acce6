"""A new column breaks nobody, a missing one is refused by name; lineage ends at the bytes; tags hide; tiers keep."""
import json
import subprocess

from pipeline import PipelineTest, contents
from real import needs_engine, python_with

# Gold straight from the files of bronze, whose columns differ.
DUCKDB = """
import duckdb, json, sys
print(json.dumps(duckdb.sql(f'''SELECT region, count(*), sum(cents)::BIGINT
    FROM read_csv('{sys.argv[1]}/bronze/*/*.csv', union_by_name = true) GROUP BY 1 ORDER BY 1''').fetchall()))
"""


class Lake(PipelineTest):
    name = "lake"

    def day(self, day, *calls, change="none"):
        calls = calls or (*(("land", str(group)) for group in range(5)), ("silver",), ("gold",), ("check",))
        return self.steps("lake.steps", [(day, *call) for call in calls], CHANGE=change)

    def test_a_column_that_is_added_breaks_nobody_and_stands_in_the_catalog(self):
        self.day("2026-01-05")
        before = self.rows("SELECT region, orders, cents FROM gold")
        self.day("2026-01-06", change="added")
        self.assertEqual(self.rows("SELECT source, since FROM catalog WHERE name = 'channel'"),
                         [("source-07", "2026-01-06")])
        self.assertEqual(self.one("SELECT count(*) FROM silver WHERE more IS NOT NULL"), 6)
        self.assertEqual(self.rows("SELECT region, orders, cents FROM gold WHERE day = '2026-01-05'"), before)
        self.day("2026-01-07")  # and it may go again: nobody reads it
        self.assertEqual(self.one("SELECT count(DISTINCT source) FROM silver WHERE day = '2026-01-07'"), 50)

    def test_a_column_that_is_removed_is_refused_with_those_who_read_it_and_the_others_are_let_in(self):
        self.run_dag("--interval", "2026-01-05", "-p", "change=removed", code=1)
        self.assertIn("source-13: region is missing, which is read by revenue by region", self.logs("land"))
        self.assertEqual(self.one("SELECT count(DISTINCT source) FROM silver"), 49)
        self.assertEqual(self.one("SELECT sum(orders) FROM gold"), 49 * 6)
        self.assertEqual(self.rows("SELECT source FROM refused"), [("source-13",)])
        self.run_dag("--interval", "2026-01-05")  # mended
        self.assertEqual(self.one("SELECT count(DISTINCT source) FROM silver"), 50)
        self.assertEqual(self.rows("SELECT source FROM refused"), [])

    def test_a_column_of_gold_leads_to_files_and_their_bytes(self):
        self.day("2026-01-05")
        origin, = self.day("2026-01-05", ("origin", "gold.cents"))
        self.assertEqual(len(origin), 50)
        self.assertEqual(len(set(origin.values())), 50)
        name, sha = next(iter(origin.items()))
        self.assertEqual(name, "bronze/dt=2026-01-05/source-00.csv#cents")
        self.plant("task.py", "    if outputs:\n", "    outputs = {'sha': sha256(path('bronze', 'dt=2026-01-05', "
                   "'source-00.csv').read_bytes())}\n    if outputs:\n")
        self.assertIn(sha, self.python("lake.steps", "tier", DAY="2026-01-05", CHANGE="none"))

    def test_a_role_sees_no_column_whose_tag_it_has_not(self):
        self.day("2026-01-05")
        analyst, care = self.day("2026-01-05", ("read", "analyst"), ("read", "care"))
        self.assertEqual(analyst["columns"], ["order", "region", "cents"])
        self.assertNotIn("@", json.dumps(analyst))
        self.assertIn("email", care["columns"])

    def test_files_grow_cold_and_go_and_their_hashes_stay(self):
        self.day("2026-01-05")
        before = contents(self.home)["store.sqlite:delivery"]
        self.day("2026-01-13", ("tier",))
        kept = list(self.home.glob("bronze/*/*"))
        self.assertEqual({file.suffix for file in kept}, {".gz"})
        self.assertEqual(len(kept), 50)
        self.day("2027-01-10", ("tier",))
        self.assertEqual(list(self.home.glob("bronze/*")), [])
        self.assertEqual(contents(self.home)["store.sqlite:delivery"], before)

    def test_a_table_that_breaks_its_checks_stops_the_run(self):
        self.plant("lake/steps.py", "count(*), sum(cents) FROM silver WHERE day = ? ",
                   "count(*), sum(cents) FROM silver WHERE day = ? AND cents > 500 ")
        self.assertEqual(self.run_dag("--interval", "2026-01-05", code=1)["check"], "failed")

    @needs_engine
    def test_duckdb_makes_the_same_gold_from_the_files(self):
        self.day("2026-01-05", change="added")
        done = subprocess.run([python_with("duckdb==1.1.3"), "-c", DUCKDB, str(self.home)], text=True,
                              capture_output=True, check=True)
        ours = self.rows("SELECT region, orders, cents FROM gold ORDER BY region")
        self.assertEqual([tuple(row) for row in json.loads(done.stdout)], ours)
