"""Run by a Python that has apache-airflow-client: every operation of it that Baton has, against a server with the DAG
`three` and its finished run `r`. Its models are strict: what they do not like is an error. Prints what went wrong, and how
many operations were used; exits with 1 where one went wrong."""
import sys
import traceback

import airflow_client.client as airflow

url, token = sys.argv[1:3]
client = airflow.ApiClient(airflow.Configuration(host=url, access_token=token))
used, wrong = [], []


def use(api, method, *args, status=None, **named):
    """One operation; None where this version of the client has none such. `status`: it is refused with that."""
    kind = getattr(airflow, api, None)
    call = getattr(kind(client), method, None) if kind else None
    if call is None:
        return None
    used.append(f"{api}.{method}")
    try:
        answer = call(*args, **named)
    except airflow.ApiException as error:
        if error.status != status:
            wrong.append(f"{api}.{method}: {error.status} {error.body}")
        return None
    except Exception:
        wrong.append(f"{api}.{method}: {traceback.format_exc(limit=-3)}")
        return None
    if status is not None:
        wrong.append(f"{api}.{method}: not refused with {status}")
    return answer


def body(name, **members):
    kind = getattr(airflow, name, None)
    return kind(**members) if kind else None


RUN = ("three", "r")
TASK = (*RUN, "first")

use("VersionApi", "get_version")
use("MonitorApi", "get_health")
use("DAGApi", "get_dags", limit=5, order_by=["dag_id"])
use("DAGApi", "get_dags", tags=["demo"], paused=False, dag_id_pattern="thr%", exclude_stale=False)
use("DAGApi", "get_dag", "three")
use("DAGApi", "get_dag_details", "three")
use("DAGApi", "get_dag_tags")
use("DAGApi", "get_dag", "nobody", status=404)
use("DAGApi", "patch_dag", "three", body("DAGPatchBody", is_paused=True), update_mask=["is_paused"])
use("DAGApi", "patch_dags", body("DAGPatchBody", is_paused=False), dag_id_pattern="%")
use("DagStatsApi", "get_dag_stats", dag_ids=["three"])
use("DAGStatsApi", "get_dag_stats", dag_ids=["three"])
use("DagVersionApi", "get_dag_versions", "three")
use("DagVersionApi", "get_dag_version", "three", 1)
use("DagSourceApi", "get_dag_source", "three")
use("DagWarningApi", "list_dag_warnings")
use("TaskApi", "get_tasks", "three")
use("TaskApi", "get_task", "three", "first")
use("ImportErrorApi", "get_import_errors")
use("ImportErrorApi", "get_import_error", 77, status=404)
use("DagParsingApi", "reparse_dag_file", "three.yaml")
use("DAGParsingApi", "reparse_dag_file", "three.yaml")

made = use("DagRunApi", "trigger_dag_run", "three", body("TriggerDAGRunPostBody", dag_run_id="mine", note="by hand"))
use("DagRunApi", "trigger_dag_run", "three", body("TriggerDAGRunPostBody", dag_run_id="mine"), status=409)
use("DagRunApi", "get_dag_runs", "three", limit=10, order_by=["-start_date"], state=["failed"])
use("DagRunApi", "get_dag_runs", "~", run_type=["manual"], order_by=["-id"])
use("DagRunApi", "get_dag_runs", "three", order_by=["nonsense"], status=400)
use("DagRunApi", "get_dag_run", *RUN)
use("DagRunApi", "get_list_dag_runs_batch", "~", body("DAGRunsBatchBody", dag_ids=["three"], states=["failed"]))
use("DagRunApi", "patch_dag_run", *RUN, body("DAGRunPatchBody", note="seen"), update_mask=["note"])
use("DagRunApi", "clear_dag_run", *RUN, body("DAGRunClearBody", dry_run=True))
use("DagRunApi", "clear_dag_runs", "three",
    body("BulkDAGRunClearBody", dag_runs=[{"dag_run_id": "r"}], dry_run=True) if hasattr(airflow, "BulkDAGRunClearBody") else None)
use("DagRunApi", "patch_dag_run", *RUN, body("DAGRunPatchBody", state="failed"))

use("TaskInstanceApi", "get_task_instances", *RUN)
use("TaskInstanceApi", "get_task_instances", "~", "~", state=["success"], limit=3)
use("TaskInstanceApi", "get_task_instance", *TASK)
use("TaskInstanceApi", "get_mapped_task_instance", *RUN, "each", 0)
use("TaskInstanceApi", "get_mapped_task_instances", *RUN, "each")
use("TaskInstanceApi", "get_task_instance_tries", *TASK)
use("TaskInstanceApi", "get_mapped_task_instance_tries", *RUN, "each", 1)
use("TaskInstanceApi", "get_task_instance_try_details", *TASK, 1)
use("TaskInstanceApi", "get_mapped_task_instance_try_details", *RUN, "each", 0, 1)
use("TaskInstanceApi", "get_task_instances_batch", "~", "~", body("TaskInstancesBatchBody", dag_ids=["three"]))
use("TaskInstanceApi", "get_log", *TASK, 1)
use("TaskInstanceApi", "get_log", *RUN, "each", 1, map_index=1)
use("TaskInstanceApi", "get_external_log_url", *TASK, 1)
use("TaskInstanceApi", "get_extra_links", *TASK)
use("TaskInstanceApi", "patch_task_instance_dry_run", *TASK, body("PatchTaskInstanceBody", new_state="success"))
use("TaskInstanceApi", "patch_task_instance", *TASK, body("PatchTaskInstanceBody", note="seen"))
use("TaskInstanceApi", "post_clear_task_instances", "three", body("ClearTaskInstancesBody", dag_run_id="r", dry_run=True))
use("TaskInstanceApi", "post_clear_task_instances", "three",
    body("ClearTaskInstancesBody", dag_run_id="r", dry_run=False, task_ids=["second"], only_failed=False))
use("TaskInstanceApi", "get_task_instance", *RUN, "nobody", status=404)

use("XComApi", "get_xcom_entries", *RUN, "second")
use("XComApi", "get_xcom_entry", *RUN, "second", "answer")

use("PoolApi", "post_pool", body("PoolBody", name="warehouse", slots=4))
use("PoolApi", "post_pool", body("PoolBody", name="warehouse", slots=4), status=409)
use("PoolApi", "get_pools")
use("PoolApi", "get_pool", "warehouse")
use("PoolApi", "get_pool", "default_pool")
use("PoolApi", "patch_pool", "warehouse", body("PoolPatchBody", slots=7))
use("PoolApi", "delete_pool", "warehouse")
use("VariableApi", "post_variable", body("VariableBody", key="day", value="monday"))
use("VariableApi", "get_variables")
use("VariableApi", "get_variable", "day")
use("VariableApi", "patch_variable", "day", body("VariableBody", key="day", value="tuesday"))
use("VariableApi", "delete_variable", "day")
use("VariableApi", "get_variable", "day", status=404)
use("EventLogApi", "get_event_logs")
use("EventLogApi", "get_event_log", 1)
use("JobApi", "get_jobs")
use("ConnectionApi", "get_connections")
use("PluginApi", "get_plugins")
use("ProviderApi", "get_providers")
use("ConfigApi", "get_config", status=403)
if made is not None:
    for _ in range(300):
        run = use("DagRunApi", "get_dag_run", "three", "mine")
        if run is None or run.state in ("success", "failed"):
            break
    use("DagRunApi", "delete_dag_run", "three", "mine", status=None if run and run.state in ("success", "failed") else 409)

print(f"{len(set(used))} operations, {len(wrong)} wrong")
print("\n".join(wrong))
sys.exit(1 if wrong or len(set(used)) < 40 else 0)
