"""Run by a Python that has astro-airflow-mcp: its tools for what Baton has, called as a model would, against a server with
the DAG `three` and its finished run `r`. Exits with 1 where a tool fails."""
import asyncio
import json
import sys

from astro_airflow_mcp.server import configure, mcp
from fastmcp import Client

url, token = sys.argv[1:3]
RUN = {"dag_id": "three", "dag_run_id": "r"}
CALLS = [
    ("get_airflow_version", {}), ("list_dags", {}), ("get_dag_details", {"dag_id": "three"}),
    ("get_dag_source", {"dag_id": "three"}), ("get_dag_stats", {}), ("get_dag_stats", {"dag_ids": ["three"]}),
    ("pause_dag", {"dag_id": "three"}), ("unpause_dag", {"dag_id": "three"}),
    ("list_dag_runs", {"dag_id": "three"}), ("list_dag_runs", {}), ("get_dag_run", RUN),
    ("list_tasks", {"dag_id": "three"}), ("get_task", {"dag_id": "three", "task_id": "first"}),
    ("get_task_instance", {**RUN, "task_id": "first"}), ("get_task_logs", {**RUN, "task_id": "first"}),
    ("clear_task_instances", {**RUN, "task_ids": ["first"]}), ("clear_dag_run", RUN),
    ("list_dag_warnings", {}), ("list_import_errors", {}), ("explore_dag", {"dag_id": "three"}),
    ("diagnose_dag_run", RUN), ("get_system_health", {}), ("list_connections", {}), ("list_variables", {}),
    ("list_pools", {}), ("get_pool", {"pool_name": "default_pool"}), ("list_plugins", {}), ("list_providers", {}),
    ("get_airflow_config", {}), ("list_assets", {}), ("list_asset_events", {}), ("get_upstream_asset_events", RUN),
    ("trigger_dag", {"dag_id": "three"}), ("trigger_dag_and_wait", {"dag_id": "three", "timeout": 60}),
]
BORNE = {"get_airflow_config"}  # which Baton refuses, and the tool tells so


async def main():
    configure(url=url, auth_token=token)
    wrong = []
    async with Client(mcp) as client:
        for name, arguments in CALLS:
            try:
                result = await client.call_tool(name, arguments)
                text = "".join(part.text for part in result.content if hasattr(part, "text"))
            except Exception as error:  # what a tool raises is what we are after
                text = f"error: {error}"
            if name not in BORNE and is_error(text):
                wrong.append(f"{name}: {text[:600]}")
    print(f"{len(CALLS)} calls, {len(wrong)} wrong")
    print("\n".join(wrong))
    return 1 if wrong else 0


def is_error(text):
    if text.lower().startswith(("error", "failed")):
        return True
    try:
        return "error" in json.loads(text)
    except (ValueError, TypeError):
        return False


sys.exit(asyncio.run(main()))
