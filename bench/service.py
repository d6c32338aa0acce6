"""What a server carries: many runs at once, years of days, ten thousand DAGs, a death in the middle."""

import contextlib
import datetime
import os
import shutil
import sqlite3
import time

import actions
import contenders
import graphs
import measuring
import texts
from measuring import Wrong
from served import Server, percentile, until, write_files
from table import Row
from witness import Witness

DIAMOND = graphs.Graph(10, lambda i: () if i == 0 else (0,) if i < 9 else tuple(range(1, 9)))
DAY = graphs.Graph(20, lambda i: () if i == 0 else (0,) if i < 19 else tuple(range(1, 19)))
TWENTY = "".join(f"  t{i}: {{run: 'echo {i}'" + (f", needs: [t{i - 1}]" if i else "") + "}\n" for i in range(20))
SUCCESS = 2  # of a run: scheduler/model/states.h


def copies(graph, count):
    """The graph `count` times, as one."""
    return graphs.Graph(graph.size * count, lambda i: tuple(i - i % graph.size + p for p in graph.parents(i % graph.size)))


def with_limits(path, lines):
    """Puts keys of a DAG below its name."""
    with open(path) as file:
        text = file.read()
    with open(path, "w") as file:
        file.write(text.replace("tasks:\n", lines + "tasks:\n", 1))


def ninja_of(context, graph):
    """Wall time of ninja on the graph, in seconds; None where it is missing."""
    ninja = contenders.Ninja()
    if ninja.missing():
        return None
    folder, place = context.folder("ninja"), context.folder("ninja.place")
    ninja.write(folder, graph, actions.TRUE_SH)
    return measuring.run(ninja.command(folder, place), place).wall_s


def until_all_succeeded(server, count):
    until(f"{count} runs", lambda: server.rows("SELECT count(*) FROM dag_run WHERE ended_at IS NOT NULL") == [(count,)], 0.05)
    if server.rows("SELECT count(*) FROM dag_run WHERE state = ?", SUCCESS) != [(count,)]:
        raise Wrong("not all runs succeeded")


def diamonds(context):
    """B4: 1,000 runs of a ten-task diamond, posted at once, against ninja on the merged graph."""
    runs = context.size(1000, 200)
    walls, ratios = [], []
    for turn in range(context.rounds):
        context.say(f"diamonds: round {turn + 1} of {context.rounds}")
        with Server(context.folder("diamonds")) as server:
            path = os.path.join(server.dags, "d.yaml")
            texts.write_dag(path, DIAMOND, actions.TRUE_SH)
            with_limits(path, f"max_active_runs: {runs}\n")
            server.until_known(1)
            begin = time.monotonic()
            server.load([("POST", "/api/v2/dags/bench/dagRuns", {"logical_date": None})], 64, runs)
            until_all_succeeded(server, runs)
            walls.append(time.monotonic() - begin)
        other = ninja_of(context, copies(DIAMOND, runs))
        ratios += [walls[-1] / other] if other else []
    return [Row("diamonds", "Baton", "µs/task", [1e6 * w / runs / 10 for w in walls], ratios=ratios, ratio_of="Baton ÷ ninja", bar=1.2,
                wish=1.05, note=f"{runs:,} runs × 10 tasks")]


def years(context):
    """B8: a backfill of ten years of days × 20 tasks: accepted, first process, total against ninja."""
    last = datetime.date(2025, 12, 31) if not context.quick else datetime.date(2016, 6, 30)
    days = (last - datetime.date(2016, 1, 1)).days + 1
    accepted, first, walls, ratios = [], [], [], []
    for turn in range(1 if context.quick else min(context.rounds, 2)):  # each takes minutes
        context.say(f"years: round {turn + 1}, {days:,} days")
        with Server(context.folder("years")) as server:
            path = os.path.join(server.dags, "d.yaml")
            texts.write_dag(path, DAY, actions.TRUE_SH)
            with_limits(path, 'schedule: {cron: "0 0 * * *", start: 2016-01-01, catchup: none}\n')
            server.until_known(1)
            body = {"dag_id": "bench", "from_date": "2016-01-01T00:00:00Z", "to_date": f"{last}T00:00:00Z", "max_active_runs": 16}
            begin, wall = time.monotonic(), time.time()
            server.ask("POST", "/api/v2/backfills", body)
            accepted.append(1000 * (time.monotonic() - begin))
            until_all_succeeded(server, days)
            walls.append(time.monotonic() - begin)
            (started,), = server.rows("SELECT min(started_at) FROM task_instance")
            first.append(1000 * (started / 1e6 - wall))
        other = ninja_of(context, copies(DAY, days))
        ratios += [walls[-1] / other] if other else []
    return [Row("years", "accepted", "ms", accepted, bar=200.0), Row("years", "first process", "ms", first, bar=50.0),
            Row("years", "Baton", "µs/task", [1e6 * w / days / 20 for w in walls], ratios=ratios, ratio_of="Baton ÷ ninja", bar=1.5, wish=1.1,
                note=f"{days:,} days × 20 tasks, 16 runs at a time")]


def bare_inserts(folder, state, rows):
    """Seconds for the same run rows into an empty copy of the database, 64 a durable transaction."""
    copy = os.path.join(folder, "bare.db")
    with contextlib.closing(sqlite3.connect(os.path.join(state, "baton.db"))) as source, contextlib.closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    with contextlib.closing(sqlite3.connect(copy, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        made = db.execute("SELECT * FROM dag_run ORDER BY run_no DESC LIMIT ?", (rows,)).fetchall()
        db.execute("PRAGMA foreign_keys = OFF")
        db.execute("DELETE FROM dag_run")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        marks = ", ".join("?" * len(made[0]))
        begin = time.monotonic()
        for at in range(0, len(made), 64):
            db.execute("BEGIN IMMEDIATE")
            db.executemany(f"INSERT INTO dag_run VALUES ({marks})", made[at:at + 64])
            db.execute("COMMIT")
        return time.monotonic() - begin


def due(context):
    """B9: DAGs that are all due in one second: how long until their runs are durable; lateness of one; idle CPU."""
    count = context.size(10000, 1000)
    seconds, ratios = [], []
    for turn in range(context.rounds):
        context.say(f"due: round {turn + 1} of {context.rounds}, {count:,} DAGs")
        folder = context.folder("due")
        with Server(folder) as server:
            at = datetime.datetime.fromtimestamp((time.time() + count / 150 + 15) // 60 * 60 + 60, datetime.timezone.utc)
            write_files(server.dags, count, lambda i: f'dag: d{i}\nschedule: {{cron: "{at.minute} {at.hour} * * *", start: 2020-01-01, '
                                                      "catchup: none}\ntasks:\n  t: {noop: true}\n")
            server.until_known(count, 0.1)
            if time.time() > at.timestamp() - 2:
                raise Wrong("the files were not read before they were due")
            time.sleep(at.timestamp() - time.time() - 0.2)
            until("the runs", lambda: server.rows("SELECT count(*) FROM dag_run")[0][0] >= count, 0.005)
            seconds.append(time.time() - at.timestamp())
            time.sleep(2)
            ratios.append(seconds[-1] / bare_inserts(folder, server.state, count))
    late, idle = lateness(context)
    return [Row("due", f"{count:,} DAGs", "s", seconds, bar=1.0),
            Row("due", "the same", "s", seconds, ratios=ratios, ratio_of="bare inserts", bar=2.5, note="of the run rows alone, 64 a transaction"),
            Row("due", "lateness of one, p99", "ms", late, bar=5.0, note="tick → first instruction of its task"),
            Row("due", "idle CPU, 100 hourly DAGs", "%", idle, bar=0.1)]


def lateness(context):
    """p99 in ms of each round, and the share of a CPU that an idle server takes, in per cent."""
    late, idle = [], []
    for turn in range(context.rounds):
        context.say(f"due: one DAG each second, round {turn + 1} of {context.rounds}")
        folder = context.folder("lateness")
        witness = Witness(os.path.join(folder, "witness"))
        with Server(folder) as server:
            with open(os.path.join(server.dags, "d.yaml"), "w") as file:
                file.write(f"dag: tick\nschedule: {{every: 1s, start: 2020-01-01, catchup: none}}\ntasks:\n  t: "
                           f"{{{actions.witnessed(measuring.native('witness'), witness.path).baton(0)}}}\n")
            server.until_known(1)
            time.sleep(context.size(30, 8))
            behind = time.time() - time.monotonic_ns() / 1e9
            late.append(percentile(sorted(1000 * ((line.ns / 1e9 + behind) % 1) for line in witness.lines() if line.what == "start")[:-1], 0.99))
        with Server(context.folder("idle")) as server:
            write_files(server.dags, 100, lambda i: f"dag: d{i}\nschedule: '@hourly'\ntasks:\n{TWENTY}")
            server.until_known(100)
            time.sleep(3)
            begin, cpu = time.monotonic(), server.cpu_s()
            time.sleep(context.size(30, 10))
            idle.append(100 * (server.cpu_s() - cpu) / (time.monotonic() - begin))
    return late, idle


def files(context):
    """B12, B10: 10,000 files × 20 tasks: cold, warm, one edited; memory; and what an empty server takes."""
    count = context.size(10000, 1000)
    cold, warm, edited, memory, empty, ready = [], [], [], [], [], []
    for turn in range(context.rounds):
        context.say(f"files: round {turn + 1} of {context.rounds}, {count:,} files")
        folder = context.folder("files")
        with Server(folder) as server:
            time.sleep(1)
            empty.append(server.resident_mib())
        for _ in range(5):
            server = Server(context.folder("empty"))
            ready.append(1000 * server.start())
            server.stop()
        server = Server(folder)
        write_files(server.dags, count, lambda i: f"dag: d{i}\nschedule: '@daily'\ntasks:\n{TWENTY}")
        begin = time.monotonic()
        with server:
            server.until_known(count)
            cold.append(time.monotonic() - begin)
        begin = time.monotonic()
        with server:
            server.until_known(count)
            warm.append(time.monotonic() - begin)
            time.sleep(5)
            memory.append(server.resident_mib())
            path, version = os.path.join(server.dags, "d7.dag.yaml"), lambda: server.ask("GET", "/api/v2/dags/d7/dagVersions")["total_entries"]
            was = version()
            with open(path + ".new", "w") as file:
                file.write(f"dag: d7\nschedule: '@daily'\ntasks:\n{TWENTY}  more: {{noop: true}}\n")
            begin = time.monotonic()
            os.rename(path + ".new", path)
            until("the edit", lambda: version() > was, 0.001)
            edited.append(1000 * (time.monotonic() - begin))
        shutil.rmtree(server.dags)
    return [Row("files", f"{count:,} × 20 tasks, cold", "s", cold, bar=20.0, wish=2.0), Row("files", "warm", "s", warm, bar=1.0, wish=0.06),
            Row("files", "one edited", "ms", edited, bar=50.0), Row("files", "memory, idle", "MiB", memory, bar=200e6 / (1 << 20), wish=64e6 / (1 << 20)),
            Row("files", "memory, empty", "MiB", empty, bar=15e6 / (1 << 20)), Row("files", "ready, empty", "ms", ready, bar=100.0)]


def adopted(context):
    """B7: kill -9 of the server with 100,000 open task instances: start again → first dispatch; nothing lost or doubled."""
    size = context.size(100000, 10000)
    graph, folder = graphs.fan(size), context.folder("adopted")
    witness = Witness(os.path.join(folder, "witness"))
    server = Server(folder, "--config", os.path.join(folder, "baton.yaml"))
    with open(os.path.join(folder, "baton.yaml"), "w") as file:
        file.write("limits: {file: 1Gi}\n")
    texts.write_dag(os.path.join(server.dags, "d.yaml"), graph, actions.witnessed(measuring.native("witness"), witness.path))
    server.start()
    server.until_known(1)
    server.ask("POST", "/api/v2/dags/bench/dagRuns", {"logical_date": None})
    until("the run", lambda: len(witness.lines()) > 200, 0.05)
    dispatches = []
    for turn in range(context.rounds):
        context.say(f"adopted: kill {turn + 1} of {context.rounds}")
        server.kill()
        time.sleep(0.5)  # what had been released before ends meanwhile
        seen, begin = os.path.getsize(witness.path), time.monotonic_ns()
        server.start()
        lines = until("a dispatch", lambda: [line for line in witness.lines(seen) if line.what == "start"], 0.002)
        dispatches.append((lines[0].ns - begin) / 1e6)
        time.sleep(0.5)
    context.say("adopted: running the rest")
    until_all_succeeded(server, 1)
    server.stop()
    again = witness.again_after_kills(graph, measuring.SLOTS)
    return [Row("adopted", "start again → first dispatch", "ms", dispatches, bar=1000.0, note=f"{size:,} open at the first kill"),
            Row("adopted", "lost + doubled", "tasks", [0], bar=0.0, note=f"{again} were cut off and ran again")]
