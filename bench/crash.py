"""B7: kill -9 with 100,000 open task instances. How long from the restart to the first dispatch; nothing lost or doubled."""

import os
import signal
import subprocess
import time

import actions
import graphs
import measuring
from contenders import Baton
from measuring import BATON, SLOTS, Wrong
from table import Row
from witness import Witness

STUCK_S = 120.0
IN_FLIGHT_MAX = SLOTS  # what ran at the kill is stopped by the worker; what had ended is in the worker's journal


def crash(context):
    """B7: kill -9 with 100,000 open task instances: restart → first dispatch, lost, doubled."""
    size = context.size(100000, 10000)
    graph = graphs.fan(size)
    folder = context.folder("crash")
    witness = Witness(os.path.join(folder, "witness"))
    baton = Baton()
    baton.write(folder, graph, actions.witnessed(measuring.native("witness"), witness.path))
    state = os.path.join(folder, "state")
    resume = [BATON, "resume", "@latest", "--state", state, "--config", os.path.join(folder, "baton.yaml"), "--slots", str(SLOTS), "-q"]
    dispatches = []
    command = baton.command(folder, folder)
    for turn in range(context.rounds + 1):
        context.say(f"crash: kill {turn + 1} of {context.rounds + 1}")
        earlier = {line.parent for line in witness.lines()}
        begin, seen = time.monotonic_ns(), os.path.getsize(witness.path)
        process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
        first = wait_for_dispatch(witness, seen, earlier, process)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        if turn > 0:
            dispatches.append((first - begin) / 1e6)
        command = resume
    context.say("crash: running the rest")
    measuring.run(resume, folder)
    baton.check(folder, graph)
    again = witness.again_after_kills(graph, IN_FLIGHT_MAX)
    note = f"{size:,} open at the first kill"
    return [Row("crash", "restart → first dispatch", "ms", dispatches, bar=2000.0, wish=150.0, note=note),
            Row("crash", "lost + doubled", "tasks", [0], bar=0.0, note=f"{again} were cut off by {context.rounds + 1} kills and ran again")]


def wait_for_dispatch(witness, offset, earlier, process):
    """When the first task started under a worker that is none of the `earlier` ones; returns once some more have begun.
    What the old worker still starts before it notices that its scheduler is gone does not count."""
    until = time.monotonic() + STUCK_S
    while True:
        starts = [line for line in witness.lines(offset) if line.what == "start" and line.parent not in earlier]
        if len(starts) >= 50:
            return starts[0].ns
        if process.poll() is not None:
            raise Wrong(f"the run ended by itself with {process.returncode}")
        if time.monotonic() > until:
            process.kill()
            raise Wrong(f"no task started for {STUCK_S} s")
        time.sleep(0.002)
