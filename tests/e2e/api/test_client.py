"""The client library of Airflow as PyPI has it, unmodified: its models are strict, so each answer has what they want."""

import pathlib
import sys
import unittest

from test_access import ApiTest

sys.path.append(str(pathlib.Path(__file__).parents[1] / "clients"))
import venvs  # noqa: E402

try:
    sys.path.append(str(venvs.packages_of_client()))
    import airflow_client.client as airflow

    MISSING = ""
except (venvs.Unreachable, ImportError) as why:
    MISSING = str(why)


@unittest.skipIf(MISSING, MISSING)
class Client(ApiTest):
    def setUp(self):
        super().setUp()
        configuration = airflow.Configuration(host=f"http://127.0.0.1:{self.port}", access_token=self.token)
        self.client = airflow.ApiClient(configuration)

    def test_reading(self):
        dags = airflow.DAGApi(self.client)
        self.assertEqual([d.dag_id for d in dags.get_dags().dags], ["hello"])
        self.assertEqual(dags.get_dag("hello").tags[0].name, "demo")
        runs = airflow.DagRunApi(self.client)
        found = runs.get_dag_runs("hello", limit=10, order_by=["-start_date"])
        self.assertEqual(found.total_entries, 2)
        run_id = found.dag_runs[0].dag_run_id
        self.assertEqual(runs.get_dag_run("hello", run_id).dag_run_id, run_id)
        tasks = airflow.TaskInstanceApi(self.client)
        self.assertEqual(tasks.get_task_instances("hello", run_id).total_entries, 2)
        self.assertEqual(tasks.get_task_instance("hello", run_id, "greet").task_id, "greet")
        self.assertEqual(tasks.get_task_instance_tries("hello", run_id, "greet").total_entries, 1)
        self.assertIsNotNone(tasks.get_log("hello", run_id, "greet", 1))
        self.assertIn("warehouse", [pool.name for pool in airflow.PoolApi(self.client).get_pools().pools])
        self.assertEqual(airflow.ImportErrorApi(self.client).get_import_errors().total_entries, 1)
        self.assertEqual(airflow.DagStatsApi(self.client).get_dag_stats(dag_ids=["hello"]).dags[0].dag_id, "hello")
        self.assertEqual(airflow.DagSourceApi(self.client).get_dag_source("hello").content, "dag: hello\n")
        self.assertEqual(airflow.DagVersionApi(self.client).get_dag_versions("hello").total_entries, 1)
        self.assertEqual(airflow.MonitorApi(self.client).get_health().scheduler.status, "healthy")
        self.assertTrue(airflow.VersionApi(self.client).get_version().version.startswith("3."))

    def test_changing(self):
        runs = airflow.DagRunApi(self.client)
        made = runs.trigger_dag_run("hello", airflow.TriggerDAGRunPostBody(dag_run_id="mine", conf={"n": 1}))
        self.assertEqual((made.dag_run_id, made.conf), ("mine", {"n": 1}))
        paused = airflow.DAGApi(self.client).patch_dag("hello", airflow.DAGPatchBody(is_paused=True))
        self.assertTrue(paused.is_paused)
        self.assertEqual(airflow.EventLogApi(self.client).get_event_logs().event_logs[0].event, "trigger")
        with self.assertRaises(airflow.ApiException) as refused:
            runs.trigger_dag_run("hello", airflow.TriggerDAGRunPostBody(dag_run_id="mine"))
        self.assertEqual(refused.exception.status, 409)


if __name__ == "__main__":
    unittest.main()
