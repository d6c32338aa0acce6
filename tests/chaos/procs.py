"""Processes as /proc shows them: who carries the marks of a run, who works on a state folder."""

import os
import signal
import time
from dataclasses import dataclass


class Stuck(AssertionError):
    """A wait went past its limit."""


def wait_until(condition, limit_s, what):
    """The first truthy value of condition(); Stuck after limit_s."""
    until = time.monotonic() + limit_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > until:
            raise Stuck(f"after {limit_s} s still not: {what}")
        time.sleep(0.004)


@dataclass(frozen=True)
class Process:
    pid: int
    started: int  # clock ticks since boot; with the pid it names the process
    run_id: str
    attempt: str
    command: str


def _read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def stat_of(pid):
    """(state, start ticks) or None."""
    text = _read(f"/proc/{pid}/stat")
    if not text:
        return None
    fields = text[text.rfind(b")") + 2 :].split()
    return fields[0].decode(), int(fields[19])


def is_alive(pid, started=None):
    stat = stat_of(pid)
    return stat is not None and stat[0] not in "ZX" and (started is None or stat[1] == started)


def processes():
    for name in os.listdir("/proc"):
        if name.isdigit():
            yield int(name)


def of_run(run_id):
    """Live processes whose environment names this run."""
    needle = b"BATON_RUN_ID=" + run_id.encode()
    found = []
    for pid in processes():
        environ = _read(f"/proc/{pid}/environ")
        if needle not in environ:
            continue
        entries = dict(e.split(b"=", 1) for e in environ.split(b"\0") if b"=" in e)
        stat = stat_of(pid)
        if entries.get(b"BATON_RUN_ID") != run_id.encode() or stat is None or stat[0] in "ZX":
            continue
        command = _read(f"/proc/{pid}/cmdline").replace(b"\0", b" ").decode(errors="replace")[:80]
        found.append(Process(pid, stat[1], run_id, entries.get(b"BATON_ATTEMPT", b"?").decode(), command))
    return found


def on_state(state):
    """Live baton and baton-worker processes that name this state folder."""
    found = []
    for pid in processes():
        words = _read(f"/proc/{pid}/cmdline").split(b"\0")
        if not words[0].rsplit(b"/", 1)[-1].startswith(b"baton") or state.encode() not in words:
            continue
        stat = stat_of(pid)
        if stat is not None and stat[0] not in "ZX":
            found.append(pid)
    return found


def worker_of(pid):
    """The baton-worker below this `baton run`, or None."""
    for child in _read(f"/proc/{pid}/task/{pid}/children").split():
        if _read(f"/proc/{child.decode()}/comm").strip() == b"baton-worker" and is_alive(int(child)):
            return int(child)
    return None


def send(pid, number):
    """False if it was gone."""
    try:
        os.kill(pid, number)
        return True
    except ProcessLookupError:
        return False


def kill_all(found):
    for one in found:
        send(one.pid, signal.SIGKILL)


def memory_kib(pid):
    """Proportional set size, or 0 if it is gone."""
    for line in _read(f"/proc/{pid}/smaps_rollup").splitlines():
        if line.startswith(b"Pss:"):
            return int(line.split()[1])
    return 0
