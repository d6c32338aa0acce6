"""Edits of a file beside a server that make no new version: sizes of pools, comments, another folder, and one that is
taken back. A version is what a DAG means; what else the file says holds for what comes all the same."""
import unittest

from serving import ServingTest

HOLDS = "until [ -e go ]; do sleep 0.02; done"
PAIR = f"tasks:\n  a: {{pool: door, run: '{HOLDS}'}}\n  b: {{pool: door, run: '{HOLDS}'}}\n"


class Edits(ServingTest):
    def sized(self, slots, text=PAIR):
        self.save("pair.yaml", f"dag: pair\npools: {{door: {slots}}}\n{text}")

    def slots(self):
        status, pool = self.ask("GET", "/api/v2/pools/door")
        return pool["slots"] if status == 200 else None

    def trigger(self, dag, run_id):
        self.assertEqual(200, self.ask("POST", f"/api/v2/dags/{dag}/dagRuns",
                                       {"logical_date": None, "dag_run_id": run_id})[0])

    def states(self, run_id):
        return sorted(str(one["state"]) for one in
                      self.ask("GET", f"/api/v2/dags/pair/dagRuns/{run_id}/taskInstances")[1]["task_instances"])

    def serve_again(self):
        self.process.kill()
        self.process.wait()
        self.serve()

    def versions(self, dag):
        return [one["version_number"] for one in self.ask("GET", f"/api/v2/dags/{dag}/dagVersions")[1]["dag_versions"]]

    def test_sizes_of_pools_hold_at_once_and_over_a_restart(self):
        self.sized(1)
        self.serve()
        self.until_dag("pair")
        self.until(lambda: self.slots() == 1, "what a file says of a pool needs no run to be known")
        self.trigger("pair", "r")
        self.until(lambda: self.states("r") == ["running", "scheduled"], "one waits for the other")
        self.sized(2)
        self.until(lambda: self.states("r") == ["running", "running"], "the second slot is there")
        self.assertEqual([1], self.versions("pair"))
        self.assertIn("door: 2", self.baton("dag", "source", "pair").stdout)
        self.serve_again()
        self.until(lambda: self.slots() == 2, "as the file says, which nobody has read again")
        (self.folder / "dags" / "go").touch()
        self.until(lambda: self.states("r") == ["success", "success"], "the run's end")

    def test_rates_and_breakers_hold_at_once_and_over_a_restart(self):
        text = ("dag: pair\npools: {door: {slots: 2, rate: %s}}\n"
                "breakers: {api: {failures: %d, window: 10m, cooldown: %s}}\n"
                "tasks: {a: {run: 'true', pool: door, breaker: api}}\n")
        seen = lambda: (self.ask("GET", "/api/v2/pools/door")[1].get("rate"),
                        *(self.ask("GET", "/api/v2/breakers/api")[1].get(name) for name in ("failures", "cooldown_seconds")))
        self.save("pair.yaml", text % ("5/m", 3, "1m"))
        self.serve()
        self.until_dag("pair")
        self.until(lambda: seen()[:2] == ("5/m", 3), "what the file says first")
        self.save("pair.yaml", text % ("7/m", 3, "1m"))
        self.until(lambda: seen()[0] == "7/m", "the other rate")
        self.assertEqual([1], self.versions("pair"))
        self.save("pair.yaml", text % ("7/m", 4, "2m"))
        self.until(lambda: seen() == ("7/m", 4, 120), "the other breaker, which is part of what the DAG means")
        self.serve_again()
        self.until(lambda: seen()[1:] == (4, 120), "the same breaker after a restart")
        self.trigger("pair", "after")  # what a file says of a pool is read with the version of a run that begins
        self.until(lambda: seen() == ("7/m", 4, 120), "and the same rate")

    def test_an_old_run_that_is_tried_again_takes_no_slots_back(self):
        self.sized(1, "tasks:\n  a: {pool: door, run: exit 1}\n")
        self.serve()
        self.until_dag("pair")
        self.trigger("pair", "old")
        self.until(lambda: self.states("old") == ["failed"], "the old run's end")
        self.sized(3)
        self.until(lambda: self.slots() == 3, "another version, with three slots")
        self.baton("retry", "pair/old")
        self.until(lambda: self.ask("GET", "/api/v2/dags/pair/dagRuns/old")[1]["state"] == "failed", "it fails again")
        self.assertEqual(3, self.slots())

    def test_a_file_in_another_folder_starts_its_tasks_there_over_a_restart(self):
        self.save("here.yaml", "dag: here\ntasks:\n  t: {run: pwd}\n")
        self.serve()
        self.until_dag("here")
        self.trigger("here", "before")
        self.until(lambda: self.runs("here")[0]["state"] == "success", "the first run's end")
        folder = self.folder / "dags" / "below"
        folder.mkdir()
        (self.folder / "dags" / "here.yaml").rename(folder / "here.yaml")
        self.until(lambda: "/below/" in self.dag("here")[1]["fileloc"], "the file's new place")
        self.serve_again()
        self.until_dag("here")
        self.trigger("here", "after")
        self.until(lambda: [run["state"] for run in self.runs("here")] == ["success", "success"], "the second run's end")
        self.assertEqual(f"{folder}\n", self.baton("logs", "here/after", "t").stdout)
        self.assertEqual([1], self.versions("here"))

    def test_an_edit_that_is_taken_back_stands(self):
        def save(what):
            self.save("one.yaml", f"dag: one\ndescription: {what}\ntasks:\n  t: {{run: 'true'}}\n")
            self.until(lambda: self.dag("one")[1].get("description") == what, what)

        self.save("one.yaml", "dag: one\ndescription: first\ntasks:\n  t: {run: 'true'}\n")
        self.serve()
        self.until_dag("one")
        save("second")
        save("first")
        self.assertEqual([2, 1], self.versions("one"))
        details = self.ask("GET", "/api/v2/dags/one/details")[1]
        self.assertEqual(("first", 1), (details["description"], details["latest_dag_version"]["version_number"]))
        self.assertEqual(1, self.ask("GET", "/api/v2/dagSources/one")[1]["version_number"])
        self.assertIn("description: first", self.baton("dag", "source", "one").stdout)
        self.assertRegex(self.baton("dag", "versions", "one").stdout, r"(?m)^ +1 +yes ")
        self.trigger("one", "r")
        self.until(lambda: self.runs("one")[0]["state"] == "success", "the run's end")
        run = self.ask("GET", "/api/v2/dags/one/dagRuns/r")[1]
        self.assertEqual(details["bundle_version"], run["bundle_version"])


if __name__ == "__main__":
    unittest.main()
