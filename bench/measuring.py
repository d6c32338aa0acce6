"""Runs one command as a whole process and says what it cost."""

import os
import subprocess
from dataclasses import dataclass

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILT = os.path.join(ROOT, "build", "bench")
BATON = os.path.abspath(os.environ.get("BATON", os.path.join(ROOT, "build", "release", "baton")))
SLOTS = 2


def native(name):
    """A program of bench/native, built by run.sh."""
    return os.path.join(BUILT, name)


class Wrong(Exception):
    """A contender did not do its work: the figures of this benchmark are worth nothing."""


@dataclass(frozen=True)
class Cost:
    wall_s: float
    cpu_s: float
    peak_mib: float  # of the largest process
    written_mib: float
    start_ns: int  # CLOCK_MONOTONIC
    end_ns: int


def run(command, cwd, environment=None, stdout=None):
    """The Cost of a command that must end with 0. Its output goes to a file beside it, or to `stdout`."""
    report, talk = os.path.join(cwd, "cost"), os.path.join(cwd, "talk")
    with open(talk, "wb") as err:
        done = subprocess.run([native("measured"), report] + command, cwd=cwd, stdin=subprocess.DEVNULL,
                              stdout=stdout or subprocess.DEVNULL, stderr=err, env={**os.environ, **(environment or {})})
    if done.returncode != 0:
        with open(talk, errors="replace") as err:
            raise Wrong(f"{' '.join(command)[:200]} ended with {done.returncode}: {err.read()[-600:]}")
    with open(report) as file:
        said = {name: int(value) for name, value in (line.split() for line in file)}
    return Cost((said["end_ns"] - said["start_ns"]) / 1e9, said["cpu_us"] / 1e6, said["max_rss_kib"] / 1024,
                said["written_blocks"] / 2048, said["start_ns"], said["end_ns"])
