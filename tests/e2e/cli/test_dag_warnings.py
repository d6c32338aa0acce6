"""DAGs that say other things of a pool or a breaker than a DAG before them: warned of, also after a restart."""
import unittest

from serving import ServingTest

DAG = """\
dag: %s
pools: {warehouse: {slots: %d}}
tasks: {a: {run: 'true', pool: warehouse}}
"""


class DagWarnings(ServingTest):
    def warnings(self, query=""):
        return self.ask("GET", "/api/v2/dagWarnings" + query)[1]

    def test_the_other_one_is_warned_of_until_both_say_the_same(self):
        self.save("a.yaml", DAG % ("a", 8))
        self.serve()
        self.until_dag("a")
        self.assertEqual({"dag_warnings": [], "total_entries": 0}, self.warnings())
        self.save("b.yaml", DAG % ("b", 4))
        self.until(lambda: self.warnings()["total_entries"] == 1, "the warning")
        one = self.warnings("?dag_id=b&warning_type=asset%20conflict&order_by=-timestamp")["dag_warnings"][0]
        self.assertEqual(("b", "asset conflict"), (one["dag_id"], one["warning_type"]))
        self.assertIn('has 4 slots here and 8 in DAG "a"', one["message"])
        self.assertEqual(0, self.warnings("?dag_id=a")["total_entries"])
        self.assertEqual(400, self.ask("GET", "/api/v2/dagWarnings?order_by=nonsense")[0])
        self.process.kill()
        self.process.wait()
        (self.folder / ".baton" / "server.json").unlink(missing_ok=True)
        self.serve()
        self.until(lambda: self.warnings()["total_entries"] == 1, "the warning after a restart")
        self.save("b.yaml", DAG % ("b", 8) + "description: as the other\n")
        self.until(lambda: self.warnings()["total_entries"] == 0, "it is mended")


if __name__ == "__main__":
    unittest.main()
