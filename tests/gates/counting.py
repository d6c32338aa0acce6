"""Counts that do not move with the weather: instructions (callgrind), system calls (strace), bytes written (rusage).

Each is taken at two sizes, or with and without the tasks, and the difference is divided by the tasks between them, so
that the start of a process is not in it.
"""

import os
import re
import subprocess

BATON = os.path.abspath(os.environ.get("BATON", "build/release/baton"))
BUILT = os.path.dirname(BATON)


def fan(n, body):
    return ["t0: {noop: true}"] + [f"t{i}: {{{body}, needs: t0}}" for i in range(1, n + 1)]


def chain(n, body):
    return ["t0: {noop: true}"] + [f"t{i}: {{{body}, needs: t{i - 1}}}" for i in range(1, n + 1)]


def write_dag(folder, tasks):
    """A new folder with d.yaml; returns it."""
    place = os.path.join(folder, str(len(os.listdir(folder))))
    os.mkdir(place)
    with open(os.path.join(place, "d.yaml"), "w") as file:
        file.write("dag: gate\ntasks:\n" + "".join(f"  {task}\n" for task in tasks))
    return place


def run(command, place, environment=None):
    """(stdout, rusage) of a command that must end with 0; rusage with that of all it waited for."""
    with open(os.path.join(place, "out"), "w+") as out, open(os.path.join(place, "err"), "w+") as err:
        process = subprocess.Popen(command, cwd=place, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                   env={**os.environ, **(environment or {})})
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if process.returncode != 0:
            raise AssertionError(f"{command[:6]} ended with {process.returncode}: {err.read()[-500:]}")
        return out.read(), used


BATON_RUN = [BATON, "run", "d.yaml", "-q", "--state", "state", "--slots", "2"]


def instructions(command, place):
    """(instructions of the process alone, its stdout)."""
    log = os.path.join(place, "callgrind.log")
    out, _ = run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", f"--log-file={log}"] + command, place)
    with open(log) as file:
        return int(re.search(r"Collected : (\d+)", file.read()).group(1)), out


def core_instructions(folder, shape):
    """Of the pure cores, a transition."""
    place = write_dag(folder, [])
    walk = [os.path.join(BUILT, "tests", "core_steps"), shape]
    (few, few_steps), (many, many_steps) = (instructions(walk + [n], place) for n in ("1000", "3000"))
    return (many - few) / (int(many_steps) - int(few_steps))


def instructions_a_task(folder, command, few, many, tasks_of):
    """Of a command over d.yaml with `few` and with `many` tasks."""
    counts = [instructions(command, write_dag(folder, tasks_of(n)))[0] for n in (few, many)]
    return (counts[1] - counts[0]) / (many - few)


# The tracer is the worker's parent: the scheduler waits for it at the end. Detached (-D) it would be adopted by the
# scheduler, which kills what a worker has left behind, now and then before the report is written.
WRAPPER = """#!/bin/sh
exec strace -f -c -b execve -o {report} {worker} "$@"
"""


def calls(folder, tasks):
    """System calls by name, of scheduler and of worker, and bytes that were given to the disk, in one run. What tasks do
    from their exec on is not counted."""
    place = write_dag(folder, tasks)
    reports = [os.path.join(place, name) for name in ("scheduler.calls", "worker.calls")]
    wrapper = os.path.join(place, "worker.sh")
    with open(wrapper, "w") as file:
        file.write(WRAPPER.format(report=reports[1], worker=os.path.join(BUILT, "baton-worker")))
    os.chmod(wrapper, 0o755)
    _, used = run(["strace", "-f", "-c", "-b", "execve", "-o", reports[0]] + BATON_RUN, place, {"BATON_WORKER": wrapper})
    return [read_calls(report) for report in reports] + [512 * used.ru_oublock]


def read_calls(report):
    found = {}
    with open(report) as file:
        for line in file:
            words = line.split()
            if len(words) >= 5 and words[3].isdigit() and words[-1] != "total":
                found[words[-1]] = int(words[3])
    if not found:
        raise AssertionError(f"{report} holds no system calls")
    return found


def calls_a_task(folder, shape, n, body):
    """What one run costs, a task."""
    idle, busy = calls(folder, shape(1, "noop: true")), calls(folder, shape(n, body))

    def more(side, names=None):
        return sum(busy[side].get(k, 0) - idle[side].get(k, 0) for k in names or busy[side].keys() | idle[side].keys()) / n

    return {"scheduler_calls": more(0), "worker_calls": more(1), "fsyncs": more(0, ["fsync", "fdatasync"]),
            "bytes": (busy[2] - idle[2]) / n}
