"""Grid, graph, explain, dependencies and diff of a real server: what the API says of runs that have ended and of one
whose task waits for another's pool."""
import unittest

from serving import ServingTest

SHAPED = """\
dag: shaped
params: {bad: {type: boolean, default: false}}
tasks:
  get: {run: echo get}
  clean: {group: load, needs: get, run: echo clean}
  each:
    group: load.parts
    needs: clean
    for_each: {items: [1, 2, 3]}
    run: 'test ${{ item }} -ne 2 -o ${{ params.bad }} = false'
  report: {needs: [each, get], run: echo report}
on_finish: {run: echo over}
"""
POOLED = """\
dag: pooled
pools: {narrow: 1}
tasks:
  holds: {pool: narrow, run: 'until [ -e go ]; do sleep 0.02; done'}
  waits: {pool: narrow, run: 'until [ -e go ]; do sleep 0.02; done'}
"""


class Pictures(ServingTest):
    def get(self, path):
        status, body = self.ask("GET", "/api/v2/dags/" + path)
        self.assertEqual(200, status, body)
        return body

    def trigger(self, dag, run_id, **conf):
        self.until_dag(dag)
        body = {"logical_date": None, "dag_run_id": run_id, "conf": conf}
        self.assertEqual(200, self.ask("POST", f"/api/v2/dags/{dag}/dagRuns", body)[0])

    def until_end(self, dag, run_id):
        self.until(lambda: self.get(f"{dag}/dagRuns/{run_id}")["state"] in ("success", "failed"), "the run's end")

    def test_runs_that_have_ended(self):
        self.save("shaped.yaml", SHAPED)
        self.serve()
        for run_id, bad in (("good", False), ("bad", True)):
            self.trigger("shaped", run_id, bad=bad)
            self.until_end("shaped", run_id)
            hook = f"shaped/dagRuns/{run_id}/taskInstances/on_finish"
            self.until(lambda: self.get(hook)["state"] == "success", "the hook's end")

        grid = self.get("shaped/grid")
        self.assertEqual(["get", "clean", "each", "report", "on_finish"], [task["task_id"] for task in grid["tasks"]])
        self.assertEqual([None, "load", "load.parts", None, None], [task["group"] for task in grid["tasks"]])
        self.assertEqual(["bad", "good"], [run["dag_run_id"] for run in grid["runs"]], "the newest first")
        self.assertEqual(["success", "success", {"success": 2, "failed": 1}, "upstream_failed", "success"],
                         grid["runs"][0]["cells"])
        self.assertEqual({"success": 3}, grid["runs"][1]["cells"][2])
        self.assertEqual(2, grid["total_entries"])
        self.assertEqual(["good"], [run["dag_run_id"] for run in self.get("shaped/grid?before=bad")["runs"]])
        self.assertEqual([], self.get("shaped/grid?before=good")["runs"])

        graph = self.get("shaped/dagRuns/bad/graph")
        nodes = {node["task_id"]: node for node in graph["nodes"]}
        self.assertEqual({"success": 2, "failed": 1}, nodes["each"]["states"])
        self.assertEqual(("success", "hook"), (nodes["on_finish"]["state"], nodes["on_finish"]["kind"]))
        for edge in graph["edges"]:
            self.assertLess(nodes[edge["from"]]["x"], nodes[edge["to"]]["x"])
        self.assertEqual(["load", "load.parts"], [group["group"] for group in graph["groups"]])

        explained = self.get("shaped/dagRuns/bad/explain")
        shares = {share["reason"] for share in explained["shares"]}
        self.assertLess({"dependency", "starting"}, shares | {"run"})  # what is over at once has never been seen to run
        self.assertEqual("get", explained["critical_path"][0]["task_id"])
        each = [life for life in explained["instances"] if life["task_id"] == "each"]
        self.assertEqual([0, 1, 2], [life["map_index"] for life in each])
        for life in explained["instances"]:
            for before, after in zip(life["segments"], life["segments"][1:]):
                self.assertEqual(before["end"], after["start"])

        told = self.get("shaped/dagRuns/bad/taskInstances/each/1/dependencies")
        self.assertEqual(([], "exit_code"), (told["dependencies"], told["reasons"][0]["kind"]))
        told = self.get("shaped/dagRuns/bad/taskInstances/report/dependencies")
        self.assertEqual(("upstream_failed", ["each[1]"]), (told["reasons"][0]["kind"], told["reasons"][0]["holders"]))

        changes = {change["what"]: change for change in self.get("shaped/diff?run=good&other=bad")["changes"]}
        self.assertEqual(("false", "true"), (changes["params.bad"]["before"], changes["params.bad"]["after"]))
        self.assertEqual("failed (exit_code)", changes["each[1] state"]["after"])

    def test_who_waits_for_a_pool_is_told_whose(self):
        self.save("pooled.yaml", POOLED)
        self.serve()
        self.trigger("pooled", "r")
        states = lambda: {one["task_id"]: one["state"]
                          for one in self.get("pooled/dagRuns/r/taskInstances")["task_instances"]}
        self.until(lambda: "running" in states().values(), "one of them runs")
        runs = next(task for task, state in states().items() if state == "running")
        waits = "waits" if runs == "holds" else "holds"
        told = self.get(f"pooled/dagRuns/r/taskInstances/{waits}/dependencies")
        self.assertEqual("pool", told["dependencies"][0]["name"])
        self.assertEqual([f"pooled/{runs}"], told["reasons"][0]["holders"])
        lives = self.get("pooled/dagRuns/r/explain")
        self.assertEqual("running", lives["state"])
        self.save("go", "")
        self.until_end("pooled", "r")


if __name__ == "__main__":
    unittest.main()
