"""What a check of a real pipeline has at hand: the pipeline as people run it, and checks that end in one table.

A check program (`tests/real/check_NAME.py`) runs in the environment of its pipeline and judges what the pipeline left by
code of its own: other libraries, other ways, the generator of the data as the truth. It has a function `main(scenario)`.
"""
import contextlib
import importlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import time
import traceback

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests" / "dags"))

from pipeline import states_of  # noqa: E402

DAGS = ROOT / "dags"
BATON = os.path.abspath(os.environ.get("BATON") or os.environ.get("BATON_BINARY") or ROOT / "build/release/baton")
SLOTS = 8           # servers and streams stay up beside the other tasks
RUN_SECONDS = 3600  # a machine that others use too is no failure


class Scenario:
    def __init__(self, name, folder):
        self.name, self.folder = name, pathlib.Path(folder)
        self.state, self.home = self.folder / "state", self.folder / "home"
        self.data, self.dags = self.home / "real", DAGS
        self.checks, self.rows_in, self.rows_out, self.begun = [], None, None, []

    def rows(self, came, went):
        self.rows_in, self.rows_out = came, went

    def check(self, what, holds, detail=""):
        """One line of the result. It goes on after a failure: the others are worth knowing too."""
        self.checks.append({"what": what, "holds": bool(holds), "detail": str(detail)})
        print(f"{'ok  ' if holds else 'FAIL'} {what}{f': {detail}' if detail != '' else ''}", flush=True)

    def equal(self, what, got, expected):
        self.check(what, got == expected, got if got == expected else f"got {got}, expected {expected}")

    def command(self, words, home=None):
        return [BATON, "run", str(self.dags / f"{self.name}.dag.yaml"), "--profile", "real", "--state", str(self.state),
                "--slots", str(SLOTS), "-p", f"home={home or self.home}", *map(str, words)]

    def run(self, *words, code=0, home=None):
        """One run to its end; gives task -> state (a list where it is mapped)."""
        begin = time.monotonic()
        process = subprocess.Popen([*self.command(words, home), "-q", "-o", "json"], text=True, env=environment(),
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            said, complained = process.communicate(timeout=RUN_SECONDS)
        except subprocess.TimeoutExpired:
            kill(process)  # with its servers: nobody else would take them away
            raise AssertionError(f"run {' '.join(map(str, words))}: not ended after {RUN_SECONDS} s") from None
        print(f"  run {' '.join(map(str, words))}: exit {process.returncode}, {time.monotonic() - begin:.1f} s", flush=True)
        if process.returncode != code:
            print(complained, self.baton("logs", "@latest", code=None)[-6000:], flush=True)
            raise AssertionError(f"exit code {process.returncode}, not {code}")
        return states_of(json.loads(said))

    def baton(self, *words, code=0):
        done = subprocess.run([BATON, *map(str, words), "--state", str(self.state)], text=True, env=environment(),
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=RUN_SECONDS)
        if code is not None and done.returncode != code:
            raise AssertionError(f"baton {' '.join(map(str, words))}: exit code {done.returncode}\n{done.stderr}")
        return done.stdout

    def outputs(self, task, run="@latest"):
        """What a task of a run handed on."""
        for instance in json.loads(self.baton("show", run, "-o", "json"))["task_instances"]:
            if instance["task_id"] == task:
                return instance.get("outputs") or {}
        raise AssertionError(f"there is no task {task}")

    def begin(self, *words):
        """Starts a run and gives its process; one that still lives in the end is killed."""
        self.begun.append(subprocess.Popen(self.command(words), env=environment(), text=True, stdin=subprocess.DEVNULL,
                                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                           start_new_session=True))
        return self.begun[-1]

    def resume(self):
        begin = time.monotonic()
        self.baton("resume", "@latest", "-q", "--slots", SLOTS)
        print(f"  resume @latest: {time.monotonic() - begin:.1f} s", flush=True)


def environment():
    return {k: v for k, v in os.environ.items() if not k.startswith("BATON_") or k == "BATON_WORKER"}


def kill(process):
    """Baton, its worker and all tasks, dead at once."""
    for pid in [*below(process.pid), process.pid]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait()


def below(pid):
    """Process ids below a process."""
    try:
        found = [int(child) for thread in pathlib.Path(f"/proc/{pid}/task").iterdir()
                 for child in (thread / "children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []
    return found + [deeper for child in found for deeper in below(child)]


def wait_until(happened, seconds=1200):
    until = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > until:
            raise AssertionError("it has not happened")
        time.sleep(0.05)


def main():
    """scenario.py NAME FOLDER: the checks of one pipeline; the result as JSON in FOLDER/result.json."""
    name, folder = sys.argv[1:]
    sys.path[:0] = [str(DAGS)]
    sys.modules.setdefault("scenario", sys.modules["__main__"])
    scenario = Scenario(name, folder)
    try:
        importlib.import_module(f"check_{name}").main(scenario)
    # Whatever it is (a server that does not come exits): the checks so far count, and the table says that it broke.
    except (Exception, SystemExit) as error:
        traceback.print_exc(file=sys.stdout)
        scenario.check("the scenario goes to its end", False, traceback.format_exception_only(error)[-1].strip())
    for process in scenario.begun:
        if process.poll() is None:
            kill(process)
    pathlib.Path(folder, "result.json").write_text(json.dumps({
        "checks": scenario.checks, "in": scenario.rows_in, "out": scenario.rows_out}))
    sys.exit(not all(check["holds"] for check in scenario.checks))


if __name__ == "__main__":
    main()
