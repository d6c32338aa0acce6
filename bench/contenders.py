"""Who runs the workloads: Baton and its rivals. Each writes the graph in its own words once, then runs it in a new folder
each round. A contender that takes long per task gets fewer tasks of the same kind; figures are per task."""

import importlib.util
import json
import os
import shutil
import sqlite3
import subprocess
import sys

import texts
from measuring import BATON, SLOTS, Wrong, native

SUCCESS = 4  # scheduler/model/states.h


class Contender:
    name = ""
    chain_max = fan_max = 10**9
    slots = SLOTS

    def missing(self):
        """Why it cannot take part; empty: it can."""
        return "" if shutil.which(self.name) else "not installed"

    def write(self, folder, graph, action):
        """Once for each workload."""

    def command(self, folder, place):
        """What to run with the new folder `place` as the working folder."""

    def check(self, place, graph):
        """After each round; raises Wrong."""


class Baton(Contender):
    name = "Baton"

    def __init__(self, name="Baton", environment=()):
        self.name = name
        self.environment = list(environment)

    def missing(self):
        return ""

    def write(self, folder, graph, action):
        texts.write_dag(os.path.join(folder, "d.yaml"), graph, action)
        with open(os.path.join(folder, "baton.yaml"), "w") as file:
            file.write("limits: {file: 1Gi}\n")

    def command(self, folder, place):
        dag = os.path.join(folder, "d.yaml")
        config = os.path.join(folder, "baton.yaml")
        base = ["env"] + self.environment if self.environment else []
        return base + [BATON, "run", dag, "--state", os.path.join(place, "state"), "--config", config, "--slots", str(self.slots), "-q"]

    def check(self, place, graph):
        must_have_succeeded(os.path.join(place, "state"), graph.size)


def must_have_succeeded(state, size):
    """Every task instance of the one run in this state folder is there and succeeded."""
    with sqlite3.connect(f"file:{state}/baton.db?mode=ro", uri=True) as db:
        states = dict(db.execute("SELECT state, count(*) FROM task_instance GROUP BY state"))
    if states != {SUCCESS: size}:
        raise Wrong(f"{state}: task instances by state are {states}, not {size} that succeeded")


class SpawnLoop(Contender):
    """The floor: processes and nothing else. Of a chain or a fan only; joins are not there."""

    name = "bare loop"

    def __init__(self, slots=SLOTS):
        self.slots = slots

    def missing(self):
        return ""

    def write(self, folder, graph, action):
        self.argv = [native("spawn_loop"), str(self.slots), str(graph.tasks)] + action.loop_argv()

    def command(self, folder, place):
        return self.argv


class SyncedLoop(SpawnLoop):
    """The floor of what is durable: 16 KiB overwritten and synced between the end of a process and the next start."""

    name = "synced loop"

    def command(self, folder, place):
        return self.argv[:1] + ["-s", os.path.join(place, "notes")] + self.argv[1:]


class Relay(Contender):
    """The least of Baton's shape (native/relay.c): a process with SQLite, another that starts the tasks, a log for each."""

    name = "relay"

    def missing(self):
        return ""

    def write(self, folder, graph, action):
        self.argv = [native("relay"), str(graph.tasks)] + action.loop_argv()

    def command(self, folder, place):
        return self.argv

    def check(self, place, graph):
        with sqlite3.connect(os.path.join(place, "db")) as db:
            (ended, tries), = db.execute("SELECT (SELECT count(*) FROM task WHERE state = 2), (SELECT count(*) FROM try)")
        if (ended, tries) != (graph.tasks, graph.tasks):
            raise Wrong(f"relay ran {ended} of {graph.tasks} tasks")


class Ninja(Contender):
    name = "ninja"

    def write(self, folder, graph, action):
        texts.write_ninja(os.path.join(folder, "build.ninja"), graph, action)

    def command(self, folder, place):
        return ["ninja", "-f", os.path.join(folder, "build.ninja"), f"-j{self.slots}"]

    def check(self, place, graph):
        with open(os.path.join(place, ".ninja_log")) as file:
            ran = sum(1 for _ in file) - 1
        if ran != graph.tasks:
            raise Wrong(f"ninja ran {ran} of {graph.tasks} tasks")


class Make(Contender):
    name = "make"

    def write(self, folder, graph, action):
        texts.write_make(os.path.join(folder, "Makefile"), graph, action)

    def command(self, folder, place):
        return ["make", "-f", os.path.join(folder, "Makefile"), f"-j{self.slots}"]


class Parallel(Contender):
    """GNU parallel knows no edges: a fan only."""

    name = "parallel"
    fan_max = 1000

    def write(self, folder, graph, action):
        with open(os.path.join(folder, "jobs"), "w") as file:
            file.writelines(action.shell(i) + "\n" for i in range(graph.size) if i not in graph.joins)

    def command(self, folder, place):
        return ["env", "PARALLEL_SHELL=/bin/sh", "parallel", "--will-cite", f"-j{self.slots}", "-a", os.path.join(folder, "jobs")]


LUIGI = """
import json, os, subprocess, sys
import luigi
GRAPH = json.load(open(sys.argv.pop(1)))
class T(luigi.Task):
    i = luigi.IntParameter()
    def requires(self):
        return [T(i=p) for p in GRAPH[self.i][0]]
    def output(self):
        return luigi.LocalTarget(f"done.{self.i}")
    def run(self):
        if GRAPH[self.i][1]:
            subprocess.run(GRAPH[self.i][1], check=True)
        with self.output().open("w"):
            pass
ok = luigi.build([T(i=i) for i in range(len(GRAPH))], local_scheduler=True, workers=int(sys.argv[1]), log_level="WARNING")
sys.exit(0 if ok else 1)
"""


class Luigi(Contender):
    """Local scheduler and one worker process: its fastest for short tasks."""

    name = "luigi"
    chain_max = fan_max = 300

    def missing(self):
        return "" if importlib.util.find_spec("luigi") else "not installed"

    def write(self, folder, graph, action):
        tasks = [[list(graph.parents(i)), [] if i in graph.joins else action.argv(i)] for i in range(graph.size)]
        with open(os.path.join(folder, "graph.json"), "w") as file:
            json.dump(tasks, file)
        with open(os.path.join(folder, "luigi_graph.py"), "w") as file:
            file.write(LUIGI)

    def command(self, folder, place):
        return [sys.executable, os.path.join(folder, "luigi_graph.py"), os.path.join(folder, "graph.json"), "1"]

    def check(self, place, graph):
        done = sum(1 for name in os.listdir(place) if name.startswith("done."))
        if done != graph.size:
            raise Wrong(f"luigi ended {done} of {graph.size} tasks")


class Dagu(Contender):
    name = "dagu"
    chain_max = fan_max = 300

    def write(self, folder, graph, action):
        steps = [{"name": f"t{i}", "command": "true" if i in graph.joins else action.shell(i),
                  "depends": [f"t{p}" for p in graph.parents(i)]} for i in range(graph.size)]
        with open(os.path.join(folder, "d.yaml"), "w") as file:
            json.dump({"type": "graph", "maxActiveSteps": self.slots, "steps": steps}, file)

    def command(self, folder, place):
        return ["env", f"DAGU_HOME={place}/home", "dagu", "start", os.path.join(folder, "d.yaml")]


AIRFLOW = """
import json
from datetime import datetime
from airflow import DAG
try:
    from airflow.providers.standard.operators.bash import BashOperator
except ImportError:
    from airflow.operators.bash import BashOperator
GRAPH = json.load(open({graph!r}))
with DAG("bench", start_date=datetime(2026, 1, 1), schedule=None) as dag:
    tasks = [BashOperator(task_id=f"t{{i}}", bash_command=c) for i, (_, c) in enumerate(GRAPH)]
    for i, (above, _) in enumerate(GRAPH):
        for p in above:
            tasks[p] >> tasks[i]
"""


class Airflow(Contender):
    """`airflow dags test`: one process, no scheduler and no executor between, so better than its service is."""

    name = "airflow"
    chain_max = fan_max = 10

    def write(self, folder, graph, action):
        self.home = folder
        tasks = [[list(graph.parents(i)), "true" if i in graph.joins else action.shell(i)] for i in range(graph.size)]
        os.makedirs(os.path.join(folder, "dags"), exist_ok=True)
        with open(os.path.join(folder, "graph.json"), "w") as file:
            json.dump(tasks, file)
        with open(os.path.join(folder, "dags", "bench.py"), "w") as file:
            file.write(AIRFLOW.format(graph=os.path.join(folder, "graph.json")))
        subprocess.run(self.airflow(folder, "db", "migrate"), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def airflow(self, folder, *words):
        return ["env", f"AIRFLOW_HOME={folder}", "AIRFLOW__CORE__LOAD_EXAMPLES=False", "airflow", *words]

    def command(self, folder, place):
        return self.airflow(folder, "dags", "test", "bench", "2026-01-01")

    def check(self, place, graph):
        with sqlite3.connect(f"file:{self.home}/airflow.db?mode=ro", uri=True) as db:
            done = db.execute("SELECT count(*) FROM task_instance WHERE state = 'success'").fetchone()[0]
        if done != graph.size:
            raise Wrong(f"airflow ended {done} of {graph.size} tasks")


OF_FANS = (SpawnLoop, Ninja, Make, Parallel, Dagu, Luigi, Airflow)
OF_CHAINS = (lambda: SpawnLoop(1), lambda: SyncedLoop(1), Relay, Ninja, Make, Dagu, Luigi, Airflow)
OF_GRAPHS = (SpawnLoop, Ninja, Make)


def all_missing():
    """(name, why) of the rivals that cannot take part here."""
    return [(rival.name, rival.missing()) for rival in (Ninja(), Make(), Parallel(), Dagu(), Luigi(), Airflow()) if rival.missing()]
