"""What the tests of faults share. Each test shows one fault as a person would meet it, with its sisters."""
import json
import os
import signal
import sqlite3
import subprocess
import time

from support import BATON, CliTest

LIMIT_SECONDS = float(os.environ.get("FAULTS_LIMIT", "40"))


class FaultTest(CliTest):
    limit_s = LIMIT_SECONDS

    def baton(self, *words, code=0, stdin=None, before=None, **extra):
        """As of CliTest, with a shorter limit: some of these faults hang. `code` may be several codes, or None for any."""
        process = subprocess.Popen([BATON, *map(str, words)], cwd=self.folder, env=self.environment(**extra), text=True,
                                   stdin=subprocess.PIPE if stdin else subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, errors="surrogateescape", preexec_fn=before)
        try:
            out, err = process.communicate(stdin, timeout=self.limit_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            self.fail(f"baton {' '.join(map(str, words))} did not end within {self.limit_s} s")
        codes = (code,) if isinstance(code, int) else code
        if codes is not None:
            self.assertIn(process.returncode, codes, f"baton {' '.join(map(str, words))}\n{out[-3000:]}\n{err[-3000:]}")
        return subprocess.CompletedProcess(words, process.returncode, out, err)

    def environment(self, **extra):
        return {**super().environment(), **extra}

    def run_dag(self, text, *words, code=0, name="d.yaml", **extra):
        self.write(name, text)
        return self.baton("run", name, "-q", *words, code=code, **extra)

    def json(self, *words, code=0):
        return json.loads(self.baton(*words, "-o", "json", code=code).stdout)

    def expression(self, text, *words):
        """The value of an expression."""
        return self.json("expr", text, *words)["value"]

    def instances(self, run="@latest"):
        return self.json("show", run)["task_instances"]

    def instance(self, task, index=-1, run="@latest"):
        return next(i for i in self.instances(run) if (i["task_id"], i["map_index"]) == (task, index))

    def lines(self, name):
        path = self.folder / name
        return path.read_text().split() if path.exists() else []

    def until(self, look, what):
        """As of CliTest, with the shorter limit."""
        end = time.monotonic() + self.limit_s
        while not look():
            if time.monotonic() > end:
                self.fail(f"waited in vain: {what}")
            time.sleep(0.02)

    def touch(self, *names):
        for name in names:
            (self.folder / name).touch()

    def forget(self, *names):
        for name in names:
            (self.folder / name).unlink(missing_ok=True)

    def worker_of(self, process):
        with open(f"/proc/{process.pid}/task/{process.pid}/children") as file:
            pids = [int(pid) for pid in file.read().split()]
        self.assertEqual(1, len(pids))
        return pids[0]

    def until_gone(self, pid):
        self.until(lambda: not lives(pid), f"the end of process {pid}")

    def freeze(self, pid):
        """Stops a process; it goes on at the end of the test, whatever became of it."""
        os.kill(pid, signal.SIGSTOP)
        self.addCleanup(send, pid, signal.SIGCONT)
        self.until(lambda: state_of(pid) in ("T", None), f"process {pid} stands still")

    def kill(self, process):
        process.send_signal(signal.SIGKILL)
        process.wait()

    def rows(self, query, *values):
        with sqlite3.connect(self.folder / ".baton" / "baton.db") as db:
            found = db.execute(query, values).fetchall()
        db.close()
        return found


def send(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def state_of(pid):
    """The letter of /proc/PID/stat, or None."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return None


def lives(pid):
    return state_of(pid) not in (None, "Z", "X")
