"""A folder of its own for each test, and the built `baton` in it. Standard library only."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

BATON = os.environ.get("BATON_BINARY", "baton")
WAIT_SECONDS = 60


class CliTest(unittest.TestCase):
    maxDiff = None
    stands_in = None  # the folder that commands are typed in; that of the test

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="baton-e2e-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def environment(self, **extra):
        env = {k: v for k, v in os.environ.items() if not k.startswith("BATON_") or k == "BATON_WORKER"}
        env.pop("NO_COLOR", None)
        env.update(LC_ALL="C.UTF-8", TERM="xterm-256color", TZ="UTC")
        env.update(extra)
        return env

    def baton(self, *words, code=0, **extra):
        """Runs a command to its end; its exit code must be `code`, None: whatever it is."""
        done = subprocess.run([BATON, *words], cwd=self.stands_in or self.folder, env=self.environment(**extra), text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=WAIT_SECONDS)
        if code is not None:
            self.assertEqual(done.returncode, code, f"baton {' '.join(words)}\n{done.stdout}\n{done.stderr}")
        return done

    def baton_as_nobody(self, *words, code=0):
        """Runs a command as another user, who may enter the test's folder; skips where this user cannot be another."""
        if os.geteuid() != 0:
            self.skipTest("only root can be another user")
        programs = self.folder / "bin"
        if not programs.exists():
            programs.mkdir()
            for program in (BATON, os.environ.get("BATON_WORKER", str(pathlib.Path(BATON).parent / "baton-worker"))):
                shutil.copy(program, programs / pathlib.Path(program).name)
            self.folder.chmod(0o755)
        env = self.environment(HOME="/", BATON_WORKER=str(programs / "baton-worker"))
        done = subprocess.run([programs / pathlib.Path(BATON).name, *words], cwd=self.folder, env=env, text=True,
                              user=65534, group=65534, extra_groups=[], stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=WAIT_SECONDS)
        self.assertEqual(done.returncode, code, f"baton {' '.join(words)} (as nobody)\n{done.stdout}\n{done.stderr}")
        return done

    def json(self, *words, code=0):
        return json.loads(self.baton(*words, "-o", "json", code=code).stdout)

    def begin(self, *words, **options):
        """Starts a command and gives its process; it is killed at the end of the test."""
        process = subprocess.Popen([BATON, *words], cwd=self.folder, env=self.environment(), text=True,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
        self.addCleanup(self.end, process)
        return process

    @staticmethod
    def end(process):
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        process.stderr.close()

    def until(self, look, what):
        """Waits for a sign; fails after a time that only a broken program needs."""
        end = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < end:
            if look():
                return
            time.sleep(0.02)
        self.fail(f"waited in vain: {what}")

    def standing(self, folder=".baton"):
        """The paths of what lies below a folder now. A server or a worker may take things away meanwhile: no error."""
        for place, folders, files in os.walk(self.folder / folder):
            for name in (*folders, *files):
                yield pathlib.Path(place) / name

    def stored(self, folder=".baton"):
        """(path, bytes) of every file below a folder that stands long enough to be read, in order of their paths."""
        for path in sorted(self.standing(folder)):
            try:
                if path.is_file():
                    yield path, path.read_bytes()
            except FileNotFoundError:
                pass

    def until_file(self, name):
        self.until((self.folder / name).exists, f"file {name}")

    def states(self, run="@latest"):
        return {t["task_id"] if t["map_index"] < 0 else f'{t["task_id"]}[{t["map_index"]}]': t["state"]
                for t in self.json("show", run)["task_instances"]}
