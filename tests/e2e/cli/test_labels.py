"""Labels of runs: put on by people and DAGs, shown everywhere, and found again."""
import unittest

from serving import ServingTest

DAG = "dag: d\nlabels: {team: sales, tier: gold}\ntasks:\n  t: {run: echo hi}\n"


class Labels(ServingTest):
    def ids(self, *words):
        return [run["dag_run_id"] for run in self.json("ls", *words)["dag_runs"]]

    def test_a_run_here_has_its_own_and_those_of_its_dag(self):
        self.write("d.yaml", DAG)
        self.baton("run", "d.yaml", "--run-id", "a", "--label", "ticket=42", "--label", "tier=iron")
        self.baton("run", "d.yaml", "--run-id", "b")
        shown = self.json("show", "a")
        self.assertEqual({"team": "sales", "ticket": "42", "tier": "iron"}, shown["labels"])
        self.assertIn("team=sales, ticket=42, tier=iron", self.baton("show", "a").stdout)
        self.assertEqual(["b", "a"], self.ids("--label", "team=sales"))
        self.assertEqual(["a"], self.ids("--label", "ticket"))
        self.assertEqual(["b"], self.ids("--label", "team", "--label", "tier=gold"))
        self.assertEqual([], self.ids("--label", "ticket=4"))
        self.assertEqual([], self.ids("--label", "team=sales' OR '1'='1"))

    def test_what_is_no_label_is_refused(self):
        self.write("d.yaml", DAG)
        for label in ("x", "=1", "a b=1", "-x=1", "x=" + "y" * 251, "x=a\nb"):
            self.baton("run", "d.yaml", "--label", label, code=2)
        self.write("bad.yaml", DAG.replace("team:", "'no name':"))
        self.assertIn("no name of a label", self.baton("validate", "bad.yaml", code=2).stderr
                      + self.baton("validate", "bad.yaml", code=2).stdout)

    def test_a_server_takes_filters_and_shows_them(self):
        self.save("d.yaml", DAG)
        self.serve()
        self.until_dag("d")
        self.baton("trigger", "d", "--run-id", "a", "--label", "ticket=42", "--wait")
        status, run = self.ask("POST", "/api/v2/dags/d/dagRuns",
                               {"dag_run_id": "b", "logical_date": None, "labels": {"ticket": "<b>", "tier": "iron"}})
        self.assertEqual((200, {"team": "sales", "ticket": "<b>", "tier": "iron"}), (status, run["labels"]))

        def found(query):
            return [one["dag_run_id"] for one in self.ask("GET", "/api/v2/dags/~/dagRuns?" + query)[1]["dag_runs"]]
        self.assertEqual(["a", "b"], found("label=team"))
        self.assertEqual(["b"], found("label=team%3Dsales&label=tier%3Diron"))
        self.assertEqual(["a"], found("label=ticket%3D42"))
        self.assertEqual(422, self.ask("POST", "/api/v2/dags/d/dagRuns",
                                       {"dag_run_id": "c", "logical_date": None, "labels": {"no name": "1"}})[0])
        self.assertEqual(422, self.ask("POST", "/api/v2/dags/d/dagRuns",
                                       {"dag_run_id": "c", "logical_date": None, "labels": {"n": 1}})[0])


if __name__ == "__main__":
    unittest.main()
