"""The programs of lineage_audit.dag.yaml that tell their lineage by OpenLineage's own client, to a receiver that answers.

The steps are those of steps.py; what they tell is made of the classes of openlineage-python and sent by its client.
"""
import os

from openlineage.client import OpenLineageClient, event_v2, facet_v2
from openlineage.client.client import OpenLineageClientOptions

import servers
import task
from lineage_audit import steps


def emit(told):
    """The file first, as in steps.py. A receiver that is down or refuses fails the task, which is tried again."""
    if os.environ["OPENLINEAGE_URL"]:
        return steps.send_by_hand(told)
    steps.keep(told)
    host, port = servers.address("openlineage")
    client = OpenLineageClient(f"http://{host}:{port}", OpenLineageClientOptions(timeout=30))
    try:
        client.emit(event_v2.RunEvent(
            eventType=event_v2.RunState(told["eventType"]), eventTime=told["eventTime"], producer=told["producer"],
            run=event_v2.Run(runId=told["run"]["runId"]), job=event_v2.Job(**told["job"]),
            inputs=[event_v2.InputDataset(namespace=one["namespace"], name=one["name"]) for one in told["inputs"]],
            outputs=[event_v2.OutputDataset(namespace=one["namespace"], name=one["name"], facets=facets_of(one))
                     for one in told["outputs"]]))
    except Exception as error:  # of whichever library the client sends with
        task.fail(f"the receiver does not take the event: {error}", task.EXIT_TRANSIENT)


def facets_of(output):
    lineage = facet_v2.column_lineage_dataset
    return {"columnLineage": lineage.ColumnLineageDatasetFacet(fields={
        column: lineage.Fields(inputFields=[lineage.InputField(**source) for source in found["inputFields"]])
        for column, found in output["facets"]["columnLineage"]["fields"].items()})}


steps.send_by_hand, steps.send = steps.send, emit

if __name__ == "__main__":
    task.main(steps.deliver, steps.load_orders, steps.load_rates, steps.revenue, steps.verify)
