"""A week of all fifteen pipelines on one server, as fast as it can, while it is killed, frozen and lost again and again.

    BATON=build/release/baton python3 tests/dags/week.py [--seed 1] [--pause 6] [--deadline 600]

The week lies in the past, and its DAGs make up for every tick that they have missed (`catchup: all`): each pipeline
has its own schedule, intervals and run ids, and the clock of the week is as fast as this machine. Then each is held
against the same intervals run one by one, without a server and without chaos. It takes minutes: no part of ./dev test.
"""
import argparse
import concurrent.futures
import contextlib
import copy
import datetime
import json
import os
import pathlib
import random
import re
import shutil
import signal
import sys
import time
import unittest

from pipeline import DAGS, children_of, contents, kill
from test_service import Service

# Pipeline → schedule, first tick, end. Where the pipeline has a schedule it is its own; what is started by hand is here
# daily. `iot` wakes every four minutes: an hour of it, as its week is 2,520 runs. `mlops` is monthly: four of them.
DAY = "0 0 * * *"
WEEK = {
    "bank": (DAY, "2026-01-05", "2026-01-12"),
    "billion": (DAY, "2026-01-05", "2026-01-12"),
    "cost": (DAY, "2026-01-05", "2026-01-12"),
    "ecommerce": (DAY, "2026-01-05", "2026-01-12"),
    "feature_store": ("0 0 * * 1", "2025-03-31", "2025-04-14"),
    "fraud": (DAY, "2026-02-01", "2026-02-08"),
    "iot": ("every 4m", "2026-03-01T00:00:00Z", "2026-03-01T01:00:00Z"),
    "lake": (DAY, "2026-01-05", "2026-01-12"),
    "lineage_audit": (DAY, "2026-01-05", "2026-01-12"),
    "medallion": (DAY, "2026-01-05", "2026-01-12"),
    "mlops": ("0 0 1 * *", "2026-01-01", "2026-05-01"),
    "recommendations": (DAY, "2026-01-05", "2026-01-12"),
    "schemas": (DAY, "2026-01-05", "2026-01-12"),
    "tested": (DAY, "2026-01-05", "2026-01-12"),
    "training_data": (DAY, "2026-01-05", "2026-01-12"),
}
KINDS = ("server and worker killed", "server killed", "worker killed", "worker frozen")


class Week(Service):
    test_all_end_as_if_alone_though_server_and_worker_are_killed_twice = None
    asked = argparse.Namespace(seed=1, pause=6.0, deadline=600)

    def test_nothing_is_lost_doubled_or_late(self):
        self.copy_with_the_schedules_of_the_week()
        self.dags = self.folder / "dags"
        begin, struck = time.monotonic(), dict.fromkeys(KINDS, 0)
        server, chance = self.serve(), random.Random(self.asked.seed)
        self.until(lambda: len(self.ask("/dags?limit=100")["dags"]) == len(WEEK), "all are loaded")
        while not self.is_over():
            time.sleep(chance.uniform(0.5, 1.5) * self.asked.pause)
            kind = chance.choice(KINDS)
            if workers := self.workers():
                struck[kind] += 1
                server = self.strike(kind, server, workers)
        took = time.monotonic() - begin
        runs = {name: self.all_runs(name) for name in WEEK}
        tasks = {name: self.ask(f"/dags/{name}/dagRuns/~/taskInstances?limit=1000")["task_instances"] for name in WEEK}
        kill(server)
        self.report(runs, tasks, struck, took)
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for name, verdict in {name: pool.submit(self.judge, name, runs[name]) for name in WEEK}.items():
                with self.subTest(name):
                    verdict.result()

    def copy_with_the_schedules_of_the_week(self):
        """The DAGs as they are but for the week, the deadline and the folder of their results."""
        to = self.folder / "dags"
        to.mkdir()
        for shared in (*DAGS.glob("*.py"), *DAGS.glob("baton.yaml")):
            shutil.copy(shared, to)
        for name, (schedule, start, end) in WEEK.items():
            shutil.copytree(DAGS / name, to / name, ignore=shutil.ignore_patterns("__pycache__"))
            text = (DAGS / f"{name}.dag.yaml").read_text()
            text = re.sub(r"^(schedule|max_active_runs|sla): .*\n", "", text, flags=re.MULTILINE)
            when = f'every: {schedule[6:]}' if schedule.startswith("every") else f'cron: "{schedule}"'
            text = text.replace("\nparams:\n", f"""
schedule: {{{when}, start: "{start}", end: "{end}", catchup: all}}
max_active_runs: 1
sla: {self.asked.deadline}s
params:
""", 1)
            text = text.replace(f"default: .baton-demo/{'fifty_sources' if name == 'lake' else name},",
                                f"default: {self.folder / 'served-data' / name},", 1)
            (to / f"{name}.dag.yaml").write_text(text)

    def is_over(self):
        with contextlib.suppress(OSError, ValueError):
            runs = [run for name in WEEK for run in self.all_runs(name)]
            return len(runs) >= sum(len(ticks(name)) for name in WEEK) and \
                all(run["state"] in ("success", "failed") for run in runs)
        return False

    def all_runs(self, name):
        return self.ask(f"/dags/{name}/dagRuns?limit=100")["dag_runs"]

    def workers(self):
        """The workers of this server, also one that it has adopted; none while it starts."""
        found = []
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                words = (process / "cmdline").read_bytes().decode().split("\0")
                if words[0].endswith("baton-worker") and str(self.state) in words:
                    found.append(int(process.name))
        return found

    def strike(self, kind, server, workers):
        if kind == "server killed":  # its worker and the tasks go on; the next server adopts them
            server.kill()
            server.wait()
        else:
            if kind == "server and worker killed":
                kill(server)
            for worker in workers:
                with contextlib.suppress(ProcessLookupError):
                    self.strike_worker(kind, worker)
        return server if server.poll() is None else self.serve()

    @staticmethod
    def strike_worker(kind, worker):
        if kind == "worker frozen":
            os.kill(worker, signal.SIGSTOP)
            time.sleep(2)
            os.kill(worker, signal.SIGCONT)
        else:
            for pid in [*children_of(worker), worker] if kind == "server and worker killed" else [worker]:
                os.kill(pid, signal.SIGKILL)

    def judge(self, name, runs):
        self.assertEqual(sorted(run["logical_date"][:16] for run in runs), ticks(name), "each tick has one run")
        self.assertEqual({run["state"] for run in runs}, {"success"})
        self.assertEqual([run["dag_run_id"] for run in runs if seconds_of(run) > self.asked.deadline], [], "late")
        lone = copy.copy(self)
        lone.name, lone.folder, lone.dags = name, self.folder / "alone" / name, DAGS
        shutil.copytree(self.folder / "bin", lone.folder / "bin")
        for run in sorted(runs, key=lambda run: run["logical_date"]):
            lone.run_dag("--interval", f"{run['data_interval_start']}/{run['data_interval_end']}", "--run-id",
                         run["dag_run_id"], home=lone.folder / "home")
        self.assertEqual(contents(self.folder / "served-data" / name), contents(lone.folder / "home"))

    def report(self, runs, tasks, struck, took):
        print(f"seed {self.asked.seed}: {sum(map(len, runs.values()))} runs in {took:.0f} s; " +
              ", ".join(f"{kind} {count} times" for kind, count in struck.items()))
        print("| pipeline         | runs | tasks | further tries | longest run |\n|---|---|---|---|---|")
        for name, of in runs.items():
            again = sum(max(0, one["try_number"] - 1) for one in tasks[name])
            print(f"| {name:16} | {len(of):4} | {len(tasks[name]):5} | {again:13} | "
                  f"{max(map(seconds_of, of), default=0):9.1f} s |", flush=True)


def ticks(name):
    """The logical dates that the schedule of the week has."""
    schedule, start, end = WEEK[name]
    at, last = (datetime.datetime.fromisoformat(text.replace("Z", "")) for text in (start, end))
    found = []
    while at < last:
        found.append(at.isoformat(timespec="minutes"))
        if schedule == "0 0 1 * *":
            at = at.replace(month=at.month + 1)
        else:
            at += datetime.timedelta(minutes=4) if schedule.startswith("every") else \
                datetime.timedelta(days=7 if schedule.endswith("1") else 1)
    return found


def seconds_of(run):
    begin, end = (datetime.datetime.fromisoformat(run[edge].replace("Z", "+00:00")) for edge in ("start_date", "end_date"))
    return (end - begin).total_seconds()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1, help="of the moments and kinds of chaos")
    parser.add_argument("--pause", type=float, default=6, help="seconds between two strikes, on average")
    parser.add_argument("--deadline", type=int, default=600, help="seconds that a run may take, strikes and all")
    Week.asked, rest = parser.parse_known_args()
    unittest.main(argv=[sys.argv[0], "Week", *rest])


if __name__ == "__main__":
    main()
