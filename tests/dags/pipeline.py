"""A reference pipeline as people run it: the built `baton`, a folder of its own, and a look at what it left."""
import contextlib
import datetime
import hashlib
import json
import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
DAGS = pathlib.Path(os.environ.get("BATON_TEST_DAGS", ROOT / "dags"))
BATON = os.environ.get("BATON") or os.environ.get("BATON_BINARY") or str(ROOT / "build/release/baton")
# A test proves no power cut: it need not wait for a disk.
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


# Calls functions of one program one after the other in one process: thirty days cost one start of Python.
STEPS = """
import importlib, json, os, sys
module = importlib.import_module(sys.argv[1])
for env, function, *arguments in json.load(sys.stdin):
    os.environ.update(env)
    sys.stderr.write(json.dumps(getattr(module, function)(*arguments)) + "\\n")
"""


class PipelineTest(unittest.TestCase):
    """A test of `dags/<name>.dag.yaml`; each has a state folder and a folder for the pipeline's data."""
    name = None
    maxDiff = None

    def setUp(self):
        if not os.access(BATON, os.X_OK):
            self.skipTest(f"{BATON} is not built")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="baton-dags-", dir=MEMORY))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.dags, self.home = DAGS, self.folder / "home"
        # Without site-packages: the pipelines need the standard library alone. It halves the start of each task too.
        python = self.folder / "bin" / "python3"
        python.parent.mkdir()
        python.write_text(f'#!/bin/sh\nexec {os.path.realpath(sys.executable)} -S "$@"\n')
        python.chmod(0o755)

    def environment(self):
        env = {k: v for k, v in os.environ.items() if not k.startswith("BATON_") or k == "BATON_WORKER"}
        env["PATH"] = f"{self.folder / 'bin'}:{env['PATH']}"
        return env

    def command(self, words, home=None):
        file = self.dags / f"{self.name}.dag.yaml"
        return [BATON, "run", str(file), "--state", str(self.folder / "state"), "-p", f"home={home or self.home}",
                *map(str, words)]

    def run_dag(self, *words, code=0, home=None):
        """One run to its end; returns task -> state (a list where it is mapped)."""
        done = subprocess.run([*self.command(words, home), "-q", "-o", "json"], env=self.environment(), text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=300)
        if done.returncode != code:
            self.fail(f"exit code {done.returncode}, not {code}\n{done.stdout[-200:]}\n{done.stderr}\n{self.logs()}")
        return states_of(json.loads(done.stdout))

    def baton(self, *words, code=0):
        done = subprocess.run([BATON, *map(str, words), "--state", str(self.folder / "state")], text=True,
                              env=self.environment(), stdin=subprocess.DEVNULL, capture_output=True, timeout=300)
        self.assertEqual(done.returncode, code, done.stderr + done.stdout)
        return done.stdout

    def logs(self, *words):
        return self.baton("logs", "@latest", *words)

    def begin(self, *words, command=None):
        """Starts a run (or another command) and returns its process; its progress can be read from `stderr`."""
        line = [BATON, *command, "--state", str(self.folder / "state")] if command else self.command(words)
        process = subprocess.Popen(line, env=self.environment(), text=True, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def kill_after(self, lines, *words):
        """Starts a run and kills Baton and its worker dead after so many lines of progress; False if it had ended."""
        process = self.begin(*words)
        for _ in range(lines):
            if not process.stderr.readline():
                return False
        kill(process)
        return True

    def kill_when(self, happened, *words, command=None):
        """Starts a run (or another command) and kills Baton and its worker dead once something has happened."""
        process = self.begin(*words, command=command)
        while not happened() and process.poll() is None:
            time.sleep(0.005)
        kill(process)

    def python(self, module, *words, code=0, **env):
        """Calls a program of a pipeline by itself, as a person does at the keyboard."""
        done = subprocess.run([sys.executable, "-S", "-m", module, *map(str, words)], cwd=self.dags, text=True,
                              env={**self.environment(), "DATA": str(self.home), "PYTHONDONTWRITEBYTECODE": "1", **env},
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=300)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def steps(self, module, calls, home=None, **env):
        """Calls functions of a program as its tasks would: (interval, function, arguments…); returns their results."""
        data = {"DATA": str(home or self.home)}
        calls = [[{**data, **between(interval), **env}, *call] for interval, *call in calls]
        done = subprocess.run([sys.executable, "-S", "-B", "-c", STEPS, module], cwd=self.dags, env=self.environment(),
                              input=json.dumps(calls), text=True, capture_output=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return [json.loads(line) for line in done.stderr.splitlines()]

    def plant(self, file, old, new):
        """From now on a copy of the pipeline runs, in which a text that stands once was changed."""
        if self.dags == DAGS:
            self.dags = self.folder / "dags"
            shutil.copytree(DAGS, self.dags, ignore=shutil.ignore_patterns(".baton*", "__pycache__", "*.gz"))
        text = (self.dags / file).read_text()
        self.assertEqual(text.count(old), 1, f"{old!r} stands {text.count(old)} times in {file}")
        (self.dags / file).write_text(text.replace(old, new))

    def rows(self, query, *values, name="store.sqlite", home=None):
        db = sqlite3.connect((home or self.home) / name)
        try:
            return db.execute(query, values).fetchall()
        finally:
            db.close()

    def one(self, query, *values, **where):
        return self.rows(query, *values, **where)[0][0]


def between(interval):
    """The data interval of a day, or of START/END, as a task gets it."""
    first, _, end = interval.partition("/")
    end = end or (datetime.date.fromisoformat(first) + datetime.timedelta(days=1)).isoformat()
    return {"BATON_INTERVAL_START": f"{first}T00:00:00Z", "BATON_INTERVAL_END": f"{end}T00:00:00Z", "DAY": first}


def days(first, count):
    return [(datetime.date.fromisoformat(first) + datetime.timedelta(days=n)).isoformat() for n in range(count)]


def kill(process):
    for child in children_of(process.pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
    process.kill()
    process.wait()


def children_of(pid):
    """Process ids below a process, deepest last."""
    try:
        found = [int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:  # gone, before this opened it or while this read
        return []
    return found + [below for child in found for below in children_of(child)]


def states_of(run):
    states = {}
    for instance in run["task_instances"]:
        if instance["map_index"] < 0:
            states[instance["task_id"]] = instance["state"]
        else:
            states.setdefault(instance["task_id"], []).append(instance["state"])
    return states


def contents(home):
    """What a pipeline left, as text: each file by its bytes, each table of a database by its rows in order."""
    found = {}
    for file in sorted(home.rglob("*")):
        name = str(file.relative_to(home))
        if file.suffix == ".sqlite":
            db = sqlite3.connect(file)
            for (table,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1").fetchall():
                found[f"{name}:{table}"] = sorted(map(repr, db.execute(f"SELECT * FROM {table}")))
            db.close()
        elif file.is_file() and not file.name.endswith("-journal"):
            found[name] = hashlib.sha256(file.read_bytes()).hexdigest()
    return found
