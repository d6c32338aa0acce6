"""Pools of a server: what a person sets while tasks wait, rates, shares between DAGs, and what is told of them."""
import json
import signal
import unittest

from serving import ServingTest

HOLDS = "until [ -e {go} ]; do sleep 0.02; done"


class Pools(ServingTest):
    def get(self, path):
        status, answer = self.ask("GET", path)
        self.assertEqual(200, status, (path, answer))
        return answer

    def trigger(self, dag, run_id):
        body = {"logical_date": None, "dag_run_id": run_id}
        self.assertEqual(200, self.ask("POST", f"/api/v2/dags/{dag}/dagRuns", body)[0])

    def instances(self, dag, run_id):
        return self.get(f"/api/v2/dags/{dag}/dagRuns/{run_id}/taskInstances?limit=100")["task_instances"]

    def until_over(self, dag, run_id):
        self.until(lambda: self.get(f"/api/v2/dags/{dag}/dagRuns/{run_id}")["state"] == "success", "the run's end")

    def test_a_rate_is_set_told_and_taken_back_while_tasks_wait(self):
        self.save("calls.yaml", "dag: calls\npools: {api: {slots: 9, rate: 1/h, retry_budget: true}}\ntasks:\n"
                                "  a: {pool: api, run: echo a}\n  b: {pool: api, run: echo b}\n  c: {pool: api, run: echo c}\n  free: {run: echo free}\n")
        self.serve()
        self.until_dag("calls")
        self.trigger("calls", "r")
        self.until(lambda: sorted(str(one["state"]) for one in self.instances("calls", "r"))
                   == ["scheduled", "scheduled", "success", "success"], "after a rest one may start, the others wait")
        self.until(lambda: "1/h" in self.baton("why", "r", "c").stdout, "why names the rate")
        self.until(lambda: self.ask("GET", "/api/v2/pools/api")[1].get("waiting_for_rate") == 2, "two wait")
        pool = self.get("/api/v2/pools/api")
        self.assertEqual(("1/h", 0.2, 0), (pool["rate"], pool["retry_budget"], pool["occupied_slots"]))
        self.assertTrue(pool["next_start_at"])
        self.assertEqual(422, self.ask("PATCH", "/api/v2/pools/api", {"rate": "often"})[0])
        self.assertIn("1/h", self.baton("pool", "ls").stdout)
        shown = json.loads(self.baton("pool", "set", "api", "--rate", "50/s", "-o", "json").stdout)
        self.assertEqual(("50/s", 9), (shown["rate"], shown["slots"]), "what is not said stays")
        self.until_over("calls", "r")
        self.baton("pool", "rm", "api")
        self.until(lambda: self.get("/api/v2/pools/api")["rate"] == "1/h", "what its DAG says stands again")

    def test_what_a_file_says_stands_after_a_restart_before_any_run_begins(self):
        self.save("calls.yaml", "dag: calls\npools: {api: {slots: 9, rate: 1/h}}\n"
                                "breakers: {shop: {consecutive: 3}}\n"
                                "tasks: {a: {pool: api, breaker: shop, run: echo a}}\n")
        self.serve()
        self.until_dag("calls")
        self.until(lambda: self.ask("GET", "/api/v2/pools/api")[0] == 200, "its pool")
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
        self.serve()
        self.until(lambda: self.ask("GET", "/api/v2/pools/api")[0] == 200, "its pool once more")
        pool = self.get("/api/v2/pools/api")
        self.assertEqual((9, "1/h"), (pool["slots"], pool["rate"]))
        self.assertIn("shop", self.baton("breaker", "ls").stdout)

    def test_a_pool_that_a_person_closes_keeps_its_tasks_waiting(self):
        self.save("load.yaml", "dag: load\npools: {db: 2}\ntasks:\n"
                               "  wide: {pool: {name: db, slots: 2}, run: echo a}\n  one: {pool: db, run: echo b}\n")
        self.serve()
        self.until_dag("load")
        self.baton("pool", "set", "db", "--slots", "0")
        self.trigger("load", "r")
        self.until(lambda: "wants 2 of pool db, which has 0" in self.baton("why", "r", "wide").stdout, "why names them")
        self.until(lambda: [one["state"] for one in self.instances("load", "r")] == ["scheduled"] * 2, "both wait")
        self.baton("pool", "set", "db", "--slots", "1")
        self.until(lambda: {one["task_id"]: one["state"] for one in self.instances("load", "r")}
                   == {"wide": "scheduled", "one": "success"}, "who fits passes")
        self.baton("pool", "rm", "db")
        self.until_over("load", "r")

    def test_a_pool_that_a_person_made_and_took_back_is_gone(self):
        self.serve()
        self.baton("pool", "set", "port", "--rate", "5/m", code=3)
        self.baton("pool", "set", "port", "--rate", "often", code=2)
        self.baton("pool", "set", "port", "--slots", "2", "--rate", "5/m")
        self.assertEqual(("5/m", 2), (lambda p: (p["rate"], p["slots"]))(self.get("/api/v2/pools/port")))
        self.baton("pool", "rm", "port")
        self.assertEqual(404, self.ask("GET", "/api/v2/pools/port")[0])
        self.baton("pool", "rm", "port", code=3)

    def test_dags_share_a_pool_by_their_weights(self):
        for dag, weight in (("crowd", 1), ("heavy", 3)):
            tasks = "".join(f"  t{n}: {{pool: door, run: echo {dag} >> order}}\n" for n in range(12))
            self.save(dag + ".yaml", f"dag: {dag}\nweight: {weight}\npools: {{door: 1}}\ntasks:\n{tasks}")
        self.save("first.yaml", "dag: first\npools: {door: 1}\ntasks:\n  t: {pool: door, priority: 9, run: '"
                  + HOLDS.format(go="go") + "'}\n")
        self.serve()
        for dag in ("first", "crowd", "heavy"):
            self.until_dag(dag)
            self.trigger(dag, dag)
            waiting = 0 if dag == "first" else 12
            self.until(lambda d=dag, w=waiting: [one["state"] for one in self.instances(d, d)].count("scheduled") == w,
                       "they wait")
        (self.folder / "dags" / "go").touch()
        for dag in ("first", "crowd", "heavy"):
            self.until_over(dag, dag)
        order = (self.folder / "dags" / "order").read_text().split()
        self.assertIn(order[:12].count("heavy"), (8, 9), order)


if __name__ == "__main__":
    unittest.main()
