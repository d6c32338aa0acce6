"""A DAG of one task, in an empty folder: time to the end, and memory of scheduler and worker while the task runs."""

import os
import subprocess

import measuring
from measuring import BATON, Wrong
from table import Row

ONE = "dag: one\ntasks:\n  t:\n    run: {}\n"


def cold(context):
    """baton run of one task in an empty folder: time, and proportional memory while it runs."""
    walls, memory = [], []
    for turn in range(4 * context.rounds):
        context.say(f"cold: round {turn + 1} of {4 * context.rounds}")
        walls.append(timed_run(context))
        memory.append(memory_while_it_runs(context))
    return [Row("cold", "baton run, one task", "ms", [1e3 * c.wall_s for c in walls], [1e6 * c.cpu_s for c in walls],
                [c.peak_mib for c in walls], bar=50.0),
            Row("cold", "scheduler + worker, proportional", "MiB", memory, bar=25.0e6 / (1 << 20))]


def timed_run(context):
    place = context.folder("cold")
    with open(os.path.join(place, "d.yaml"), "w") as file:
        file.write(ONE.format("echo hello"))
    return measuring.run([BATON, "run", "d.yaml", "-q"], place)


def memory_while_it_runs(context):
    """MiB. The task waits for a line in a FIFO, so that nothing is a matter of luck."""
    place = context.folder("cold.memory")
    for name in ("begun", "go"):
        os.mkfifo(os.path.join(place, name))
    with open(os.path.join(place, "d.yaml"), "w") as file:
        file.write(ONE.format(f"echo > {place}/begun; read line < {place}/go"))
    process = subprocess.Popen([BATON, "run", "d.yaml", "-q"], cwd=place, stdout=subprocess.DEVNULL)
    with open(os.path.join(place, "begun")) as begun:
        begun.read()
    pids = [process.pid] + workers_of(process.pid)
    if len(pids) != 2:
        raise Wrong(f"{len(pids) - 1} workers below `baton run`, not one")
    found = sum(pss_kib(pid) for pid in pids) / 1024
    with open(os.path.join(place, "go"), "w") as go:
        go.write("\n")
    if process.wait(60) != 0:
        raise Wrong(f"baton run ended with {process.returncode}")
    return found


def workers_of(pid):
    found = []
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/children") as file:
            found += [int(child) for child in file.read().split()]
    return [child for child in found if comm(child) == "baton-worker"]


def comm(pid):
    with open(f"/proc/{pid}/comm") as file:
        return file.read().strip()


def pss_kib(pid):
    with open(f"/proc/{pid}/smaps_rollup") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("Pss:"))
