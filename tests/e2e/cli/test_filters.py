"""The filters of the lists: each finds what it names and nothing else, and a word that is none is refused."""
import unittest

from serving import ServingTest


class Filters(ServingTest):
    def setUp(self):
        super().setUp()
        self.save("a.yaml", "dag: alpha\nowner: ann\ntags: [x]\nparams: {region: {type: string, default: eu}}\n"
                  "pools: {door: 3}\ntasks:\n  put: {run: 'echo ''{\"rows\": 3, \"path\": \"p\"}'' > $BATON_OUTPUT',"
                  " outputs: {rows: int, path: string}, pool: door}\n  each: {for_each: {items: [eu, us]}, run: echo hi}\n"
                  "  none: {needs: put, noop: true}\n")
        self.save("b.yaml", "dag: beta\nowner: bob\nassets: {orders: 's3://o'}\nschedule: {assets: orders}\n"
                  "tasks:\n  t: {run: sleep 0.2}\n")
        self.serve()
        self.until_dag("alpha")
        self.until_dag("beta")
        for dag, run, conf in (("alpha", "a1", {}), ("alpha", "a2", {"region": "us"}), ("beta", "b1", {})):
            self.assertEqual(200, self.ask("POST", f"/api/v2/dags/{dag}/dagRuns",
                                           {"dag_run_id": run, "logical_date": None, "conf": conf})[0])
        self.ask("POST", "/api/v2/assets/events", {"asset_id": self.ask("GET", "/api/v2/assets")[1]["assets"][0]["id"]})
        self.until(lambda: len(self.runs("beta")) == 2, "the run of the event")
        self.until(lambda: all(run["state"] == "success" for run in self.runs("alpha") + self.runs("beta")), "all ends")

    def found(self, path, member, key):
        status, answer = self.ask("GET", "/api/v2/" + path)
        self.assertEqual(200, status, (path, answer))
        return sorted({str(one[key]) for one in answer[member]})

    def test_runs(self):
        def runs(query, dag="~"):
            return self.found(f"dags/{dag}/dagRuns?{query}", "dag_runs", "dag_run_id")
        everything = runs("")
        by_event = [run for run in everything if run not in ("a1", "a2", "b1")]
        self.assertEqual(1, len(by_event))
        self.assertEqual(["a2"], runs("conf_contains=us"))
        self.assertEqual(everything, runs("duration_gte=0"))
        self.assertEqual([], runs("duration_gt=1000"))
        self.assertEqual(sorted(["b1"] + by_event), runs("duration_gte=0.2", "beta"))
        self.assertEqual(by_event, runs("consuming_asset_pattern=ord"))
        self.assertEqual([], runs("consuming_asset_pattern=none"))
        self.assertEqual(["a1", "a2"], runs("dag_version=1", "alpha"))
        self.assertEqual([], runs("dag_version=2", "alpha"))
        version = self.ask("GET", "/api/v2/dags/alpha/dagRuns/a1")[1]["bundle_version"]
        self.assertEqual(["a1", "a2"], runs("bundle_version=" + version))
        self.assertEqual([], runs("partition_key_pattern=x"))
        self.assertEqual(everything, runs("partition_key_pattern=~&triggering_user_name_pattern=~"))
        for wrong in ("duration_gte=long", "dag_version=one", "no_such=1"):
            self.assertEqual(422, self.ask("GET", "/api/v2/dags/~/dagRuns?" + wrong)[0], wrong)

    def test_task_instances(self):
        def tasks(query):
            return self.found("dags/alpha/dagRuns/a1/taskInstances?" + query, "task_instances", "task_id")
        self.assertEqual(["none"], tasks("operator=noop"))
        self.assertEqual(["each", "put"], tasks("operator_name_pattern=RU"))
        self.assertEqual([], tasks("operator=KubernetesPodOperator"))
        self.assertEqual(["put"], tasks("pool_name_pattern=doo"))
        self.assertEqual(["each"], tasks("rendered_map_index_prefix_pattern=u"))
        self.assertEqual(["each", "none", "put"], tasks("queue=default&version_number=1&queue_name_pattern=DEF"))
        self.assertEqual(["each", "put"], tasks("duration_lt=1000"), "a noop takes no time that is kept")
        self.assertEqual([], tasks("queue=other"))
        self.assertEqual([], tasks("version_number=7"))

    def test_dags(self):
        def dags(query):
            return self.found("dags?" + query, "dags", "dag_id")
        self.assertEqual(["alpha"], dags("owners=ann"))
        self.assertEqual(["alpha", "beta"], dags("owners=ann&owners=bob"))
        self.assertEqual([], dags("owners=an"))
        self.assertEqual(["beta"], dags("has_asset_schedule=true"))
        self.assertEqual(["alpha"], dags("has_asset_schedule=false"))
        self.assertEqual(["beta"], dags("asset_dependency=orders"))
        self.assertEqual(["alpha"], dags("dag_display_name_pattern=lph"))
        self.assertEqual(["alpha", "beta"], dags("dag_run_state=success"))
        self.assertEqual([], dags("dag_run_state=failed"))
        self.assertEqual([], dags("dag_run_start_date_lt=2001-01-01T00:00:00Z"))
        self.assertEqual(["alpha", "beta"], dags("dag_run_end_date_gte=2001-01-01T00:00:00Z"))

    def test_events_and_outputs(self):
        def events(query):
            return self.found("eventLogs?" + query, "event_logs", "run_id")
        self.assertEqual(["a1"], events("run_id_pattern=a1"))
        self.assertEqual(["a1", "a2", "b1"], events("included_events=trigger"))
        self.assertEqual([], events("after=2100-01-01T00:00:00Z"))
        self.assertEqual([], events("before=2001-01-01T00:00:00Z"))
        self.assertIn("a1", events("before=2100-01-01T00:00:00Z&owner_pattern=admin"))
        self.assertEqual([], events("owner_pattern=nobody_here"))
        def outputs(query):
            return self.found("dags/~/dagRuns/~/taskInstances/~/xcomEntries?" + query, "xcom_entries", "key")
        self.assertEqual(["path", "rows"], outputs(""))
        self.assertEqual(["rows"], outputs("xcom_key_pattern=ow"))
        self.assertEqual(["path"], outputs("xcom_key_prefix_pattern=pa"))
        self.assertEqual([], outputs("run_id_pattern=b1"))
        self.assertEqual([], outputs("map_index_filter=1"))
        self.assertEqual([], outputs("dag_display_name_pattern=beta"))


if __name__ == "__main__":
    unittest.main()
