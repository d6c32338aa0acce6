"""What protects and what knows data: asset events that are accepted, and a crowd of dead letters that is redriven."""

import os
import time

from measuring import Wrong
from served import Server, percentile, until
from table import Row

PRODUCER = "dag: producer\nassets: {orders: 's3://lake/orders'}\ntasks:\n  make: {run: 'true', produces: [orders]}\n"
BROKEN = """dag: broken
tasks:
  part:
    for_each: {items: %s, as: i}
    exec: ["false"]
"""


def asset_events(context):
    """Events of an asset, posted by 64 clients, each durable when it is answered."""
    rates, crowd, cpu = [], [], []
    for turn in range(context.rounds):
        context.say(f"asset_events: round {turn + 1} of {context.rounds}")
        with Server(context.folder("asset_events")) as server:
            with open(os.path.join(server.dags, "d.yaml"), "w") as file:
                file.write(PRODUCER)
            server.until_known(1)
            asset = until("the asset", lambda: server.ask("GET", "/api/v2/assets")["assets"])[0]["id"]
            post = [("POST", "/api/v2/assets/events", {"asset_id": asset, "extra": {"rows": 4711}})]
            server.load(post, 64, 500)
            many, used, begin = context.size(20000, 4000), server.cpu_s(), time.monotonic()
            times = server.load(post, 64, many)
            rates.append(1e6 * (time.monotonic() - begin) / many)
            cpu.append(1e6 * (server.cpu_s() - used) / many)
            crowd.append(percentile(times, 0.99))
            kept = server.ask("GET", "/api/v2/assets/events?limit=1")["total_entries"]
            if kept != 500 + many:
                raise Wrong(f"{kept} events are kept of {500 + many} that were answered")
    return [Row("asset_events", "64 clients", "µs/event", rates, bar=100.0,
                note="CPU of the server: " + ", ".join(f"{one:.0f}" for one in cpu) + " µs each"),
            Row("asset_events", "64 clients, p99", "ms", crowd)]


def redrive(context):
    """A crowd of dead letters: from the request to the job that has accepted them all."""
    count = context.size(15000, 3000)
    accepted = []
    with Server(context.folder("redrive")) as server:
        with open(os.path.join(server.dags, "d.yaml"), "w") as file:
            file.write(BROKEN % list(range(count)))
        server.until_known(1)
        context.say(f"redrive: {count:,} tasks fail")
        server.ask("POST", "/api/v2/dags/broken/dagRuns", {"logical_date": None, "dag_run_id": "r"})
        letters = lambda: server.ask("GET", "/api/v2/deadLetters?limit=1&state=open")["total_entries"]
        until("all of them", lambda: letters() == count, 0.5)
        for turn in range(context.rounds):
            context.say(f"redrive: round {turn + 1} of {context.rounds}")
            begin = time.monotonic_ns()
            job = server.ask("POST", "/api/v2/deadLetters:redrive", {"rate": "1/h"})
            accepted.append((time.monotonic_ns() - begin) / 1e6)
            if job["total"] < count - turn:
                raise Wrong(f"a job over {job['total']} letters, not {count}")
            server.ask("POST", f"/api/v2/bulkJobs/{job['id']}:cancel")
            until("its end", lambda: server.ask("GET", f"/api/v2/bulkJobs/{job['id']}")["state"] != "running", 0.05)
    return [Row("redrive", f"{count:,} letters accepted", "ms", accepted, bar=200.0)]
