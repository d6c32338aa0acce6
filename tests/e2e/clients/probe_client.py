"""Run by a Python that has apache-airflow-client: every operation of it that Baton has, against a server with the DAG
`three` and its finished run `r`. Its models are strict: what they do not like is an error. Prints what went wrong, and
how many operations were used; exits with 1 where one went wrong."""
import sys
import time
import traceback
import typing

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


def body(model, **members):
    """A model of this client, from JSON as it is sent: the ways to make one by hand differ between its versions."""
    kind = getattr(airflow, model, None)
    return kind.from_dict(members) if kind else None


def use_unread(api, method, *args, **named):
    """One operation whose answer the client's own models cannot tell from another (a task instance is also a "new
    task"), or whose form it does not know (NDJSON): from Airflow as from Baton. The status alone counts."""
    call = getattr(getattr(airflow, api, None), f"{method}_without_preload_content", None)
    if call is None:
        return
    used.append(f"{api}.{method}")
    answer = call(getattr(airflow, api)(client), *args, **named)
    if answer.status != 200:
        wrong.append(f"{api}.{method}: {answer.status} {answer.read()}")


def bulk(of, *actions):
    kind = getattr(airflow, f"BulkBody{of}", None)
    if kind is None:
        return None  # of a version that has no such operation
    either = typing.get_args(kind.model_fields["actions"].annotation)[0]
    return kind(actions=[either(body(f"Bulk{one['action'].title()}Action{of}", **one)) for one in actions])


def order(word):
    """3.0 has one word here, later versions a list."""
    return word if airflow.__version__.startswith("3.0.") else [word]


RUN = ("three", "r")
TASK = (*RUN, "first")

use("VersionApi", "get_version")
use("MonitorApi", "get_health")
use("DAGApi", "get_dags", limit=5, order_by=order("dag_id"))
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
use("DagRunApi", "get_dag_runs", "three", limit=10, order_by=order("-start_date"), state=["failed"])
use("DagRunApi", "get_dag_runs", "~", run_type=["manual"], order_by=order("-id"))
use("DagRunApi", "get_dag_runs", "three", order_by=order("nonsense"), status=400)
use("DagRunApi", "get_dag_run", *RUN)
use("DagRunApi", "get_list_dag_runs_batch", "~", body("DAGRunsBatchBody", dag_ids=["three"], states=["failed"]))
use("DagRunApi", "patch_dag_run", *RUN, body("DAGRunPatchBody", note="seen"), update_mask=["note"])
use_unread("DagRunApi", "clear_dag_run", *RUN, body("DAGRunClearBody", dry_run=True))
use_unread("DagRunApi", "clear_dag_runs", "three",
    body("BulkDAGRunClearBody", dag_runs=[{"dag_run_id": "r"}], dry_run=True))
use("DagRunApi", "patch_dag_run", *RUN, body("DAGRunPatchBody", state="failed"))
use("DagRunApi", "get_upstream_asset_events", *RUN)
for api in ("DagRunApi", "ExperimentalApi"):
    use_unread(api, "wait_dag_run_until_finished", *RUN, interval=1)

use("TaskInstanceApi", "get_task_instances", *RUN)
use("TaskInstanceApi", "get_task_instances", "~", "~", state=["success"], limit=3)
use("TaskInstanceApi", "get_task_instance", *TASK)
use("TaskInstanceApi", "get_mapped_task_instance", *RUN, "each", 0)
use("TaskInstanceApi", "get_mapped_task_instances", *RUN, "each")
use("TaskInstanceApi", "get_task_instance_tries", *TASK)
use("TaskInstanceApi", "get_mapped_task_instance_tries", *RUN, "each", 1)
use("TaskInstanceApi", "get_task_instance_try_details", *TASK, 1)
use("TaskInstanceApi", "get_mapped_task_instance_try_details", *RUN, "each", 1, 0)
use("TaskInstanceApi", "get_task_instances_batch", "~", "~", body("TaskInstancesBatchBody", dag_ids=["three"]))
use("TaskInstanceApi", "get_log", *TASK, 1)
use("TaskInstanceApi", "get_log", *RUN, "each", 1, map_index=1)
use("TaskInstanceApi", "get_external_log_url", *TASK, 1)
use("TaskInstanceApi", "get_external_log_url", *RUN, "each", 1, map_index=1)
use("TaskInstanceApi", "get_extra_links", *TASK)
use("TaskInstanceApi", "patch_task_instance_dry_run", *TASK, body("PatchTaskInstanceBody", new_state="success"))
use("TaskInstanceApi", "patch_task_instance", *TASK, body("PatchTaskInstanceBody", note="seen"))
use("TaskInstanceApi", "post_clear_task_instances", "three",
    body("ClearTaskInstancesBody", dag_run_id="r", dry_run=True))
use("TaskInstanceApi", "post_clear_task_instances", "three",
    body("ClearTaskInstancesBody", dag_run_id="r", dry_run=False, task_ids=["second"], only_failed=False))
use("TaskInstanceApi", "get_task_instance", *RUN, "nobody", status=404)
use("TaskInstanceApi", "get_task_instance_dependencies", *TASK)
use("TaskInstanceApi", "get_task_instance_dependencies_by_map_index", *RUN, "each", 1)
use("TaskInstanceApi", "patch_task_instance_dry_run_by_map_index", *RUN, "each", 1,
    body("PatchTaskInstanceBody", new_state="failed"))
use("TaskInstanceApi", "patch_task_instance_by_map_index", *RUN, "each", 1,
    body("PatchTaskInstanceBody", new_state="failed"), update_mask=["new_state"])
use("TaskInstanceApi", "patch_task_group_instances_dry_run", *RUN, "both",
    body("PatchTaskInstanceBody", new_state="success"))
use("TaskInstanceApi", "patch_task_group_instances", *RUN, "both", body("PatchTaskInstanceBody", new_state="success"))

# It was cleared above, and runs again; who clears it puts out nothing until it has ended.
for _ in range(600):
    if airflow.TaskInstanceApi(client).get_task_instance(*RUN, "second").state == "success":
        break
    time.sleep(0.05)
use("XComApi", "get_xcom_entries", *RUN, "second")
use("XComApi", "get_xcom_entry", "three", "second", "r", "answer")

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

use("PoolApi", "bulk_pools", bulk(
    "PoolBody", {"action": "create", "entities": [{"name": "bulk", "slots": 2}], "action_on_existence": "overwrite"},
    {"action": "update", "entities": [{"name": "bulk", "slots": 3}]},
    {"action": "delete", "entities": ["bulk"], "action_on_non_existence": "skip"}))
use("DagRunApi", "bulk_dag_runs", "~", bulk(
    "BulkDAGRunBody", {"action": "update", "entities": [{"dag_id": "three", "dag_run_id": "r", "note": "in bulk"}]},
    {"action": "delete", "entities": [{"dag_id": "three", "dag_run_id": "nobody"}], "action_on_non_existence": "skip"}))
use("TaskInstanceApi", "bulk_task_instances", *RUN, bulk(
    "BulkTaskInstanceBody", {"action": "update", "entities": [{"task_id": "first", "note": "in bulk"}]}))
use("DAGApi", "delete_dag", "three", status=409)
use("VariableApi", "bulk_variables", bulk(
    "VariableBody",
    {"action": "create", "entities": [{"key": "bulk", "value": "a"}], "action_on_existence": "overwrite"},
    {"action": "delete", "entities": ["bulk"]}))

# Long enough to be found alive by each request.
RANGE = {"dag_id": "three", "from_date": "2016-01-01T00:00:00Z", "to_date": "2025-12-31T00:00:00Z",
         "run_backwards": False, "reprocess_behavior": "none", "max_active_runs": 1}
use("BackfillApi", "create_backfill_dry_run", body("BackfillPostBody", **RANGE))
backfill = use("BackfillApi", "create_backfill", body("BackfillPostBody", **RANGE))
use("BackfillApi", "list_backfills", "three")
if backfill is not None:
    use("BackfillApi", "pause_backfill", backfill.id)
    use("BackfillApi", "get_backfill", backfill.id)
    use("BackfillApi", "unpause_backfill", backfill.id)
    use("BackfillApi", "cancel_backfill", backfill.id)
use("BackfillApi", "get_backfill", 4711, status=404)

# What a person is asked, and the answer: once.
ASKED = ("asking", "r", "ask", -1)
for api in ("TaskInstanceApi", "HumanInTheLoopApi"):
    use(api, "get_hitl_details", "~", "~", response_received=False, limit=5)
    use(api, "get_hitl_details", "asking", "r")
    use(api, "get_hitl_detail", *ASKED)
    use(api, "get_hitl_detail", *TASK, -1, status=404)
    use(api, "update_hitl_detail", *ASKED, body("UpdateHITLDetailPayload", chosen_options=["perhaps"]), status=422)
    use(api, "update_hitl_detail", *ASKED,
        body("UpdateHITLDetailPayload", chosen_options=["approve"], params_input={"share": 5}))
    use(api, "update_hitl_detail", *ASKED, body("UpdateHITLDetailPayload", chosen_options=["reject"]), status=409)
    use(api, "get_hitl_detail_try_detail", *ASKED, 1)

use("EventLogApi", "get_event_logs")
use("EventLogApi", "get_event_log", 1)
use("JobApi", "get_jobs")
use("ConnectionApi", "get_connections")
use("ConnectionApi", "get_connection", "nobody", status=404)
use("PluginApi", "get_plugins")
use("PluginApi", "import_errors")
use("AssetApi", "get_assets")
use("AssetApi", "get_asset_aliases")
use("AssetApi", "get_asset_events")
use("AssetApi", "get_asset", 1, status=404)
use("ProviderApi", "get_providers")
use("ConfigApi", "get_config", status=403)
use("ConfigApi", "get_config_value", "core", "parallelism", status=403)
if made is not None:
    for _ in range(300):
        run = use("DagRunApi", "get_dag_run", "three", "mine")
        if run is None or run.state in ("success", "failed"):
            break
    has_ended = run and run.state in ("success", "failed")
    use("DagRunApi", "delete_dag_run", "three", "mine", status=None if has_ended else 409)

print(f"{len(set(used))} operations, {len(wrong)} wrong")
print("\n".join(wrong))
sys.exit(1 if wrong or len(set(used)) < 75 else 0)
