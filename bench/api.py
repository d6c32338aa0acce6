"""What people and programs wait for at a server: a run that is accepted, its first process, a page of a long history, an
answer while everything is busy."""

import os
import selectors
import socket
import threading
import time

import actions
import graphs
import measuring
import pages
import texts
from measuring import Wrong
from served import Server, percentile, until
from table import Row
from witness import Witness

RUN = {"logical_date": None}
LISTS = {
    "home": "/home",
    "DAGs": "/dags?limit=50",
    "runs of a DAG": "/dags/dag5/dagRuns?limit=50&order_by=-run_after",
    "runs of a DAG, its last page": "/dags/dag5/dagRuns?limit=50&order_by=-run_after&offset=450",
    "all runs": "/dags/~/dagRuns?limit=50&order_by=-run_after",
    "all runs, page 1,000": "/dags/~/dagRuns?limit=50&order_by=-run_after&offset=49950",
    "failed runs": "/dags/~/dagRuns?limit=50&order_by=-run_after&state=failed",
    "instances of a run": "/dags/dag5/dagRuns/scheduled__105/taskInstances?limit=50",
    "all instances": "/dags/~/dagRuns/~/taskInstances?limit=50&order_by=-start_date",
    "all instances, page 1,000": "/dags/~/dagRuns/~/taskInstances?limit=50&order_by=-start_date&offset=49950",
    "grid of 50 runs": "/dags/dag5/grid?limit=50",
    "audit": "/eventLogs?limit=50",
}


def bare_syncs(folder, count):
    """Times in ms, sorted: 4 KiB written over themselves and synced."""
    times = []
    fd = os.open(os.path.join(folder, "synced"), os.O_RDWR | os.O_CREAT)
    os.pwrite(fd, bytes(4096 * 16), 0)
    os.fsync(fd)
    for i in range(count):
        begin = time.monotonic_ns()
        os.pwrite(fd, bytes(4096), 4096 * (i % 16))
        os.fdatasync(fd)
        times.append((time.monotonic_ns() - begin) / 1e6)
    os.close(fd)
    return sorted(times)


def posts(context):
    """B14: POST a run, durable, with 1 client and with 64; the runs stay queued."""
    p50, p99, ratios, rates, crowd = [], [], [], [], []
    for turn in range(context.rounds):
        context.say(f"posts: round {turn + 1} of {context.rounds}")
        folder = context.folder("posts")
        with Server(folder) as server:
            texts.write_dag(os.path.join(server.dags, "d.yaml"), graphs.chain(1), actions.TRUE_SH)
            server.until_known(1)
            server.ask("PATCH", "/api/v2/dags/bench?update_mask=is_paused", {"is_paused": True})
            post = [("POST", "/api/v2/dags/bench/dagRuns", RUN)]
            server.load(post, 1, 50)
            alone = server.load(post, 1, context.size(1000, 200))
            syncs = bare_syncs(folder, 1000)
            many, begin = context.size(10000, 2000), time.monotonic()
            crowd_of_round = server.load(post, 64, many)
            rates.append(1e6 * (time.monotonic() - begin) / many)
            wanted = 50 + context.size(1000, 200) + many
            if server.rows("SELECT count(*) FROM dag_run") != [(wanted,)]:
                raise Wrong(f"not {wanted} runs, as were answered")
        p50.append(percentile(alone, 0.5))
        p99.append(percentile(alone, 0.99))
        ratios.append(p99[-1] / percentile(syncs, 0.99))
        crowd.append(percentile(crowd_of_round, 0.99))
    return [Row("posts", "1 client, p50", "ms", p50, bar=1.0),
            Row("posts", "1 client, p99", "ms", p99, bar=5.0, note="of a bare fsync's p99: " + ", ".join(f"{r:.1f}" for r in ratios)),
            Row("posts", "64 clients", "µs/run", rates, bar=1e6 / 3000, wish=1e6 / 4000),
            Row("posts", "64 clients, p99", "ms", crowd)]


def first_process(context):
    """From the POST to the first instruction of the task, on an idle server."""
    p50, p99 = [], []
    for turn in range(context.rounds):
        context.say(f"first_process: round {turn + 1} of {context.rounds}")
        folder = context.folder("first_process")
        witness = Witness(os.path.join(folder, "witness"))
        with Server(folder) as server:
            texts.write_dag(os.path.join(server.dags, "d.yaml"), graphs.chain(1), actions.witnessed(measuring.native("witness"), witness.path))
            server.until_known(1)
            times = []
            for _ in range(context.size(200, 40)):
                seen, begin = os.path.getsize(witness.path), time.monotonic_ns()
                server.ask("POST", "/api/v2/dags/bench/dagRuns", RUN)
                lines = until("the task has ended", lambda: (found := witness.lines(seen)) and found[-1].what == "end" and found)
                times.append((lines[0].ns - begin) / 1e6)
                time.sleep(0.05)
        times = sorted(times[5:])
        p50.append(percentile(times, 0.5))
        p99.append(percentile(times, 0.99))
    return [Row("first_process", "trigger → first process, p50", "ms", p50, bar=3.0, wish=2.0),
            Row("first_process", "trigger → first process, p99", "ms", p99, bar=15.0)]


def lists(context):
    """B6: each list at 1,000,000 task instances and 50,000 runs."""
    folder = context.folder("lists")
    os.makedirs(os.path.join(folder, "dags"))
    pages.fill(measuring.BATON, os.path.join(folder, "state"))
    rows = []
    with Server(folder) as server:
        for name, path in LISTS.items():
            context.say(f"lists: {name}")
            p50, p99 = [], []
            server.load([("GET", "/api/v2" + path)], 1, 20)
            for _ in range(context.rounds):
                times = server.load([("GET", "/api/v2" + path)], 1, context.size(300, 100))
                p50.append(percentile(times, 0.5))
                p99.append(percentile(times, 0.99))
            rows.append(Row("lists", name + ", p99", "ms", p99, bar=5.0, wish=1.0, note="p50 " + ", ".join(f"{t:.2f}" for t in p50) + " ms"))
    return rows


class Viewers:
    """Streams of events, read by one thread as bytes, which costs this machine as little as can be; it remembers when the
    last of them came (wall time)."""

    def __init__(self, server, count):
        self.bytes, self.last, self.is_over = 0, 0.0, False
        self.poll = selectors.DefaultSelector()
        for _ in range(count):
            link = socket.create_connection(("127.0.0.1", server.port))
            link.sendall(server.text_of("GET", "/api/v2/events"))
            if not link.recv(4096).startswith(b"HTTP/1.1 200"):
                raise Wrong("/events was refused")
            link.setblocking(False)
            self.poll.register(link, selectors.EVENT_READ)
        self.thread = threading.Thread(target=self.view, daemon=True)
        self.thread.start()

    def view(self):
        while not self.is_over:
            for key, _ in self.poll.select(0.1):
                text = key.fileobj.recv(1 << 18)
                self.bytes += len(text)
                if b"data:" in text:
                    self.last = time.time()


def beside(context):
    """B11: 500 requests a second and 50 streams beside a fan: times of answers, delay of events, loss of the fan."""
    p50, p99, delays, losses, alone, read = [], [], [], [], [], 0
    size = context.size(10000, 2000)
    for turn in range(context.rounds):
        walls = {}
        for busy in ((False, True) if turn % 2 == 0 else (True, False)):
            context.say(f"beside: round {turn + 1} of {context.rounds}, {'with' if busy else 'without'} readers")
            with Server(context.folder("beside")) as server:
                texts.write_dag(os.path.join(server.dags, "d.yaml"), graphs.fan(size), actions.TRUE_SH)
                server.until_known(1)
                times = []
                viewers = Viewers(server, 50) if busy else None
                run = server.ask("POST", "/api/v2/dags/bench/dagRuns", RUN)["dag_run_id"]
                paths = ["/home", "/dags?limit=50", "/dags/bench/dagRuns?limit=25", f"/dags/bench/dagRuns/{run}",
                         f"/dags/bench/dagRuns/{run}/taskInstances?limit=50"]
                done = lambda: server.rows("SELECT ended_at, begun_at FROM dag_run WHERE ended_at IS NOT NULL")
                if busy:
                    asked = [("GET", "/api/v2" + path) for path in paths]
                    while not done():
                        times += server.load(asked, 12, 1000, 500)  # with the streams fewer than the 64 of an address
                (ended, begun), = until("the run's end", done, 0.05)
                walls[busy] = (ended - begun) / 1e6
                if busy:
                    time.sleep(0.5)
                    viewers.is_over = True
                    delays.append(1000 * (viewers.last - ended / 1e6))
                    read += viewers.bytes
                    p50.append(percentile(sorted(times), 0.5))
                    p99.append(percentile(sorted(times), 0.99))
        losses.append(walls[True] / walls[False])
        alone.append(1e6 * walls[False] / size)
    return [Row("beside", "fan without readers", "µs/task", alone, note=f"{size:,} tasks"),
            Row("beside", "fan with readers", "µs/task", [a * r for a, r in zip(alone, losses)], ratios=losses, ratio_of="without", bar=1.15, wish=1.1),
            Row("beside", "answers, p99", "ms", p99, bar=10.0, wish=2.0, note="p50 " + ", ".join(f"{t:.2f}" for t in p50) + " ms"),
            Row("beside", "the run's last event", "ms", delays, bar=200.0, note=f"after its commit; {read >> 20:,} MiB of events read by 50")]
