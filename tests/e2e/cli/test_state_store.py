"""The state store of Airflow 3.3: values by key beside a task instance or an asset, apart from `state:` of the language."""
import unittest

from serving import ServingTest

FLOW = """\
dag: flow
assets: {orders: "s3://lake/orders"}
tasks:
  count: {run: 'true'}
  each: {for_each: {items: [a, b]}, run: 'true', produces: orders}
"""
RUN = "/api/v2/dags/flow/dagRuns/r"
STORE = RUN + "/taskInstances/each/state-store"


class StateStore(ServingTest):
    def setUp(self):
        super().setUp()
        self.save("flow.yaml", FLOW)
        self.serve()
        self.until_dag("flow")
        self.ask("POST", "/api/v2/dags/flow/dagRuns", {"logical_date": None, "dag_run_id": "r"})
        self.until(lambda: self.ask("GET", RUN)[1]["state"] == "success", "the run has ended")

    def keys(self, path):
        answer = self.ask("GET", path)[1]
        return [one["key"] for one in answer["task_state_store"]]

    def test_values_are_of_one_instance_and_live_through_a_clear_and_a_kill(self):
        self.assertEqual((200, {"task_state_store": [], "total_entries": 0}), self.ask("GET", STORE + "?map_index=0"))
        self.assertEqual(204, self.ask("PUT", STORE + "/a%2Fb?map_index=0", {"value": {"at": [1, None]}})[0])
        self.assertEqual(204, self.ask("PUT", STORE + "/b?map_index=1", {"value": 7, "expires_at": None})[0])
        self.assertEqual(["a/b"], self.keys(STORE + "?map_index=0"))
        status, entry = self.ask("GET", STORE + "/a%2Fb?map_index=0")
        self.assertEqual((200, {"at": [1, None]}, None), (status, entry["value"], entry["expires_at"]))
        self.assertEqual(404, self.ask("GET", STORE + "/a%2Fb?map_index=1")[0])
        self.assertEqual(404, self.ask("GET", STORE)[0], "a mapped one needs its index")
        self.ask("POST", RUN + "/clear", {"dry_run": False})
        self.until(lambda: self.ask("GET", RUN)[1]["state"] == "success", "the run has ended again")
        self.process.kill()
        self.process.wait()
        (self.folder / ".baton" / "server.json").unlink(missing_ok=True)
        self.serve()
        self.assertEqual(7, self.ask("GET", STORE + "/b?map_index=1")[1]["value"])
        told = self.ask("GET", "/api/v2/eventLogs?event=set_stored_value")[1]["event_logs"]
        self.assertEqual(2, len(told))

    def test_a_patch_changes_what_is_there_and_deletes_are_no_news_twice(self):
        one = STORE + "/k?map_index=0"
        self.assertEqual(404, self.ask("PATCH", one, {"value": 1})[0])
        self.ask("PUT", one, {"value": 1, "expires_at": "2999-01-01T00:00:00Z"})
        status, entry = self.ask("PATCH", one, {"value": 2}, Idempotency_Key="k")
        self.assertEqual((200, 2, "2999-01-01T00:00:00Z"), (status, entry["value"], entry["expires_at"]))
        self.assertEqual((200, 2), (lambda a: (a[0], a[1]["value"]))(self.ask("PATCH", one, {"value": 2}, Idempotency_Key="k")))
        self.assertEqual([204, 204], [self.ask("DELETE", one)[0] for _ in range(2)])
        self.assertEqual(404, self.ask("GET", one)[0])

    def test_what_has_expired_is_not_there(self):
        self.ask("PUT", STORE + "/old?map_index=0", {"value": 1, "expires_at": "2001-01-01T00:00:00Z"})
        self.assertEqual([], self.keys(STORE + "?map_index=0"))
        self.assertEqual(404, self.ask("GET", STORE + "/old?map_index=0")[0])

    def test_all_go_of_one_instance_or_of_each(self):
        for index in (0, 1):
            for key in ("a", "b"):
                self.ask("PUT", f"{STORE}/{key}?map_index={index}", {"value": index})
        self.assertEqual(204, self.ask("DELETE", STORE + "?map_index=0")[0])
        self.assertEqual(([], ["a", "b"]), (self.keys(STORE + "?map_index=0"), self.keys(STORE + "?map_index=1")))
        self.assertEqual(204, self.ask("DELETE", STORE + "?all_map_indices=true")[0])
        self.assertEqual([], self.keys(STORE + "?map_index=1"))

    def test_what_does_not_fit_is_refused(self):
        for method, path, body, status in (
            ("PUT", STORE + "/k?map_index=0", {}, 422),
            ("PUT", STORE + "/k?map_index=0", {"value": 1, "more": 2}, 422),
            ("PUT", STORE + "/k?map_index=0", {"value": 1, "expires_at": "soon"}, 422),
            ("PUT", STORE + "/k?map_index=0", {"value": "x" * 300_000}, 422),
            ("PUT", STORE + "/" + "k" * 600 + "?map_index=0", {"value": 1}, 422),
            ("PUT", STORE + "/k?map_index=9", {"value": 1}, 404),
            ("PUT", STORE.replace("/r/", "/s/") + "/k", {"value": 1}, 404),
            ("GET", STORE.replace("each", "nobody"), None, 404),
        ):
            self.assertEqual(status, self.ask(method, path, body)[0], (method, path[-40:]))
        self.assertEqual([], self.keys(STORE + "?map_index=0"))

    def test_assets_have_one_of_their_own(self):
        asset = self.ask("GET", "/api/v2/assets")[1]["assets"][0]
        store = f"/api/v2/assets/{asset['id']}/state-store"
        self.assertEqual(204, self.ask("PUT", store + "/watermark", {"value": "2026-01-01"})[0])
        answer = self.ask("GET", store)[1]
        self.assertEqual((1, "watermark", "2026-01-01", {"kind": "api"}),
                         (answer["total_entries"], *(answer["asset_state_store"][0][k] for k in ("key", "value", "last_updated_by"))))
        self.assertEqual("2026-01-01", self.ask("GET", store + "/watermark")[1]["value"])
        self.assertEqual(204, self.ask("DELETE", store + "/watermark")[0])
        self.assertEqual(404, self.ask("GET", store + "/watermark")[0])
        self.ask("PUT", store + "/a", {"value": 1})
        self.assertEqual(204, self.ask("DELETE", store)[0])
        self.assertEqual(0, self.ask("GET", store)[1]["total_entries"])
        self.assertEqual(404, self.ask("GET", "/api/v2/assets/4711/state-store")[0])


if __name__ == "__main__":
    unittest.main()
